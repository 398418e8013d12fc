"""What is well and what is not in this installation, as sentences with a remedy. It calls the real platforms."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from channels.contract import Access, ChannelError, Failure, Probe
from channels.models import Account, Kind
from classifiers.core.model import ModelError
from classifiers.core.model import load as load_model
from classifiers.judge import model_path
from desk.times import exact
from ledger.chain import broken_at
from ledger.life import last_beat
from monitor.access import expiry_level, expiry_sentence, expiry_warning, read_access
from monitor.budget import month_spent
from monitor.coverage import Coverage, report
from monitor.hear import probe as probe_hearing
from monitor.models import Brake, Source
from publisher.probe import probe as probe_speaking

#: Less free disk than this is named.
_DISK = 1_000_000_000
#: The clock says every ten seconds that it lives (engine.clock).
_SILENT_AFTER = timedelta(seconds=60)
#: Seconds by which clocks may differ: OAuth 1.0a signatures are refused by X about five minutes off.
_SKEW = 60
#: Days before its end from which a token is not merely remarked on.
_TOKEN_NOT_OK = 7

_WEBHOOK_SECRETS = ("app_secret", "verify_token")

#: What each permission is needed for (Meta's permission reference, read 2026-10).
SCOPES: dict[str, dict[str, str]] = {
    Kind.FACEBOOK: {
        "pages_read_user_content": "kiriman, sebutan dan komentar warga tidak terdengar",
        "pages_read_engagement": "halaman tidak terbaca, dan penayangan yang tidak jelas tidak dapat dicari",
        "pages_manage_posts": "tidak dapat menayangkan",
    },
    Kind.INSTAGRAM: {
        "instagram_basic": "akun dan medianya tidak terbaca",
        "instagram_manage_comments": "komentar dan penandaan warga tidak terdengar",
        "instagram_content_publish": "tidak dapat menayangkan",
    },
}


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check."""

    name: str  #: of the check, with the account or source that it is about: "account:x"
    ok: bool | None  #: None: not known, or only something to bear in mind
    sentence: str
    remedy: str = ""  #: what to do; "" when nothing is to be done


Findings = Iterator[Finding]


def examine(now: datetime) -> list[Finding]:
    """Every check; one that breaks becomes a finding itself. No secret stands in the result."""
    found = [
        *_safely("secret_key", _secret_key),
        *_safely("home", _home),
        *_safely("disk", _disk),
        *_safely("stand_in", _stand_in),
        *_safely("model", _model),
    ]
    database = _safely("database", _database)
    found += database
    if all(one.ok for one in database):
        found += _safely("engine", lambda: _engine(now))
        found += _safely("ledger", _ledger)
        found += _safely("accounts", lambda: _accounts(now))
        found += _safely("sources", lambda: _sources(now))
        found += _safely("budget", lambda: _budget(now))
        found += _safely("resting", lambda: _resting(now))
        found += _safely("terms", _terms)
        secrets = _secrets()
    else:
        why = "Belum diperiksa: basis data belum siap."
        found += [Finding(name, None, why) for name in ("engine", "accounts", "sources", "budget")]
        secrets = _secrets_of_the_house()
    return [_without(one, secrets) for one in found]


def _safely(name: str, check: Callable[[], Findings]) -> list[Finding]:
    """What ``check`` finds, as far as it comes."""
    found: list[Finding] = []
    try:
        for one in check():
            found.append(one)  # one by one: what came before a failure is kept
    except ChannelError as error:
        found.append(Finding(name, False, str(error), _remedy(error.failure, error.code, [])))
    except Exception as error:  # noqa: BLE001 - a broken check is a finding, and the others go on
        sentence = f"Pemeriksaan ini gagal ({type(error).__name__}): {error}"
        found.append(Finding(name, False, sentence[:400], "Laporkan kalimat ini kepada pengelola."))
    return found


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


def _disk() -> Findings:
    free = shutil.disk_usage(settings.KENTONGAN_HOME).free
    sentence = f"Ruang kosong {free / 1_000_000_000:.1f} GB."
    if free < _DISK:
        yield Finding("disk", False, sentence, "Kosongkan ruang, atau pindahkan KENTONGAN_HOME.")
    else:
        yield Finding("disk", True, sentence)


