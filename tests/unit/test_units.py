"""Units: the seed, names that change, successors that take over, and the pages where staff see and change them."""

import copy
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from cases import routes, routing, succession
from cases.models import Assignment, Case, Clock, Receiver, Route, RouteLesson, State
from cases.refusal import NotAllowed
from channels.models import Account
from city.models import Unit, UnitSort
from city.units import heirs, on_day, seed_units
from config.demo import make_people, make_units
from ledger.chain import timeline
from ledger.models import Person
from monitor.models import Mention, Source
from publisher.mandates import day_of

pytestmark = pytest.mark.django_db

NOW = datetime.fromisoformat("2026-11-24T03:00:00+00:00")
TODAY = date(2026, 11, 24)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _city(request: pytest.FixtureRequest) -> None:
    if "transactional_db" in request.fixturenames:
        return
    request.getfixturevalue("db")
    _house()


def _house() -> None:
    make_units(NOW)
    make_people("kata-sandi-uji")
    account = Account.objects.create(key="x", channel="x", name="X @pemkot")
    Source.objects.create(account=account, kind="mention")


def unit(key: str) -> Unit:
    found = on_day(key, TODAY)
    assert found is not None
    return found


def person(name: str) -> Person:
    return Person.objects.get(username=name)


def as_(name: str) -> Client:
    client = Client()
    client.force_login(person(name), backend="django.contrib.auth.backends.ModelBackend")
    return client


def a_case(text: str = "Lampu jalan mati", **fields: Any) -> Case:
    number = Case.objects.count() + 1
    mention = Mention.objects.create(
        channel="x", external_id=f"u{number}", source=Source.objects.get(), text=text, heard_at=NOW
    )
    known = {"topic": "lampu_jalan_pju", "area": "32.75.09", "kind": "complaint", "state": State.VERIFIED}
    made: Case = Case.objects.create(
        number=f"BKS-2026-{number:06d}", mention=mention, opened_at=NOW, changed_at=NOW, **{**known, **fields}
    )
    return made


# --- the seed


def test_the_seed_has_every_kecamatan_and_says_what_is_not_confirmed() -> None:
    districts = Unit.objects.filter(sort=UnitSort.DISTRICT)
    assert len(set(districts.values_list("kecamatan", flat=True))) == 12
    assert not Unit.objects.get(key="disdik").confirmed
    assert Unit.objects.get(key="dbmsda").confirmed


def test_the_shipped_seed_holds_no_address_and_every_body_beside_the_city_its_words(settings: Any) -> None:
    for key, row in settings.UNITS["unit"].items():
        assert not row.get("urc_email"), key
        if row["sort"] == "outside":
            assert row["redirect"].endswith("."), key
            assert len(row["redirect"]) <= 300, key
            assert row["confirmed"] is False, key


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sort": "klub"}, "sort"),
        ({"name": ""}, "name"),
        ({"kecamatan": "31.01"}, "kecamatan"),
        ({"valid_from": 5}, "valid"),
    ],
)
def test_a_wrong_unit_in_the_file_is_named(change: dict[str, Any], said: str, settings: Any) -> None:
    table = copy.deepcopy(settings.UNITS)
    table["unit"]["dlh"].update(change)
    with pytest.raises(ImproperlyConfigured, match=rf"\[unit\.dlh\].*{said}"):
        seed_units(table)


@pytest.mark.parametrize(
    "change", [{"unit": "tidak_ada"}, {"topic": "cuaca"}, {"area": "1"}, {"authority": "raja"}]
)
def test_a_wrong_line_in_the_file_is_named_by_its_number(change: dict[str, Any], settings: Any) -> None:
    table = copy.deepcopy(settings.ROUTING)
    table["route"][1].update(change)
    settings.ROUTING = table
    with pytest.raises(ImproperlyConfigured, match="nomor 2"):
        routing.seed(NOW)


