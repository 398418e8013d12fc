"""Who gets which matters, from when until when, and who had a case for how long."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from city.models import Unit
from classifiers.models import KindChoice


class Route(models.Model):
    """One line of the routing table. Empty conditions fit everything; the most exact line that stands wins."""

    kind = models.CharField(max_length=20, choices=KindChoice.choices, blank=True)
    topic = models.CharField(max_length=30, blank=True)
    area = models.CharField(max_length=13, blank=True)  #: Kemendagri code of a kecamatan or kelurahan
    authority = models.CharField(max_length=30, blank=True)  #: key of authority.toml
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="routes")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  #: last day, inclusive
    note = models.CharField(max_length=300, blank=True)  #: where it comes from
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  #: None: from routing.toml

    class Meta:
        verbose_name = _("rute")
        verbose_name_plural = _("rute")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "topic", "area", "authority", "unit", "valid_from"], name="route_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic or '*'} {self.area or '*'} → {self.unit_id}"


class AssignmentEnd(models.TextChoices):
    REFUSED = "refused", _("ditolak unit")
    MOVED = "moved", _("dipindahkan")
    DONE = "done", _("selesai")


class Assignment(models.Model):
    """A unit has a case. The row without an end is the present one."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="assignments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="assignments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    why = models.CharField(max_length=500, blank=True)
    #: What was suggested at that moment, best first: [{"unit": key, "score": 0.8, "why": "…"}].
    suggested = models.JSONField(default=list)
    accepted_at = models.DateTimeField(null=True)  #: when the unit said that it is theirs
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=10, choices=AssignmentEnd.choices, blank=True)
    end_why = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("penugasan")
        verbose_name_plural = _("penugasan")
        constraints = [
            models.UniqueConstraint(
                fields=["case"], condition=Q(ended_at__isnull=True), name="one_assignment"
            ),
        ]
        indexes = [
            models.Index(fields=["case"], condition=Q(end="refused"), name="assignment_refused"),
            models.Index(fields=["unit", "-ended_at"], name="assignment_of_unit"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.unit_id}"


class RouteLesson(models.Model):
    """What one month taught: how many cases of one sort ended at a unit, and how many it refused. Counted as they

    happen (cases/route_learning.py), so that a suggestion never reads the assignments of years.
    """

    topic = models.CharField(max_length=30, blank=True)  #: "" where no topic was told
    area = models.CharField(max_length=8, blank=True)  #: Kemendagri code of the kecamatan; "" unknown
    authority = models.CharField(max_length=30, blank=True)  #: "" for the city's own matters
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    month = models.DateField()  #: its first day
    settled = models.PositiveIntegerField(default=0)
    refused = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("pelajaran rute")
        verbose_name_plural = _("pelajaran rute")
        constraints = [
            models.UniqueConstraint(
                fields=["topic", "authority", "month", "area", "unit"], name="route_lesson_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.topic or '*'} {self.area or '*'} {self.month} → {self.unit_id}"