def _database() -> Findings:
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


def _engine(now: datetime) -> Findings:
    beats = [beat for name in ("engine", "clock") if (beat := last_beat(name))]
    if beats and max(beats) >= now - _SILENT_AFTER:
        yield Finding("engine", True, "Mesin berjalan.")
        return
    since = f"Mesin tidak bergerak sejak {exact(max(beats))}." if beats else "Mesin belum pernah berjalan."
    yield Finding(
        "engine", False, since, "Jalankan: kentongan up (atau kentongan clock dan kentongan worker)"
    )


def _ledger() -> Findings:
    """The hash chain of the events, from its first seal."""
    place = broken_at()
    if place is None:
        yield Finding("ledger", True, "Rantai buku besar utuh.")
        return
    yield Finding(
        "ledger",
        False,
        f"Rantai buku besar putus pada segel {place}: sebuah peristiwa diubah atau dihapus sesudahnya.",
        "Bandingkan dengan cadangan basis data sebelum melanjutkan, dan laporkan kepada pengelola.",
    )


def _model() -> Findings:
    try:
        load_model(model_path())
    except ModelError as error:
        yield Finding("model", False, f"{error} Semua sebutan masuk tinjauan.", "Jalankan: kentongan train")
        return
    yield Finding("model", True, "Model penilai dapat dibuka.")


def _stand_in() -> Findings:
    if settings.STAND_IN:
        sentence = f"Kota tiruan {settings.STAND_IN} menggantikan semua platform; tidak ada yang sungguhan."
        yield Finding("stand_in", None, sentence, "Kosongkan KENTONGAN_STAND_IN untuk platform sungguhan.")


# --- accounts


def _accounts(now: datetime) -> Findings:
    accounts = list(Account.objects.order_by("id"))
    if not accounts:
        yield Finding(
            "accounts", False, "Belum ada akun.", "Isi accounts.toml, lalu jalankan: kentongan init"
        )
    skews: list[float] = []
    for account in accounts:
        yield from _safely(f"account:{account.key}", partial(_account, account, now, skews))
    yield _clock(skews)


def _account(account: Account, now: datetime, skews: list[float]) -> Findings:
    name = f"account:{account.key}"
    if not account.enabled:
        yield Finding(name, None, f"{account.name} dimatikan.")
        return
    if account.channel == Kind.X:
        yield _plan_of_x(account)
    if missing := account.missing_secrets():
        sentence = f"{account.name}: belum ada {', '.join(missing)}."
        yield Finding(name, False, sentence, "Isi variabel itu, lalu jalankan: kentongan init")
        if len(missing) == len(account.secret_names):
            return
    if account.trouble:
        yield Finding(name, False, f"{account.name}: {account.trouble}", "Perbaiki, lalu tekan Uji sekarang.")
    works = True
    if Source.objects.filter(account=account, enabled=True).exists():
        heard = probe_hearing(account)
        works = heard.ok
        skews += [float(heard.details["skew"])] if "skew" in heard.details else []
        yield _probed(f"{name}:hearing", f"{account.name}, mendengar", heard, account)
    spoken = probe_speaking(account)
    yield _probed(f"{name}:speaking", f"{account.name}, menayangkan", spoken, account)
    if account.channel in SCOPES and works and spoken.ok:
        yield from _token(account, now)


def _probed(name: str, what: str, found: Probe, account: Account) -> Finding:
    if found.ok:
        return Finding(name, True, f"{what}: {found.sentence}")
    failure = found.details.get("failure")
    if failure is None:
        remedy = "Periksa pengaturan akun ini: token atau alamatnya milik akun lain."
    else:
        remedy = _remedy(Failure(failure), found.details.get("code", ""), _variables(account))
    return Finding(name, None if failure == Failure.LATER else False, f"{what}: {found.sentence}", remedy)


def _variables(account: Account) -> list[str]:
    """The variables of the account's tokens; those of Meta's webhooks stay as they are when a token is renewed."""
    return [variable for name, variable in account.secret_names.items() if name not in _WEBHOOK_SECRETS]


def _remedy(failure: Failure, code: str, variables: list[str]) -> str:
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


