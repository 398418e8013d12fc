"""What is uploaded is told by its content, cleaned, kept by its hash, and made fit for each channel."""

import hashlib
import io
import struct
import sys
import zlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image, PngImagePlugin

from channels.contract import ChannelError, Failure
from config.town import Town
from publisher import media
from publisher.card import public_address
from publisher.fitting import fit
from publisher.inspection import Unusable, inspect_picture
from publisher.models import Announcement, MediaItem


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> None:
    settings.KENTONGAN_HOME = tmp_path
    fit.cache_clear()


def jpeg(width: int = 900, height: int = 600, **options: Any) -> bytes:
    out = io.BytesIO()
    gradient(width, height).save(out, "JPEG", **options)
    return out.getvalue()


def png(width: int = 900, height: int = 600, mode: str = "RGB", **options: Any) -> bytes:
    out = io.BytesIO()
    gradient(width, height).convert(mode).save(out, "PNG", **options)
    return out.getvalue()


def gradient(width: int, height: int) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert("RGB")


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 120).convert("RGB")


def keep(
    data: bytes, person: Any, now: datetime, name: str = "foto.jpg", alt: str = "Tangki air di Jatiasih"
) -> MediaItem:
    item, _new = media.add(io.BytesIO(data), name, person, now)
    media.describe(item, person, now, alt=alt, rights="Humas", expires_on=None)
    return item


class TestInspection:
    def test_place_owner_and_comments_of_the_camera_go_no_further(self) -> None:
        exif = Image.Exif()
        exif[0x010F], exif[0x9003], exif[0x8825] = "Kamera Sari", "2026:11:24", {1: "S", 2: (6.0, 14.0, 3.0)}
        found = inspect_picture(jpeg(exif=exif, comment=b"rumah Sari"))
        with Image.open(io.BytesIO(found.data)) as image:
            assert not image.getexif()
            assert "comment" not in image.info
        assert b"Sari" not in found.data

    def test_texts_in_a_png_go_no_further(self) -> None:
        words = PngImagePlugin.PngInfo()
        words.add_text("Author", "Sari", zip=True)
        found = inspect_picture(png(mode="RGBA", pnginfo=words))
        assert (found.media_type, b"Author" in found.data) == (
            "image/jpeg",
            False,
        )  # nothing of it was transparent

    def test_a_photograph_lying_on_its_side_is_turned_upright(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        found = inspect_picture(jpeg(900, 600, exif=exif))
        assert (found.width, found.height) == (600, 900)

    def test_what_is_hidden_behind_a_picture_is_left_out(self) -> None:
        found = inspect_picture(jpeg() + b"PK\x03\x04<script>alert(1)</script>")
        assert b"script" not in found.data

    def test_the_same_bytes_give_the_same_picture(self) -> None:
        assert inspect_picture(jpeg()).data == inspect_picture(jpeg()).data

    def test_transparency_stays(self) -> None:
        image = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
        out = io.BytesIO()
        image.save(out, "PNG")
        assert inspect_picture(out.getvalue()).media_type == "image/png"

    @pytest.mark.parametrize("mode", ["L", "P", "1", "LA", "I;16", "CMYK"])
    def test_every_kind_of_colour_is_read(self, mode: str) -> None:
        out = io.BytesIO()
        gradient(300, 300).convert("L" if mode == "I;16" else mode).save(
            out, "JPEG" if mode == "CMYK" else "PNG"
        )
        if mode == "I;16":
            out = io.BytesIO()
            Image.linear_gradient("L").resize((300, 300)).convert("I;16").save(out, "PNG")
        assert inspect_picture(out.getvalue()).width == 300

    def test_a_small_file_of_a_vast_picture_is_refused_by_its_header(self) -> None:
        with pytest.raises(Unusable, match="terlalu besar"):
            inspect_picture(bomb(60_000, 60_000))

    def test_a_text_that_unpacks_to_gigabytes_is_refused(self) -> None:
        filler = zlib.compress(b"a" * 80_000_000, 9)
        chunk = b"zTXt" + b"Comment\x00\x00" + filler
        packed = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        whole = png()
        with pytest.raises(Unusable, match="rusak"):
            inspect_picture(whole[:33] + packed + whole[33:])

    def test_a_jpeg_of_thousands_of_scans_is_refused(self) -> None:
        with pytest.raises(Unusable, match="tidak wajar"):
            inspect_picture(jpeg()[:-2] + b"\xff\xda\x00\x02" * 2000 + b"\xff\xd9")

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"%PDF-1.7 and so on....", "PDF"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (b"  <!doctype html><script>", "HTML"),
            (b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00", "HEIC"),
            (b"BM" + b"\x00" * 40, "BMP"),
            (b"MZ\x90\x00" + b"\x00" * 40, "bukan gambar"),
            (b"GIF89a" + b"\x01\x00" * 20, "rusak|kecil"),
            (b"\xff\xd8\xff\xe0" + b"\x00" * 200, "rusak"),
            (jpeg()[:3000], "rusak"),
            (jpeg(150, 900), "terlalu kecil"),
        ],
    )
    def test_what_cannot_be_used_is_said_in_a_sentence(self, data: bytes, sentence: str) -> None:
        with pytest.raises(Unusable, match=sentence):
            inspect_picture(data)

    def test_a_moving_picture_is_refused(self) -> None:
        out = io.BytesIO()
        frames = [Image.new("RGB", (300, 300), colour) for colour in ("red", "blue")]
        frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
        with pytest.raises(Unusable, match="bergerak"):
            inspect_picture(out.getvalue())


