"""Checks of the accounts by real calls: whether each can be heard and spoken through, its token, its permissions, and

what its webhook is subscribed to.
"""

from datetime import datetime
from functools import partial

from channels.contract import Access, ChannelError, Failure, Probe
from channels.models import FOR_WEBHOOKS, Account, Kind
from channels.subscription import FIELDS, subscribed_fields
from engine.checks import SKEW, Finding, Findings, remedy_of, safely
from ledger.life import last_beat
from monitor.access import expiry_level, expiry_sentence, expiry_warning, read_access
from monitor.hear import probe as probe_hearing
from monitor.inbox import CONNECTED
from monitor.models import Source
from monitor.renew import uses_webhooks
from publisher.probe import probe as probe_speaking

#: Days before its end from which a token is not merely remarked on.
_TOKEN_NOT_OK = 7

#: What each permission is needed for (Meta's permission reference, read 2026-10).
SCOPES: dict[str, dict[str, str]] = {
    Kind.FACEBOOK: {
        "pages_read_user_content": "kiriman, sebutan dan komentar warga tidak terdengar",
        "pages_read_engagement": "halaman tidak terbaca, dan penayangan yang tidak jelas tidak dapat dicari",
        "pages_manage_posts": "tidak dapat menayangkan",
        "pages_manage_engagement": "tidak dapat menjawab komentar warga",
    },
    Kind.INSTAGRAM: {
        "instagram_basic": "akun dan medianya tidak terbaca",
        "instagram_manage_comments": "komentar dan penandaan warga tidak terdengar",
        "instagram_content_publish": "tidak dapat menayangkan",
    },
}


#: Permissions without which only the numbers of a post are missing: worth a remark, not an alarm.
WISHED: dict[str, str] = {
    Kind.FACEBOOK: "read_insights",
    Kind.INSTAGRAM: "instagram_manage_insights",
}


def accounts(now: datetime) -> Findings:
    accounts = list(Account.objects.exclude(channel=Kind.INTAKE).order_by("id"))
    if not accounts:
        yield Finding(
            "accounts", False, "Belum ada akun.", "Isi accounts.toml, lalu jalankan: kentongan init"
        )
    skews: list[float] = []
    for account in accounts:
        yield from safely(f"account:{account.key}", partial(_account, account, now, skews))
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
        yield from _webhook(account)


def _probed(name: str, what: str, found: Probe, account: Account) -> Finding:
    if found.ok:
        return Finding(name, True, f"{what}: {found.sentence}")
    failure = found.details.get("failure")
    if failure is None:
        remedy = "Periksa pengaturan akun ini: token atau alamatnya milik akun lain."
    else:
        remedy = remedy_of(Failure(failure), found.details.get("code", ""), _variables(account))
    return Finding(name, None if failure == Failure.LATER else False, f"{what}: {found.sentence}", remedy)


def _variables(account: Account) -> list[str]:
    """The variables of the account's tokens; those of Meta's webhooks stay as they are when a token is renewed."""
    return [variable for name, variable in account.secret_names.items() if name not in FOR_WEBHOOKS]


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
    renew = remedy_of(Failure.CREDENTIALS, "190", variables)
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
            f"account:{account.key}:scope", False, sentence, remedy_of(Failure.CREDENTIALS, "200", variables)
        )
    wished = WISHED[account.channel]
    if wished not in access.scopes:
        sentence = f"{account.name}: izin {wished} tidak ada, maka jangkauan kiriman tidak diketahui."
        yield Finding(f"account:{account.key}:reach", None, sentence, "Tambahkan bila jangkauan diperlukan.")
    if not missing:
        yield Finding(f"account:{account.key}:scope", True, f"{account.name}: semua izin ada.")


def _webhook(account: Account) -> Findings:
    """What the Page's webhook is subscribed to; asked only where notifications can be received at all."""
    if not uses_webhooks(account):
        return
    name = f"account:{account.key}:webhook"
    missing = [field for field in FIELDS if field not in subscribed_fields(account)]
    if not missing:
        yield Finding(name, True, f"{account.name}: langganan webhook lengkap ({', '.join(FIELDS)}).")
        return
    sentence = (
        f"{account.name}: langganan webhook tanpa {', '.join(missing)}; pembacaan berkala tetap mendengar."
    )
    remedy = (
        "Langganankan kolom itu (docs/operate.md), atau perbarui tokennya: langganan lalu diperbarui sendiri."
    )
    # Before Meta has ever shaken hands, webhooks may simply not be in use yet.
    yield Finding(name, None if last_beat(CONNECTED) is None else False, sentence, remedy)


def _clock(skews: list[float]) -> Finding:
    """Against the Date of the platforms' answers."""
    if not skews:
        return Finding("clock", None, "Jam belum dapat dibandingkan: tidak ada platform yang menjawab.")
    worst = max(skews, key=abs)
    if abs(worst) > SKEW:
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
