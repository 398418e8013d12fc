"""The checklist: what a careful colleague would say before an announcement goes out."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from channels.models import Account
from channels.reachable import Answer, look
from publisher.kinds import kind_named
from publisher.lint import Check, Finding, Severity, Subject, camel, lint, stops
from publisher.models import MediaItem
from publisher.newsroom import draft, submit
from publisher.render import Rendered, render

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

FIELDS = {
    "headline": "Air mati di Jatiasih",
    "body": "Pipa diperbaiki. Air mengalir lagi sore ini.",
    "place": "",
    "time": "",
    "contact": "",
}


def subject(now: datetime, accounts: Any = (), **changes: Any) -> Subject:
    fields = {**FIELDS, **changes.pop("fields", {})}
    by_hand, english = changes.get("overrides", {}), changes.get("fields_en", {})
    wording = [
        (
            one,
            render(
                "service_notice",
                fields,
                one.channel,
                "KTG-ABC123",
                fields_en=english,
                override=by_hand.get(one.key, ""),
            ),
        )
        for one in accounts
    ]
    return Subject(kind=kind_named("service_notice"), fields=fields, wording=wording, now=now, **changes)


def found(key: str, given: Subject) -> list[Finding]:
    return list(_check(key, given).findings)


def _check(key: str, given: Subject) -> Check:
    return next(one for one in lint(given) if one.key == key)


def picture(people: dict[str, Any], now: datetime, alt: str) -> MediaItem:
    return MediaItem.objects.create(
        sha256="a" * 64,
        name="banjir.jpg",
        media_type="image/jpeg",
        alt=alt,
        uploaded_by=people["sari"],
        uploaded_at=now,
    )


def test_an_ordinary_notice_is_all_green(accounts: dict[str, Any], now: datetime) -> None:
    checks = lint(subject(now, accounts.values()))
    assert [one.severity for one in checks] == [None] * len(checks)
    assert stops(checks) == []


def test_a_picture_without_words_stops_and_one_called_picture_is_asked_about(
    accounts: dict[str, Any], people: dict[str, Any], now: datetime
) -> None:
    item = picture(people, now, "")
    [finding] = found("alt", subject(now, accounts.values(), picture=item))
    assert (finding.severity, finding.where) == (Severity.STOP, "picture")
    item.alt = "Foto 1"
    assert found("alt", subject(now, accounts.values(), picture=item))[0].severity == Severity.WARN
    item.alt = "Petugas memompa air di Jalan Swatantra"
    assert found("alt", subject(now, accounts.values(), picture=item)) == []


def test_a_card_without_words_stops(accounts: dict[str, Any], now: datetime) -> None:
    given = subject(now)
    given.wording = [(accounts["instagram"], Rendered(text="Halo", alt=" "))]
    assert found("alt", given)[0].severity == Severity.STOP


@pytest.mark.parametrize(
    ("text", "severity", "word"),
    [
        ("NIK 3275011203900001 silakan datang", Severity.STOP, "16 angka"),
        ("Hubungi Pak RT 0812-3456-7890", Severity.WARN, "ponsel"),
        ("Hubungi +62 812 3456 7890", Severity.WARN, "ponsel"),
        ("Surat ke budi.rt05@gmail.com", Severity.WARN, "surel"),
        ("Mobil B 1234 KZX menutup jalan", Severity.WARN, "kendaraan"),
        ("Telepon 1500444 atau (021) 8895 8181, surel humas@bekasikota.go.id", None, ""),
    ],
)
def test_personal_data_is_found_and_offices_are_left_alone(
    now: datetime, text: str, severity: Severity | None, word: str
) -> None:
    findings = found("personal", subject(now, fields={"body": text}))
    assert [one.severity for one in findings] == ([severity] if severity else [])
    assert all(word in one.sentence and one.where == "body" for one in findings)


def test_personal_data_is_found_in_english_and_in_texts_by_hand_too(now: datetime) -> None:
    given = subject(now, fields_en={"body": "Call 081234567890"}, overrides={"x": "NIK 3275011203900001"})
    assert {one.where for one in found("personal", given)} == {"en_body", "x"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("WARGA DIMINTA SEGERA MENGUNGSI", "Huruf besar"),
        ("PERHATIAN UNTUK SEMUA warga", "Huruf besar"),
        ("Awas banjir!!", "tanda seru"),
        ("Sudah siap?!", "tanda seru"),
    ],
)
def test_shouting_is_heard(now: datetime, text: str, word: str) -> None:
    assert any(word in one.sentence for one in found("shouting", subject(now, fields={"body": text})))


@pytest.mark.parametrize(
    "text", ["BPBD dan DBMSDA siaga.", "RSUD buka!", "Bayar PBB-P2 di BJB, BRI, BNI, atau BTN."]
)
def test_names_of_offices_are_no_shouting(now: datetime, text: str) -> None:
    assert found("shouting", subject(now, fields={"body": text})) == []


def test_long_sentences_and_office_words_get_a_plainer_proposal(now: datetime) -> None:
    text = "Sehubungan dengan perbaikan pipa, warga diimbau menampung air. " + "kata " * 30 + "selesai."
    findings = found("clear", subject(now, fields={"body": text}))
    said = [one.sentence for one in findings]
    assert "“sehubungan dengan” lebih jelas sebagai “karena”." in said
    assert "“diimbau” lebih jelas sebagai “mohon”." in said
    assert any("panjangnya 31 kata" in sentence for sentence in said)
    assert found("clear", subject(now, fields_en={"body": "in view of the diimbau"})) == []


@pytest.mark.parametrize(
    ("tag", "better"),
    [
        ("infobekasi", "InfoBekasi"),
        ("INFOBEKASI", "InfoBekasi"),
        ("jatiasihsiagabanjir", "JatiasihSiagaBanjir"),
        ("InfoBekasi", ""),
        ("bekasi", ""),
        ("vaksinasi", ""),
        ("rw05", ""),
        ("kataasingsekali", ""),
    ],
)
def test_hashtags_of_several_words_are_given_their_capitals(tag: str, better: str) -> None:
    assert camel(tag) == better


def test_too_many_hashtags_and_mentions_are_hinted_at(accounts: dict[str, Any], now: datetime) -> None:
    given = subject(now, [accounts["x"]], overrides={"x": "#A #B #C #D @a @b @c @d"})
    assert [one.severity for one in found("tags", given)] == [Severity.HINT, Severity.HINT]


def test_a_link_on_x_names_its_price_and_a_short_link_hides_where_it_leads(
    accounts: dict[str, Any], now: datetime
) -> None:
    given = subject(
        now, [accounts["x"]], overrides={"x": "Lihat https://s.id/abc dan http://bekasikota.go.id."}
    )
    said = " ".join(one.sentence for one in found("links", given))
    assert "USD 0,20" in said
    assert "menyembunyikan tujuannya" in said
    assert "belum memakai https" in said
    assert _check("links", given).open


def test_something_that_was_cut_is_said(accounts: dict[str, Any], now: datetime) -> None:
    given = subject(
        now, [accounts["x"]], fields={"headline": "x " * 44, "place": "漢" * 89, "time": "漢" * 89}
    )
    [finding] = found("length", given)
    assert (finding.severity, finding.where) == (Severity.WARN, "x")


def test_an_empty_title_is_no_good_fit(accounts: dict[str, Any], now: datetime) -> None:
    given = subject(now, [accounts["web_pemkot"]], fields={"headline": " "})
    assert (Severity.WARN, "web_pemkot") in [(one.severity, one.where) for one in found("length", given)]


def test_the_same_text_said_lately_is_told_but_not_ones_own_draft_or_long_ago(
    accounts: dict[str, Any], people: dict[str, Any], now: datetime
) -> None:
    made = submit(draft("service_notice", FIELDS, people["sari"], now), people["sari"], now)
    [finding] = found("duplicate", subject(now, accounts.values()))
    assert made.reference in finding.sentence
    assert found("duplicate", subject(now, accounts.values(), announcement=made.pk)) == []
    assert found("duplicate", subject(now + timedelta(days=15), accounts.values())) == []
    assert (
        found("duplicate", subject(now, accounts.values(), fields={"headline": "Air mati di Jatibening"}))
        == []
    )


def test_english_by_halves_stops_and_a_danger_without_english_is_hinted_at(now: datetime) -> None:
    assert found("english", subject(now, fields_en={"headline": "No water"}))[0].where == "en_body"
    given = Subject(kind=kind_named("emergency"), fields={}, wording=[], now=now)
    assert found("english", given)[0].severity == Severity.HINT


# --- Links, asked for real ---------------------------------------------------------------------------


class _Site(BaseHTTPRequestHandler):
    """A small site: one page, one that is gone, one that hangs, and redirects."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]  # set by the fixture
        where = {"/pindah": "/ada", "/ke-dalam": "http://127.0.0.1:9/rahasia", "/putar": "/putar"}.get(
            self.path
        )
        if self.path == "/diam":
            self.server.wait.wait(30)  # type: ignore[attr-defined]  # ends with the test
        self.send_response(302 if where else {"/ada": 200, "/rusak": 500, "/masuk": 403}.get(self.path, 404))
        if where:
            self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Site)
        self.wait, self.asked = threading.Event(), list[str]()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[_Server]:
    server = _Server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.wait.set()
    server.shutdown()
    server.server_close()