def bomb(width: int, height: int) -> bytes:
    """A PNG whose header promises ``width`` × ``height`` pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\x00" * 10_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.django_db
class TestLibrary:
    def test_the_name_and_the_sent_type_are_not_believed(self, people: Any, now: datetime) -> None:
        item, _new = media.add(io.BytesIO(png(mode="RGB")), "../../etc/passwd\x00.exe", people["sari"], now)
        assert (item.name, item.media_type) == ("passwd.exe", "image/jpeg")
        assert media.path_of(item).parent.parent == media.folder()

    def test_the_file_is_kept_by_the_hash_of_its_bytes(self, people: Any, now: datetime) -> None:
        item = keep(jpeg(), people["sari"], now)
        kept = media.path_of(item).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == item.sha256
        assert (item.width, item.height, item.bytes) == (900, 600, len(kept))

    def test_the_same_picture_twice_is_one_item(self, people: Any, now: datetime) -> None:
        assert media.add(io.BytesIO(jpeg()), "a.jpg", people["sari"], now)[1]
        assert not media.add(io.BytesIO(jpeg()), "b.jpg", people["sari"], now)[1]
        assert MediaItem.objects.count() == 1

    def test_without_words_or_after_its_last_day_it_may_not_be_used(self, people: Any, now: datetime) -> None:
        item, _new = media.add(io.BytesIO(jpeg()), "a.jpg", people["sari"], now)
        assert "teks alternatif" in media.wants(item, date(2026, 11, 24))[0]
        media.describe(item, people["sari"], now, alt="Tangki", rights="Humas", expires_on=date(2026, 11, 24))
        assert media.wants(item, date(2026, 11, 24)) == []
        assert "berakhir" in media.wants(item, date(2026, 11, 25))[0]

    def test_a_file_that_changed_on_the_disk_is_not_sent(self, people: Any, now: datetime) -> None:
        item = keep(jpeg(), people["sari"], now)
        media.path_of(item).write_bytes(jpeg(901, 600))
        with pytest.raises(Unusable, match="berubah"):
            media.fit_for(item, "x")
        media.path_of(item).unlink()
        with pytest.raises(Unusable, match="tidak ada di penyimpanan"):
            media.fit_for(item, "x")

    def test_a_film_is_measured_where_ffprobe_is(
        self, people: Any, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 3_000_000
        said = '{"streams":[{"codec_type":"video","width":1280,"height":720}],"format":{"duration":"12.5"}}'
        stand_in(tmp_path / "bin", f"print('{said}')", monkeypatch)
        item, _new = media.add(io.BytesIO(film), "film.mp4", people["sari"], now)
        assert (item.media_type, item.width, item.height, item.seconds) == ("video/mp4", 1280, 720, 12.5)
        assert media.path_of(item).stat().st_size == len(film)
        with pytest.raises(Unusable, match="Film belum"):
            media.fit_for(item, "x")

    def test_a_film_that_ffprobe_cannot_read_is_refused_and_leaves_nothing(
        self, people: Any, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in(tmp_path / "bin", "raise SystemExit(1)", monkeypatch)
        with pytest.raises(Unusable, match="tidak dapat dibaca"):
            media.add(
                io.BytesIO(b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 500), "film.mp4", people["sari"], now
            )
        assert [path for path in media.folder().rglob("*") if path.is_file()] == []


def stand_in(folder: Path, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ffprobe on the path that runs one line of Python."""
    folder.mkdir()
    (folder / "ffprobe").write_text(f"#!{sys.executable}\n{line}\n", "utf-8")
    (folder / "ffprobe").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.django_db
