"""An announcement as its readers will see it: one preview for each account, and what changed since last time."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from html import unescape
from typing import Protocol

from django.conf import settings

from channels.models import Account
from channels.models import Kind as ChannelKind
from channels.x_length import MAX_WEIGHTED, measure
from publisher.models import Announcement, Variant
from publisher.newsroom import article_ahead, preview, slug_of
from publisher.render import problems

_SPACES = re.compile(r"(\s+)")


class Wording(Protocol):
    """What a stored Variant and a fresh rendering have in common."""

    @property
    def text(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def html(self) -> str: ...
    @property
    def alt(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Shown:
    """One account's preview."""

    account: Account
    wording: Wording
    weight: int  #: X's weighted length; 0 elsewhere
    most: int  #: the most that X takes
    troubles: list[str]  #: what the channel would not take, as sentences
    #: Of a correction where the channel cannot edit: the reply or comment, which is all that appears.
    reply: str = ""

    @property
    def handle(self) -> str:
        return self.account.setting("username")


def shown_of(announcement: Announcement) -> list[Shown]:
    """The stored wording where there is one, else what the draft would give."""
    rows = Variant.objects.filter(announcement=announcement, version=announcement.version)
    stored = list(rows.select_related("account").order_by("account_id"))
    if stored:
        return [_shown(one.account, one, [], one.change_text) for one in stored]
    return shown_draft(
        announcement.kind,
        announcement.fields,
        list(announcement.targets.order_by("id")),
        announcement.reference,
        announcement.fields_en,
        announcement.overrides,
        announcement.slug,
    )


def shown_draft(
    kind: str,
    fields: dict[str, str],
    accounts: list[Account],
    reference: str,
    fields_en: dict[str, str] | None = None,
    overrides: dict[str, str] | None = None,
    slug: str = "",
) -> list[Shown]:
    """What each account would show of fields that may not be saved yet. Raises TemplateProblem.

    slug: of the article; "" before a draft is saved, where the present title gives it.
    """
    link = article_ahead(accounts, slug or slug_of(kind, fields, reference))
    wording = preview(kind, fields, accounts, reference, fields_en, overrides, link=link)
    return [
        _shown(account, wording[account.key], problems(account.channel, wording[account.key]))
        for account in accounts
    ]


def _shown(account: Account, wording: Wording, troubles: list[str], reply: str = "") -> Shown:
    weight = measure(reply or wording.text).weighted_length if account.channel == ChannelKind.X else 0
    return Shown(account, wording, weight, MAX_WEIGHTED, troubles, reply)


def plain(wording: Wording) -> str:
    """The whole of a wording as text without mark-up, to go on from by hand."""
    if not wording.html:
        return wording.text
    return unescape(re.sub(r"<[^>]+>", "", re.sub(r"</(?:p|li|h\d)>\n?", "\n", wording.html))).strip()


def without(text: str, reference: str) -> str:
    """``text`` without the reference, which is added to every text by hand when it is rendered."""
    return text.replace(f"[{reference}]", "").replace(reference, "").strip(" \n·")


def no_reference() -> str:
    """Stands where the reference will be, in the same length, before a draft is saved."""
    return f"{settings.CITY['reference_prefix']}-000000"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: kept ("equal"), new ("insert") or gone ("delete")."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    account: Account
    pieces: list[Piece]


def changes(announcement: Announcement) -> list[Change]:
    """What differs from the wording that was submitted before this one; [] the first time."""
    rows = Variant.objects.filter(announcement=announcement).select_related("account")
    earlier: dict[int, Variant] = {}
    present: list[Variant] = []
    for variant in rows.order_by("version", "account_id"):
        if variant.version == announcement.version:
            present.append(variant)
        else:
            earlier[variant.account_id] = variant
    pairs = [(earlier[new.account_id], new) for new in present if new.account_id in earlier]
    return [
        Change(new.account, _pieces(_whole(old), _whole(new)))
        for old, new in pairs
        if _whole(old) != _whole(new)
    ]


def _whole(variant: Variant) -> str:
    return f"{variant.title}\n\n{variant.text}" if variant.html else variant.text


def _pieces(old: str, new: str) -> list[Piece]:
    """Word by word, with the spaces and line breaks between them as pieces of their own."""
    before, after = _SPACES.split(old), _SPACES.split(new)
    found: list[Piece] = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag in ("delete", "replace"):
            found.append(Piece("delete", "".join(before[i1:i2])))
        if tag in ("insert", "replace"):
            found.append(Piece("insert", "".join(after[j1:j2])))
        if tag == "equal":
            found.append(Piece("equal", "".join(before[i1:i2])))
    return found