def test_the_demos_officers_have_their_units_and_the_coordinating_desk_has_none() -> None:
    assert [one.key for one in person("tono").units.all()] == ["dbmsda"]
    assert [one.key for one in person("lilis").units.all()] == ["dlh"]
    assert not person("agus").units.exists()


def test_the_demos_units_have_addresses_only_where_mail_can_be_sent(settings: Any) -> None:
    assert unit("dbmsda").urc_email == ""
    settings.EMAIL_HOST = "127.0.0.1"
    make_units(NOW)
    assert unit("dbmsda").urc_email.endswith(".example")
    assert unit("diskominfostandi").ppid_email.endswith(".example")


# --- one body after another


def test_a_new_name_begins_a_row_and_history_keeps_the_old_one() -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), person("agus"), NOW)
    old = unit("dbmsda")
    made = succession.rename(old, "Dinas Pekerjaan Umum", "DPU", TODAY + DAY, person("rina"), NOW)
    assert (on_day("dbmsda", TODAY), on_day("dbmsda", TODAY + DAY)) == (old, made)
    assert Assignment.objects.get().unit.short == "DBMSDA"
    assert heirs(TODAY + DAY).of(old.pk) == made


def test_cases_and_lines_follow_only_when_a_person_says_so() -> None:
    rina = person("rina")
    settled, waiting = a_case(), a_case()
    for case in (settled, waiting):
        routing.assign(case, unit("dlh"), person("agus"), NOW)
    routing.accepted(waiting, NOW)
    Receiver.objects.create(key="urc-dlh", sort="webhook", name="URC", unit=unit("dlh"))
    Case.objects.filter(pk=settled.pk).update(state=State.CLOSED)
    old, heir = unit("dlh"), unit("disperkimtan")
    succession.end(old, TODAY, heir, rina, NOW)
    assert Case.objects.get(pk=waiting.pk).unit == old
    done = succession.follow(old, rina, NOW + DAY)
    assert (done.cases, done.routes, done.people) == (1, 1, 1)
    assert Case.objects.get(pk=waiting.pk).unit == heir
    assert Case.objects.get(pk=settled.pk).unit == old
    assert Receiver.objects.get(key="urc-dlh").unit == heir
    assert set(person("lilis").units.all()) == {old, heir}
    line = Route.objects.get(topic="sampah", authority="", valid_to__isnull=True)
    assert (line.unit, line.valid_from) == (heir, TODAY + DAY)
    standing = routing.present(waiting)
    assert standing is not None
    assert standing.accepted_at == NOW
    assert RouteLesson.objects.get().settled == 1  # nothing was unlearned
    assert not succession.waiting(Unit.objects.get(pk=old.pk))
    assert timeline(f"unit:{old.pk}")[-1].data["cases"] == 1


def test_what_an_ended_unit_learned_speaks_for_its_heir() -> None:
    for _ in range(9):
        case = a_case()
        routing.assign(case, unit("dishub"), person("agus"), NOW)
        routing.accepted(case, NOW)
    succession.end(unit("dishub"), TODAY, unit("dlh"), person("rina"), NOW)
    assert routing.suggest(a_case(), TODAY + DAY)[0].unit.key == "dlh"


def test_a_line_to_an_ended_unit_says_who_took_over() -> None:
    succession.end(unit("dbmsda"), TODAY, unit("dlh"), person("rina"), NOW)
    (first, *_rest) = routing.suggest(a_case(), TODAY + DAY)
    assert first.unit.key == "dlh"
    assert first.why[0] == "Tabel rute: lampu jalan → DBMSDA, kini DLH"


def test_successors_never_go_round_in_a_circle() -> None:
    rina = person("rina")
    succession.end(unit("dlh"), TODAY + 9 * DAY, unit("dishub"), rina, NOW)
    with pytest.raises(NotAllowed, match="Pengganti tidak boleh"):
        succession.end(unit("dishub"), TODAY, unit("dlh"), rina, NOW)
    Unit.objects.filter(key="dishub").update(successor=unit("dlh"), valid_to=TODAY - DAY)
    Unit.objects.filter(key="dlh").update(valid_to=TODAY - DAY)
    assert heirs(TODAY).of(Unit.objects.get(key="dlh").pk) is None


