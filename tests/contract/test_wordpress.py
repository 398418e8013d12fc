"""channels.website against real WordPress sites, which `sh tests/install/wordpress.sh` lays down."""

import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    Numbers,
    Outgoing,
    Picture,
    Sent,
    Shows,
)
from channels.models import Account, Kind
from channels.sameness import carries
from channels.website import Website
from tests.contract.wordpress_site import Site, free_port, served, two_sites

STARTED = "2026-11-24T03:00:00+00:00"
LOST_ANSWER = "add_action( 'rest_after_insert_post', function () { exit; } );"
LOST_CHANGE = (
    "add_filter( 'rest_post_dispatch', function ( $answer, $server, $request ) {"
    " if ( $request->get_method() !== 'GET' ) { exit; } return $answer; }, 10, 3 );"
)
#: The picture is stored, its words are not.
NO_WORDS = (
    "add_action( 'rest_insert_attachment', function ( $medium, $request, $new ) {"
    " if ( ! $new ) { status_header( 503 ); exit; } }, 10, 3 );"
)
OLD_PAGE = (
    "if ( strpos( $_SERVER['REQUEST_URI'], 'wp-json' ) === false ) {"
    " echo '<main><p>Tersimpan lama</p></main>'; exit; }"
)
NO_COMMENTS = (
    "add_filter( 'rest_endpoints', function ( $all ) { unset( $all['/wp/v2/comments'] ); return $all; } );"
)

pytestmark = [pytest.mark.wordpress, pytest.mark.django_db]


@pytest.fixture(scope="session")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Site]]:
    with two_sites(tmp_path_factory.mktemp("wordpress")) as both:
        yield both


@pytest.fixture(params=["portal", "dinas"])
def site(request: pytest.FixtureRequest, sites: tuple[Site, Site]) -> Site:
    return sites[0] if request.param == "portal" else sites[1]


@pytest.fixture
def portal(sites: tuple[Site, Site]) -> Site:
    return sites[0]


@pytest.fixture
def outgoing(request: pytest.FixtureRequest) -> Outgoing:
    """A road closure whose reference is this test's own."""
    reference = f"KTG-{zlib.crc32(request.node.nodeid.encode()) % 16**6:06X}"
    return Outgoing(
        text="Jalan Ahmad Yani ditutup Selasa malam untuk pengaspalan.",
        reference=reference,
        title="Jalan Ahmad Yani & Juanda ditutup",
        html=f"<p>Ditutup pukul 22.00–04.00.</p>\n<ul>\n<li>Tempat: Margajaya</li>\n</ul>\n<p>{reference}</p>",
        slug=f"jalan-ahmad-yani-ditutup-{reference.lower()}",
        alt="Peta pengalihan arus",
    )


def website(
    site: Site, *, base_url: str = "", user: str = "", password: str = "", category: str = ""
) -> Website:
    """The channel of ``site``, signed in as kentongan (author), redaksi (editor) or magang (contributor)."""
    user = user or site.username
    passwords = {"redaksi": site.editor_password, "magang": site.contributor_password}
    account = Account(
        key=f"web_{user}",
        channel=Kind.WEBSITE,
        name=site.name,
        settings={"base_url": base_url or site.base_url, "username": user, "category": category},
    )
    account.keep_secrets({"application_password": password or passwords.get(user, site.password)})
    account.save()
    return Website(Account.objects.get(key=account.key))


def carry_out(channel: Website, outgoing: Outgoing) -> Sent:
    """Prepared and sent."""
    return channel.send(outgoing, channel.prepare(outgoing, {"started_at": STARTED}))


def correction(outgoing: Outgoing, sent: Sent) -> Outgoing:
    return replace(
        outgoing,
        act=Act.CORRECT,
        remote_id=sent.remote_id,
        title=f"{outgoing.title} pukul 23.00",
        html=outgoing.html.replace("22.00", "23.00"),
        change_note="Jam yang benar 23.00, bukan 22.00.",
        before=outgoing,
    )


