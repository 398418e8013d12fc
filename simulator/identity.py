"""Who the city is on each platform: names, numbers and the credentials the town will accept.

The identity file is a JSON object with the sections ``x``, ``facebook``, ``instagram``, ``meta`` (the app that
Facebook and Instagram sign webhooks for: ``app_secret``, ``verify_token``) and ``websites`` (a list). What it
leaves out, a whole section too, keeps the value below; sections that the town does not know are passed over, so
that a file made for another version of the town still loads. An unknown field of a known section is an error.
"""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class X:
    user_id: str = "1470000000000000001"
    username: str = "pemkotbekasi"
    name: str = "Pemerintah Kota Bekasi"
    bearer_token: str = "town-x-bearer"  # noqa: S105 - invented, for the town only
    consumer_key: str = "town-x-key"
    consumer_secret: str = "town-x-secret"  # noqa: S105 - invented, for the town only
    access_token: str = "1470000000000000001-town"  # noqa: S105 - invented, for the town only
    access_token_secret: str = "town-x-access-secret"  # noqa: S105 - invented, for the town only
    #: The first query of each list is answered with the keyword or hashtag rows; any other with nothing.
    keyword_queries: tuple[str, ...] = ("(jalan rusak OR banjir OR sampah) bekasi -is:retweet",)
    hashtag_queries: tuple[str, ...] = ("#bekasi -is:retweet",)


@dataclass(frozen=True)
class Facebook:
    page_id: str = "104000000000001"
    name: str = "Pemerintah Kota Bekasi"
    access_token: str = "town-fb-page-token"  # noqa: S105 - invented, for the town only


@dataclass(frozen=True)
class Instagram:
    #: The Graph API's number of the account.
    user_id: str = "17841400000000001"
    #: The number the same account has on www.instagram.com.
    web_user_id: str = "44000000001"
    username: str = "pemkotbekasi"
    name: str = "Pemerintah Kota Bekasi"
    access_token: str = "town-ig-token"  # noqa: S105 - invented, for the town only
    hashtags: tuple[str, ...] = ("bekasi",)


@dataclass(frozen=True)
class Meta:
    """The app at Meta: what signs its webhooks, and what it says when it asks for one."""

    app_secret: str = "town-app-secret"  # noqa: S105 - invented, for the town only
    verify_token: str = "town-verify"  # noqa: S105 - invented, for the town only


@dataclass(frozen=True)
class Website:
    key: str
    host: str
    name: str
    username: str
    application_password: str


WEBSITES = (
    Website(
        "web_diskominfostandi",
        "diskominfostandi.bekasikota.go.id",
        "Diskominfostandi Kota Bekasi",
        "kentongan",
        "town app pass word one",
    ),
    Website(
        "web_pemkot",
        "www.bekasikota.go.id",
        "Pemerintah Kota Bekasi",
        "kentongan",
        "town app pass word two",
    ),
)


@dataclass(frozen=True)
class Identity:
    x: X = field(default_factory=X)
    facebook: Facebook = field(default_factory=Facebook)
    instagram: Instagram = field(default_factory=Instagram)
    meta: Meta = field(default_factory=Meta)
    websites: tuple[Website, ...] = WEBSITES

    @property
    def hosts(self) -> dict[str, Website]:
        return {site.host.lower(): site for site in self.websites}


def _fill(kind: type[Any], values: dict[str, Any]) -> Any:
    known = {f.name for f in fields(kind)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{kind.__name__}: unknown field {', '.join(unknown)}")
    return kind(**{k: tuple(v) if isinstance(v, list) else v for k, v in values.items()})


def parse(data: dict[str, Any]) -> Identity:
    """An identity from its JSON shape; what the file leaves out keeps the built-in value."""
    sites = data.get("websites")
    return Identity(
        x=_fill(X, data.get("x", {})),
        facebook=_fill(Facebook, data.get("facebook", {})),
        instagram=_fill(Instagram, data.get("instagram", {})),
        meta=_fill(Meta, data.get("meta", {})),
        websites=WEBSITES if sites is None else tuple(_fill(Website, site) for site in sites),
    )


def load(path: Path | None) -> Identity:
    return Identity() if path is None else parse(json.loads(path.read_text(encoding="utf-8")))
