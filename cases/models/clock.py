"""The clocks that run for a case or a request, each with the rule that it comes from."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case


class ClockOutcome(models.TextChoices):
    RUNNING = "running", _("berjalan")
    MET = "met", _("terpenuhi")
    MISSED = "missed", _("terlambat")  #: what it waits for came, after its time
    VOID = "void", _("tidak berlaku lagi")  #: the rule no longer fits (another gate, a duplicate)


class Clock(models.Model):
    """One limit that runs. Several run side by side; what they count (working days, hours) says their rule."""

    #: How the ledger names what it runs for: "case:12", "ppid:3", "rights:4".
    subject = models.CharField(max_length=60)
    case = models.ForeignKey(Case, null=True, on_delete=models.CASCADE, related_name="clocks")
    rule = models.CharField(max_length=40)  #: key of clocks.toml: "lapor_verify"
    #: The rule's version and citation as they were when it began: a later change of the law leaves it alone.
    version = models.CharField(max_length=20)
    citation = models.CharField(max_length=300)
    round = models.PositiveSmallIntegerField(default=1)  #: rises each time the case is reopened
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()  #: UTC; shifted by the pauses
    paused_at = models.DateTimeField(null=True)  #: since when it stands still; None: it runs
    paused_why = models.CharField(max_length=200, blank=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=ClockOutcome.choices, default=ClockOutcome.RUNNING)
    warned_at = models.DateTimeField(null=True)  #: when somebody was told that it is due soon
    late_at = models.DateTimeField(null=True)  #: when it was noted that its time is over

    class Meta:
        verbose_name = _("tenggat")
        verbose_name_plural = _("tenggat")
        constraints = [models.UniqueConstraint(fields=["subject", "rule", "round"], name="clock_once")]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(outcome="running", paused_at__isnull=True),
                name="clock_running",
            ),
            # SQLite takes no partial index for a value that is given apart from the statement; and with all that the
            # lists ask for in it, neither database reads the rows.
            models.Index(fields=["outcome", "due_at", "rule", "paused_at", "case"], name="clock_due"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.rule}"
