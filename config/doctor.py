"""What is well and what is not in this installation, as sentences with a remedy. It calls the real platforms."""

import os
import stat
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from channels.contract import Failure
from classifiers.current import now_in_use
from classifiers.versions import VersionError, in_use
from desk.times import exact
from engine.account_checks import accounts
from engine.checks import (
    Finding,
    Findings,
    all_secrets,
    database,
    disk,
    ledger,
    remedy_of,
    safely,
    secrets_of_the_house,
    without,
)
from ledger.life import last_beat
from monitor.budget import month_spent
from monitor.coverage import Coverage, report
from monitor.models import Brake, Source

#: The clock says every ten seconds that it lives (engine.clock).
_SILENT_AFTER = timedelta(seconds=60)


def examine(now: datetime) -> list[Finding]:
    """Every check; one that breaks becomes a finding itself. No secret stands in the result."""
    found = [
        *safely("secret_key", _secret_key),
        *safely("home", _home),
        *safely("disk", disk),
        *safely("stand_in", _stand_in),
        *safely("model", _model),
    ]
    base = safely("database", database)
    found += base
    if all(one.ok for one in base):
        found += safely("engine", lambda: _engine(now))
        found += safely("ledger", ledger)
        found += safely("accounts", lambda: accounts(now))
        found += safely("sources", lambda: _sources(now))
        found += safely("budget", lambda: _budget(now))
        found += safely("resting", lambda: _resting(now))
        found += safely("terms", _terms)
        secrets = all_secrets()
    else:
        why = "Belum diperiksa: basis data belum siap."
        found += [Finding(name, None, why) for name in ("engine", "accounts", "sources", "budget")]
        secrets = secrets_of_the_house()
    return [without(one, secrets) for one in found]


# --- the house


def _secret_key() -> Findings:
    kept: Path = settings.KENTONGAN_HOME / "secret.key"
    if settings.SECRET_KEY == settings.NO_KEY:
        yield Finding("secret_key", False, "Belum ada kunci rahasia.", "Jalankan: kentongan init")
    elif os.environ.get("KENTONGAN_SECRET_KEY"):
        yield Finding("secret_key", True, "Kunci rahasia datang dari KENTONGAN_SECRET_KEY.")
    elif stat.S_IMODE(kept.stat().st_mode) & 0o077:
        yield Finding(
            "secret_key", False, "Kunci rahasia dapat dibaca pengguna lain.", f"Jalankan: chmod 600 {kept}"
        )
    else:
        yield Finding("secret_key", True, "Kunci rahasia ada dan hanya terbaca pemiliknya.")


def _home() -> Findings:
    home: Path = settings.KENTONGAN_HOME
    try:
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        remedy = "Buat folder itu dan beri hak tulis kepada pengguna yang menjalankan kentongan."
        yield Finding("home", False, f"{home} tidak dapat ditulisi: {error.strerror}.", remedy)
        return
    yield Finding("home", True, f"{home} dapat ditulisi.")


def _engine(now: datetime) -> Findings:
    beats = [beat for name in ("engine", "clock") if (beat := last_beat(name))]
    if beats and max(beats) >= now - _SILENT_AFTER:
        yield Finding("engine", True, "Mesin berjalan.")
        return
    since = f"Mesin tidak bergerak sejak {exact(max(beats))}." if beats else "Mesin belum pernah berjalan."
    yield Finding(
        "engine", False, since, "Jalankan: kentongan up (atau kentongan clock dan kentongan worker)"
    )


