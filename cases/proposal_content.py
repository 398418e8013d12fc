"""What is known of a happening, and what an announcement of it could begin with (answering.toml, [proposals]).

Only what the posts tell is filled in, as something reported: what is being done and where to go, a person knows.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import override

from cases import spikes
from cases.hours import kecamatan_of
from cases.incidents import told_at
from cases.models import ENDED, Case, Incident, Spike, State
from cases.topics import TOPICS
from classifiers.core.urgency import Level
from monitor.models import Mention
from publisher.kinds import kind_named

#: Posts that are read for words of a rumour, and places that are named.
_READ, _PLACES = 200, 4
#: A kecamatan with fewer cases than this share of the first one's is a stray: nothing is paused there.
_STRAY = 0.2


@dataclass(frozen=True, slots=True)
class Matter:
    """What a proposal is about, as far as the posts tell."""

    topic: str  #: key; "" unknown
    places: list[str]  #: the most frequent first
    kecamatan: list[str]  #: codes
    since: datetime
    reports: int
    people: int
    emergency: bool
    texts: list[str]


def kind_for(matter: Matter) -> str:
    """The kind of announcement that fits; "" where none does."""
    table = settings.ANSWERING["proposals"]
    if _rumoured(matter.texts):
        return str(table["rumour"]["kind"])
    fitting = str(table["kinds"].get(matter.topic, ""))
    if matter.emergency and fitting != "weather_warning":
        return str(table["emergency"]["kind"])
    return fitting


def filled(kind: str, matter: Matter) -> dict[str, str]:
    """The fields of ``kind`` as far as the matter tells, cut to what each may hold; [] places leave a field empty."""
    told = _words(matter)
    made = {}
    for one in kind_named(kind).fields:
        wording = settings.ANSWERING["proposals"]["fields"].get(kind, {}).get(one.name, "")
        if wording and not ("{places}" in wording and not matter.places):
            made[one.name] = _cut(wording.format_map(told), one.max_length)
        elif one.beginning:
            made[one.name] = one.beginning
    return made


def matter_of(incident: Incident) -> Matter:
    """What is known of an incident from its cases, newest posts last."""
    rows = incident.cases.select_related("mention__verdict").order_by("id")
    cases = [one for one in rows if one.state not in (State.REJECTED, State.NOT_OURS)] or list(rows)
    waits = [one for one in cases if one.state not in (*ENDED, State.ANSWERED)]
    return Matter(
        topic=incident.topic,
        places=_common([one.place for one in cases]) or ([incident.place] if incident.place else []),
        kecamatan=_common([one.area[:8] or kecamatan_of(one.place) for one in cases], 12, _STRAY),
        since=min((told_at(one.mention) for one in cases), default=incident.opened_at),
        reports=len(cases),
        people=len({who(one.mention) for one in cases}),
        emergency=any(_urgency(one) == Level.EMERGENCY for one in waits),
        texts=[one.mention.text for one in cases[-_READ:]],
    )


def matter_of_spike(spike: Spike) -> Matter:
    """What is known of a spike from its busiest hour."""
    why = spike.explanation
    topics = [key for key, _many in why.get("topics", [])]
    sort, _colon, key = spike.scope.partition(":")
    examples = Mention.objects.filter(pk__in=why.get("examples", []), restricted_at=None)
    return Matter(
        topic=key if sort == "topic" else next(iter(topics), ""),
        places=[name for name, _many in why.get("places", [])],
        kecamatan=[key] if sort == "area" else [code for code, _many in why.get("kecamatan", [])],
        since=spike.started_at,
        reports=int(why.get("posts", spike.observed)),
        people=spike.observed,
        emergency=bool(why.get("urgent")),
        texts=list(examples.values_list("text", flat=True)),
    )


def content(kind: str, matter: Matter) -> dict[str, Any]:
    """The stored values of a proposal."""
    table = settings.ANSWERING["proposals"]
    classes = [] if matter.topic in table["without_pause"] or not matter.kecamatan else table["pause_classes"]
    with override(settings.LANGUAGE_CODE):  # said in the city's language, whoever looks
        fields, why = filled(kind, matter), _why(matter)[:500]
    return {"fields": fields, "kecamatan": matter.kecamatan, "pause_classes": list(classes), "why": why}


def _why(matter: Matter) -> str:
    """Kept as the city speaks: it stands beside the draft, and in the history."""
    said = _(
        "%(people)s akun menulis tentang %(topic)s di %(places)s; %(reports)s laporan sejak %(since)s."
    ) % {
        "people": matter.people,
        "topic": _topic(matter.topic),
        "places": _joined(matter.places) or _("tempat yang belum diketahui"),
        "reports": matter.reports,
        "since": _since_words(matter.since),
    }
    return f"{said} {_('Ada keadaan darurat di antaranya.')}" if matter.emergency else said


def _words(matter: Matter) -> Mapping[str, str]:
    topic = _topic(matter.topic)
    service = settings.ANSWERING["proposals"]["service"]
    return {
        "topic": topic[:1].upper() + topic[1:],
        "topic_small": topic,
        "places": _joined(matter.places),
        "since": matter.since.astimezone(spikes.zone()).strftime("%Y-%m-%dT%H:%M"),
        "since_words": _since_words(matter.since),
        "reports": str(matter.reports),
        "people": str(matter.people),
        "service": service.get(matter.topic, "other"),
        "hotline": settings.CITY["hotline"],
        "city": settings.CITY["name"],
    }


def _rumoured(texts: list[str]) -> bool:
    rule = settings.ANSWERING["proposals"]["rumour"]
    hits = sum(any(word in text.casefold() for word in rule["words"]) for text in texts)
    return bool(texts) and hits / len(texts) >= rule["share"]


def _common(values: list[str], most: int = _PLACES, least: float = 0.0) -> list[str]:
    """The most frequent first, equal ones as they came; none below the share ``least`` of the first one."""
    known = Counter(filter(None, values))
    top = max(known.values(), default=0)
    return [one for one, many in known.most_common(most) if many >= least * top]


def _joined(names: list[str]) -> str:
    """ "Jatiasih, Jatirasa, dan Jatimekar"."""
    if len(names) < 3:
        return " dan ".join(names)
    return f"{', '.join(names[:-1])}, dan {names[-1]}"


def _topic(key: str) -> str:
    return str(TOPICS.get(key, key.replace("_", " "))) if key else str(TOPICS["lain"])


def _since_words(moment: datetime) -> str:
    """ "24/11 pukul 10.00 WIB"."""
    return moment.astimezone(spikes.zone()).strftime("%d/%m pukul %H.%M %Z")


def _cut(text: str, most: int) -> str:
    return text if not most or len(text) <= most else text[: most - 1].rstrip(" ,.") + "…"


def who(mention: Mention) -> str:
    return f"{mention.channel}:{mention.author_id or mention.author or f'?{mention.pk}'}"


def _urgency(case: Case) -> str:
    return str(case.mention.verdict.urgency) if hasattr(case.mention, "verdict") else ""