def withdrawal(outgoing: Outgoing, sent: Sent) -> Outgoing:
    return replace(
        outgoing, act=Act.RETRACT, remote_id=sent.remote_id, change_note="Pekerjaan dibatalkan; jalan dibuka."
    )


def picture(outgoing: Outgoing) -> Picture:
    return Picture(jpeg(), "image/jpeg", f"{outgoing.reference.lower()}-3f9c01b2.jpg")


@contextmanager
def plugin(site: Site, code: str) -> Iterator[None]:
    """The site with a line of PHP of its own, as a must-use plugin."""
    file = site.folder / "wp-content" / "mu-plugins" / "test.php"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"<?php {code}")
    try:
        yield
    finally:
        file.unlink()


def posts(site: Site, **wanted: str) -> list[dict[str, Any]]:
    """The site's articles as its editor sees them, whatever their status."""
    every = "publish,future,draft,pending,private,trash"
    found = site.ask(
        "GET",
        "/wp/v2/posts",
        params={"status": every, "context": "edit", "per_page": 100, **wanted},
    )
    return list(found)


def after_the_look_up(channel: Website, happens: Callable[[], None]) -> None:
    """Let something happen in the world between the first answer that ``channel`` reads and its next request."""

    def once(response: requests.Response, **_: Any) -> None:
        channel.session.hooks["response"].remove(once)
        happens()

    channel.session.hooks["response"].append(once)


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "#902010").save(out, "PNG")
    return out.getvalue()


def jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (1080, 1350), "#0f3d38").save(out, "JPEG")
    return out.getvalue()


# --- an announcement


def test_an_announcement_stands_on_the_site_for_everybody(site: Site, outgoing: Outgoing) -> None:
    sent = website(site).send(outgoing, {})
    assert sent.permalink == f"{site.base_url}/{outgoing.slug}/"
    page = requests.get(sent.permalink, timeout=20)
    assert page.status_code == 200
    assert "Jalan Ahmad Yani &amp; Juanda ditutup" in page.text
    assert "<li>Tempat: Margajaya</li>" in page.text
    [article] = posts(site, slug=outgoing.slug)
    assert str(article["id"]) == sent.remote_id
    assert article["status"] == "publish"
    assert article["content"]["raw"] == outgoing.html
    assert article["excerpt"]["raw"] == outgoing.text


