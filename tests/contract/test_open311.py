"""The Open311 server against the published rules of GeoReport v2: each answer by a schema written from them."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import xmlschema
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from cases.models import Case, State
from cases.open import open_intake
from cases.topics import TOPICS
from channels.models import Account
from city.models import Unit
from monitor.intake import take
from monitor.models import Mention, Original

pytestmark = pytest.mark.django_db

HERE = Path(__file__).resolve().parent.parent / "open311"
XSD = xmlschema.XMLSchema(str(HERE / "georeport_v2.xsd"))
KEY = "kunci-aplikasi-warga"
REPORT = {
    "api_key": KEY,
    "service_code": "jalan_trotoar",
    "lat": "-6.301",
    "long": "106.962",
    "description": "Jalan berlubang besar di depan pasar.",
}


@pytest.fixture(autouse=True)
def _key(settings: Any) -> None:
    cache.clear()
    keys = {"aplikasi_warga": hashlib.sha256(KEY.encode()).hexdigest()}
    settings.DESKS = {**settings.DESKS, "open311": {**settings.DESKS["open311"], "keys": keys}}


def schema(name: str) -> Any:
    return json.loads((HERE / f"{name}.schema.json").read_text("utf-8"))


def fits(answer: Any, name: str) -> Any:
    """The JSON of an answer, after it was held against the specification."""
    assert answer["Content-Type"] == "application/json; charset=utf-8"
    told = json.loads(answer.content.decode("utf-8"))
    jsonschema.validate(told, schema(name), format_checker=jsonschema.FormatChecker())
    return told


def fits_xml(answer: Any, root: str) -> Any:
    assert answer["Content-Type"] == "text/xml; charset=utf-8"
    text = answer.content.decode("utf-8")
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>')
    XSD.validate(text)
    found = xmlschema.XMLResource(text).root
    assert found.tag == root
    return found


def get(path: str, **query: str) -> Any:
    return Client().get(f"/open311/v2/{path}", query)


def post(path: str = "requests.json", **changes: str) -> Any:
    return Client().post(f"/open311/v2/{path}", {**REPORT, **changes})


def sent(**changes: str) -> Case:
    """A report that came in by Open311."""
    answer = fits(post(**changes), "posted")
    return Case.objects.get(number=answer[0]["service_request_id"])


# --- services


def test_the_service_list_has_every_topic_in_both_formats() -> None:
    told = fits(get("services.json"), "services")
    assert {one["service_code"] for one in told} == set(TOPICS)
    root = fits_xml(get("services.xml"), "services")
    assert [one.findtext("service_code") for one in root] == [one["service_code"] for one in told]


def test_a_service_definition_numbers_its_questions_from_one_and_never_twice() -> None:
    told = fits(get("services/lampu_jalan_pju.json"), "service_definition")
    assert [one["order"] for one in told["attributes"]] == list(range(1, len(told["attributes"]) + 1))
    assert "NOMOR_TIANG" in {one["code"] for one in told["attributes"]}
    areas = next(one for one in told["attributes"] if one["code"] == "KELURAHAN")
    assert len(areas["values"]) == 56
    fits_xml(get("services/lampu_jalan_pju.xml"), "service_definition")


def test_every_service_with_metadata_has_a_definition() -> None:
    for one in fits(get("services.json"), "services"):
        if one["metadata"]:
            fits(get(f"services/{one['service_code']}.json"), "service_definition")


def test_an_unknown_service_is_404_in_the_asked_format() -> None:
    answer = get("services/sirkus.json")
    assert (answer.status_code, fits(answer, "errors")[0]["code"]) == (404, 404)
    answer = get("services/sirkus.xml")
    assert answer.status_code == 404
    fits_xml(answer, "errors")


def test_discovery_says_where_the_server_is_and_what_it_speaks() -> None:
    answer = Client().get("/open311/discovery.json")
    told = fits(answer, "discovery")
    assert told["endpoints"][0]["url"].endswith("/open311/v2")
    assert set(told["endpoints"][0]["formats"]) == {"text/xml", "application/json"}


# --- general rules


@pytest.mark.parametrize("path", ["services", "services/sampah", "requests"])
def test_another_jurisdiction_is_404_and_ours_or_none_is_fine(path: str) -> None:
    assert get(f"{path}.json", jurisdiction_id="sfgov.org").status_code == 404
    assert get(f"{path}.json", jurisdiction_id="bekasikota.go.id").status_code == 200
    assert get(f"{path}.json", jurisdiction_id="").content == get(f"{path}.json").content


def test_an_empty_argument_counts_as_one_that_was_not_given() -> None:
    sent()
    plain = get("requests.json").content
    empty = get(
        "requests.json", service_code="", status="", start_date="", end_date="", service_request_id=""
    )
    assert empty.content == plain


def test_without_a_format_the_answer_is_xml_or_the_json_that_was_asked_for() -> None:
    fits_xml(get("services"), "services")
    answer = Client().get("/open311/v2/services", headers={"Accept": "application/json"})
    fits(answer, "services")


def test_an_unknown_format_and_an_unknown_method_are_400() -> None:
    answer = get("services.yaml")
    assert answer.status_code == 400
    fits_xml(answer, "errors")
    answer = Client().delete("/open311/v2/requests.json")
    assert answer.status_code == 400
    fits(answer, "errors")


def test_a_resource_that_does_not_exist_is_404() -> None:
    for path in ("requests/BKS-1999-000001.json", "tokens/entah.json", "services/entah.json"):
        answer = get(path)
        assert answer.status_code == 404, path
        fits(answer, "errors")


# --- POST requests


def test_a_report_becomes_a_case_at_once_with_its_number_and_no_token() -> None:
    told = fits(post(), "posted")
    case = Case.objects.get(number=told[0]["service_request_id"])
    assert (case.topic, case.kind, case.mention.channel) == ("jalan_trotoar", "complaint", "intake")
    root = fits_xml(post("requests.xml", description="Trotoar hancur di depan sekolah."), "service_requests")
    assert Case.objects.filter(number=root[0].findtext("service_request_id")).exists()


def test_without_an_api_key_or_with_a_wrong_one_it_is_403_and_nothing_is_kept() -> None:
    for key in ("", "tebakan"):
        answer = post(api_key=key)
        assert answer.status_code == 403
        assert fits(answer, "errors")[0]["code"] == 403
    assert not Case.objects.exists()


def test_a_missing_service_code_is_400_and_an_unknown_one_404() -> None:
    assert post(service_code="").status_code == 400
    assert post(service_code="sirkus").status_code == 404


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ({"lat": "-6.3", "long": "106.9"}, 200),
        ({"address_string": "Jl. Mawar, Jatiasih"}, 200),
        ({"address_id": "32.75.09.1002"}, 200),
        ({}, 400),
        ({"lat": "-6.3"}, 400),
        ({"long": "106.9", "address_string": "Jl. Mawar"}, 400),
        ({"lat": "91", "long": "106.9"}, 400),
        ({"lat": "nan", "long": "inf"}, 400),
        ({"lat": "utara", "long": "timur"}, 400),
    ],
)
def test_a_full_location_must_be_submitted(where: dict[str, str], status: int) -> None:
    form = {name: value for name, value in REPORT.items() if name not in ("lat", "long")}
    answer = Client().post("/open311/v2/requests.json", {**form, **where})
    assert answer.status_code == status
    fits(answer, "posted" if status == 200 else "errors")


def test_several_errors_come_in_one_answer() -> None:
    form = {"api_key": KEY, "service_code": "sampah", "media_url": "ftp://x", "attribute[JENIS]": "entah"}
    answer = Client().post("/open311/v2/requests.json", form)
    assert answer.status_code == 400
    assert len(fits(answer, "errors")) == 3


def test_a_required_attribute_must_be_answered(settings: Any) -> None:
    ask = {"code": "TIANG", "description": "Nomor tiang", "datatype": "number", "required": True}
    table = {**settings.DESKS["open311"], "questions": {"lampu_jalan_pju": [ask]}}
    settings.DESKS = {**settings.DESKS, "open311": table}
    assert post(service_code="lampu_jalan_pju").status_code == 400
    assert post(service_code="lampu_jalan_pju", **{"attribute[TIANG]": "dua"}).status_code == 400
    case = sent(service_code="lampu_jalan_pju", **{"attribute[TIANG]": "12"})
    assert "Nomor tiang: 12" in case.mention.text


def test_a_description_longer_than_4000_letters_is_refused() -> None:
    assert post(description="a" * 4001).status_code == 400
    assert post(description="b" * 4000).status_code == 200


def test_the_kelurahan_and_the_kind_that_were_chosen_hold() -> None:
    case = sent(**{"attribute[KELURAHAN]": "32.75.09.1002", "attribute[JENIS]": "aspirasi"})
    assert case.kind == "aspiration"
    assert case.place


def test_sent_twice_with_one_key_it_is_one_case_and_the_key_finds_it() -> None:
    first = sent(**{"attribute[KUNCI]": "hp-7/42"})
    again = sent(**{"attribute[KUNCI]": "hp-7/42"})
    assert first.pk == again.pk
    other = sent(**{"attribute[KUNCI]": "kunci-lain"}, description="Lain lagi: pohon tumbang.")
    told = fits(get("tokens/kunci-lain.json"), "token")
    assert told == [{"service_request_id": other.number, "token": "kunci-lain"}]
    fits_xml(get("tokens/kunci-lain.xml"), "service_requests")


def test_the_same_form_within_the_hour_is_the_same_report() -> None:
    assert sent().pk == sent().pk
    assert Case.objects.count() == 1


def test_a_key_may_send_only_so_much_in_an_hour(settings: Any) -> None:
    settings.DESKS = {**settings.DESKS, "open311": {**settings.DESKS["open311"], "posts_an_hour": 1}}
    assert post().status_code == 200
    answer = post(description="Satu lagi.")
    assert (answer.status_code, fits(answer, "errors")[0]["code"]) == (400, 429)


# --- GET requests


def test_a_request_has_every_field_of_the_specification_and_no_other() -> None:
    case = sent(**{"attribute[KELURAHAN]": "32.75.09.1002"})
    unit = Unit.objects.create(
        key="uji", name="Dinas Uji", short="Uji", sort="agency", valid_from="2020-01-01"
    )
    Case.objects.filter(pk=case.pk).update(unit=unit)
    (told,) = fits(get(f"requests/{case.number}.json"), "requests")
    assert (told["status"], told["agency_responsible"]) == ("open", "Dinas Uji")
    root = fits_xml(get(f"requests/{case.number}.xml"), "service_requests")
    assert [one.tag for one in root[0]] == list(told)


def test_closed_means_ended_and_its_time_is_that_of_the_end() -> None:
    case = sent()
    ended = datetime(2026, 11, 20, 3, tzinfo=UTC)
    Case.objects.filter(pk=case.pk).update(state=State.CLOSED, ended_at=ended)
    (told,) = fits(get(f"requests/{case.number}.json"), "requests")
    assert (told["status"], told["updated_datetime"]) == ("closed", "2026-11-20T03:00:00Z")
    assert told["expected_datetime"] is None
    assert fits(get("requests.json", status="open"), "requests") == []
    assert len(fits(get("requests.json", status="open,closed"), "requests")) == 1


def test_service_request_id_overrides_all_other_arguments() -> None:
    first, second = sent(), sent(description="Yang kedua.", service_code="sampah")
    told = fits(
        get(
            "requests.json",
            service_request_id=f"{first.number}, {second.number},BKS-1-1",
            status="closed",
            service_code="entah",
            start_date="bukan tanggal",
        ),
        "requests",
    )
    assert {one["service_request_id"] for one in told} == {first.number, second.number}


def test_service_codes_may_be_listed_and_an_unknown_one_is_404() -> None:
    sent()
    sent(description="Sampah menumpuk.", service_code="sampah")
    sent(description="Pohon tumbang.", service_code="pohon_taman")
    told = fits(get("requests.json", service_code="sampah,pohon_taman"), "requests")
    assert {one["service_code"] for one in told} == {"sampah", "pohon_taman"}
    assert get("requests.json", service_code="sirkus").status_code == 404


def opened(case: Case, days_ago: int) -> None:
    Case.objects.filter(pk=case.pk).update(opened_at=datetime.now(UTC) - timedelta(days=days_ago))


def test_without_dates_the_newest_ninety_days_are_given() -> None:
    young, old = sent(), sent(description="Yang lama.")
    opened(young, 89)
    opened(old, 91)
    told = fits(get("requests.json"), "requests")
    assert [one["service_request_id"] for one in told] == [young.number]


def test_dates_choose_by_the_time_of_the_request_and_span_ninety_days_at_most() -> None:
    case = sent()
    Case.objects.filter(pk=case.pk).update(opened_at=datetime(2026, 3, 10, tzinfo=UTC))
    for start, end, found in (
        ("2026-03-01T00:00:00Z", "2026-03-31T00:00:00Z", 1),
        ("2026-03-10T07:00:00+07:00", "2026-03-10T07:00:00+07:00", 1),
        ("2026-03-11T00:00:00Z", "2026-03-31T00:00:00Z", 0),
        ("2026-03-01T00:00:00Z", "", 1),
        ("", "2026-03-20T00:00:00Z", 1),
    ):
        assert len(fits(get("requests.json", start_date=start, end_date=end), "requests")) == found, (
            start,
            end,
        )
    long = get("requests.json", start_date="2026-01-01T00:00:00Z", end_date="2026-04-02T00:00:01Z")
    assert long.status_code == 400
    back = get("requests.json", start_date="2026-02-01T00:00:00Z", end_date="2026-01-01T00:00:00Z")
    assert back.status_code == 400


@pytest.mark.parametrize(
    "date", ["2026-01-01", "2026-01-01T00:00:00", "kemarin", "2026-13-01T00:00:00Z", "0"]
)
def test_a_date_without_its_zone_or_in_another_form_is_400(date: str) -> None:
    answer = get("requests.json", start_date=date)
    assert answer.status_code == 400
    fits(answer, "errors")


def test_an_answer_holds_as_many_as_the_limit_says(settings: Any) -> None:
    settings.DESKS = {**settings.DESKS, "open311": {**settings.DESKS["open311"], "most": 2}}
    for number in range(3):
        sent(description=f"Laporan nomor {number}.")
    assert len(fits(get("requests.json"), "requests")) == 2


# --- no personal data


def test_nothing_of_a_person_goes_out(now: Any) -> None:
    case = sent(
        description="Lubang di depan rumah, hubungi @warga_jatiasih atau 0812 3456 7890.",
        address_string="Jl. Mawar 5, Jatiasih",
        email="siti@example.org",
        phone="081234567890",
        first_name="Siti",
        last_name="Rahayu",
        device_id="perangkat-1",
        account_id="akun-9",
    )
    hidden = ["0812", "siti@", "Siti", "Rahayu", "Mawar", "warga_jatiasih", "perangkat-1", "akun-9", "-6.301"]
    for path in ("requests.json", f"requests/{case.number}.xml"):
        text = get(path, extensions="true" if path.endswith("json") else "").content.decode()
        for secret in hidden:
            assert secret not in text, (path, secret)
    assert "0812" not in Mention.objects.get(pk=case.mention_id).text
    assert Original.objects.filter(mention=case.mention_id).exists()


def test_what_was_said_to_a_desk_alone_is_only_summed_up(now: Any) -> None:
    mention = take("call_center", "T-1", "Suami saya memukul tetangga di Jatiasih", now)
    case = open_intake(mention, now, kind="complaint", topic="ketertiban_keamanan", place="Jatiasih")
    (told,) = fits(get(f"requests/{case.number}.json"), "requests")
    assert told["description"] == "Ketertiban dan keamanan, Jatiasih."


def test_the_place_is_no_more_exact_than_a_kelurahan() -> None:
    case = sent(**{"attribute[KELURAHAN]": "32.75.09.1002"})
    Case.objects.filter(pk=case.pk).update(area="32.75.09.1002")
    (told,) = fits(get(f"requests/{case.number}.json"), "requests")
    assert (told["lat"], told["long"]) == (-6.3, 106.96)


def test_the_extension_comes_only_when_it_is_asked_for() -> None:
    case = sent()
    assert "extended_attributes" not in get(f"requests/{case.number}.json").json()[0]
    told = get(f"requests/{case.number}.json", extensions="true").json()[0]["extended_attributes"]
    assert told["number"] == case.number
    assert told["incident_id"] is None


# --- whatever is asked, never a 5xx

_words = st.text(max_size=40)
_fields = st.sampled_from([*REPORT, "address_string", "media_url", "email", "attribute[WAKTU]"])
_names = st.sampled_from(
    [
        "service_request_id",
        "service_code",
        "start_date",
        "end_date",
        "status",
        "jurisdiction_id",
        "extensions",
    ]
)


@effort(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(_names, _words), st.sampled_from(["json", "xml", ""]))
def test_no_query_brings_the_server_down(query: dict[str, str], form: str) -> None:
    cache.clear()
    answer = get("requests" + (f".{form}" if form else ""), **query)
    assert answer.status_code in (200, 400, 404)
    if form == "json" and answer.status_code == 200:
        assert isinstance(answer.json(), list)
    elif form == "json":
        fits(answer, "errors")
    else:
        XSD.validate(answer.content.decode("utf-8"))


@effort(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from([*REPORT, "address_string", "media_url", "email", "attribute[WAKTU]"]), _words
    )
)
def test_no_form_brings_the_server_down(form: dict[str, str]) -> None:
    cache.clear()
    clean = {name: value.replace("\x00", "") for name, value in form.items()}
    answer = Client().post("/open311/v2/requests.json", {**REPORT, **clean})
    assert answer.status_code in (200, 400, 403, 404)
    fits(answer, "posted" if answer.status_code == 200 else "errors")


def test_the_intake_accounts_are_never_enabled() -> None:
    sent()
    assert list(Account.objects.filter(channel="intake").values_list("key", "enabled")) == [
        ("intake_open311", False)
    ]
