"""Storing what was heard: new posts once, changed posts with their history, gone posts erased."""

from collections.abc import Sequence
from datetime import datetime

from django.db import DataError, IntegrityError, transaction
from django.db.models import F

from channels.contract import Gone, Post, Unreadable
from channels.models import Account, Kind
from channels.receipts import published_at, said_by_us
from city.masks import mask
from ledger.chain import record
from monitor.copies import fingerprint, fold
from monitor.models import Mention, Original, Revision, SetAside, Source
from monitor.originals import follow_change, follow_number, keep_originals
from monitor.reworded import reworded


def keep(source: Source, posts: Sequence[Post], now: datetime) -> int:
    """Store the posts of others that are not known yet, and changes of those that are; gives how many were new."""
    others = not_ours(source.account, posts)
    rows = {key_of(post): _row(source, post, now) for post in others}
    said = {key_of(post): post.text for post in others}
    known = {
        mention.external_id: mention
        for mention in Mention.objects.filter(channel=source.account.channel, external_id__in=rows).only(
            "external_id", "text", "gone_at"
        )
    }
    for key, mention in known.items():
        note_change(mention, said[key], now)
    fresh = [row for key, row in rows.items() if key not in known]
    stored = _insert(source, fresh, now)
    keep_originals(stored, said, now)
    fold(stored, {key_of(post): post.repeats for post in others if post.repeats})
    return len(stored)


def not_ours(account: Account, posts: Sequence[Post]) -> list[Post]:
    """Without what the city itself said: by its own ids, and by the receipts of what was published."""
    own = {account.setting(name) for name in ("user_id", "page_id")} - {""}
    # On a website anybody may write any name; its channel leaves out staff by their registered number.
    names = {account.setting("username")} - {""} if account.channel != Kind.WEBSITE else set()
    others = [post for post in posts if post.author_id not in own and post.author not in names]
    ours = said_by_us(account.channel, [post.id for post in others])
    links = [post.permalink for post in others if post.permalink] if account.channel == Kind.WEBSITE else []
    linked = published_at(links) if links else set()
    return [post for post in others if post.id not in ours and post.permalink not in linked]


def note_change(mention: Mention, said: str, now: datetime) -> bool:
    """Keep the old wording of a mention that now says ``said`` (not yet masked); gives whether it had changed.

    The changed mention is judged again. An empty new text changes nothing: a platform that leaves a field out
    has not emptied the post.
    """
    text = mask(said)
    if not text or mention.gone_at is not None:
        return False
    if text == mention.text:
        if text != said:
            follow_number(mention, said)
        return False
    words = fingerprint(text)
    # Other words are a matter of their own: it is no longer folded under whose words it had.
    alone = {} if words == fingerprint(mention.text) else {"copy_of": None}
    with transaction.atomic():
        # Another reader may have stored the same change, or erased the mention, since we looked at it.
        known = Mention.objects.filter(pk=mention.pk, text=mention.text, gone_at__isnull=True)
        if not known.update(text=text, fingerprint=words, edits=F("edits") + 1, unjudged=True, **alone):
            return False
        Revision.objects.create(mention=mention, text=mention.text, until=now)
        follow_change(mention, said, now)
        reworded([mention.pk])
        record("mention.edited", f"mention:{mention.pk}", at=now)
    return True


def erase(mention: Mention, gone: Gone, now: datetime) -> None:
    """Follow a deletion: the citizen's words (the original ones too), name and media go.

    That there was a post, and why it went, stays.

    Basis: X requires stored content to follow deletions within 24 hours (Developer Policy, read 2026-08-22);
    UU 27/2022 article 16 on the limits of processing.
    """
    with transaction.atomic():
        wipe([mention.pk], gone.why, now)
        record("mention.erased", f"mention:{mention.pk}", at=now, why=gone.why)


def wipe(mentions: Sequence[int], why: str, now: datetime) -> int:
    """Take the words, names and media out of these mentions; gives how many still had them.

    Must run in a transaction, whose caller records what was done.
    """
    # First the rows, which hold up who is about to store a change: nothing is added behind what is deleted.
    wiped = Mention.objects.filter(pk__in=mentions, gone_at__isnull=True).update(
        text="",
        author="",
        author_id="",
        permalink="",
        media=[],
        fingerprint="",
        gone_at=now,
        gone_why=why[:120],
        checked_at=now,
    )
    Revision.objects.filter(mention__in=mentions).delete()
    Original.objects.filter(mention__in=mentions).delete()
    reworded(mentions)
    return wiped


def set_aside(source: Source, item: Unreadable, now: datetime) -> None:
    """Keep the fact that an item could not be read, once, with how often it was met."""
    row, made = SetAside.objects.get_or_create(
        source=source,
        external_id=(item.id or "")[:200],
        error=item.error[:300],
        defaults={"first_at": now},
    )
    if not made:
        SetAside.objects.filter(pk=row.pk).update(times=F("times") + 1)


def _insert(source: Source, fresh: list[Mention], now: datetime) -> list[Mention]:
    """The rows that are stored, with their keys: those that another source stored in between too."""
    try:
        with transaction.atomic():
            # Another source may store the same post between the look and the insert: the unique key decides.
            Mention.objects.bulk_create(fresh, ignore_conflicts=True, batch_size=200)
    except (DataError, ValueError):
        fresh = [row for row in fresh if _insert_one(source, row, now)]
    rows = {row.external_id: row for row in fresh}
    # The keys alone: the rest of each row is what we have just written.
    stored = Mention.objects.filter(channel=source.account.channel, external_id__in=rows)
    for key, external_id in stored.values_list("pk", "external_id"):
        rows[external_id].pk = key
    return [row for row in fresh if row.pk is not None]


def _insert_one(source: Source, row: Mention, now: datetime) -> bool:
    """Store one post of a page that the database refused as a whole; the odd one out is set aside."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except (DataError, ValueError, IntegrityError) as error:
        set_aside(source, Unreadable(f"tidak dapat disimpan: {error}", row.external_id), now)
        return False
    return True


def key_of(post: Post) -> str:
    """The id that stays: an edited X post is the same mention."""
    return (post.first_id or post.id)[:200]


def _row(source: Source, post: Post, now: datetime) -> Mention:
    text = mask(post.text)
    return Mention(
        channel=source.account.channel,
        external_id=key_of(post),
        source=source,
        text=text,
        fingerprint=fingerprint(text),
        author=(post.author or "")[:200],
        author_id=(post.author_id or "")[:100],
        posted_at=post.created_at,
        heard_at=now,
        permalink=(post.permalink or "")[:500],
        parent_id=(post.parent or "")[:200],
        media=list(post.media)[:20],
    )
