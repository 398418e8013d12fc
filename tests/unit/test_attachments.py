"""Files of a case: told by their content, without what the camera knew, kept once, and given away harmlessly."""

import hashlib
import io
import struct
import zlib
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from cases import attachments
from cases.act import NotAllowed
from cases.models import Attachment, Case
from cases.open import open_waiting
from channels.models import Account
from classifiers.models import Verdict
from ledger.chain import timeline
from ledger.models import Person
from monitor.models import Mention, Source

pytestmark = pytest.mark.django_db

NOON = datetime.fromisoformat("2026-11-24T03:00:00+00:00")


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> None:
    settings.KENTONGAN_HOME = tmp_path


@pytest.fixture
def case(db: None) -> Case:
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    source = Source.objects.create(account=account, kind="mention")
    return another(source)


def another(source: Source) -> Case:
    number = Mention.objects.count()
    mention = Mention.objects.create(
        channel="x",
        external_id=f"a{number}",
        source=source,
        text="Lampu padam",
        heard_at=NOON,
        unjudged=False,
    )
    Verdict.objects.create(mention=mention, kind="complaint", decision="forward", at=NOON, awaits_case=True)
    open_waiting(NOON)
    return Case.objects.get(mention=mention)


def picture(format_: str = "JPEG", size: tuple[int, int] = (60, 30), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, format_, **more)
    return out.getvalue()


def with_gps(orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "KameraRahasia"
    exif.get_ifd(0x8825).update({1: "S", 2: (6.0, 14.0, 30.0), 3: "E", 4: (106.0, 59.0, 10.0)})
    return picture(exif=exif)


def pdf(body: bytes = b"", head: bytes = b"%PDF-1.7\n") -> bytes:
    return head + body + b"\nxref\n0 1\ntrailer << /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"


def packed(inside: bytes, filter_: bytes = b"/FlateDecode") -> bytes:
    squeezed = zlib.compress(inside)
    return b"7 0 obj << /Type /ObjStm /Filter %b >> stream\n%b\nendstream endobj" % (filter_, squeezed)


def test_a_photograph_loses_its_place_and_stands_upright(case: Case) -> None:
    given_ = with_gps()
    assert b"KameraRahasia" in given_
    made = attachments.add(case, given_, r"C:\foto\IMG 1.JPEG", "report", NOON)
    kept = attachments.open_file(made)
    assert b"KameraRahasia" not in kept
    assert b"Exif" not in kept
    with Image.open(io.BytesIO(kept)) as image:
        assert not image.getexif()
        assert image.size == (30, 60) == (made.width, made.height)
    assert (made.media_type, made.name, made.bytes) == ("image/jpeg", "IMG 1.jpg", len(kept))
    assert hashlib.sha256(kept).hexdigest() == made.sha256
    assert "case.attached" in [event.kind for event in timeline(case.subject)]


def test_what_is_hidden_behind_a_picture_does_not_go_further(case: Case) -> None:
    made = attachments.add(case, picture("PNG") + b"<script>alert(1)</script>", "x.html", "report", NOON)
    assert b"script" not in attachments.open_file(made)
    assert made.name == "x.jpg"


def test_the_same_file_is_kept_once_in_a_case_and_once_on_the_disk(case: Case) -> None:
    other = another(Source.objects.get())
    first = attachments.add(case, picture(), "a.jpg", "report", NOON)
    assert attachments.add(case, picture(), "b.jpg", "proof", NOON) == first
    second = attachments.add(other, picture(), "c.jpg", "proof", NOON)
    assert (first.pk, first.sha256) == (first.pk, second.sha256)
    assert first.pk != second.pk
    files = [path for path in attachments.folder().rglob("*") if path.is_file()]
    assert files == [attachments.path_of(first.sha256)]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "kosong"),
        (b"MZ\x90\x00" + b"\x00" * 60, "Hanya gambar"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "Hanya gambar"),
        (b"PK\x03\x04" + b"\x00" * 60, "Hanya gambar"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 60, "HEIC"),
        (b"\x00\x00\x00\x18ftypmp42" + b"\x00" * 60, "gambar"),
        (b"\xff\xd8\xff" + b"\x00" * 60, "rusak"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * (attachments.MOST_BYTES + 1), "10 MB"),
        (b"RIFF\x00\x00\x00\x00WAVE" + b"\x00" * 60, "bukan gambar"),
    ],
)
def test_what_is_no_picture_and_no_pdf_is_refused_with_a_sentence(
    data: bytes, sentence: str, case: Case
) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        attachments.add(case, data, "foto.jpg", "report", NOON)
    assert not Attachment.objects.exists()
    assert not attachments.folder().exists()


def test_a_pixel_bomb_is_refused_before_it_is_decoded(case: Case) -> None:
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0),
        b"IDAT": zlib.compress(b"\x00" * 1000),
        b"IEND": b"",
    }
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in parts.items()
    ]
    with pytest.raises(NotAllowed, match="terlalu besar"):
        attachments.add(case, b"\x89PNG\r\n\x1a\n" + b"".join(chunks), "b.png", "report", NOON)


def test_twenty_files_are_enough_for_a_case(case: Case) -> None:
    for n in range(attachments.MOST_FILES):
        attachments.add(case, picture(size=(10 + n, 10)), "a.jpg", "report", NOON)
    with pytest.raises(NotAllowed, match="sudah punya 20"):
        attachments.add(case, picture(size=(99, 9)), "a.jpg", "report", NOON)