def test_what_is_sent_is_found_again_and_only_then(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    assert channel.find(outgoing, {}) == Absent(note="artikel belum ada di situs")
    sent = channel.send(outgoing, {})
    assert channel.find(outgoing, {}) == sent
    other = replace(outgoing, slug=f"{outgoing.slug}0")
    assert isinstance(channel.find(other, {}), Absent)


def test_two_sites_of_one_city_do_not_mix(sites: tuple[Site, Site], outgoing: Outgoing) -> None:
    website(sites[0]).send(outgoing, {})
    Account.objects.all().delete()
    assert isinstance(website(sites[1]).find(outgoing, {}), Absent)


def test_sending_twice_makes_one_article(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    first = channel.send(outgoing, {})
    assert channel.send(outgoing, {}) == first
    assert [str(p["id"]) for p in posts(site, search=outgoing.reference)] == [first.remote_id]


def test_a_twin_that_slipped_in_is_put_in_the_trash(site: Site, outgoing: Outgoing) -> None:
    """Another worker, thought dead, publishes the same article between our look-up and our send."""
    channel = website(site)
    late: dict[str, Any] = {}

    def publish() -> None:
        body = {"title": "Lebih dulu", "content": "…", "slug": outgoing.slug, "status": "publish"}
        late.update(site.ask("POST", "/wp/v2/posts", json=body))

    after_the_look_up(channel, publish)
    sent = channel.send(outgoing, {})
    assert sent == Sent(str(late["id"]), late["link"])
    twins = {p["id"]: p["status"] for p in posts(site) if p["slug"].startswith(outgoing.slug)}
    assert twins.pop(late["id"]) == "publish"
    assert list(twins.values()) == ["trash"]


def test_an_article_whose_slug_the_site_spells_differently_stays(site: Site, outgoing: Outgoing) -> None:
    """WordPress lowers a slug's letters; the article found under it is then our own and no twin."""
    channel = website(site)
    shouted = replace(outgoing, slug=outgoing.slug.upper())
    sent = channel.send(shouted, {})
    assert requests.get(sent.permalink, timeout=20).status_code == 200
    assert channel.send(shouted, {}) == sent
    [article] = posts(site, search=outgoing.reference)
    assert (article["status"], article["slug"]) == ("publish", outgoing.slug)


def test_an_answer_that_is_lost_is_unknown_and_the_article_is_found(portal: Site, outgoing: Outgoing) -> None:
    channel = website(portal)
    with plugin(portal, LOST_ANSWER), pytest.raises(ChannelError) as raised:
        channel.send(outgoing, {})
    assert raised.value.failure is Failure.UNKNOWN
    found = channel.find(outgoing, {})
    assert isinstance(found, Sent)
    assert channel.send(outgoing, {}) == found


def test_a_script_does_not_reach_the_reader(site: Site, outgoing: Outgoing) -> None:
    """We clean before we send; the role Author makes WordPress clean once more."""
    sent = website(site).send(replace(outgoing, html=f"{outgoing.html}<script>alert('ktg')</script>"), {})
    [article] = posts(site, slug=outgoing.slug)
    me = site.ask("GET", "/wp/v2/users/me", site.username, params={"context": "edit"})
    assert me["roles"] == ["author"]
    assert "<script" not in article["content"]["raw"]
    assert "<script>alert('ktg')" not in requests.get(sent.permalink, timeout=20).text


# --- a correction and a withdrawal


def test_a_correction_stands_in_the_article_with_its_note(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    sent = carry_out(channel, outgoing)
    better = correction(outgoing, sent)
    memo = channel.prepare(better, {"started_at": STARTED})
    assert channel.find(better, memo) == Absent(sure=True, note="perubahan artikel belum ada di situs")
    assert channel.send(better, memo) == sent
    assert channel.find(better, memo) == sent
    [article] = posts(site, slug=outgoing.slug)
    assert (article["status"], str(article["id"])) == ("publish", sent.remote_id)
    assert article["content"]["raw"] == (
        f'{better.html}\n<p class="kentongan-ralat"><strong>Ralat, 24 November 2026 pukul 10.00 WIB:</strong> '
        "Jam yang benar 23.00, bukan 22.00.</p>"
    )
    assert channel.stands(sent.permalink, better.html)
    assert channel.stands(sent.permalink, "Ralat, 24 November 2026 pukul 10.00 WIB: Jam yang benar 23.00")


def test_correcting_twice_changes_the_article_once(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    better = correction(outgoing, carry_out(channel, outgoing))
    carry_out(channel, better)
    [before] = posts(site, slug=outgoing.slug)
    carry_out(channel, better)
    again = replace(better, change_note="Dibuka pukul 05.00.", before=better)
    assert posts(site, slug=outgoing.slug) == [before]
    carry_out(channel, again)
    [article] = posts(site, slug=outgoing.slug)
    assert article["content"]["raw"].count("kentongan-ralat") == 2


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Judul redaksi"},
        {"content": "<p>Tulisan redaksi</p>"},
        {"excerpt": "Kutipan redaksi"},
    ],
)
def test_what_the_editor_wrote_is_not_overwritten(
    change: dict[str, str], site: Site, outgoing: Outgoing
) -> None:
    channel = website(site)
    sent = carry_out(channel, outgoing)
    site.ask("POST", f"/wp/v2/posts/{sent.remote_id}", json=change)
    before = posts(site, slug=outgoing.slug)
    with pytest.raises(ChannelError, match="sudah diubah langsung di situs") as raised:
        carry_out(channel, correction(outgoing, sent))
    assert raised.value.failure is Failure.REFUSED
    assert posts(site, slug=outgoing.slug) == before


def test_without_our_earlier_words_only_an_untouched_article_is_corrected(
    portal: Site, outgoing: Outgoing
) -> None:
    channel = website(portal)
    sent = carry_out(channel, outgoing)
    blind = replace(correction(outgoing, sent), before=None)
    memo = channel.prepare(blind, {"started_at": STARTED})
    # Its date is set back, as the test goes faster than the seconds in which WordPress counts.
    change = {"content": "<p>Tulisan redaksi</p>", "date_gmt": "2026-01-01T00:00:00"}
    portal.ask("POST", f"/wp/v2/posts/{sent.remote_id}", json=change)
    with pytest.raises(ChannelError, match="sudah diubah langsung di situs"):
        channel.send(blind, memo)
    other = replace(outgoing, slug=f"{outgoing.slug}-lain")
    carry_out(channel, replace(correction(other, carry_out(channel, other)), before=None))


def test_an_article_of_somebody_else_is_not_ours_to_correct(site: Site, outgoing: Outgoing) -> None:
    sent = carry_out(website(site, user="redaksi"), outgoing)
    with pytest.raises(ChannelError, match="Situs menolak permintaan") as raised:
        carry_out(website(site), correction(outgoing, sent))
    assert raised.value.failure is Failure.REFUSED


def test_a_withdrawn_article_keeps_its_address_and_says_why(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    sent = carry_out(channel, replace(outgoing, picture=picture(outgoing)))
    gone = withdrawal(outgoing, sent)
    memo = channel.prepare(gone, {"started_at": STARTED})
    assert channel.find(gone, memo) == Absent(sure=True, note="perubahan artikel belum ada di situs")
    assert channel.send(gone, memo) == sent
    assert channel.find(gone, memo) == sent
    assert carry_out(channel, gone) == sent
    [article] = posts(site, slug=outgoing.slug)
    assert (article["status"], article["featured_media"]) == ("publish", 0)
    page = requests.get(sent.permalink, timeout=20)
    assert page.status_code == 200
    assert carries(page.text, f"Ditarik: {outgoing.title}")
    assert carries(page.text, "Ditarik 24 November 2026 pukul 10.00 WIB: Pekerjaan dibatalkan; jalan dibuka.")
    assert not channel.stands(sent.permalink, outgoing.html)
    assert ".jpg" not in article["content"]["rendered"]


@pytest.mark.parametrize("make", [correction, withdrawal])
def test_a_change_whose_answer_is_lost_is_found(
    make: Callable[[Outgoing, Sent], Outgoing], portal: Site, outgoing: Outgoing
) -> None:
    channel = website(portal)
    change = make(outgoing, carry_out(channel, outgoing))
    memo = channel.prepare(change, {"started_at": STARTED})
    with plugin(portal, LOST_CHANGE), pytest.raises(ChannelError) as raised:
        channel.send(change, memo)
    assert raised.value.failure is Failure.UNKNOWN
    assert isinstance(channel.find(change, memo), Sent)


# --- what staff do on the site


@pytest.mark.parametrize(
    ("state", "where"),
    [("trash", "tempat sampah"), ("draft", "draf"), ("pending", "tinjauan"), ("private", "pribadi")],
)
def test_an_article_that_staff_hid_gets_no_twin(
    state: str, where: str, site: Site, outgoing: Outgoing
) -> None:
    channel = website(site)
    sent = carry_out(channel, outgoing)
    path = f"/wp/v2/posts/{sent.remote_id}"
    if state == "trash":
        site.ask("DELETE", path)
    else:
        site.ask("POST", path, json={"status": state})
    for act in (channel.find, channel.send):
        with pytest.raises(ChannelError, match=where) as raised:
            act(outgoing, {})
        assert raised.value.failure is Failure.REFUSED
    for make in (correction, withdrawal):
        with pytest.raises(ChannelError, match="tidak lagi tayang"):
            channel.send(make(outgoing, sent), {})
    assert isinstance(channel.shows(sent.remote_id, sent.permalink), Gone)
    assert len(posts(site, search=outgoing.reference)) == 1
    site.ask("POST", path, json={"status": "publish"})
    assert channel.find(outgoing, {}) == sent


def test_an_article_that_was_deleted_for_good_can_be_sent_again_but_not_corrected(
    site: Site, outgoing: Outgoing
) -> None:
    channel = website(site)
    sent = carry_out(channel, outgoing)
    site.ask("DELETE", f"/wp/v2/posts/{sent.remote_id}", params={"force": "true"})
    with pytest.raises(ChannelError, match="sudah dihapus") as raised:
        carry_out(channel, correction(outgoing, sent))
    assert raised.value.failure is Failure.REFUSED
    assert isinstance(channel.shows(sent.remote_id, sent.permalink), Gone)
    assert not channel.stands(sent.permalink, outgoing.title)
    assert channel.find(outgoing, {}) == Absent(note="artikel belum ada di situs")
    assert carry_out(channel, outgoing).remote_id != sent.remote_id


def test_a_twin_whose_answer_was_lost_is_put_away_when_it_is_found(portal: Site, outgoing: Outgoing) -> None:
    channel = website(portal)
    memo = channel.prepare(outgoing, {"started_at": STARTED})
    first = channel.send(outgoing, memo)
    body = {"title": outgoing.title, "content": outgoing.html, "slug": outgoing.slug, "status": "publish"}
    twin = channel.rest.write("POST", "/wp/v2/posts", json=body)
    assert twin["slug"] == f"{outgoing.slug}-2"
    assert channel.find(outgoing, memo) == first
    states = {p["id"]: p["status"] for p in posts(portal, search=outgoing.reference)}
    assert states == {int(first.remote_id): "publish", twin["id"]: "trash"}


# --- reading back


def test_the_public_page_is_read_as_the_theme_shows_it(site: Site, outgoing: Outgoing) -> None:
    text = 'Lebar "2x3" meter -- lihat <a href="https://contoh.test/peta">peta</a> Jum\'at...'
    quoted = replace(outgoing, html=f"<p>{text}</p>\n{outgoing.html}")
    channel = website(site)
    sent = carry_out(channel, quoted)
    assert "&#8220;2&#215;3&#8221;" in requests.get(sent.permalink, timeout=20).text
    assert channel.stands(sent.permalink, quoted.html)
    assert channel.stands(sent.permalink, quoted.title)
    assert not channel.stands(sent.permalink, "<p>Ditutup pukul 21.00</p>")
    shows = channel.shows(sent.remote_id, sent.permalink)
    assert isinstance(shows, Shows)
    assert (shows.title, shows.permalink) == (quoted.title, sent.permalink)
    assert carries(shows.text, quoted.html)


def test_a_page_that_shows_something_else_than_the_site_holds_is_told_as_it_is(
    portal: Site, outgoing: Outgoing
) -> None:
    channel = website(portal)
    sent = carry_out(channel, outgoing)
    with plugin(portal, OLD_PAGE):
        assert not channel.stands(sent.permalink, outgoing.html)
        assert channel.shows(sent.remote_id, sent.permalink) == Shows(
            "Tersimpan lama", outgoing.title, sent.permalink
        )


def test_comments_are_counted_where_the_site_tells(site: Site, outgoing: Outgoing) -> None:
    channel = website(site)
    sent = carry_out(channel, outgoing)
    assert channel.numbers(sent.remote_id) == Numbers(comments=0)
    site.ask("POST", "/wp/v2/comments", json={"post": int(sent.remote_id), "content": "Terima kasih"})
    assert channel.numbers(sent.remote_id) == Numbers(comments=1)
    with plugin(site, NO_COMMENTS):
        assert channel.numbers(sent.remote_id) == Numbers()


# --- pictures and categories


def test_the_picture_is_featured_with_its_words(site: Site, outgoing: Outgoing) -> None:
    channel, pictured = website(site), replace(outgoing, picture=picture(outgoing))
    sent = carry_out(channel, pictured)
    carry_out(channel, replace(pictured, slug=f"{outgoing.slug}-lain"))
    [medium] = site.ask("GET", "/wp/v2/media", params={"search": outgoing.reference.lower()})
    assert medium["alt_text"] == outgoing.alt
    [article] = posts(site, slug=outgoing.slug)
    assert article["featured_media"] == medium["id"]
    page = requests.get(sent.permalink, timeout=20).text
    assert f'alt="{outgoing.alt}"' in page
    better = replace(
        correction(outgoing, sent), picture=Picture(png(), "image/png", f"{outgoing.slug}-2.png")
    )
    carry_out(channel, better)
    [article] = posts(site, slug=outgoing.slug)
    assert article["featured_media"] != medium["id"]


def test_words_that_were_lost_are_set_when_the_picture_is_found(site: Site, outgoing: Outgoing) -> None:
    channel, given = website(site), picture(outgoing)
    with plugin(site, NO_WORDS), pytest.raises(ChannelError) as raised:
        channel.prepare(replace(outgoing, picture=given), {})
    assert raised.value.failure is Failure.UNKNOWN
    wanted = {"search": outgoing.reference.lower()}
    assert [m["alt_text"] for m in site.ask("GET", "/wp/v2/media", params=wanted)] == [""]
    channel.prepare(replace(outgoing, picture=given), {})
    assert [m["alt_text"] for m in site.ask("GET", "/wp/v2/media", params=wanted)] == [outgoing.alt]


def test_an_article_goes_into_the_category_of_its_name(site: Site, outgoing: Outgoing) -> None:
    name = f"Banjir & rob {outgoing.reference}"
    made = site.ask("POST", "/wp/v2/categories", json={"name": name})
    carry_out(website(site), replace(outgoing, categories=(name.lower(),)))
    [article] = posts(site, slug=outgoing.slug)
    assert article["categories"] == [made["id"]]


def test_an_editor_makes_the_category_that_is_missing(site: Site, outgoing: Outgoing) -> None:
    named = replace(outgoing, categories=(f"Baru {outgoing.reference}", f"Jalan & air {outgoing.reference}"))
    channel = website(site, user="redaksi")
    carry_out(channel, named)
    carry_out(channel, replace(named, slug=f"{outgoing.slug}-lain"))
    made = site.ask("GET", "/wp/v2/categories", params={"search": outgoing.reference})
    assert {one["count"] for one in made} == {2}
    assert len(made) == 2


def test_an_author_is_told_who_has_to_make_a_category(site: Site, outgoing: Outgoing) -> None:
    named = replace(outgoing, categories=(f"Belum ada {outgoing.reference}",))
    with pytest.raises(ChannelError, match="tidak boleh membuatnya") as raised:
        website(site).prepare(named, {})
    assert raised.value.failure is Failure.REFUSED
    Account.objects.all().delete()
    carry_out(website(site, category="uncategorized"), named)
    [article] = posts(site, slug=outgoing.slug)
    assert article["categories"] == [1]


def test_a_picture_is_put_into_the_media_library_once(site: Site, outgoing: Outgoing) -> None:
    channel, name = website(site), f"kartu-{outgoing.reference.lower()}.jpg"
    address = channel.upload(name, jpeg(), outgoing.alt)
    assert channel.upload(name, jpeg(), outgoing.alt) == address
    [medium] = site.ask("GET", "/wp/v2/media", params={"search": outgoing.reference.lower()})
    assert medium["source_url"] == address
    assert medium["alt_text"] == outgoing.alt
    answer = requests.get(address, timeout=20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.content == jpeg()


def test_a_picture_is_not_taken_for_one_with_a_longer_name(site: Site, outgoing: Outgoing) -> None:
    channel, stem = website(site), f"peta-{outgoing.reference.lower()}"
    longer = channel.upload(f"{stem}-besar.jpg", jpeg(), outgoing.alt)
    assert channel.upload(f"{stem}.jpg", jpeg(), outgoing.alt) == longer.replace("-besar", "")


def test_a_file_that_is_no_picture_is_refused_for_good(site: Site) -> None:
    with pytest.raises(ChannelError) as raised:
        website(site).upload("kartu.php", b"<?php echo 1;", "")
    assert raised.value.failure is Failure.REFUSED
    assert raised.value.code == "rest_upload_sideload_error"


# --- signing in


def test_a_site_that_works_is_named(site: Site) -> None:
    probe = website(site).probe()
    assert (probe.ok, probe.sentence) == (True, f"Masuk ke {site.name} sebagai kentongan.")


def test_a_wrong_password_is_a_matter_for_a_person(site: Site, outgoing: Outgoing) -> None:
    channel = website(site, password="bukan kata sandinya")
    for call in (channel.probe, lambda: channel.find(outgoing, {}), lambda: channel.send(outgoing, {})):
        with pytest.raises(ChannelError, match="Situs menolak masuk") as raised:
            call()
        assert raised.value.failure is Failure.CREDENTIALS
    assert posts(site, search=outgoing.reference) == []


def test_a_wrong_password_is_noticed_before_the_first_write(site: Site, outgoing: Outgoing) -> None:
    channel = website(site, password="bukan kata sandinya")
    with pytest.raises(ChannelError, match="kata sandi aplikasinya salah") as raised:
        channel.prepare(replace(outgoing, picture=picture(outgoing)), {})
    assert raised.value.failure is Failure.CREDENTIALS
    assert site.ask("GET", "/wp/v2/media", params={"search": outgoing.reference.lower()}) == []


def test_a_user_who_may_not_publish_is_named_with_the_role(site: Site, outgoing: Outgoing) -> None:
    with pytest.raises(
        ChannelError, match=r"magang di situs ini tidak boleh menerbitkan .*contributor"
    ) as raised:
        website(site, user="magang").prepare(outgoing, {})
    assert raised.value.failure is Failure.CREDENTIALS
    assert posts(site, search=outgoing.reference) == []


def test_a_site_without_application_passwords_says_so(portal: Site, outgoing: Outgoing) -> None:
    with served(portal.folder, free_port(), "production") as site:
        channel = website(portal, base_url=site.base_url)
        probe = channel.probe()
        with pytest.raises(ChannelError, match="tidak menerima kata sandi aplikasi") as raised:
            channel.prepare(outgoing, {})
    assert raised.value.failure is Failure.CREDENTIALS
    assert not probe.ok
    assert probe.sentence == "Situs ini tidak menerima kata sandi aplikasi (perlu https)."


# --- a site that does not answer


def test_a_site_that_is_down_is_asked_again_later(portal: Site, outgoing: Outgoing) -> None:
    channel = website(portal, base_url=f"http://127.0.0.1:{free_port()}")
    for call in (channel.probe, lambda: channel.find(outgoing, {}), lambda: channel.send(outgoing, {})):
        with pytest.raises(ChannelError) as raised:
            call()
        assert raised.value.failure is Failure.LATER


def test_a_site_that_goes_down_before_the_send_was_not_written_to(portal: Site, outgoing: Outgoing) -> None:
    with served(portal.folder, free_port()) as server:
        channel = website(portal, base_url=server.base_url)
        after_the_look_up(channel, server.stop)
        with pytest.raises(ChannelError) as raised:
            channel.send(outgoing, {})
    assert raised.value.failure is Failure.LATER
    assert posts(portal, search=outgoing.reference) == []


def test_a_stopped_site_leaves_no_worker_behind(portal: Site) -> None:
    with served(portal.folder, free_port()) as server:
        address = server.base_url.removeprefix("http://")
        assert len(_processes_of(address)) == 5  # the server and its four workers
    assert _processes_of(address) == []


def _processes_of(address: str) -> list[str]:
    """The processes of this machine that were started for ``address`` and still run."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if address.encode() in line.read_bytes():
                found.append(line.parent.name)
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended meanwhile
    return found
