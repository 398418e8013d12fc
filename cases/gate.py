"""The type gate: which way a matter goes (SP4N-LAPOR!'s intake types, and two of our own).

Danger goes before everything, whoever is responsible. A citizen is sent away only where the table of authorities is
sure: what is doubtful stays with the city.
"""

import secrets
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from cases import act, clocks, emergencies, replies
from cases.models import ENDED, Case, Gate, State
from cases.refusal import NotAllowed
from cases.scope import check
from city.gazetteer import find_place
from city.places import SURE, Found, find_one
from classifiers.core.authority import authority
from classifiers.core.kinds import Kind
from classifiers.core.urgency import Level
from ledger.chain import record
from ledger.models import Person

#: Capitals and digits that are read and dictated without mistakes (no 0/O, 1/I/L, 2/Z, 5/S, 8/B, 6/G, U/V).
ALPHABET = "ACDEFHJKMNPQRTWXY3479"
#: Letters of a code: 21 to the power of ten, too many to try.
CODE_LENGTH = 10
_BY_KIND = {Kind.INFORMATION_REQUEST: Gate.INFORMATION, Kind.ASPIRATION: Gate.ASPIRATION}


def first(case: Case, now: datetime) -> None:
    """Choose the gate of a new case from its kind, authority and urgency; also its area, authority and code."""
    found = find_one(case.mention.text)
    gate, why = _choose(case, found)
    values = {
        "gate": gate,
        "authority": _verdict(case, "authority"),
        "area": area_of(case.place, found),
        "code": new_code(),
    }
    Case.objects.filter(pk=case.pk).update(**values)
    for name, value in values.items():
        setattr(case, name, value)
    record("case.gated", case.subject, at=now, gate=gate.value, why=why)


@transaction.atomic
def change(case: Case, gate: Gate, person: Person, now: datetime, note: str = "") -> Case:
    """A person sends it another way. Raises NotAllowed with a sentence.

    To "not ours" the case is moved too, with the same reason; to "emergency" everybody is told at once.
    """
    check(case, person)
    _may_change(case, gate, note.strip())
    old = case.gate
    if not Case.objects.filter(pk=case.pk, gate=old, state=case.state).update(gate=gate, changed_at=now):
        raise NotAllowed(_("Kasus ini baru saja diubah orang lain. Muat ulang halaman."))
    case.refresh_from_db()
    data = {"old": old, "new": gate.value, "note": note.strip()[:500]}
    record("case.gate_changed", case.subject, actor=person, at=now, **data)
    clocks.gate_changed(case, now)
    if old == Gate.EMERGENCY:
        emergencies.stop(case)
    if gate == Gate.EMERGENCY:
        emergencies.anew(case, now)
    replies.gate_changed(case, now)
    if gate == Gate.NOT_OURS:
        act.move(case, State.NOT_OURS, person, now, note)
    case.refresh_from_db()
    return case


def new_code() -> str:
    """The word that opens a case's public page together with its number."""
    return "".join(secrets.choice(ALPHABET) for _number in range(CODE_LENGTH))


def area_of(place: str, found: Found | None = None) -> str:
    """Kemendagri code of a place by its name, as exact as the text tells; "" unknown.

    A name that is both a kecamatan and a kelurahan is read as the wider one, unless the text says which it means.
    """
    sure = [one for one in found.candidates if one.confidence >= SURE and one.code] if found else []
    named = next((one for one in sure if place and place in (one.kelurahan, one.kecamatan)), None)
    if named is not None:
        return named.code
    known = find_place(place) if place else None
    return known.code if known else ""


def _choose(case: Case, found: Found) -> tuple[Gate, str]:
    """The gate, and what decided it: "urgency", "authority" or "kind"."""
    if _verdict(case, "urgency") == Level.EMERGENCY:
        return Gate.EMERGENCY, "urgency"
    if _elsewhere(case, found):
        return Gate.NOT_OURS, "authority"
    return _BY_KIND.get(Kind(case.kind), Gate.COMPLAINT), "kind"


def _elsewhere(case: Case, found: Found) -> bool:
    """Whether another body is responsible, and surely so (the verdict keeps the key alone: it is asked again)."""
    rules = settings.ANSWERING["gate"]
    key = _verdict(case, "authority")
    if key in ("", *rules["ours"]):
        return False
    said = authority([case.mention.text], [case.topic or None], [found])[0]
    return said.key == key and said.confidence >= float(rules["confidence"])


def _may_change(case: Case, gate: Gate, note: str) -> None:
    if case.state in ENDED:
        raise NotAllowed(_("Kasus ini sudah berakhir; buka kembali lebih dahulu."))
    if case.gate == gate:
        raise NotAllowed(_("Kasus ini sudah berada pada jalur itu."))
    if not note:
        raise NotAllowed(_("Tulis alasannya, agar warga dan petugas lain dapat memahaminya."))


def _verdict(case: Case, name: str) -> Any:
    """A field of the judge's word; "" where the post was never judged."""
    verdict = getattr(case.mention, "verdict", None)
    return getattr(verdict, name) if verdict else ""
