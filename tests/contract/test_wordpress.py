"""channels.website against real WordPress sites, which `sh tests/install/wordpress.sh` lays down."""

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from channels.contract import Absent, ChannelError, Failure, Outgoing, Sent
from channels.models import Account, Kind
from channels.website import Website
from tests.contract.wordpress_site import Site, free_port, served, two_sites

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


def website(site: Site, *, base_url: str = "", password: str = "") -> Website:
    account = Account(
        key="web_kota",
        channel=Kind.WEBSITE,
        name=site.name,
        settings={"base_url": base_url or site.base_url, "username": site.username},
    )
    account.keep_secrets({"application_password": password or site.password})
    account.save()
    return Website(Account.objects.get(key="web_kota"))


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
    plugin = portal.folder / "wp-content" / "mu-plugins" / "lost.php"
    plugin.parent.mkdir(exist_ok=True)
    plugin.write_text("<?php add_action( 'rest_after_insert_post', function () { exit; } );")
    try:
        with pytest.raises(ChannelError) as raised:
            channel.send(outgoing, {})
    finally:
        plugin.unlink()
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


# --- pictures


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


def test_a_site_without_application_passwords_says_so(portal: Site) -> None:
    with served(portal.folder, free_port(), "production") as site:
        probe = website(portal, base_url=site.base_url).probe()
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