@pytest.mark.parametrize("heir", ["pln", "dlh"])
def test_a_successor_that_cannot_be_is_refused(heir: str) -> None:
    with pytest.raises(NotAllowed, match="Pengganti"):
        succession.end(unit("dlh"), TODAY, unit(heir), person("rina"), NOW)
    with pytest.raises(NotAllowed, match="hari pertamanya"):
        succession.end(unit("dlh"), date(2016, 1, 1), None, person("rina"), NOW)


def test_following_waits_for_the_day_on_which_the_successor_begins() -> None:
    made = succession.rename(unit("dlh"), "Dinas Kebersihan", "DK", TODAY + 5 * DAY, person("rina"), NOW)
    old = Unit.objects.get(key="dlh", valid_to__isnull=False)
    with pytest.raises(NotAllowed, match="baru berlaku mulai"):
        succession.follow(old, person("rina"), NOW)
    succession.follow(old, person("rina"), NOW + 5 * DAY)
    assert Route.objects.get(topic="sampah", authority="", valid_to__isnull=True).unit == made


# --- pages


def test_who_reads_cases_reads_the_units_and_the_table_and_nobody_else() -> None:
    for name in ("tono", "wati", "rina", "agus"):
        client = as_(name)
        for address in (reverse("units"), reverse("unit", args=["dbmsda"]), reverse("routes")):
            assert client.get(address).status_code == 200, (name, address)
    for name in ("sari", "eka"):
        assert as_(name).get(reverse("units")).status_code == 403


@pytest.mark.parametrize("view", ["kota", "kecamatan", "luar", "berakhir", "ngawur"])
def test_every_view_of_the_list_opens(view: str) -> None:
    said = as_("agus").get(reverse("units"), {"tampilan": view})
    assert said.status_code == 200


def test_only_the_administrator_changes_units_and_lines() -> None:
    line = Route.objects.get(topic="sampah", authority="")
    posts = [
        reverse("unit_new"),
        reverse("unit_change", args=["dlh"]),
        reverse("unit_rename", args=["dlh"]),
        reverse("unit_end", args=["dlh"]),
        reverse("unit_follow", args=["dlh", unit("dlh").pk]),
        reverse("route_new"),
        reverse("route_change", args=[line.pk]),
        reverse("route_end", args=[line.pk]),
    ]
    for address in posts:
        assert as_("tono").post(address).status_code == 403, address
    assert "Ubah kontak" not in as_("tono").get(reverse("unit", args=["dlh"])).content.decode()


def test_a_wrong_address_is_refused_beside_the_form_and_what_was_typed_stays() -> None:
    sent = {"tim": "URC Kebersihan", "surel": "bukan-surel", "telepon": "021"}
    answer = as_("rina").post(reverse("unit_change", args=["dlh"]), sent)
    said = answer.content.decode()
    assert answer.status_code == 422
    assert "“bukan-surel” bukan alamat surel" in said
    assert 'value="bukan-surel"' in said
    fine = as_("rina").post(reverse("unit_change", args=["dlh"]), {**sent, "surel": "urc@dlh.example"})
    assert fine.status_code == 302
    assert unit("dlh").urc_email == "urc@dlh.example"


def test_the_administrator_ends_a_unit_and_moves_what_is_left_with_one_button() -> None:
    today = day_of(timezone.now())
    routing.assign(a_case(), unit("dlh"), person("agus"), timezone.now())
    rina = as_("rina")
    end = {"terakhir": (today - DAY).isoformat(), "pengganti": "disperkimtan"}
    assert rina.post(reverse("unit_end", args=["dlh"]), end).status_code == 302
    page = rina.get(reverse("unit", args=["dlh"])).content.decode()
    assert "Pindahkan 1 kasus" in page
    moved = rina.post(reverse("unit_follow", args=["dlh", Unit.objects.get(key="dlh").pk]), follow=True)
    assert "1 kasus dipindahkan." in moved.content.decode()
    assert Case.objects.get().unit == unit("disperkimtan")