def test_links_of_the_citys_own_site_are_asked_and_their_answers_told_apart(
    server: _Server, now: datetime
) -> None:
    site = server.address
    Account.objects.create(key="web", channel="website", name="Situs", settings={"base_url": site})
    expected = {
        "/ada": Answer.ALIVE,
        "/pindah": Answer.ALIVE,
        "/masuk": Answer.ALIVE,
        "/hilang": Answer.DEAD,
        "/rusak": Answer.UNSURE,
        "/putar": Answer.UNSURE,
        "/diam": Answer.UNSURE,
        "/ke-dalam": Answer.FORBIDDEN,
    }
    assert look([site + path for path in expected], seconds=2.5) == {site + p: a for p, a in expected.items()}
    given = subject(now, fields={"body": f"Buka {site}/hilang."}, links={f"{site}/hilang": Answer.DEAD})
    assert any(one.severity == Severity.STOP and "tidak ada" in one.sentence for one in found("links", given))
    assert not _check("links", given).open


def test_nothing_inside_our_network_is_ever_asked(server: _Server) -> None:
    site = server.address
    port = site.rpartition(":")[2]
    links = [
        f"{site}/ada",
        f"http://localhost:{port}/ada",
        f"http://[::1]:{port}/ada",
        f"http://[::ffff:127.0.0.1]:{port}/ada",
        f"http://2130706433:{port}/ada",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.0.0.1/",
        "http://[64:ff9b::7f00:1]/",
        "https://user:pass@www.bekasikota.go.id/",
        "ftp://www.bekasikota.go.id/",
        "http://[",
    ]
    answers = look(links)
    assert set(answers.values()) == {Answer.FORBIDDEN}
    assert server.asked == []


def test_with_a_stand_in_no_live_site_is_asked(settings: Any) -> None:
    settings.STAND_IN = "http://127.0.0.1:9"
    assert look(["https://www.bekasikota.go.id/"]) == {"https://www.bekasikota.go.id/": Answer.UNSURE}