def test_a_plain_pdf_is_kept_as_it_is(case: Case) -> None:
    data = pdf(b"1 0 obj << /Type /Catalog >> endobj\n" + packed(b"5 0 << /Type /Page >>"))
    made = attachments.add(case, data, "surat.doc", "document", NOON)
    assert attachments.open_file(made) == data
    assert (made.media_type, made.name, made.width) == ("application/pdf", "surat.pdf", 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (pdf(b"1 0 obj << /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >> endobj"), "skrip"),
        (pdf(b"1 0 obj << /S /J#61vaScript >> endobj"), "skrip"),
        (pdf(b"1 0 obj << /A << /JS 5 0 R >> >> endobj"), "skrip"),
        (pdf(b"1 0 obj << /S /Launch /F (cmd.exe) >> endobj"), "tindakan"),
        (pdf(b"1 0 obj << /Names << /EmbeddedFiles 3 0 R >> >> endobj"), "berkas di dalamnya"),
        (pdf(packed(b"5 0 << /S /JavaScript /JS (x) >>")), "skrip"),
        (pdf(packed(b"5 0 << /S /#4a#53 /JS (x) >>")), "skrip"),
        (pdf(packed(b"5 0 << /JS (x) >>", b"/LZWDecode")), "tidak dapat diperiksa"),
        (pdf(packed(b"\x00" * 21_000_000)), "tidak dapat diperiksa"),
        (pdf(b"9 0 obj << >> stream\n1 0 obj << /S /JavaScript >> endobj\nendstream"), "skrip"),
        (pdf(b"trailer << /Encrypt 4 0 R >>"), "terkunci"),
        (b"%PDF-1.7\nhalo", "rusak"),
        (pdf(head=b"%PDF-9.9 <html>\n"), "rusak"),
    ],
)
def test_a_pdf_that_acts_or_hides_something_is_refused(data: bytes, sentence: str, case: Case) -> None:
    with pytest.raises(NotAllowed, match=sentence):
        attachments.add(case, data, "surat.pdf", "document", NOON)


@given(
    st.binary(max_size=400),
    st.sampled_from([b"", b"\xff\xd8\xff", b"GIF89a", b"%PDF-1.4\n"]),
    st.text(max_size=40),
)
@hypothesis_settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_under_any_name_are_kept_or_refused_with_a_sentence(
    case: Case, data: bytes, head: bytes, name: str
) -> None:
    with suppress(NotAllowed):
        made = attachments.add(case, head + data, name, "report", NOON)
        assert made.media_type in ("image/jpeg", "image/png", "application/pdf")


@given(st.text(max_size=300))
@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_name_steers_anything(case: Case, name: str) -> None:
    Attachment.objects.filter(case=case).delete()
    made = attachments.add(case, picture(), name, "report", NOON)
    assert made.name.endswith(".jpg")
    assert not set(made.name) & set('/\\"<>|\r\n\x00')
    sent = attachments.headers(made)
    assert all(value.isascii() and value.isprintable() for value in sent.values())


def test_a_browser_neither_runs_nor_guesses_what_it_is_given(case: Case) -> None:
    shown = attachments.headers(attachments.add(case, picture(), "a.jpg", "report", NOON))
    saved = attachments.headers(attachments.add(case, pdf(), "a.pdf", "report", NOON))
    assert shown["Content-Disposition"].startswith("inline")
    assert saved["Content-Disposition"].startswith("attachment")
    for sent in (shown, saved):
        assert sent["X-Content-Type-Options"] == "nosniff"
        assert sent["Content-Security-Policy"].startswith("sandbox;")
        assert "private" in sent["Cache-Control"]


def test_a_file_that_is_lost_or_changed_on_the_disk_is_told(case: Case) -> None:
    made = attachments.add(case, picture(), "a.jpg", "report", NOON)
    attachments.path_of(made.sha256).write_bytes(b"lain")
    with pytest.raises(NotAllowed, match="rusak"):
        attachments.open_file(made)
    attachments.path_of(made.sha256).unlink()
    with pytest.raises(NotAllowed, match="tidak ada lagi"):
        attachments.open_file(made)


def test_the_bytes_go_with_the_last_case_that_has_them(
    case: Case, people: dict[str, Person], django_capture_on_commit_callbacks: Any
) -> None:
    first = attachments.add(case, picture(), "a.jpg", "report", NOON)
    second = attachments.add(another(Source.objects.first() or Source()), picture(), "a.jpg", "report", NOON)
    path = attachments.path_of(first.sha256)
    with django_capture_on_commit_callbacks(execute=True):
        attachments.remove(first, people["tono"], NOON)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        attachments.remove(second, people["tono"], NOON)
    assert not path.exists()


def test_a_picture_is_shown_to_citizens_only_with_words(case: Case, people: dict[str, Person]) -> None:
    made = attachments.add(case, picture(), "a.jpg", "proof", NOON)
    with pytest.raises(NotAllowed, match="keterangan gambar"):
        attachments.show(made, True, "  ", people["tono"], NOON)
    attachments.show(made, True, "Lampu menyala", people["tono"], NOON)
    assert (made.public, made.alt) == (True, "Lampu menyala")
