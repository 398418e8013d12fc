"""What an outage kept back does not flood the channels afterwards: what is too late is asked about."""

from datetime import datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from publisher.kinds import TemplateProblem, kind_named
from publisher.models import Act, Announcement, Delivery


def too_late(delivery: Delivery, now: datetime) -> str:
    """Why ``delivery`` is not sent by itself any more, for the person who decides; "" when it may go out.

    By calendar.toml, [overdue]: minutes for each content class. Only a first publication can be too late: a
    correction or a withdrawal is needed the more, the later it is.
    """
    if delivery.act != Act.PUBLISH:
        return ""
    late = now - delivery.due_at
    most = timedelta(minutes=_minutes(delivery.announcement))
    if late <= most:
        return ""
    return _(
        "Terlambat %(late)s (batasnya %(most)s). Masih perlu ditayangkan? Kirim sekarang atau batalkan."
    ) % {
        "late": _span(late),
        "most": _span(most),
    }


def _minutes(announcement: Announcement) -> float:
    """By the class that its kind names for this, else by its content class; an unknown one is the ordinary one."""
    table = settings.CALENDAR["overdue"]
    try:
        named = kind_named(announcement.kind).overdue
    except TemplateProblem:
        named = ""
    return float(table.get(named or announcement.content_class, table["general"]))


def _span(span: timedelta) -> str:
    """In the unit that says it best: minutes, hours, days."""
    minutes = int(span / timedelta(minutes=1))
    if minutes < 120:
        return ngettext("%(count)d menit", "%(count)d menit", minutes) % {"count": minutes}
    if minutes < 48 * 60:
        hours = minutes // 60
        return ngettext("%(count)d jam", "%(count)d jam", hours) % {"count": hours}
    days = minutes // (24 * 60)
    return ngettext("%(count)d hari", "%(count)d hari", days) % {"count": days}
