"""Where in a thread a reply stands, and which rules of announcements are others for it. No channel is called here."""

from channels.models import Account, Kind
from channels.registry import deletes
from publisher.models import Act, Delivery, DeliveryState

#: Kind of the announcements that are replies: no folder under templates/announcements has this name.
REPLY = "reply"
#: Key of a delivery's memo: the post that its first attempt answered. Later attempts and looks mean the same one.
ANSWERED = "answered"
_STANDS = (DeliveryState.PUBLISHED, DeliveryState.CORRECTED)


def enterprise(account: Account) -> bool:
    """Whether X's rules for small plans do not hold: the account's setting plan = "enterprise".

    Without it X takes one reply for each interaction, and only to people who mentioned or quoted the account
    (changelog of 2026-02-23, docs.x.com, read 2026-08-22).
    """
    return account.setting("plan") == "enterprise"


def post_of(delivery: Delivery) -> str:
    """The post that an act is about, by its platform's id: what it answers, corrects or takes away; "" for none."""
    row = delivery.announcement
    if row.answers and delivery.act == Act.PUBLISH:
        return str(delivery.memo.get(ANSWERED) or _end_of_thread(delivery))
    if row.answers and delivery.act == Act.CORRECT and delivery.account.channel == Kind.INSTAGRAM:
        return row.answers  # a comment there cannot be changed: the correction stands beside it
    return delivery.about.remote_id if delivery.about else ""


def takes_away(delivery: Delivery) -> bool:
    """Whether we can delete what ``delivery`` left behind. Comments can be deleted on every channel, also on

    Instagram, where media cannot (Graph reference, IG Comment, DELETE, read 2026-10).
    """
    return bool(delivery.announcement.answers) or deletes(delivery.account.channel)


def carries_picture(delivery: Delivery) -> bool:
    """Whether a picture goes with it. Of replies only those on X have one: the comment calls of Graph and of

    WordPress that we use take words alone, and the status page shows the picture.
    """
    return not delivery.announcement.answers or delivery.account.channel == Kind.X


def _end_of_thread(delivery: Delivery) -> str:
    """What the citizen said; on X without Enterprise our newest answer to it, because X counts one reply to each

    post of theirs, and none to our own.
    """
    row, account = delivery.announcement, delivery.account
    if account.channel != Kind.X or enterprise(account):
        return row.answers
    ours = Delivery.objects.filter(
        account=account,
        announcement__answers=row.answers,
        act__in=(Act.PUBLISH, Act.CORRECT),
        state__in=_STANDS,
    ).exclude(announcement=row)
    newest = ours.exclude(remote_id="").order_by("-published_at", "-pk").values_list("remote_id", flat=True)
    return newest.first() or row.answers