class TestFitting:
    @pytest.mark.parametrize(
        ("width", "height"),
        [(3000, 1000), (800, 2400), (900, 600), (4000, 4000), (220, 220), (250, 2000), (4000, 260)],
    )
    def test_instagram_gets_a_jpeg_within_its_ratios_and_widths_and_nothing_is_cut_off(
        self, width: int, height: int, people: Any, now: datetime
    ) -> None:
        item = keep(jpeg(width, height), people["sari"], now)
        data, media_type, note = media.fit_for(item, "instagram")
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "JPEG"
            assert 320 <= image.width <= 1440
            assert 0.8 <= image.width / image.height <= 1.91
        assert media_type == "image/jpeg"
        assert bool(note) == (not 0.8 <= width / height <= 1.91)
        assert len(data) <= 8_000_000

    def test_a_png_with_transparency_is_put_on_white_for_instagram_and_stays_for_x(
        self, people: Any, now: datetime
    ) -> None:
        out = io.BytesIO()
        Image.new("RGBA", (600, 600), (200, 0, 0, 0)).save(out, "PNG")
        item = keep(out.getvalue(), people["sari"], now)
        data, media_type, note = media.fit_for(item, "instagram")
        with Image.open(io.BytesIO(data)) as image:
            assert image.getpixel((10, 10)) == (255, 255, 255)
        assert (media_type, "putih" in note) == ("image/jpeg", True)
        assert media.fit_for(item, "x")[1:] == ("image/png", "")

    @pytest.mark.parametrize(
        ("channel", "most"), [("x", 5_000_000), ("facebook", 10_000_000), ("instagram", 8_000_000)]
    )
    def test_a_heavy_picture_is_made_lighter_until_it_fits(
        self, channel: str, most: int, people: Any, now: datetime
    ) -> None:
        out = io.BytesIO()
        noise(3400, 3000).save(out, "JPEG", quality=95)
        item = keep(out.getvalue(), people["sari"], now)
        data, _type, _note = media.fit_for(item, channel)
        assert len(data) <= most

    def test_a_heavy_png_becomes_a_jpeg_for_facebook(self, people: Any, now: datetime) -> None:
        image = noise(1600, 1600).convert("RGBA")
        image.putpixel((0, 0), (0, 0, 0, 0))
        out = io.BytesIO()
        image.save(out, "PNG")
        assert len(out.getvalue()) > 4_000_000
        assert media.fit_for(keep(out.getvalue(), people["sari"], now), "facebook")[1] == "image/jpeg"

    def test_a_website_gets_at_most_2560_pixels(self, people: Any, now: datetime) -> None:
        data, _type, _note = media.fit_for(keep(jpeg(4000, 1000), people["sari"], now), "website")
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (2560, 640)

    def test_the_same_picture_gives_the_same_bytes_and_name(self, people: Any, now: datetime) -> None:
        item = keep(jpeg(3000, 900), people["sari"], now)
        first = media.fit_for(item, "instagram")
        fit.cache_clear()
        assert media.fit_for(item, "instagram") == first

    def test_the_feed_has_no_pictures(self, people: Any, now: datetime) -> None:
        with pytest.raises(Unusable, match="tidak menayangkan gambar"):
            media.fit_for(keep(jpeg(), people["sari"], now), "feed")


@pytest.mark.django_db
class TestInAnAnnouncement:
    @pytest.fixture
    def announcement(self, accounts: Any, people: Any, now: datetime) -> Announcement:
        return Announcement.objects.create(
            kind="service_notice",
            title="Air mati",
            reference="KTG-000001",
            slug="air-mati",
            author=people["sari"],
            created_at=now,
            changed_at=now,
            picture=keep(jpeg(3000, 900), people["sari"], now),
        )

    def test_each_channel_gets_what_it_takes_under_a_name_made_of_its_content(
        self, announcement: Announcement, now: datetime
    ) -> None:
        picture = media.picture_of(announcement, "x", now)
        assert picture is not None
        assert picture.name == f"gambar-{hashlib.sha256(picture.data).hexdigest()[:20]}.jpg"
        assert media.picture_of(announcement, "feed") is None
        assert media.picture_of(announcement, "instagram") is None

    def test_a_picture_whose_day_is_over_is_refused_before_a_send_and_read_after_one(
        self, announcement: Announcement, people: Any, now: datetime
    ) -> None:
        picture = announcement.picture
        assert picture is not None
        media.describe(picture, people["sari"], now, alt="Tangki", rights="", expires_on=date(2026, 11, 1))
        with pytest.raises(ChannelError, match="berakhir") as refused:
            media.picture_of(announcement, "x", now)
        assert refused.value.failure == Failure.REFUSED
        assert media.picture_of(announcement, "x") is not None

    def test_instagram_fetches_the_chosen_picture_with_its_words_from_the_website(
        self, announcement: Announcement, town: Town
    ) -> None:
        address = public_address(announcement, "kata kartu")
        assert "gambar-" in address
        assert announcement.picture is not None
        announcement.refresh_from_db()
        assert announcement.card_url == address

    def test_words_that_are_being_approved_are_not_changed_behind_the_approval(
        self, announcement: Announcement, people: Any, now: datetime
    ) -> None:
        picture = announcement.picture
        assert picture is not None
        announcement.state = "submitted"
        announcement.save()
        with pytest.raises(Unusable, match="KTG-000001"):
            media.describe(picture, people["sari"], now, alt="Lain", rights="", expires_on=None)
        media.describe(picture, people["sari"], now, alt=picture.alt, rights="Humas 2", expires_on=None)

    def test_what_is_used_is_not_deleted(
        self, announcement: Announcement, people: Any, now: datetime
    ) -> None:
        picture = announcement.picture
        assert picture is not None
        assert not media.remove(picture, people["sari"], now)
        unused = keep(jpeg(500, 500), people["sari"], now)
        path = media.path_of(unused)
        assert media.remove(unused, people["sari"], now)
        assert not path.exists()