def _model() -> Findings:
    try:
        listed = [one.number for one in in_use()[:1]]
    except VersionError as error:
        yield Finding("model", False, str(error), "Jalankan: kentongan model verify")
        return
    used = now_in_use()
    if used.model is None:
        sentence = "Tidak ada model yang dipakai. Semua sebutan masuk tinjauan."
        off = not settings.JUDGING["model"]["use"]
        remedy = "Ubah [model] use pada judging.toml." if off else "Jalankan: kentongan train --seed-only"
        yield Finding("model", None if off else False, sentence, remedy)
    elif listed and used.number != listed[0]:
        sentence = f"Versi model {listed[0]} tidak dapat dipakai; penilaian memakai versi lain."
        yield Finding("model", False, sentence, "Jalankan: kentongan model verify")
    else:
        yield Finding("model", True, "Model penilai dapat dibuka.")


def _stand_in() -> Findings:
    if settings.STAND_IN:
        sentence = f"Kota tiruan {settings.STAND_IN} menggantikan semua platform; tidak ada yang sungguhan."
        yield Finding("stand_in", None, sentence, "Kosongkan KENTONGAN_STAND_IN untuk platform sungguhan.")


# --- hearing


def _sources(now: datetime) -> Findings:
    for one in report(now):
        if one.enabled:
            yield _source(one)


def _source(one: Coverage) -> Finding:
    name = f"source:{one.source}" + (f" ({one.via})" if one.via != "api" else "")
    since = exact(datetime.fromisoformat(one.last_proven)) if one.last_proven else ""
    proven = f"terakhir lengkap {since}" if since else "belum pernah lengkap"
    if one.failure:
        remedy = remedy_of(Failure(one.failure), "", [])
        return Finding(name, False, f"{one.source} gagal dibaca, {proven}: {one.trouble}", remedy)
    if one.open_gap is not None:
        remedy = "Biarkan mesin berjalan: celah tertutup pada pembacaan lengkap berikutnya."
        return Finding(name, False, f"{one.source} bercelah, {proven}: {one.open_gap['why']}", remedy)
    if one.silent:
        remedy = "Buka platformnya dan bandingkan: mungkin memang sepi, mungkin ada yang tidak diberikan."
        return Finding(name, None, f"{one.source} diam lebih lama daripada biasanya, {proven}.", remedy)
    if not since:
        return Finding(name, None, f"{one.source} belum pernah dibaca.", "Jalankan mesin: kentongan up")
    return Finding(name, True, f"{one.source} terdengar, {proven}.")


def _budget(now: datetime) -> Findings:
    limit, spent = float(settings.HEARING["budget"]["x_month"]), month_spent("x", now)
    if limit <= 0:
        yield Finding("budget", None, f"Membaca X tidak dibatasi; bulan ini {spent:.2f} dolar.")
    elif spent >= limit:
        sentence = f"Anggaran baca X bulan ini habis: {spent:.2f} dari {limit:.2f} dolar."
        yield Finding("budget", False, sentence, "Naikkan x_month di hearing.toml, atau tunggu bulan depan.")
    else:
        yield Finding("budget", True, f"Anggaran baca X tersisa {limit - spent:.2f} dari {limit:.2f} dolar.")


def _resting(now: datetime) -> Findings:
    for brake in Brake.objects.filter(until__gt=now).select_related("account"):
        sentence = f"{brake.account.name} beristirahat sampai {exact(brake.until)}: {brake.why}"
        yield Finding(f"account:{brake.account.key}:resting", None, sentence, "Tidak perlu apa-apa: tunggu.")


def _terms() -> Findings:
    for source in Source.objects.filter(enabled=True, via="web", account__enabled=True).select_related(
        "account"
    ):
        consent = source.account.setting("web_consent").strip()
        agreed = (
            f"Disetujui: {consent}."
            if consent
            else "Belum ada persetujuan (web_consent): sumber ini tidak dibaca."
        )
        sentence = (
            f"{source.account.name}: sumber halaman umum menyala. Ketentuan Instagram melarang pengumpulan otomatis "
            f"tanpa izin, dan akun dapat ditangguhkan. {agreed}"
        )
        remedy = "Matikan sumber ini, kecuali bagian hukum kota menyetujuinya."
        yield Finding(f"source:{source}:terms", None, sentence, remedy)
