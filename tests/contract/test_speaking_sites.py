"""Websites and the feed publish, correct and withdraw once, whatever they answer on the way."""

import io
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from channels.contract import (
    Absent,
    Act,
    ChannelError,
    Failure,
    Gone,
    Memo,
    Numbers,
    Outgoing,
    Picture,
    Sent,
    Shows,
)
from channels.feed import Feed
from channels.models import Account
from channels.sameness import carries
from channels.website import Website
from config.town import Town

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

KEY, HOST = "web_pemkot", "www.bekasikota.go.id"
STARTED = datetime(2026, 11, 24, 3, 0, tzinfo=UTC).isoformat()
NOTE = "Jam yang benar 23.00, bukan 22.00."
RALAT = f"Ralat, 24 November 2026 pukul 10.00 WIB: {NOTE}"

#: The site took it, and we are not told so.
LANDED = ["commit_then_503", "commit_then_500_html", "commit_then_truncate", "commit_then_close"]
#: The site did not take it, and says so or leaves it unclear.
NOT_LANDED = ["rate_limited", "rate_limited_bare", "rate_limited_retry_after", "error_503", "error_500_html"]
BUSY = ("rate_limited", "rate_limited_bare")  # 429: certain not to have landed; a 503 with Retry-After is not
ACTS = [Act.PUBLISH, Act.CORRECT, Act.RETRACT]
WRITE = {Act.PUBLISH: "posts_create", Act.CORRECT: "posts_update", Act.RETRACT: "posts_update"}


def png(colour: str = "#0f3d38") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG")
    return out.getvalue()


PICTURE = Picture(png(), "image/png", "peta-3f9c01b2aa.png")
PUBLISH = Outgoing(
    text="Jalan Ahmad Yani ditutup Selasa malam.",
    reference="KTG-7F3A2C",
    title="Jalan Ahmad Yani & Juanda ditutup",
    html='<p>Ditutup pukul 22.00–04.00, lihat <a href="https://bekasikota.go.id/peta">peta</a>.</p>\n'
    "<p>KTG-7F3A2C</p>",
    slug="jalan-ahmad-yani-ditutup-ktg-7f3a2c",
    alt="Peta pengalihan arus di Margajaya",
    categories=("Lalu lintas",),
)


def correction(sent: Sent) -> Outgoing:
    return replace(
        PUBLISH,
        act=Act.CORRECT,
        remote_id=sent.remote_id,
        title="Jalan Ahmad Yani & Juanda ditutup pukul 23.00",
        html=PUBLISH.html.replace("22.00", "23.00"),
        change_note=NOTE,
        before=PUBLISH,
    )


def withdrawal(sent: Sent) -> Outgoing:
    return replace(PUBLISH, act=Act.RETRACT, remote_id=sent.remote_id, change_note="Pekerjaan dibatalkan.")


@pytest.fixture
def site(town: Town, accounts: dict[str, Account]) -> Website:
    return Website(accounts[KEY])


@pytest.fixture
def published(site: Website) -> Sent:
    return carry_out(site, replace(PUBLISH, picture=PICTURE))[0]


def of(act: Act, site: Website) -> Outgoing:
    """What the act needs: nothing on the site for a first publication, else the article that it changes."""
    if act == Act.PUBLISH:
        return PUBLISH
    sent, _ = carry_out(site, PUBLISH)
    return correction(sent) if act == Act.CORRECT else withdrawal(sent)


def carry_out(channel: Any, outgoing: Outgoing) -> tuple[Sent, list[Failure]]:
    """As the engine does it: prepared and sent, looked for when unclear, repeated when it did not land."""
    memo: Memo = {"started_at": STARTED}
    failures: list[Failure] = []
    for _ in range(5):
        try:
            memo = channel.prepare(outgoing, memo)
            return channel.send(outgoing, memo), failures
        except ChannelError as error:
            failures.append(error.failure)
            if error.failure in (Failure.REFUSED, Failure.CREDENTIALS):
                raise
            if error.failure == Failure.UNKNOWN and "user" in memo:
                found = channel.find(outgoing, memo)
                if isinstance(found, Sent):
                    return found, failures
    raise AssertionError(f"never sent: {failures}")