def test_a_unit_can_be_added_and_its_key_is_taken_once() -> None:
    rina = as_("rina")
    sent = {"nama": "Dinas Baru", "singkatan": "DB", "kunci": "db", "jenis": "agency", "mulai": "2026-01-01"}
    assert rina.post(reverse("unit_new"), sent).status_code == 302
    assert unit("db").name == "Dinas Baru"
    again = rina.post(reverse("unit_new"), sent)
    assert (again.status_code, "sudah dipakai" in again.content.decode()) == (422, True)


def test_the_table_is_filtered_and_shown_as_it_was_on_a_day() -> None:
    line = Route.objects.get(topic="sampah", authority="")
    routes.change(line, routes.copy_for(line, unit("dishub"), TODAY + DAY), person("rina"), NOW)
    agus = as_("agus")
    before = agus.get(reverse("routes"), {"topik": "sampah", "pada": TODAY.isoformat()}).content.decode()
    after = agus.get(
        reverse("routes"), {"topik": "sampah", "pada": (TODAY + DAY).isoformat()}
    ).content.decode()
    assert 'sampah</strong> → <a href="/unit/dlh/"' in before
    assert 'sampah</strong> → <a href="/unit/dishub/"' in after
    assert agus.get(reverse("routes"), {"topik": "x", "pada": "kemarin", "ubah": "a"}).status_code == 200


def test_the_test_box_says_where_a_text_would_go_and_keeps_nothing() -> None:
    answer = as_("agus").post(
        reverse("route_trial"), {"teks": "Lampu jalan di Jatiasih mati sudah seminggu, gelap"}
    )
    said = answer.content.decode()
    assert answer.status_code == 200
    assert "Tabel rute: " in said
    assert not Mention.objects.exists()
    empty = as_("agus").post(reverse("route_trial"), {"teks": " "})
    assert (empty.status_code, "Tulis dahulu teks" in empty.content.decode()) == (422, True)


def test_a_line_is_added_changed_and_ended_on_the_page() -> None:
    rina, today = as_("rina"), day_of(timezone.now()).isoformat()
    new = {"topik": "perizinan", "wilayah": "32.75.09", "unit": "kec_jatiasih", "mulai": today}
    assert rina.post(reverse("route_new"), new).status_code == 302
    row = Route.objects.get(topic="perizinan", area="32.75.09")
    wrong = rina.post(reverse("route_change", args=[row.pk]), {"unit": "", "mulai": today})
    assert wrong.status_code == 422
    assert (
        rina.post(reverse("route_change", args=[row.pk]), {"unit": "dpmptsp", "mulai": today}).status_code
        == 302
    )
    row = Route.objects.get(topic="perizinan", area="32.75.09")
    assert row.unit == unit("dpmptsp")
    assert rina.post(reverse("route_end", args=[row.pk]), {"terakhir": today}).status_code == 302
    assert rina.get(reverse("routes"), {"ubah": row.pk}).status_code == 200


def test_an_officer_of_the_desk_gives_a_case_to_one_of_three_or_to_any_other() -> None:
    one, other = a_case(), a_case()
    agus = as_("agus")
    page = agus.get(reverse("case_assign", args=[one.number])).content.decode()
    assert page.count('type="radio"') == 4
    assert "Tabel rute: lampu jalan → DBMSDA" in page
    agus.post(reverse("case_assign", args=[one.number]), {"unit": "dbmsda", "terlihat": "0"})
    agus.post(
        reverse("case_assign", args=[other.number]), {"unit": "_lain", "lain": "dinkes", "terlihat": "0"}
    )
    assert [case.unit.key for case in Case.objects.order_by("pk") if case.unit] == ["dbmsda", "dinkes"]


