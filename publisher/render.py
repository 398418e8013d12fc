"""From fields to what a channel shows. The preview and the publication are made by the same call."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import nh3
from django.conf import settings
from django.utils.translation import gettext as _
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment

from channels.models import Kind
from channels.x_length import MAX_WEIGHTED, measure
from publisher.kinds import TemplateProblem, folder, kind_named

#: Facebook's limit for a post's text; Instagram's for a caption and its hashtags (Graph reference, 2026-10).
_FACEBOOK_MAX, _INSTAGRAM_MAX, _INSTAGRAM_TAGS = 63_206, 2_200, 30


@dataclass(frozen=True, slots=True)
class Rendered:
    """What one channel will show."""

    text: str  #: post text; on websites and in the feed the summary
    title: str = ""  #: websites and feed
    html: str = ""  #: websites and feed, sanitised
    alt: str = ""  #: description of the image card

    def digest(self) -> str:
        """SHA-256 over all of it, hex."""
        parts = "\x00".join((self.text, self.title, self.html, self.alt))
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def render(kind: str, fields: dict[str, str], channel: str, reference: str) -> Rendered:
    """What ``channel`` shows of an announcement. Raises TemplateProblem with a sentence naming the template."""
    known = {field.name: "" for field in kind_named(kind).fields}
    values = {
        **known,
        **{name: value.strip() for name, value in fields.items() if name in known},
        "reference": reference,
        "city": settings.CITY,
    }
    title = _fill(kind, "title.txt", values)
    alt = _fill(kind, "alt.txt", values)
    match channel:
        case Kind.X | Kind.FACEBOOK | Kind.INSTAGRAM:
            return Rendered(text=_fill(kind, f"{channel}.txt", values), title=title, alt=alt)
        case _:
            html = nh3.clean(_fill(kind, f"{channel}.html", values))
            return Rendered(text=_fill(kind, "summary.txt", values), title=title, html=html, alt=alt)


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
    if channel == Kind.FACEBOOK and len(text) > _FACEBOOK_MAX:
        found.append(_too_long("Facebook", len(text), _FACEBOOK_MAX))
    if channel == Kind.INSTAGRAM and len(text) > _INSTAGRAM_MAX:
        found.append(_too_long("Instagram", len(text), _INSTAGRAM_MAX))
    if channel == Kind.INSTAGRAM and text.count("#") > _INSTAGRAM_TAGS:
        found.append(_("Instagram menerima paling banyak %(most)d tagar.") % {"most": _INSTAGRAM_TAGS})
    if channel in (Kind.WEBSITE, Kind.FEED) and not rendered.title.strip():
        found.append(_("Judulnya kosong."))
    return found


def _too_long(channel: str, length: int, most: int) -> str:
    return _("Terlalu panjang untuk %(channel)s: %(length)d dari %(most)d huruf.") % {
        "channel": channel,
        "length": length,
        "most": most,
    }


def _fill(kind: str, name: str, values: Mapping[str, object]) -> str:
    try:
        return _environment().get_template(f"{kind}/{name}").render(values).strip()
    except TemplateError as error:
        raise TemplateProblem(f"Templat {kind}/{name} tidak dapat diisi: {error}") from error


@cache
def _environment() -> SandboxedEnvironment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(folder()),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
    )