def fail(town: Town, route: str, fault: str, times: int = 1) -> None:
    town.post("/control/fail", {"route": f"{KEY}.{route}", "fault": fault, "times": times, "seconds": 1})


def shown(town: Town) -> list[dict[str, Any]]:
    return list(town.get("/control/received")[KEY])


def writes(town: Town) -> list[tuple[str, str]]:
    """What was asked to change on the site so far."""
    last = town.get("/control/requests")["last"]
    return [(one["method"], one["path"]) for one in last if one["host"] == HOST and one["method"] != "GET"]


def stands_as(act: Act, town: Town) -> None:
    """The town shows one article, in the state that the act leaves."""
    [article] = shown(town)
    assert article["slug"] == PUBLISH.slug
    match act:
        case Act.PUBLISH:
            assert (article["title"], article["text"]) == (PUBLISH.title, PUBLISH.html)
        case Act.CORRECT:
            assert article["title"].endswith("23.00")
            assert "23.00–04.00" in article["text"]
            assert article["text"].count(NOTE) == 1
        case Act.RETRACT:
            assert article["title"] == f"Ditarik: {PUBLISH.title}"
            assert (
                "Ditarik 24 November 2026 pukul 10.00 WIB:</strong> Pekerjaan dibatalkan." in article["text"]
            )
            assert "22.00" not in article["text"]


# --- each act, whatever the site answers


@pytest.mark.parametrize("act", ACTS)
def test_an_act_is_carried_out_once_and_found_again(act: Act, site: Website, town: Town) -> None:
    outgoing = of(act, site)
    memo = site.prepare(outgoing, {"started_at": STARTED})
    if act == Act.PUBLISH:
        assert site.find(outgoing, memo) == Absent(note="artikel belum ada di situs")
    else:
        assert site.find(outgoing, memo) == Absent(sure=True, note="perubahan artikel belum ada di situs")
    sent = site.send(outgoing, memo)
    stands_as(act, town)
    assert site.find(outgoing, memo) == sent
    before = writes(town)
    assert site.send(outgoing, site.prepare(outgoing, memo)) == sent
    assert writes(town) == before
    stands_as(act, town)


@pytest.mark.parametrize("fault", LANDED)
@pytest.mark.parametrize("act", ACTS)
def test_what_landed_without_an_answer_is_found_and_not_repeated(
    act: Act, fault: str, site: Website, town: Town
) -> None:
    outgoing = of(act, site)
    before = len(writes(town))
    fail(town, WRITE[act], fault)
    sent, failures = carry_out(site, outgoing)
    assert failures == [Failure.UNKNOWN]
    assert sent.permalink == shown(town)[0]["permalink"]
    stands_as(act, town)
    made = writes(town)[before:]
    assert len([path for _, path in made if "/posts" in path]) == 1


@pytest.mark.parametrize("fault", NOT_LANDED)
@pytest.mark.parametrize("act", ACTS)
def test_what_did_not_land_is_repeated(act: Act, fault: str, site: Website, town: Town) -> None:
    outgoing = of(act, site)
    fail(town, WRITE[act], fault)
    _, failures = carry_out(site, outgoing)
    assert failures == [Failure.LATER if fault in BUSY else Failure.UNKNOWN]
    stands_as(act, town)


@pytest.mark.parametrize("act", ACTS)
def test_a_site_that_names_a_wait_is_waited_for(act: Act, site: Website, town: Town) -> None:
    outgoing = of(act, site)
    memo = site.prepare(outgoing, {"started_at": STARTED})
    fail(town, WRITE[act], "rate_limited")
    with pytest.raises(ChannelError) as raised:
        site.send(outgoing, memo)
    assert (raised.value.failure, raised.value.retry_in) == (Failure.LATER, 1)


@pytest.mark.parametrize("fault", ["token_revoked", "permission"])
@pytest.mark.parametrize("act", ACTS)
def test_an_access_that_ends_at_the_send_changes_nothing(
    act: Act, fault: str, site: Website, town: Town
) -> None:
    outgoing, before = of(act, site), shown(town)
    fail(town, WRITE[act], fault)
    with pytest.raises(ChannelError) as raised:
        carry_out(site, outgoing)
    assert raised.value.failure is Failure.CREDENTIALS
    assert shown(town) == before


