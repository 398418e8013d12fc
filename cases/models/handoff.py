"""Receivers, what was handed to them, every try, and the links by which they answer."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from city.models import Unit


class ReceiverSort(models.TextChoices):
    UNIT = "unit", _("URC lewat surel")
    LAPOR = "lapor", "SP4N-LAPOR!"
    CALL_CENTER = "call_center", "Call Center 1500444"
    PPID = "ppid", "PPID"
    OPEN311 = "open311", "Open311"
    WEBHOOK = "webhook", "Webhook"
    APPRISE = "apprise", _("pesan singkat")


class Receiver(models.Model):
    """Where cases are handed to: an address, and how it is spoken to (one file each in cases/handoff)."""

    key = models.SlugField(max_length=60, unique=True)
    sort = models.CharField(max_length=12, choices=ReceiverSort.choices)
    name = models.CharField(max_length=120)
    #: The unit whose cases go there; None: cases of every unit.
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="receivers")
    address = models.CharField(
        max_length=500, blank=True
    )  #: e-mail address or URL; "" where a person carries it
    settings = models.JSONField(default=dict, blank=True)  #: not secret; named at the top of its file
    #: Encrypted JSON of its secrets (channels.vault): signing key, api_key, the Apprise URL.
    sealed = models.BinaryField(default=b"", blank=True)
    enabled = models.BooleanField(default=True)
    trouble = models.CharField(max_length=300, blank=True)  #: why it cannot be reached now; "" when it can

    class Meta:
        verbose_name = _("penerima")
        verbose_name_plural = _("penerima")
        ordering = ["id"]

    def __str__(self) -> str:
        return self.name


class HandOffState(models.TextChoices):
    PLANNED = "planned", _("terencana")
    CLAIMED = "claimed", _("disiapkan")
    SENDING = "sending", _("dikirim")
    RETRYING = "retrying", _("akan dicoba lagi")
    UNKNOWN = "unknown", _("sedang dipastikan")
    DELIVERED = "delivered", _("diterima")
    REFUSED = "refused", _("ditolak penerima")
    NEEDS_PERSON = "needs_person", _("perlu petugas")
    CANCELLED = "cancelled", _("dibatalkan")


class HandOff(models.Model):
    """One case given to one receiver, once: for the first time, or to tell of a change (``purpose``, ``round``)."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="handoffs")
    receiver = models.ForeignKey(Receiver, on_delete=models.PROTECT, related_name="handoffs")
    #: "assign" (do it), "emergency" (do it now), "update" (something changed), "reopen".
    purpose = models.CharField(max_length=12, default="assign")
    round = models.PositiveSmallIntegerField(
        default=1
    )  #: counts the hand-offs of one purpose to one receiver
    #: What the receiver can know a second try by: sent with every try, the same each time.
    key = models.UUIDField(unique=True)
    note = models.CharField(max_length=1000, blank=True)  #: the officer's words to the receiver
    state = models.CharField(max_length=12, choices=HandOffState.choices, default=HandOffState.PLANNED)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  #: None: the machine, by its rules
    #: When something is to be done next; None where nothing is (settled, or a person's turn).
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=200, blank=True)  #: ticket or tracking number at the receiver
    link = models.URLField(max_length=500, blank=True)  #: where the receiver shows it
    proof = models.JSONField(
        default=dict, blank=True
    )  #: what the receiver answered: message id, status, hash
    #: What the receiver last said of the matter, in its own word and ours; "" before it said anything.
    remote_state = models.CharField(max_length=60, blank=True)
    remote_note = models.CharField(max_length=1000, blank=True)
    remote_at = models.DateTimeField(null=True)
    pull_at = models.DateTimeField(null=True)  #: when its state is asked for next; None: not asked
    #: Somebody there has said that they have it (an emergency escalates until then).
    acknowledged_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("penerusan")
        verbose_name_plural = _("penerusan")
        constraints = [
            models.UniqueConstraint(fields=["case", "receiver", "purpose", "round"], name="handoff_once"),
            models.UniqueConstraint(
                fields=["receiver", "remote_id"], condition=~Q(remote_id=""), name="handoff_remote_once"
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="handoff_due"),
            models.Index(fields=["pull_at"], condition=Q(pull_at__isnull=False), name="handoff_pull"),
            models.Index(fields=["state", "-id"], name="handoff_state"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} → {self.receiver_id} {self.purpose}"

    @property
    def subject(self) -> str:
        return f"handoff:{self.pk}"


class HandOffTry(models.Model):
    """One call made for a hand-off; the row is committed before the call."""

    handoff = models.ForeignKey(HandOff, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField()
    content_hash = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  #: None: the worker died, or still works
    outcome = models.CharField(max_length=20, blank=True)  #: "delivered" or a channels.contract.Failure
    said = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handoff", "number"], name="handoff_try_once")]

    def __str__(self) -> str:
        return f"{self.handoff_id}#{self.number}"


class ActionLink(models.Model):
    """A link in a mail by which a receiver answers once, without signing in."""

    handoff = models.ForeignKey(HandOff, on_delete=models.CASCADE, related_name="actions")
    action = models.CharField(max_length=12)  #: "accept", "refuse", "progress", "done"
    digest = models.CharField(
        max_length=64, unique=True
    )  #: SHA-256 of the token; the token itself is not kept
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["handoff", "action"], name="action_once")]

    def __str__(self) -> str:
        return f"{self.handoff_id} {self.action}"
