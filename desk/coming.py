"""What the pages of the series share: one of the next times with all about it, and what an address names."""

from dataclasses import dataclass
from datetime import date

from django.http import Http404
from django.shortcuts import get_object_or_404

from channels.models import Account
from desk.agenda import clock_of
from desk.times import date_words
from publisher.kinds import AnnouncementKind, TemplateProblem, kind_named
from publisher.models import Announcement, Series
from publisher.recurrence import Occurrence
from publisher.wall import local_day
from publisher.windows import Finding, explain, zone


@dataclass(frozen=True, slots=True)
class Coming:
    """One of the next times, with what became of it and what speaks against it."""

    occurrence: Occurrence
    day: str  #: "Senin, 30 November 2026"
    clock: str
    against: list[Finding]
    written: Announcement | None = None


def coming_of(
    occurrence: Occurrence, content_class: str, targets: list[Account], written: Announcement | None = None
) -> Coming:
    moment = written.publish_at if written and written.publish_at else occurrence.moment
    day = date_words(local_day(moment, zone()))
    against = explain(moment, content_class, targets, written)
    return Coming(occurrence, day, clock_of(moment), against, written)


def kind_or_404(key: str) -> AnnouncementKind:
    try:
        return kind_named(key)
    except TemplateProblem as error:
        raise Http404(str(error)) from error


def series_or_404(series_id: int) -> Series:
    return get_object_or_404(Series.objects.select_related("author", "approved_by"), pk=series_id)


def day_in(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