@pytest.mark.parametrize("act", ACTS)
def test_a_wrong_password_is_noticed_before_the_first_write(
    act: Act, site: Website, accounts: dict[str, Account], town: Town
) -> None:
    outgoing = replace(of(act, site), picture=PICTURE)
    before = writes(town)
    account = accounts[KEY]
    account.keep_secrets({"application_password": "salah"})
    with pytest.raises(ChannelError, match="kata sandi aplikasinya salah") as raised:
        Website(account).prepare(outgoing, {})
    assert raised.value.failure is Failure.CREDENTIALS
    assert writes(town) == before


def test_an_account_without_a_password_only_listens(site: Website, accounts: dict[str, Account]) -> None:
    account = accounts[KEY]
    account.forget_secret("application_password")
    with pytest.raises(ChannelError, match="belum mempunyai kata sandi aplikasi") as raised:
        Website(account).prepare(PUBLISH, {})
    assert raised.value.failure is Failure.CREDENTIALS


@pytest.mark.parametrize("act", [Act.CORRECT, Act.RETRACT])
def test_a_look_that_fails_is_told_and_decides_nothing(act: Act, site: Website, town: Town) -> None:
    outgoing = of(act, site)
    memo = site.prepare(outgoing, {"started_at": STARTED})
    fail(town, "posts_get", "error_503")
    with pytest.raises(ChannelError) as raised:
        site.find(outgoing, memo)
    assert raised.value.failure is Failure.LATER


def test_a_site_that_sends_writes_elsewhere_is_told_from_one_that_took_them(
    accounts: dict[str, Account],
) -> None:
    class Moved(BaseHTTPRequestHandler):
        """What follows the redirect of a POST asks for the list, and would be answered 200."""

        def do_POST(self) -> None:
            self.send_response(301)
            self.send_header("Location", "/wp-json/wp/v2/posts/")
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"[]")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Moved) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        account = accounts[KEY]
        account.settings = {**account.settings, "base_url": f"http://127.0.0.1:{server.server_port}"}
        with pytest.raises(ChannelError, match="perbaiki base_url") as raised:
            Website(account).send(PUBLISH, {"started_at": STARTED})
        server.shutdown()
    assert raised.value.failure is Failure.REFUSED


# --- pictures and categories


def media(site: Website) -> list[dict[str, Any]]:
    return list(site.rest.read("/wp/v2/media"))


def test_the_picture_is_featured_with_its_words(site: Website, town: Town) -> None:
    sent, _ = carry_out(site, replace(PUBLISH, picture=PICTURE))
    [medium] = media(site)
    assert (medium["alt_text"], medium["mime_type"]) == (PUBLISH.alt, "image/png")
    article = site.rest.read(f"/wp/v2/posts/{sent.remote_id}")
    assert article["featured_media"] == medium["id"]


@pytest.mark.parametrize("fault", [*LANDED, "error_503", "rate_limited"])
@pytest.mark.parametrize("route", ["media_create", "media_update"])
def test_an_upload_that_stumbles_leaves_one_picture_with_its_words(
    route: str, fault: str, site: Website, town: Town
) -> None:
    fail(town, route, fault)
    _, failures = carry_out(site, replace(PUBLISH, picture=PICTURE))
    assert len(failures) == 1
    [medium] = media(site)
    assert medium["alt_text"] == PUBLISH.alt
    stands_as(Act.PUBLISH, town)


def test_a_corrected_picture_takes_the_place_of_the_first(site: Website, published: Sent) -> None:
    better = Picture(png("#902010"), "image/png", "peta-77aa01b2cc.png")
    carry_out(site, replace(correction(published), picture=better, alt="Peta yang benar"))
    newest = media(site)[0]
    assert newest["alt_text"] == "Peta yang benar"
    article = site.rest.read(f"/wp/v2/posts/{published.remote_id}")
    assert article["featured_media"] == newest["id"]


def test_a_corrected_text_leaves_the_picture(site: Website, published: Sent) -> None:
    carry_out(site, correction(published))
    assert site.rest.read(f"/wp/v2/posts/{published.remote_id}")["featured_media"] != 0


