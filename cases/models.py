"""Cases, the counters of their numbers, and the incidents that many cases are about."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from classifiers.models import KindChoice
from monitor.models import Mention


class State(models.TextChoices):
    RECEIVED = "received", _("diterima")
    VERIFIED = "verified", _("diverifikasi")
    ASSIGNED = "assigned", _("ditugaskan")
    IN_PROGRESS = "in_progress", _("dikerjakan")
    ANSWERED = "answered", _("dijawab")
    CLOSED = "closed", _("selesai")
    NOT_OURS = "not_ours", _("bukan kewenangan kota")
    DUPLICATE = "duplicate", _("ganda")
    REJECTED = "rejected", _("ditolak")


#: Which states may follow which (house rules; a closed, redirected or rejected case can be taken up again).
FOLLOWS: dict[str, tuple[str, ...]] = {
    State.RECEIVED: (State.VERIFIED, State.NOT_OURS, State.DUPLICATE, State.REJECTED),
    State.VERIFIED: (State.ASSIGNED, State.NOT_OURS, State.DUPLICATE, State.REJECTED),
    State.ASSIGNED: (State.IN_PROGRESS, State.VERIFIED, State.NOT_OURS),
    State.IN_PROGRESS: (State.ANSWERED, State.ASSIGNED),
    State.ANSWERED: (State.CLOSED, State.IN_PROGRESS),
    State.CLOSED: (State.VERIFIED,),
    State.NOT_OURS: (State.VERIFIED,),
    State.DUPLICATE: (State.VERIFIED,),
    State.REJECTED: (State.VERIFIED,),
}
#: States that need a sentence saying why.
WITH_REASON = frozenset({State.NOT_OURS, State.DUPLICATE, State.REJECTED})
#: States in which nothing is left to do.
ENDED = frozenset({State.CLOSED, State.NOT_OURS, State.DUPLICATE, State.REJECTED})


class IncidentState(models.TextChoices):
    OPEN = "open", _("berlangsung")
    CLOSED = "closed", _("selesai")
    MERGED = "merged", _("digabung")  #: its cases went to another one; comes back when that is undone


class Incident(models.Model):
    """One happening that several cases are about. Its counts are never stored: they follow from its cases."""

    #: The bucket of its first cases; with a first case's id where one bucket can hold several happenings.
    key = models.CharField(max_length=110)
    topic = models.CharField(max_length=30, blank=True)  #: of its first case, like the place
    place = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, choices=IncidentState.choices, default=IncidentState.OPEN)
    opened_at = models.DateTimeField()  #: when its first case was opened
    last_at = models.DateTimeField()  #: when its newest case was opened
    closed_at = models.DateTimeField(null=True)  #: when it was closed or merged away

    class Meta:
        verbose_name = _("kejadian")
        verbose_name_plural = _("kejadian")
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=models.Q(state="open"), name="one_open_incident"
            ),
        ]
        indexes = [models.Index(fields=["state", "-id"], name="incident_state")]

    def __str__(self) -> str:
        return f"incident {self.pk} {self.state}"

    @property
    def subject(self) -> str:
        """How the ledger names this incident."""
        return f"incident:{self.pk}"


class Case(models.Model):
    """One citizen's matter. One mention opens at most one case: the unique key says so, whatever crashes."""

    number = models.CharField(max_length=30, unique=True)  #: "BKS-2026-000123"
    mention = models.OneToOneField(Mention, on_delete=models.PROTECT, related_name="case")
    kind = models.CharField(max_length=20, choices=KindChoice.choices)
    topic = models.CharField(max_length=30, blank=True)
    place = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=20, choices=State.choices, default=State.RECEIVED)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    #: Who confirmed that this is a complaint; None when the judge was sure by itself.
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    #: Where cases about the same happening are looked for (Verdict.incident_key); "" where nothing tells.
    bucket = models.CharField(max_length=80, blank=True)
    #: None: it is the only case about its happening so far.
    incident = models.ForeignKey(Incident, null=True, on_delete=models.SET_NULL, related_name="cases")

    class Meta:
        verbose_name = _("kasus")
        verbose_name_plural = _("kasus")
        indexes = [
            models.Index(fields=["bucket"], name="case_bucket"),
            models.Index(fields=["state", "-opened_at"], name="case_state"),
            models.Index(fields=["-opened_at"], name="case_newest"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        """How the ledger names this case."""
        return f"case:{self.pk}"


class Counter(models.Model):
    """The last number given in one year."""

    year = models.PositiveIntegerField(unique=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class ChangeKind(models.TextChoices):
    MERGE = "merge", _("digabung")
    SPLIT = "split", _("dipisah")


class IncidentChange(models.Model):
    """What a person moved between incidents, so that it can be moved back."""

    kind = models.CharField(max_length=10, choices=ChangeKind.choices)
    #: None: the one case that was added stood alone.
    source = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="left")
    #: None: the one case that was split off stands alone.
    target = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="entered")
    cases = models.JSONField()  #: ids of the cases moved
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)  #: None: it stands

    class Meta:
        verbose_name = _("perubahan kejadian")
        verbose_name_plural = _("perubahan kejadian")

    def __str__(self) -> str:
        return f"{self.kind} {self.source_id} {self.target_id}"
