"""Stored verdicts and what people decided about them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from monitor.models import Mention


class KindChoice(models.TextChoices):
    COMPLAINT = "complaint", _("pengaduan")
    INFORMATION_REQUEST = "information_request", _("permintaan informasi")
    ASPIRATION = "aspiration", _("aspirasi")
    APPRECIATION = "appreciation", _("apresiasi")
    OTHER = "other", _("lainnya")


class DecisionChoice(models.TextChoices):
    FORWARD = "forward", _("diteruskan")
    REVIEW = "review", _("ditinjau")
    DISMISS = "dismiss", _("tidak perlu tindakan")
    FOLDED = "folded", _("salinan")  #: a word-for-word copy of an earlier mention; opens no case of its own


class Verdict(models.Model):
    """The judge's word on one mention. kind "" means unjudged: there was no model, or no text."""

    mention = models.OneToOneField(Mention, on_delete=models.CASCADE, related_name="verdict")
    kind = models.CharField(max_length=20, choices=KindChoice.choices, blank=True)
    probability = models.FloatField(null=True)  #: of that kind, 0 to 1; None when unjudged
    probabilities = models.JSONField(null=True)  #: keyed by the five English names
    decision = models.CharField(max_length=10, choices=DecisionChoice.choices)
    topic = models.CharField(max_length=30, blank=True)
    topics = models.JSONField(default=list)
    place = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=80, blank=True)  #: version of the model; "" when unjudged
    at = models.DateTimeField()
    #: A person must look, and nobody has yet.
    awaits_review = models.BooleanField(default=False)
    #: True until the next stage has opened its case; only sure and confirmed complaints have it.
    awaits_case = models.BooleanField(default=False)
    #: Not before this, so that a reviewer's decision can be taken back; None: at once.
    case_from = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("penilaian")
        verbose_name_plural = _("penilaian")
        indexes = [
            models.Index(fields=["id"], condition=Q(awaits_review=True), name="verdict_awaits_review"),
            models.Index(fields=["id"], condition=Q(awaits_case=True), name="verdict_awaits_case"),
            models.Index(fields=["kind", "decision"], name="verdict_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind or 'unjudged'} {self.mention_id}"


class Review(models.Model):
    """One person's decision on one verdict; the only thing that a model learns from."""

    verdict = models.ForeignKey(Verdict, on_delete=models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    kind = models.CharField(max_length=20, choices=KindChoice.choices)
    at = models.DateTimeField()
    #: Taken back within the undo time; kept, but nothing learns from it.
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("tinjauan")
        verbose_name_plural = _("tinjauan")
        constraints = [
            models.UniqueConstraint(
                fields=["verdict"], condition=Q(undone_at__isnull=True), name="one_standing_review"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.reviewer_id}"