def test_a_withdrawn_article_has_no_picture(site: Website, published: Sent) -> None:
    carry_out(site, withdrawal(published))
    assert site.rest.read(f"/wp/v2/posts/{published.remote_id}")["featured_media"] == 0


def test_categories_are_found_by_name_and_made_once(site: Website, town: Town) -> None:
    wanted = replace(PUBLISH, categories=("pengumuman", "Banjir & rob", "Banjir & rob"))
    sent, _ = carry_out(site, wanted)
    carry_out(site, replace(wanted, slug="lain-ktg-000001"))
    names = {row["id"]: row["name"] for row in site.rest.read("/wp/v2/categories")}
    assert list(names.values()) == ["Berita", "Pengumuman", "Banjir & rob"]
    article = site.rest.read(f"/wp/v2/posts/{sent.remote_id}")
    assert [names[number] for number in article["categories"]] == ["Pengumuman", "Banjir & rob"]


@pytest.mark.parametrize("fault", [*LANDED, "error_503"])
def test_a_category_whose_making_is_unclear_is_there_once(fault: str, site: Website, town: Town) -> None:
    fail(town, "terms_create", fault)
    carry_out(site, PUBLISH)
    names = [row["name"] for row in site.rest.read("/wp/v2/categories")]
    assert names.count("Lalu lintas") == 1
    stands_as(Act.PUBLISH, town)


# --- twins, and what staff do on the site


def during_the_look(site: Website, happens: Callable[[], object]) -> None:
    """Let something happen in the world right after the first answer that ``site`` reads."""

    def once(response: requests.Response, **_: Any) -> None:
        site.session.hooks["response"].remove(once)
        happens()

    site.session.hooks["response"].append(once)


@pytest.mark.parametrize("fault", [None, *LANDED])
def test_of_two_workers_at_once_one_article_stays(
    fault: str | None, site: Website, accounts: dict[str, Account], town: Town
) -> None:
    memo = site.prepare(PUBLISH, {"started_at": STARTED})
    other = Website(accounts[KEY])
    late: list[Sent] = []

    def publish() -> None:
        late.append(other.send(PUBLISH, memo))
        if fault:
            fail(town, "posts_create", fault)

    during_the_look(site, publish)
    if fault is None:
        assert site.send(PUBLISH, memo) == late[0]
    else:
        with pytest.raises(ChannelError) as raised:
            site.send(PUBLISH, memo)
        assert raised.value.failure is Failure.UNKNOWN
    assert site.find(PUBLISH, memo) == late[0]
    stands_as(Act.PUBLISH, town)


@pytest.mark.parametrize(
    ("state", "where"),
    [
        ("trash", "tempat sampah"),
        ("draft", "sebagai draf"),
        ("pending", "menunggu tinjauan"),
        ("private", "pribadi"),
    ],
)
def test_an_article_that_staff_hid_gets_no_twin(
    state: str, where: str, site: Website, published: Sent, town: Town
) -> None:
    hide(site, published, state)
    memo = {"started_at": STARTED, "user": "1"}
    for call in (site.find, site.send):
        with pytest.raises(ChannelError, match=where) as raised:
            call(PUBLISH, memo)
        assert raised.value.failure is Failure.REFUSED
        assert f"nomor {published.remote_id}" in str(raised.value)
    assert shown(town) == []


def test_an_article_that_was_brought_back_is_found(site: Website, published: Sent) -> None:
    hide(site, published, "trash")
    site.rest.write("POST", f"/wp/v2/posts/{published.remote_id}", json={"status": "publish"})
    assert site.find(PUBLISH, {"started_at": STARTED}) == published


def hide(site: Website, sent: Sent, state: str) -> None:
    if state == "trash":
        site.rest.write("DELETE", f"/wp/v2/posts/{sent.remote_id}")
    else:
        site.rest.write("POST", f"/wp/v2/posts/{sent.remote_id}", json={"status": state})


