"""From fields to what a channel shows. The preview and the publication are made by the same call."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import nh3
from django.conf import settings
from django.utils.translation import gettext as _
from jinja2 import TemplateError
from markupsafe import Markup

from channels.models import Kind
from channels.x_length import MAX_WEIGHTED, measure
from publisher.fit import shorten, weight
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named
from publisher.sandbox import Room, paragraphs, place_of, room, said

#: Facebook's limit for a post's text; Instagram's for a caption, its hashtags, mentions (Graph reference, 2026-10).
FACEBOOK_MAX, INSTAGRAM_MAX, INSTAGRAM_TAGS, INSTAGRAM_MENTIONS = 63_206, 2_200, 30, 20
#: A careful limit for a comment on Instagram: Meta's reference is quoted with 300 characters; not tried for real.
COMMENT_MAX = 300
#: Ours: a title that a page can show, and the alternative text that Instagram and X take (1,000).
TITLE_MAX, ALT_MAX = 200, 1_000
#: Files of a kind's folder, and of its folder en/.
NAMES = (
    *("title.txt", "x.txt", "facebook.txt", "instagram.txt"),
    *("website.html", "summary.txt", "alt.txt"),
)

_SOCIAL = (Kind.X, Kind.FACEBOOK, Kind.INSTAGRAM)
#: Refused by X (channels.x_length), by PostgreSQL (NUL), or seen by nobody: control characters, lone surrogates.
_GAP = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufffe\uffff\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one channel will show."""

    text: str  #: post text; on websites and in the feed the summary
    title: str = ""  #: websites and feed
    html: str = ""  #: websites and feed, sanitised
    alt: str = ""  #: description of the image card
    shortened: bool = False  #: something had to be left out; an ellipsis stands where

    def digest(self) -> str:
        """SHA-256 over all of it, hex."""
        parts = "\x00".join((self.text, self.title, self.html, self.alt))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def render(
    kind: str,
    fields: Mapping[str, str],
    channel: str,
    reference: str,
    *,
    fields_en: Mapping[str, str] | None = None,
    override: str = "",
    link: str = "",
    language: str = "id",
    trial: Mapping[str, str] | None = None,
) -> Rendered:
    """What ``channel`` shows of an announcement. Raises TemplateProblem with a sentence naming the template.

    fields_en: the English wording; it follows the Indonesian one except on X (on Instagram when both fit).
    override: text written by hand for one account, in place of the template's.
    link: address of the article that the post leads to; "" for none.
    language: "en" gives the English wording alone.
    trial: template bodies that are tried before they are in use ("kind/x.txt" → body).
    """
    page = _Page(kind_named(kind), room(trial), channel, reference, _clean(link))
    made = (
        page.in_english(fields, fields_en or {}) if language == "en" else page.whole(fields, fields_en or {})
    )
    return _by_hand(made, _clean(override), channel, reference) if override.strip() else made