def _token(account: Account, now: datetime) -> Findings:
    name = f"account:{account.key}:token"
    try:
        access = read_access(account)
    except ChannelError as error:
        remedy = "Periksa izin dan masa berlaku token pada konsol pengembang Meta."
        yield Finding(
            name, None, f"{account.name}: masa berlaku token tidak dapat ditanyakan. {error}", remedy
        )
        return
    if access is not None:
        yield from judge_access(account, access, now)


def judge_access(account: Account, access: Access, now: datetime) -> Findings:
    """What a token's scopes and end mean for hearing and speaking."""
    name = f"account:{account.key}:token"
    variables = _variables(account)
    renew = _remedy(Failure.CREDENTIALS, "190", variables)
    if not access.valid:
        yield Finding(name, False, f"{account.name}: Meta menyatakan token ini tidak berlaku.", renew)
    level = expiry_level(access.expires_at, now)
    if access.expires_at is None:
        yield Finding(
            name, True if access.valid else None, f"{account.name}: token tanpa akhir masa berlaku."
        )
    elif level is None:
        yield Finding(name, True, f"{account.name}: {expiry_sentence(access.expires_at, now)}")
    else:
        ok = False if level <= _TOKEN_NOT_OK else None
        yield Finding(name, ok, f"{account.name}: {expiry_warning(access.expires_at, now)}", renew)
    missing = [
        (scope, stops) for scope, stops in SCOPES[account.channel].items() if scope not in access.scopes
    ]
    for scope, stops in missing:
        sentence = f"{account.name}: izin {scope} tidak ada, maka {stops}."
        yield Finding(
            f"account:{account.key}:scope", False, sentence, _remedy(Failure.CREDENTIALS, "200", variables)
        )
    if not missing:
        yield Finding(f"account:{account.key}:scope", True, f"{account.name}: semua izin ada.")


def _clock(skews: list[float]) -> Finding:
    """Against the Date of the platforms' answers."""
    if not skews:
        return Finding("clock", None, "Jam belum dapat dibandingkan: tidak ada platform yang menjawab.")
    worst = max(skews, key=abs)
    if abs(worst) > _SKEW:
        sentence = f"Jam komputer ini berbeda {abs(worst):.0f} detik dari jam platform."
        return Finding("clock", False, sentence, "Nyalakan penyelarasan waktu (NTP).")
    return Finding("clock", True, "Jam sesuai dengan jam platform.")


def _plan_of_x(account: Account) -> Finding:
    # Developer Agreement, "Government Use", and the page on restricted uses (docs.x.com, read 2026-08-22).
    sentence = (
        f"{account.name}: X meminta paket Enterprise dari pemakai yang bertindak untuk pemerintah, dan melarang "
        "memantau peristiwa peka seperti unjuk rasa, menyimpulkan pandangan politik atau kesehatan seseorang, "
        "dan mencocokkan akun dengan identitas di luar X tanpa izinnya."
    )
    return Finding(f"account:{account.key}:plan", None, sentence, "Pastikan perjanjian kota dengan X.")


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
        remedy = _remedy(Failure(one.failure), "", [])
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
        sentence = (
            f"{source.account.name}: sumber halaman umum menyala. Ketentuan Instagram melarang pengumpulan otomatis "
            "tanpa izin, dan akun dapat ditangguhkan."
        )
        remedy = "Matikan sumber ini, kecuali bagian hukum kota menyetujuinya."
        yield Finding(f"source:{source}:terms", None, sentence, remedy)


# --- no secret is printed


def _secrets_of_the_house() -> set[str]:
    return {settings.SECRET_KEY, str(settings.DATABASES["default"].get("PASSWORD") or "")}


def _secrets() -> set[str]:
    secrets = _secrets_of_the_house()
    for account in Account.objects.all():
        try:
            secrets |= account.secret_values()
        except ChannelError:
            continue  # what cannot be opened cannot be printed either
    return secrets


def _without(finding: Finding, secrets: set[str]) -> Finding:
    """``finding`` with every secret that a platform's answer repeated struck out."""
    sentence = finding.sentence
    for secret in sorted((one for one in secrets if len(one) >= 6), key=len, reverse=True):
        sentence = sentence.replace(secret, "•••")
    return replace(finding, sentence=sentence)