def test_an_old_page_does_not_move_a_case_that_somebody_else_gave_away() -> None:
    case = a_case()
    routing.assign(case, unit("dlh"), person("rina"), NOW)
    sent = {"unit": "dbmsda", "alasan": "lampu", "terlihat": "0"}
    answer = as_("agus").post(reverse("case_assign", args=[case.number]), sent)
    assert answer.status_code == 422
    assert "baru saja diberikan kepada DLH" in answer.content.decode()
    assert 'value="lampu"' in answer.content.decode()
    assert Case.objects.get().unit == unit("dlh")


def test_tono_sends_back_what_is_not_his_and_no_longer_sees_it() -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), person("agus"), NOW)
    tono = as_("tono")
    address = reverse("case_refuse", args=[case.number])
    assert tono.post(address, {"alasan": " "}).status_code == 422
    assert tono.post(address, {"alasan": "lampu taman, tugas Disperkimtan"}).status_code == 302
    assert Case.objects.get().unit is None
    assert tono.post(address, {"alasan": "lagi"}).status_code == 404
    assert as_("lilis").get(reverse("case_assign", args=[case.number])).status_code == 404


def test_a_case_sent_back_three_times_stands_on_the_table_page() -> None:
    case = a_case()
    for key in ("dbmsda", "dishub", "dlh"):
        routing.assign(case, unit(key), person("agus"), NOW)
        routing.refuse(case, person("agus"), NOW, "bukan kami")
    said = as_("agus").get(reverse("routes")).content.decode()
    assert "3 kali ditolak" in said
    assert "Putuskan bersama" in as_("agus").get(reverse("case_assign", args=[case.number])).content.decode()


def test_a_units_page_tells_its_share_in_time() -> None:
    case = a_case()
    routing.assign(case, unit("dbmsda"), person("agus"), NOW)
    Clock.objects.filter(case=case).delete()
    now = timezone.now()
    for number, outcome in enumerate(["met", "met", "met", "missed"]):
        Clock.objects.create(
            subject=case.subject,
            case=case,
            rule=f"r{number}",
            started_at=now,
            due_at=now,
            ended_at=now,
            outcome=outcome,
        )
    said = as_("agus").get(reverse("unit", args=["dbmsda"])).content.decode()
    assert "3 dari 4 tenggat" in said


# --- two at once


def _gives(case_id: int, key: str, name: str) -> str:
    """What an officer reads who gives the case away at this moment; "" when it worked."""
    try:
        seen = Case.objects.get(pk=case_id)
        seen.unit, seen.state = None, State.VERIFIED.value
        routing.assign(seen, Unit.objects.get(key=key), Person.objects.get(username=name), NOW)
    except NotAllowed as refusal:
        return str(refusal)
    finally:
        connections.close_all()
    return ""


def test_of_two_officers_at_once_one_gives_the_case_and_the_other_reads_a_sentence(
    transactional_db: None,
) -> None:
    _house()
    cases = [a_case().pk for _ in range(6)]
    with ThreadPoolExecutor(2) as pool:
        for case in cases:
            both = [
                pool.submit(_gives, case, key, name) for key, name in (("dbmsda", "agus"), ("dlh", "rina"))
            ]
            said = sorted(one.result() for one in both)
            assert said[0] == ""
            assert "baru saja" in said[1]
    assert Assignment.objects.count() == 6
    assert Assignment.objects.filter(ended_at__isnull=True).count() == 6


def test_many_yeses_at_once_are_all_counted(transactional_db: None) -> None:
    _house()
    cases = [a_case() for _ in range(12)]
    for case in cases:
        routing.assign(case, unit("dbmsda"), person("agus"), NOW)

    def says_yes(case: Case) -> None:
        try:
            routing.accepted(case, NOW)
            routing.accepted(case, NOW)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(says_yes, cases))
    assert RouteLesson.objects.get().settled == 12
