"""Where an announcement stands: the newest delivery of each account, and what it followed."""

from dataclasses import dataclass, field

from publisher.models import Act, Announcement, Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Row:
    """One account."""

    delivery: Delivery  #: the newest act there
    earlier: list[Delivery] = field(default_factory=list)  #: what it corrects or withdraws, the newest first


def rows_of(announcement: Announcement) -> list[Row]:
    """One row for each account, in the order of the accounts; [] before anything was planned."""
    rows = Delivery.objects.filter(announcement=announcement).select_related("account", "pause")
    by_account: dict[int, list[Delivery]] = {}
    for delivery in rows.order_by("account_id", "-pk"):
        by_account.setdefault(delivery.account_id, []).append(delivery)
    return [_row(of_account) for of_account in by_account.values()]


def _row(newest_first: list[Delivery]) -> Row:
    """The newest on top; but of several withdrawals (a post and the reply under it) the one that is not done."""
    undone = (one for one in newest_first if one.act == Act.RETRACT and one.state != DeliveryState.RETRACTED)
    top = next(undone, newest_first[0])
    return Row(top, [one for one in newest_first if one.pk != top.pk])