@pytest.mark.parametrize("make", [correction, withdrawal])
@pytest.mark.parametrize("state", ["trash", "draft", "deleted"])
def test_an_article_that_is_not_public_any_more_is_a_matter_for_a_person(
    state: str, make: Callable[[Sent], Outgoing], site: Website, published: Sent, town: Town
) -> None:
    if state == "deleted":
        site.rest.request("DELETE", f"/wp/v2/posts/{published.remote_id}", params={"force": "true"})
    else:
        hide(site, published, state)
    outgoing, memo = make(published), {"started_at": STARTED}
    for call in (site.find, site.send):
        with pytest.raises(ChannelError, match=r"tidak lagi tayang|sudah dihapus") as raised:
            call(outgoing, memo)
        assert raised.value.failure is Failure.REFUSED
    assert shown(town) == []


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Jalan A. Yani ditutup"},
        {"content": PUBLISH.html.replace("22.00", "21.30")},
        {"content": PUBLISH.html.replace("/peta", "/peta-baru")},
    ],
)
def test_what_staff_wrote_on_the_site_is_not_overwritten(
    change: dict[str, str], site: Website, published: Sent, town: Town
) -> None:
    site.rest.write("POST", f"/wp/v2/posts/{published.remote_id}", json=change)
    before = shown(town)
    for call in (site.prepare, site.send):
        with pytest.raises(ChannelError, match="sudah diubah langsung di situs") as raised:
            call(correction(published), {"started_at": STARTED})
        assert raised.value.failure is Failure.REFUSED
    assert shown(town) == before


def test_an_edit_between_the_preparation_and_the_send_is_seen(
    site: Website, published: Sent, town: Town
) -> None:
    outgoing = correction(published)
    memo = site.prepare(outgoing, {"started_at": STARTED})
    site.rest.write("POST", f"/wp/v2/posts/{published.remote_id}", json={"title": "Baru"})
    with pytest.raises(ChannelError, match="sudah diubah langsung di situs"):
        site.send(outgoing, memo)
    assert shown(town)[0]["title"] == "Baru"


def test_a_change_that_leaves_the_words_is_no_edit(site: Website, published: Sent, town: Town) -> None:
    marked_up = PUBLISH.html.replace("<p>Ditutup", '<p class="intro"><b>Ditutup</b>')
    site.rest.write(
        "POST", f"/wp/v2/posts/{published.remote_id}", json={"content": marked_up, "comment_status": "closed"}
    )
    carry_out(site, correction(published))
    stands_as(Act.CORRECT, town)


def test_without_the_words_that_we_sent_an_untouched_article_is_corrected(
    site: Website, published: Sent, town: Town
) -> None:
    carry_out(site, replace(correction(published), before=None))
    stands_as(Act.CORRECT, town)


def test_a_second_correction_keeps_the_note_of_the_first(site: Website, published: Sent, town: Town) -> None:
    first = correction(published)
    carry_out(site, first)
    second = replace(
        first, html=first.html.replace("04.00", "05.00"), change_note="Dibuka 05.00.", before=first
    )
    carry_out(site, second)
    carry_out(site, second)
    text = shown(town)[0]["text"]
    assert text.count("kentongan-ralat") == 2
    assert text.index(NOTE) < text.index("Dibuka 05.00.")
    assert carries(text, RALAT)


def test_a_note_of_a_correction_is_text_and_no_markup(site: Website, published: Sent, town: Town) -> None:
    outgoing = replace(correction(published), change_note="Bukan <b>22.00</b> & bukan 21.00")
    sent, _ = carry_out(site, outgoing)
    memo = site.prepare(outgoing, {"started_at": STARTED})
    assert site.find(outgoing, memo) == sent
    assert "Bukan &lt;b&gt;22.00&lt;/b&gt; &amp; bukan 21.00" in shown(town)[0]["text"]


# --- reading back


def test_the_page_is_read_as_everybody_sees_it(site: Website, published: Sent) -> None:
    assert site.stands(published.permalink, PUBLISH.html)
    assert site.stands(published.permalink, PUBLISH.title)
    assert not site.stands(published.permalink, correction(published).html)
    assert not site.stands(f"https://{HOST}/tidak-ada/", PUBLISH.title)
    shows = site.shows(published.remote_id, published.permalink)
    assert isinstance(shows, Shows)
    assert (shows.title, shows.permalink) == (PUBLISH.title, published.permalink)
    assert carries(shows.text, PUBLISH.html)