class _Page:
    """One announcement on one channel."""

    def __init__(self, kind: AnnouncementKind, room_: Room, channel: str, reference: str, link: str) -> None:
        self.kind, self.room, self.channel = kind, room_, channel
        self.fixed = {"reference": reference, "city": settings.CITY, "article": link}

    def whole(self, fields: Mapping[str, str], fields_en: Mapping[str, str]) -> Rendered:
        """Indonesian, and English beneath it where there is some and the channel has room."""
        values = self._values(fields, "id")
        if self.channel == Kind.X or not self.kind.has_english(fields_en):
            return self._made(values)
        english = self._values(_merged(self.kind, fields, fields_en), "en")
        english["beneath"] = True
        title = self._title(english)
        body = self._fill(f"en/{self._file}", english)
        if self._file.endswith(".html"):
            body = Markup(nh3.clean(body))  # noqa: S704 - cleaned, and escaped by its own template before that
        both = {**values, "english": body, "english_title": title}
        made = self._made(both)
        return self._made(values) if self.channel == Kind.INSTAGRAM and made.shortened else made

    def in_english(self, fields: Mapping[str, str], fields_en: Mapping[str, str]) -> Rendered:
        return self._made(self._values(_merged(self.kind, fields, fields_en), "en"), "en/")

    @property
    def _file(self) -> str:
        # The feed carries the article as the website does.
        return f"{self.channel}.txt" if self.channel in _SOCIAL else "website.html"

    def _values(self, fields: Mapping[str, str], language: str) -> dict[str, object]:
        said = self.kind.shown({name: _clean(value) for name, value in fields.items()}, language)
        return {
            **said,
            **self.fixed,
            "language": language,
            "beneath": False,
            "english": "",
            "english_title": "",
        }

    def _made(self, values: Mapping[str, object], where: str = "") -> Rendered:
        title, alt = self._title(values, where), shorten(self._fill(f"{where}alt.txt", values), ALT_MAX)
        if self.channel in _SOCIAL:
            text, cut = self._fitted(where + self._file, values)
            return Rendered(text=text, title=title, alt=alt, shortened=cut)
        html = nh3.clean(self._fill(where + self._file, values))
        return Rendered(text=self._fill(f"{where}summary.txt", values), title=title, html=html, alt=alt)

    def _title(self, values: Mapping[str, object], where: str = "") -> str:
        at = where or ("en/" if values["language"] == "en" else "")
        return shorten(" ".join(self._fill(f"{at}title.txt", values).split()), TITLE_MAX)

    def _fitted(self, name: str, values: Mapping[str, object]) -> tuple[str, bool]:
        """The post within its channel's limits, and whether something had to be left out."""
        long, most = limit(self.channel)
        values = self._few_signs(values) if self.channel == Kind.INSTAGRAM else dict(values)
        text = self._fill(name, values)
        if long(text) <= most:
            return text, False
        free = [one.name for one in self.kind.fields if one.translated and values[one.name]]
        for names in (free[1:], free):  # the first field says what it is about: it is shortened last
            if names and (fitted := self._widest(name, values, names, long, most)) is not None:
                return fitted, True
        return _kept_end(text, str(self.fixed["reference"]), long, most), True

    def _widest(
        self, name: str, values: Mapping[str, object], names: list[str], long: Callable[[str], int], most: int
    ) -> str | None:
        """The post with ``names`` shortened to the same greatest length that fits; None when none does."""
        low, high, best = 12, most, None
        while low <= high:
            middle = (low + high) // 2
            cut = {one: shorten(str(values[one]), middle, long) for one in names}
            text = self._fill(name, {**values, **cut})
            if long(text) <= most:
                low, best = middle + 1, text
            else:
                high = middle - 1
        return best

    def _few_signs(self, values: Mapping[str, object]) -> dict[str, object]:
        """Instagram refuses a caption with too many hashtags or mentions: then the author's lose their sign."""
        kept = dict(values)
        for sign, most in (("#", INSTAGRAM_TAGS - 8), ("@", INSTAGRAM_MENTIONS - 2)):
            names = [one.name for one in self.kind.fields if isinstance(kept.get(one.name), str)]
            if sum(str(kept[one]).count(sign) for one in names) + str(kept["english"]).count(sign) > most:
                kept.update({one: str(kept[one]).replace(sign, "") for one in [*names, "english"]})
        return kept

    def _fill(self, name: str, values: Mapping[str, object]) -> str:
        return _filled(self.room, f"{self.kind.key}/{name}", values)


def change_text(channel: str, act: str, *, title: str, note: str, reference: str, link: str = "") -> str:
    """What is said in a reply (X) or a comment where a post cannot be changed or taken away.

    act: "correct" or "retract" (channels.contract.Act). note: the public sentence of what was wrong, or why it is
    withdrawn. link: the article with the right words; left out only where it alone would not fit.
    """
    long, most = (weight, MAX_WEIGHTED) if channel == Kind.X else (len, COMMENT_MAX)
    for article in dict.fromkeys((_clean(link), "")):
        for share in range(most, 11, -4):
            values = {
                "note": shorten(_clean(note), share, long),
                "title": shorten(" ".join(_clean(title).split()), min(share, 100), long),
                "article": article,
                "reference": reference,
                "city": settings.CITY,
            }
            text = _filled(room(), f"_change/{act}.txt", values)
            if long(text) <= most:
                return text
    return reference