@pytest.mark.django_db
class TestPages:
    @pytest.fixture
    def sari(self, people: Any) -> Client:
        client = Client()
        client.force_login(people["sari"])
        return client

    def upload(self, client: Client, data: bytes, name: str = "foto.jpg") -> Any:
        sent = io.BytesIO(data)
        sent.name = name
        return client.post(reverse("media"), {"berkas": sent})

    def test_an_upload_leads_to_the_page_that_asks_for_its_words(self, sari: Client) -> None:
        answer = self.upload(sari, jpeg())
        item = MediaItem.objects.get()
        assert answer.url == reverse("media_item", args=[item.pk])
        shown = sari.get(answer.url).content.decode()
        assert "belum punya teks alternatif" in shown
        refused = sari.post(answer.url, {"alt": " ", "rights": "Humas", "expires_on": "besok"})
        assert refused.status_code == 422
        assert "Humas" in refused.content.decode()
        sari.post(answer.url, {"alt": "Tangki", "rights": "Humas", "expires_on": "2027-01-31"})
        item.refresh_from_db()
        assert (item.alt, item.rights, item.expires_on) == ("Tangki", "Humas", date(2027, 1, 31))

    @pytest.mark.parametrize("data", [b"", b"<svg/>", b"%PDF-1.7", bomb(60_000, 60_000)])
    def test_what_cannot_be_used_gets_a_sentence_beside_the_field(self, sari: Client, data: bytes) -> None:
        answer = self.upload(sari, data)
        assert answer.status_code == 422
        assert 'class="problem"' in answer.content.decode()
        assert MediaItem.objects.count() == 0

    def test_the_file_is_served_as_what_it_is(self, sari: Client, people: Any, now: datetime) -> None:
        item = keep(jpeg(), people["sari"], now, name="halaman.html")
        answer = sari.get(reverse("media_file", args=[item.pk]))
        assert answer["Content-Type"] == "image/jpeg"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer["Content-Security-Policy"]
        small = sari.get(reverse("media_small", args=[item.pk]))
        with Image.open(io.BytesIO(small.content)) as image:
            assert image.width == 480
        media.path_of(item).unlink()
        assert sari.get(reverse("media_file", args=[item.pk])).status_code == 404
        assert sari.get(reverse("media_small", args=[item.pk])).status_code == 404
        assert "tidak ada di penyimpanan" in sari.get(reverse("media_item", args=[item.pk])).content.decode()

    def test_who_does_not_write_looks_only_and_who_is_nobody_sees_nothing(
        self, people: Any, now: datetime
    ) -> None:
        item = keep(jpeg(), people["sari"], now)
        addresses = [
            reverse("media"),
            reverse("media_item", args=[item.pk]),
            reverse("media_small", args=[item.pk]),
        ]
        for name, status in (("budi", 200), ("wati", 403), ("eka", 403)):
            client = Client()
            client.force_login(people[name])
            assert [client.get(address).status_code for address in addresses] == [status] * 3
            assert self.upload(client, jpeg()).status_code == 403
            assert client.post(reverse("media_remove", args=[item.pk])).status_code == 403
        assert Client().get(reverse("media_file", args=[item.pk])).status_code == 302

    def test_the_chips_count_and_filter(self, sari: Client, people: Any, now: datetime) -> None:
        keep(jpeg(500, 400), people["sari"], now, name="siap.jpg")
        media.add(io.BytesIO(jpeg(400, 500)), "bisu.jpg", people["sari"], now)
        shown = sari.get(reverse("media"), {"tampilan": "tanpa-teks"}).content.decode()
        assert "bisu.jpg" in shown
        assert "siap.jpg" not in shown

    def test_an_unused_item_can_be_deleted(self, sari: Client, people: Any, now: datetime) -> None:
        item = keep(jpeg(), people["sari"], now)
        assert sari.post(reverse("media_remove", args=[item.pk])).url == reverse("media")
        assert MediaItem.objects.count() == 0