def test_a_corrected_and_a_withdrawn_article_are_read_back(site: Website, published: Sent) -> None:
    carry_out(site, correction(published))
    assert site.stands(published.permalink, correction(published).html)
    assert site.stands(published.permalink, RALAT)
    carry_out(site, withdrawal(published))
    shows = site.shows(published.remote_id, published.permalink)
    assert isinstance(shows, Shows)
    assert shows.title.startswith("Ditarik: ")
    assert "Pekerjaan dibatalkan." in shows.text
    assert not site.stands(published.permalink, PUBLISH.html)


@pytest.mark.parametrize("state", ["trash", "draft", "deleted"])
def test_an_article_that_is_away_is_gone(state: str, site: Website, published: Sent) -> None:
    if state == "deleted":
        site.rest.request("DELETE", f"/wp/v2/posts/{published.remote_id}", params={"force": "true"})
    else:
        hide(site, published, state)
    assert isinstance(site.shows(published.remote_id, published.permalink), Gone)
    assert not site.stands(published.permalink, PUBLISH.title)


@pytest.mark.parametrize("fault", ["error_503", "commit_then_truncate", "rate_limited"])
def test_a_page_that_does_not_answer_is_neither_there_nor_gone(
    fault: str, site: Website, published: Sent, town: Town
) -> None:
    for call in (
        lambda: site.stands(published.permalink, PUBLISH.title),
        lambda: site.shows(published.remote_id, published.permalink),
    ):
        fail(town, "page", fault)
        with pytest.raises(ChannelError) as raised:
            call()
        assert raised.value.failure is Failure.LATER


def test_a_page_in_front_of_the_site_is_not_the_article(site: Website, published: Sent, town: Town) -> None:
    fail(town, "page", "html_200")
    assert not site.stands(published.permalink, PUBLISH.title)


def test_an_address_elsewhere_is_not_followed(site: Website, published: Sent) -> None:
    with pytest.raises(ChannelError, match="bukan di situs akun ini"):
        site.stands("https://contoh.test/x/", PUBLISH.title)


def test_comments_are_counted_and_unknown_is_not_zero(site: Website, published: Sent, town: Town) -> None:
    assert site.numbers(published.remote_id) == Numbers(comments=0)
    body = {
        "channel": KEY,
        "how": "comment",
        "text": "Terima kasih",
        "author": "eni",
        "parent": PUBLISH.slug,
    }
    town.post("/control/say", body)
    assert site.numbers(published.remote_id) == Numbers(comments=1)
    fail(town, "comments_list", "permission")
    assert site.numbers(published.remote_id) == Numbers()
    fail(town, "comments_list", "error_503")
    with pytest.raises(ChannelError):
        site.numbers(published.remote_id)


@pytest.mark.parametrize(
    ("page", "wanted", "carried"),
    [
        ("<p>Lebar &#8220;2&#215;3&#8221; m &#8211; baru</p>", 'Lebar "2x3" m - baru', True),
        ("<h1>Judul</h1><div>iklan</div><p>Satu</p><p>iklan</p><p>Dua</p>", "<p>Satu</p><p>Dua</p>", True),
        ("<p>Dua</p><p>Satu</p>", "<p>Satu</p><p>Dua</p>", False),
        ("<p>Ditutup pukul 221.00</p>", "pukul 22", False),
        ("<p>Satu</p>", "", False),
        ("<style>Satu</style><script>Satu</script><p>Dua</p>", "Satu", False),
    ],
)
def test_a_page_carries_a_text_whatever_the_theme_does(page: str, wanted: str, carried: bool) -> None:
    assert carries(page, wanted) is carried


# --- the feed


@pytest.fixture
def feed(accounts: dict[str, Account], settings: Any, tmp_path: Path) -> Feed:
    settings.KENTONGAN_HOME = tmp_path
    return Feed(accounts["feed"])


def written(feed: Feed, name: str) -> str:
    return (feed.folder / name).read_text("utf-8")