def limit(channel: str) -> tuple[Callable[[str], int], int]:
    """How a channel measures a post's text, and the most it takes."""
    match channel:
        case Kind.X:
            return weight, MAX_WEIGHTED
        case Kind.INSTAGRAM:
            return len, INSTAGRAM_MAX
        case _:
            return len, FACEBOOK_MAX


def problems(channel: str, rendered: Rendered) -> list[str]:
    """Sentences about what the channel would not take; [] when it would."""
    found = []
    text = rendered.text
    if not text.strip():
        found.append(_("Teksnya kosong."))
    if channel == Kind.X and not (length := measure(text)).valid and text.strip():
        found.append(
            _("Terlalu panjang untuk X: %(length)d dari %(most)d. Pendekkan isinya.")
            % {"length": length.weighted_length, "most": MAX_WEIGHTED}
            if length.weighted_length > MAX_WEIGHTED
            else _("Ada huruf yang tidak diterima X; hapus lalu ketik ulang.")
        )
    if channel == Kind.FACEBOOK and len(text) > FACEBOOK_MAX:
        found.append(_too_long("Facebook", len(text), FACEBOOK_MAX))
    if channel == Kind.INSTAGRAM and len(text) > INSTAGRAM_MAX:
        found.append(_too_long("Instagram", len(text), INSTAGRAM_MAX))
    if channel == Kind.INSTAGRAM and text.count("#") > INSTAGRAM_TAGS:
        found.append(_("Instagram menerima paling banyak %(most)d tagar.") % {"most": INSTAGRAM_TAGS})
    if channel == Kind.INSTAGRAM and text.count("@") > INSTAGRAM_MENTIONS:
        found.append(
            _("Instagram menerima paling banyak %(most)d sebutan (@).") % {"most": INSTAGRAM_MENTIONS}
        )
    if channel in (Kind.WEBSITE, Kind.FEED) and not rendered.title.strip():
        found.append(_("Judulnya kosong."))
    return found


def _filled(room_: Room, name: str, values: Mapping[str, object]) -> str:
    """One template with its values, without gaps of empty lines. Raises TemplateProblem with file and line."""
    try:
        return _GAP.sub("\n\n", room_.get_template(name).render(values)).strip()
    except (TemplateError, TypeError, ValueError, AttributeError, RecursionError) as error:
        file, line = place_of(error, name)
        at = _("%(file)s baris %(line)d") % {"file": file, "line": line} if line else file
        sentence = _("Templat %(at)s tidak dapat diisi: %(error)s")
        raise TemplateProblem(sentence % {"at": at, "error": said(error)}) from error


def _too_long(channel: str, length: int, most: int) -> str:
    return _("Terlalu panjang untuk %(channel)s: %(length)d dari %(most)d huruf.") % {
        "channel": channel,
        "length": length,
        "most": most,
    }


def _by_hand(made: Rendered, text: str, channel: str, reference: str) -> Rendered:
    """``made`` with the text that a person wrote for this account. The reference is never lost with it."""
    whole = text if reference in text else f"{text}\n\n[{reference}]"
    if channel in _SOCIAL:
        return replace(made, text=whole, shortened=False)
    return replace(made, text=shorten(text, 300), html=nh3.clean(str(paragraphs(whole))))


def _kept_end(text: str, reference: str, long: Callable[[str], int], most: int) -> str:
    """``text`` cut in the middle: the lines from its reference on stay, what is before them is shortened."""
    at = text.rfind("\n", 0, max(text.rfind(reference), 0)) + 1
    end = text[at:] if long(text[at:]) <= most // 2 else reference
    for room_ in range(most - long(end) - 1, -1, -1):
        whole = f"{shorten(text[:at].rstrip(), room_, long)}\n{end}".strip()
        if long(whole) <= most:
            return whole
    return end


def _merged(
    kind: AnnouncementKind, fields: Mapping[str, str], fields_en: Mapping[str, str]
) -> dict[str, str]:
    """The English wording, with all that is said once (dates, links, choices) from the Indonesian form."""
    return {one.name: (fields_en if one.translated else fields).get(one.name, "") for one in kind.fields}


def _clean(text: str) -> str:
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
