"""The form of a series: what was typed, the plan that it means, and a stored series as the form shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels.models import Account
from desk.times import date_words
from publisher.kinds import AnnouncementKind
from publisher.models import Series
from publisher.recurrence import BadRule, clock_of, daily, monthly, weekly, yearly
from publisher.series import Plan

#: Before the names of a kind's own fields in the form, in Indonesian and in English.
PREFIX, PREFIX_EN = "isi_", "en_"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: "The second Friday of the month", as the trigger says it.
NTH: dict[str, Promise] = {
    "1st": gettext_lazy("pertama"),
    "2nd": gettext_lazy("kedua"),
    "3rd": gettext_lazy("ketiga"),
    "4th": gettext_lazy("keempat"),
    "last": gettext_lazy("yang terakhir"),
}
#: A Monday, by which the days of the week are named.
_MONDAY = date(2024, 1, 1)


@dataclass(slots=True)
class Sheet:
    """All that stands in the form, as it was typed."""

    title: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    fields_en: dict[str, str] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    kecamatan: list[str] = field(default_factory=list)
    rhythm: str = "mingguan"  #: harian, mingguan, bulanan, hari_ke or tahunan
    weekdays: list[str] = field(default_factory=lambda: ["mon"])
    day: str = "1"  #: of the month: 1 to 31, or "last"
    nth: str = "1st"
    nth_day: str = "mon"
    month: str = "1"
    month_day: str = "1"
    clock: str = "08:00"
    starts_on: str = ""
    ends_on: str = ""
    on_holiday: str = "keep"
    since: str = ""  #: from which day on a change holds; "" in a new series


def weekday_names() -> dict[str, str]:
    """The days of the week in the language of the page, from Monday on."""
    return {key: date_words(_MONDAY + timedelta(days=step), "EEEE") for step, key in enumerate(WEEKDAYS)}


def month_names() -> dict[str, str]:
    return {str(month): date_words(date(2024, month, 1), "MMMM") for month in range(1, 13)}


def typed(kind: AnnouncementKind, sent: QueryDict) -> Sheet:
    """Read the form. A browser sends each line break as two characters; we keep one."""
    text = {name: str(sent.get(name, "")).strip() for name in sent}
    english = {one.name: _of(sent, PREFIX_EN, one.name) for one in kind.fields if one.translated}
    return Sheet(
        title=text.get("title", ""),
        fields={one.name: _of(sent, PREFIX, one.name) for one in kind.fields},
        fields_en=english if any(value.strip() for value in english.values()) else {},
        accounts=list(Account.objects.filter(enabled=True, key__in=sent.getlist("targets")).order_by("id")),
        kecamatan=sent.getlist("kecamatan"),
        weekdays=[day for day in WEEKDAYS if day in sent.getlist("weekdays")],
        **{name: text.get(name, "") for name in _PLAIN},
    )


_PLAIN = (
    *("rhythm", "day", "nth", "nth_day", "month", "month_day"),
    *("clock", "starts_on", "ends_on", "on_holiday", "since"),
)


def plan_of(sheet: Sheet, today: date) -> tuple[Plan, dict[str, str]]:
    """The plan, and a sentence for each thing typed that no plan can hold, by its name in the form."""
    wrong: dict[str, str] = {}
    starts_on = _date(sheet.starts_on, "starts_on", wrong) or today
    ends_on = _date(sheet.ends_on, "ends_on", wrong)
    if sheet.rhythm == "mingguan" and not sheet.weekdays:
        wrong["rule"] = _("Pilih paling sedikit satu hari.")
    plan = Plan(
        title=sheet.title,
        fields=dict(sheet.fields),
        fields_en=dict(sheet.fields_en),
        targets=sheet.accounts,
        kecamatan=sheet.kecamatan,
        rule=_rule(sheet),
        starts_on=starts_on,
        ends_on=ends_on,
        on_holiday=sheet.on_holiday,
    )
    return plan, wrong


def stored(series: Series) -> Sheet:
    """A series as the form shows it."""
    sheet = Sheet(
        title=series.title,
        fields=dict(series.fields),
        fields_en=dict(series.fields_en),
        accounts=list(series.targets.order_by("id")),
        kecamatan=list(series.kecamatan),
        starts_on=series.starts_on.isoformat(),
        ends_on=series.ends_on.isoformat() if series.ends_on else "",
        on_holiday=series.on_holiday,
    )
    _show_rule(sheet, series.rule)
    return sheet


def spoken_rule(rule: Mapping[str, Any]) -> str:
    """A rule as people say it: "setiap Senin dan Kamis pukul 08.00"."""
    sheet = Sheet()
    _show_rule(sheet, rule)
    return _("%(days)s pukul %(clock)s") % {"days": _days(sheet), "clock": sheet.clock.replace(":", ".")}


def _days(sheet: Sheet) -> str:
    names = weekday_names()
    match sheet.rhythm:
        case "harian":
            return _("setiap hari")
        case "bulanan" if sheet.day == "last":
            return _("setiap hari terakhir bulan")
        case "bulanan":
            return _("setiap tanggal %(day)s") % {"day": sheet.day}
        case "hari_ke":
            return _("setiap %(day)s %(nth)s dalam bulan") % {
                "day": names.get(sheet.nth_day, sheet.nth_day),
                "nth": NTH.get(sheet.nth, sheet.nth),
            }
        case "tahunan":
            months = month_names()
            return _("setiap %(day)s %(month)s") % {
                "day": sheet.month_day,
                "month": months.get(sheet.month, sheet.month),
            }
        case _:
            return _("setiap %(days)s") % {"days": ", ".join(names.get(one, one) for one in sheet.weekdays)}


def _rule(sheet: Sheet) -> dict[str, str]:
    """The trigger's fields; {} where the time of day cannot be read, which the series then names."""
    try:
        clock = time.fromisoformat(sheet.clock)
        match sheet.rhythm:
            case "harian":
                return daily(clock)
            case "bulanan":
                return monthly(sheet.day, clock)
            case "hari_ke":
                return monthly(f"{sheet.nth} {sheet.nth_day}", clock)
            case "tahunan":
                return yearly(int(sheet.month), int(sheet.month_day), clock)
            case _:
                return weekly(sheet.weekdays, clock)
    except ValueError:
        return {}


def _show_rule(sheet: Sheet, rule: Mapping[str, Any]) -> None:
    try:
        sheet.clock = f"{clock_of(dict(rule)):%H:%M}"
    except BadRule:
        sheet.clock = ""
    day, weekdays = str(rule.get("day", "")), str(rule.get("day_of_week", ""))
    if "month" in rule:
        sheet.rhythm, sheet.month, sheet.month_day = "tahunan", str(rule["month"]), day
    elif " " in day:
        sheet.rhythm = "hari_ke"
        sheet.nth, sheet.nth_day = day.split(" ", 1)
    elif day:
        sheet.rhythm, sheet.day = "bulanan", day
    elif weekdays == "*":
        sheet.rhythm = "harian"
    else:
        sheet.rhythm, sheet.weekdays = "mingguan", weekdays.split(",")


def _date(text: str, name: str, wrong: dict[str, str]) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong[name] = _("Tanggalnya tidak ada di kalender; pilih lagi.")
        return None


def _of(sent: QueryDict, prefix: str, name: str) -> str:
    return str(sent.get(prefix + name, "")).replace("\r\n", "\n")