@pytest.mark.parametrize("act", ACTS)
def test_the_feed_carries_out_an_act_and_finds_it(act: Act, feed: Feed) -> None:
    sent = feed.send(PUBLISH, feed.prepare(PUBLISH, {"started_at": STARTED}))
    outgoing = {Act.PUBLISH: PUBLISH, Act.CORRECT: correction(sent), Act.RETRACT: withdrawal(sent)}[act]
    # A new title has a new slug; what is changed keeps its address.
    outgoing = outgoing if act == Act.PUBLISH else replace(outgoing, slug="slug-baru")
    memo = feed.prepare(outgoing, {"started_at": "2026-11-24T03:00:00+00:00"})
    if act != Act.PUBLISH:
        assert feed.find(outgoing, memo) == Absent(sure=True, note="belum ada di umpan")
    assert feed.send(outgoing, memo) == sent
    assert feed.find(outgoing, memo) == sent
    assert feed.send(outgoing, memo) == sent
    assert len(list(feed.folder.glob("*.html"))) == 2
    assert written(feed, "feed.xml").count("<entry>") == 1


def test_a_corrected_entry_says_what_was_changed_and_when(feed: Feed) -> None:
    sent = feed.send(PUBLISH, {"started_at": "2026-11-23T01:00:00+00:00"})
    feed.send(correction(sent), {"started_at": STARTED})
    second = replace(correction(sent), change_note="Dibuka 05.00.")
    feed.send(second, {"started_at": "2026-11-24T05:00:00+00:00"})
    page, atom = written(feed, f"{PUBLISH.slug}.html"), written(feed, "feed.xml")
    assert page.count(NOTE) == page.count("Dibuka 05.00.") == 1
    assert "Diubah Selasa, 24 November 2026 12.00 WIB" in page
    assert "<published>2026-11-23T01:00:00+00:00</published>" in atom
    assert "<updated>2026-11-24T05:00:00+00:00</updated>" in atom
    assert carries(page, RALAT)
    assert feed.stands(sent.permalink, correction(sent).html)
    assert "Diralat" in written(feed, "index.html")


def test_a_withdrawn_entry_keeps_its_address_and_says_why(feed: Feed) -> None:
    sent = feed.send(PUBLISH, {"started_at": STARTED})
    feed.send(withdrawal(sent), {"started_at": STARTED})
    page = written(feed, f"{PUBLISH.slug}.html")
    assert carries(page, "Ditarik 24 November 2026 pukul 10.00 WIB: Pekerjaan dibatalkan.")
    assert "22.00" not in page + written(feed, "feed.xml") + written(feed, "index.html")
    assert f"Ditarik: {PUBLISH.title}".replace("&", "&amp;") in written(feed, "index.html")
    shows = feed.shows(sent.remote_id, sent.permalink)
    assert isinstance(shows, Shows)
    assert shows.title == f"Ditarik: {PUBLISH.title}"
    assert not feed.stands(sent.permalink, PUBLISH.html)


def test_an_entry_whose_worker_died_before_the_pages_is_written_again(feed: Feed) -> None:
    memo = {"started_at": STARTED}
    feed.send(PUBLISH, memo)
    for name in (f"{PUBLISH.slug}.html", "index.html", "feed.xml"):
        (feed.folder / name).unlink()
        assert feed.find(PUBLISH, memo) == Absent(sure=True, note="belum ada di umpan")
        feed.send(PUBLISH, memo)
        assert isinstance(feed.find(PUBLISH, memo), Sent)


def test_what_is_gone_from_the_feed_cannot_be_corrected(feed: Feed) -> None:
    with pytest.raises(ChannelError, match="sudah tidak ada di umpan") as raised:
        feed.send(correction(Sent("tidak-ada", "")), {"started_at": STARTED})
    assert raised.value.failure is Failure.REFUSED
    assert isinstance(feed.shows("tidak-ada", ""), Gone)
    assert not feed.stands("http://127.0.0.1/umpan/feed/tidak-ada.html", "x")


def test_a_feed_that_cannot_be_written_is_tried_again_later(feed: Feed) -> None:
    feed.folder.parent.mkdir(parents=True, exist_ok=True)
    feed.folder.write_text("a file where the folder should be")
    with pytest.raises(ChannelError) as raised:
        feed.send(PUBLISH, {"started_at": STARTED})
    assert raised.value.failure is Failure.LATER


def test_the_feed_counts_nobody(feed: Feed) -> None:
    assert feed.numbers("x") == Numbers()
