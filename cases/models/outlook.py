"""What the machine sees coming and proposes: spikes, drafts of announcements, and updates of an incident."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Incident
from publisher.models import Announcement, Pause


class Spike(models.Model):
    """More was said in an hour than this hour of the week usually brings."""

    scope = models.CharField(max_length=60)  #: "all", "topic:banjir", "area:32.75.09"
    started_at = models.DateTimeField()  #: begin of the first hour that stood out
    last_at = models.DateTimeField()  #: end of the last one
    observed = models.PositiveIntegerField()  #: distinct accounts in the busiest hour
    expected = models.FloatField()  #: by the baseline
    #: Why: {"topics": [[key, count]], "places": [...], "accounts": n, "top_account_share": 0.4, "sentence": "…"}.
    explanation = models.JSONField(default=dict)
    urgent = models.BooleanField(default=False)  #: an emergency is among them: told at any hour
    told_at = models.DateTimeField(null=True)  #: None while the quiet hours keep it back
    seen_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    seen_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("lonjakan")
        verbose_name_plural = _("lonjakan")
        constraints = [
            models.UniqueConstraint(
                fields=["scope"], condition=Q(ended_at__isnull=True), name="one_open_spike"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.started_at}"

    @property
    def subject(self) -> str:
        return f"spike:{self.pk}"


class ProposalState(models.TextChoices):
    OPEN = "open", _("menunggu")
    TAKEN = "taken", _("dipakai")
    DECLINED = "declined", _("tidak dipakai")


class Proposal(models.Model):
    """An announcement (and a pause of cheerful posts) that an incident or a spike suggests."""

    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="proposals")
    spike = models.ForeignKey(Spike, null=True, on_delete=models.CASCADE, related_name="proposals")
    kind = models.CharField(max_length=60)  #: of announcement: "weather_warning"
    fields = models.JSONField(default=dict)  #: filled as far as the cases tell
    kecamatan = models.JSONField(default=list)  #: codes
    pause_classes = models.JSONField(default=list)  #: content classes to pause there; [] for none
    why = models.CharField(max_length=500)
    made_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=ProposalState.choices, default=ProposalState.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    announcement = models.ForeignKey(Announcement, null=True, on_delete=models.PROTECT, related_name="+")
    pause = models.ForeignKey(Pause, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = _("usulan")
        verbose_name_plural = _("usulan")
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind"], condition=Q(incident__isnull=False), name="proposal_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"


class IncidentMessage(models.Model):
    """One update that answers everybody who reported an incident."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="messages")
    text = models.TextField()  #: what is said, without number and link, which each reply adds
    #: The announcement that it points to; None for none.
    announcement = models.ForeignKey(Announcement, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    #: Approved as a whole (approval by risk); None while it waits.
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("kabar kejadian")
        verbose_name_plural = _("kabar kejadian")

    def __str__(self) -> str:
        return f"{self.incident_id} {self.at}"
