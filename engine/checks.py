"""Checks that need no person at the screen: `kentongan doctor` prints them, and the clock looks at them by itself.

They stand here, below config, so that the engine can run them (docs/decisions/0005-checks-below-the-command.md).
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from channels.contract import ChannelError, Failure
from channels.models import Account
from ledger.chain import broken_at, keep_head, verified_head, verify_on

#: Less free disk than this is named.
_DISK = 1_000_000_000
#: Seconds by which clocks may differ: OAuth 1.0a signatures are refused by X about five minutes off.
SKEW = 60


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    name: str  #: of the check, with the account or source that it is about: "account:x"
    ok: bool | None  #: None: not known, or only something to bear in mind
    sentence: str
    remedy: str = ""  #: what to do; "" when nothing is to be done


Findings = Iterator[Finding]


def safely(name: str, check: Callable[[], Findings]) -> list[Finding]:
    """What ``check`` finds, as far as it comes."""
    found: list[Finding] = []
    try:
        for one in check():
            found.append(one)  # one by one: what came before a failure is kept
    except ChannelError as error:
        # What passes by itself is no trouble yet: a blip raises no alarm.
        ok = None if error.failure == Failure.LATER else False
        found.append(Finding(name, ok, str(error), remedy_of(error.failure, error.code, [])))
    except Exception as error:  # noqa: BLE001 - a broken check is a finding, and the others go on
        sentence = f"Pemeriksaan ini gagal ({type(error).__name__}): {error}"
        found.append(Finding(name, False, sentence[:400], "Laporkan kalimat ini kepada pengelola."))
    return found


def remedy_of(failure: Failure, code: str, variables: list[str]) -> str:
    """What a person does about a failed call."""
    if failure == Failure.LATER:
        return "Tunggu, lalu ulangi; bila menetap, periksa jaringan dan jatah akun pada platform."
    if failure == Failure.CREDENTIALS:
        renew = f"isi {', '.join(variables)}" if variables else "isi token yang baru"
        number = code.split("/")[0]
        lacks = number == "10" or (len(number) == 3 and number.startswith("2")) or number in ("402", "403")
        first = "Mintakan izin yang kurang pada konsol pengembang" if lacks else "Buat token baru"
        return f"{first}, {renew}, lalu jalankan: kentongan init"
    if failure == Failure.REFUSED:
        return "Periksa pengaturan akun ini (user_id, page_id, base_url) dan apakah akunnya masih ada."
    return "Ulangi; bila menetap, baca log dan buka platformnya sendiri."


def disk() -> Findings:
    free = shutil.disk_usage(settings.KENTONGAN_HOME).free
    sentence = f"Ruang kosong {free / 1_000_000_000:.1f} GB."
    if free < _DISK:
        yield Finding("disk", False, sentence, "Kosongkan ruang, atau pindahkan KENTONGAN_HOME.")
    else:
        yield Finding("disk", True, sentence)


def database() -> Findings:
    word = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}.get(connection.vendor, connection.vendor)
    try:
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:  # noqa: BLE001 - drivers raise of their own; their text may hold the password
        sentence = f"{word} tidak dapat dihubungi ({type(error).__name__})."
        yield Finding("database", False, sentence, "Periksa DATABASE_URL dan apakah basis data berjalan.")
        return
    if waiting:
        sentence = f"{word} menjawab, tetapi {len(waiting)} perubahan skema belum diterapkan."
        yield Finding("database", False, sentence, "Jalankan: kentongan init")
    else:
        yield Finding("database", True, f"{word} menjawab dan mutakhir.")


def database_clock() -> Findings:
    """Whether the database's clock agrees with ours: leases and due times are compared across both."""
    if connection.vendor != "postgresql":
        return  # SQLite has no clock of its own
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        apart = abs((cursor.fetchone()[0] - timezone.now()).total_seconds())
    if apart > SKEW:
        sentence = f"Jam basis data berbeda {apart:.0f} detik dari jam komputer ini."
        yield Finding("database_clock", False, sentence, "Nyalakan penyelarasan waktu (NTP) pada keduanya.")
    else:
        yield Finding("database_clock", True, "Jam basis data sesuai dengan jam komputer ini.")


def ledger() -> Findings:
    """The hash chain of the events, from its first seal."""
    yield from _chain(broken_at())


def new_in_ledger(now: datetime) -> Findings:
    """The same from the last seal that this function has verified: what the clock can afford every hour.

    A change of what was verified before is found by `kentongan doctor`, which reads everything.
    """
    place, head = verify_on(verified_head())
    yield from _chain(place)
    if place is None:
        keep_head(head, now)


def _chain(place: int | None) -> Findings:
    if place is None:
        yield Finding("ledger", True, "Rantai buku besar utuh.")
        return
    yield Finding(
        "ledger",
        False,
        f"Rantai buku besar putus pada segel {place}: sebuah peristiwa diubah atau dihapus sesudahnya.",
        "Bandingkan dengan cadangan basis data sebelum melanjutkan, dan laporkan kepada pengelola.",
    )


# --- no secret is printed


def secrets_of_the_house() -> set[str]:
    return {settings.SECRET_KEY, str(settings.DATABASES["default"].get("PASSWORD") or "")}


def all_secrets() -> set[str]:
    secrets = secrets_of_the_house()
    for account in Account.objects.all():
        try:
            secrets |= account.secret_values()
        except ChannelError:
            continue  # what cannot be opened cannot be printed either
    return secrets


def without(finding: Finding, secrets: set[str]) -> Finding:
    """``finding`` with every secret that a platform's answer repeated struck out."""
    sentence = finding.sentence
    for secret in sorted((one for one in secrets if len(one) >= 6), key=len, reverse=True):
        sentence = sentence.replace(secret, "•••")
    return replace(finding, sentence=sentence)
