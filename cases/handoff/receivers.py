"""What an administrator sets of a receiver. Secrets go in and never come out again."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from cases.handoff import signing
from cases.models import Receiver, ReceiverSort
from channels import outside
from channels.contract import ChannelError
from channels.vault import lock, unlock
from city.models import Unit
from ledger.chain import record
from ledger.models import Person

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{1,58}")
#: The secret that a person enters, by sort; the signing key of the others is made here (rotate).
ENTERED = {ReceiverSort.APPRISE: "url", ReceiverSort.OPEN311: "api_key"}
#: Sorts whose messages are signed, both ways.
SIGNED = (ReceiverSort.WEBHOOK, ReceiverSort.CALL_CENTER)
_BY_MAIL = (ReceiverSort.UNIT, ReceiverSort.PPID)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says."""

    key: str
    sort: str
    name: str
    unit: Unit | None
    address: str
    enabled: bool
    settings: str = "{}"  #: JSON
    secret: str = ""  #: "" leaves what is there


class Wrong(Exception):
    """Isian ini belum benar. `by_field`: name of the field to the sentence."""

    def __init__(self, by_field: dict[str, str]) -> None:
        super().__init__(" ".join(by_field.values()))
        self.by_field = by_field


@transaction.atomic
def save(receiver: Receiver | None, wanted: Wanted, person: Person, now: datetime) -> Receiver:
    """Make a receiver, or change one (its key and sort stay as they are). Raises Wrong."""
    if wrong := _problems(receiver, wanted):
        raise Wrong(wrong)
    row = receiver or Receiver(key=wanted.key, sort=wanted.sort)
    row.name, row.unit, row.address = wanted.name.strip(), wanted.unit, wanted.address.strip()
    row.enabled, row.settings = wanted.enabled, json.loads(wanted.settings or "{}")
    name = ENTERED.get(ReceiverSort(row.sort))
    if wanted.secret and name:
        row.sealed = lock({name: wanted.secret.strip()})
    row.trouble = "" if receiver is None or wanted.secret else row.trouble
    row.save()
    told: dict[str, Any] = {"receiver": row.name, "enabled": row.enabled, "secret": bool(wanted.secret)}
    record("receiver.changed" if receiver else "receiver.made", _subject(row), actor=person, at=now, **told)
    return row


@transaction.atomic
def rotate(receiver: Receiver, person: Person, now: datetime) -> str:
    """A new signing key, given this once; the one before it stays good until the next rotation."""
    row = Receiver.objects.select_for_update().get(pk=receiver.pk)
    try:
        had = unlock(bytes(row.sealed))
    except ChannelError:
        had = {}  # sealed under another key of the installation: it cannot be read, so it cannot stay
    made = signing.new_key()
    kept = {"old_key": had["key"], "old_key_id": had.get("key_id", "k1")} if had.get("key") else {}
    row.sealed = lock({**kept, "key": made, "key_id": f"k{_number(had) + 1}"})
    row.save(update_fields=["sealed"])
    record("receiver.key_rotated", _subject(row), actor=person, at=now, receiver=row.name)
    receiver.refresh_from_db()
    return made


def has_secret(receiver: Receiver) -> bool:
    """Whether a secret is stored, without opening it."""
    return bool(receiver.sealed)


def key_names(receiver: Receiver) -> list[str]:
    """The names of its signing keys, the present one first."""
    try:
        return list(signing.keys_of(unlock(bytes(receiver.sealed))))
    except ChannelError:
        return []


def _number(had: dict[str, str]) -> int:
    digits = had.get("key_id", "").removeprefix("k")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 9 else 0


def _subject(receiver: Receiver) -> str:
    return f"receiver:{receiver.pk}"


def _problems(receiver: Receiver | None, wanted: Wanted) -> dict[str, str]:
    found = {}
    if receiver is None:
        if not _KEY.fullmatch(wanted.key):
            found["key"] = _("Kunci memakai huruf kecil, angka dan tanda hubung, misalnya: urc-dbmsda.")
        elif Receiver.objects.filter(key=wanted.key).exists():
            found["key"] = _("Kunci ini sudah dipakai penerima lain.")
        if wanted.sort not in ReceiverSort.values:
            found["sort"] = _("Pilih cara penerusannya.")
    if not wanted.name.strip() or len(wanted.name) > 120:
        found["name"] = _("Tulis nama penerima, paling panjang 120 huruf.")
    sort = receiver.sort if receiver else wanted.sort
    if said := _about_address(sort, wanted.address.strip(), wanted.unit):
        found["address"] = said
    if said := _about_settings(wanted.settings):
        found["settings"] = said
    if wanted.secret and sort == ReceiverSort.APPRISE and "://" not in wanted.secret:
        found["secret"] = _("Alamat Apprise berbentuk layanan://…, misalnya tgram://TOKEN/CHAT.")
    return found


def _about_address(sort: str, address: str, unit: Unit | None) -> str:
    if sort == ReceiverSort.UNIT and unit is None:
        return _("Pilih perangkat daerah yang dikirimi surel.")
    if len(address) > 500:
        return _("Alamat paling panjang 500 huruf.")
    if sort in _BY_MAIL and address:
        try:
            validate_email(address)
        except ValidationError:
            return _("Ini bukan alamat surel.")
    if sort in (ReceiverSort.WEBHOOK, ReceiverSort.OPEN311) or (sort == ReceiverSort.CALL_CENTER and address):
        return outside.objection(address)
    return ""


def _about_settings(text: str) -> str:
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return _("Pengaturan lain harus JSON, misalnya {}.")
    return "" if isinstance(found, dict) else _("Pengaturan lain harus objek JSON, misalnya {}.")
