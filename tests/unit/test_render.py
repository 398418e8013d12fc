"""What each channel shows: within its limits whatever is typed, in both languages, by one and the same call."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels.x_length import measure
from publisher.fit import shorten, weight
from publisher.kinds import TemplateProblem, kind_named, kinds
from publisher.render import ALT_MAX, TITLE_MAX, change_text, problems, render

# The database only holds accounts here: once is enough.
pytestmark = [pytest.mark.django_db, pytest.mark.once]

CHANNELS = ["x", "facebook", "instagram", "website", "feed"]
REFERENCE = "KTG-7F3A2C"
LINK = "https://www.bekasikota.go.id/2026/11/aliran-air-di-jatiasih-berhenti-sementara-ktg-7f3a2c/"
QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
ODD = st.one_of(
    st.text(max_size=400),
    st.text(alphabet="ab #@.🏛️👨‍👩‍👧é\n漢", max_size=900),
    st.lists(
        st.sampled_from(["kata", "https://s.id/x", "M.Si.", "#InfoBekasi", "@warga", "\u0000", "🇮🇩"]),
        max_size=90,
    ).map(" ".join),
    st.sampled_from(["", "x" * 3000, "kata " * 1200, "#" * 500, "\ud800", "<b>&</b>", "a.id " * 300]),
)


def examples(key: str, language: str = "id") -> dict[str, str]:
    return {one.name: one.example_in(language) for one in kind_named(key).fields}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", list(kinds()))
def test_every_kind_fits_every_channel_in_both_languages(kind: str, channel: str) -> None:
    made = render(kind, examples(kind), channel, REFERENCE, fields_en=examples(kind, "en"), link=LINK)
    assert problems(channel, made) == []
    assert REFERENCE in (made.html or made.text)
    english = next(
        one.example_en for one in kind_named(kind).fields if one.example_en not in ("", one.example)
    )
    assert (english in (made.html or made.text)) == (channel != "x")
    if channel in ("x", "facebook"):
        assert LINK in made.text
    alone = render(kind, examples(kind), channel, REFERENCE, fields_en=examples(kind, "en"), language="en")
    assert REFERENCE in (alone.html or alone.text)
    assert problems(channel, alone) == []


@pytest.mark.parametrize("kind", list(kinds()))
def test_with_its_required_fields_alone_no_line_is_left_hanging(kind: str) -> None:
    bare = {one.name: one.example if one.required else "" for one in kind_named(kind).fields}
    for channel in CHANNELS:
        made = render(kind, bare, channel, REFERENCE)
        assert problems(channel, made) == []
        assert "\n\n\n" not in made.text
        assert not any(line.rstrip().endswith(":") for line in made.text.splitlines() if line)


@given(data=st.data())
@QUICK
def test_nothing_that_can_be_typed_makes_a_post_too_long_or_loses_its_reference(data: st.DataObject) -> None:
    kind = kind_named(data.draw(st.sampled_from(list(kinds()))))
    channel = data.draw(st.sampled_from(["x", "x", "instagram", "facebook"]))
    typed = {one.name: data.draw(ODD) for one in kind.fields}
    english = {one.name: data.draw(ODD) for one in kind.fields} if data.draw(st.booleans()) else {}
    made = render(
        kind.key, typed, channel, REFERENCE, fields_en=english, link=data.draw(st.sampled_from(["", LINK]))
    )
    assert problems(channel, made) == []
    assert REFERENCE in made.text
    assert len(made.title) <= TITLE_MAX
    assert len(made.alt) <= ALT_MAX


@given(data=st.data())
@QUICK
def test_whatever_is_typed_stays_text_on_the_websites(data: st.DataObject) -> None:
    kind = kind_named(data.draw(st.sampled_from(list(kinds()))))
    typed = {one.name: data.draw(ODD) + "<script>alert(1)</script>" for one in kind.fields}
    made = render(
        kind.key, typed, data.draw(st.sampled_from(["website", "feed"])), REFERENCE, fields_en=typed
    )
    assert "<script" not in made.html
    assert REFERENCE in made.html
    assert len(made.title) <= TITLE_MAX


@given(text=st.text(max_size=200), most=st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_what_is_shortened_fits_by_either_measure(text: str, most: int) -> None:
    assert len(shorten(text, most)) <= most
    assert weight(shorten(text, most, weight)) <= most or text == ""


def test_shortening_ends_at_a_word_and_never_inside_a_link_or_a_flag() -> None:
    assert shorten("Air mati di Jatiasih sampai sore", 20) == "Air mati di…"
    assert shorten("Lihat https://www.bekasikota.go.id/air untuk jadwal", 30) == "Lihat…"
    assert shorten("🇮🇩🇮🇩🇮🇩", 4) in ("🇮🇩…", "…")
    assert shorten("Selesai. Terima kasih", 10) == "Selesai…"


def test_on_x_the_headline_the_link_and_the_reference_stay_whole_when_the_rest_is_too_long() -> None:
    typed = {
        **examples("weather_warning"),
        "hazard": "Hujan sangat lebat. " * 14,
        "avoidance": "Jangan melintas. " * 17,
    }
    made = render("weather_warning", typed, "x", REFERENCE, link=LINK)
    assert made.shortened
    assert measure(made.text).valid
    assert typed["headline"] in made.text
    assert made.text.endswith(f"{LINK}\n{REFERENCE}")
    assert "☎️ 112 · 1500444" in made.text
    assert not render("service_notice", examples("service_notice"), "x", REFERENCE).shortened


def test_english_stands_beneath_once_and_the_reference_last() -> None:
    made = render("event", examples("event"), "facebook", REFERENCE, fields_en=examples("event", "en"))
    assert (
        made.text.index("Pasar Kuliner")
        < made.text.index("— English —")
        < made.text.index("Patriot Food Market")
    )
    assert made.text.count(REFERENCE) == 1
    assert "Saturday, 28 November 2026" in made.text
    html = render("event", examples("event"), "website", REFERENCE, fields_en=examples("event", "en")).html
    assert '<div lang="en">' in html
    assert html.count(REFERENCE) == 1


def test_on_instagram_english_is_left_out_rather_than_either_language_cut() -> None:
    long = {**examples("press_release"), "body": "Bus baru. " * 120}
    english = {**examples("press_release", "en"), "body": "New buses. " * 120}
    made = render("press_release", long, "instagram", REFERENCE, fields_en=english)
    assert not made.shortened
    assert "English" not in made.text
    assert "Bus baru. Bus baru." in made.text


def test_a_text_by_hand_replaces_the_templates_and_keeps_the_reference() -> None:
    made = render("event", examples("event"), "x", REFERENCE, override="Halo warga!\r\nSampai jumpa.")
    assert made.text == f"Halo warga!\nSampai jumpa.\n\n[{REFERENCE}]"
    assert (
        render("event", {}, "x", REFERENCE, override=f"Sudah ada {REFERENCE}").text
        == f"Sudah ada {REFERENCE}"
    )
    site = render("event", examples("event"), "website", REFERENCE, override="<i>Satu</i>\n\nDua")
    assert site.html == f"<p>&lt;i&gt;Satu&lt;/i&gt;</p>\n<p>Dua</p>\n<p>[{REFERENCE}]</p>"
    assert (
        "terlalu panjang"
        in problems("x", render("event", {}, "x", REFERENCE, override="a " * 300))[0].lower()
    )


def test_an_unknown_language_choice_or_broken_trial_says_which_template_and_line() -> None:
    with pytest.raises(TemplateProblem, match=r"templates/announcements/event/x\.txt baris 2.*'judul'"):
        render("event", examples("event"), "x", REFERENCE, trial={"event/x.txt": "satu\n{{ judul }}\n"})


@pytest.mark.parametrize("act", ["correct", "retract"])
@pytest.mark.parametrize(("channel", "most"), [("x", 280), ("instagram", 300), ("facebook", 300)])
@given(title=st.text(max_size=200), note=st.text(max_size=500))
@settings(max_examples=15, deadline=None)
def test_the_words_of_a_correction_fit_and_keep_link_and_reference(
    channel: str, most: int, act: str, title: str, note: str
) -> None:
    text = change_text(channel, act, title=title, note=note, reference=REFERENCE, link=LINK)
    assert (weight(text) if channel == "x" else len(text)) <= most
    assert REFERENCE in text
    assert LINK in text


def test_a_correction_says_first_what_was_wrong() -> None:
    text = change_text(
        "x", "correct", title="Air mati", note="Jamnya 10, bukan 8.", reference=REFERENCE, link=LINK
    )
    assert text.splitlines()[0] == "Ralat: Jamnya 10, bukan 8."
    text = change_text("instagram", "retract", title="Air mati", note="Batal.", reference=REFERENCE)
    assert text.startswith("Pengumuman ini kami tarik: Batal.")
