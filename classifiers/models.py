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
    #: classifiers.core.urgency.Level: emergency, soon, normal; "" when unjudged.
    urgency = models.CharField(max_length=10, blank=True)
    #: Who is responsible, a key of authority.toml; "" when unjudged.
    authority = models.CharField(max_length=30, blank=True)
    #: Why, in sentences for a person; [] when there is nothing to say.
    reasons = models.JSONField(default=list)
    #: Bucket of the happening (classifiers.core.incident); "" where place or topic do not tell.
    incident_key = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=80, blank=True)  #: version of the model; "" when unjudged
    at = models.DateTimeField()
    #: A person must look, and nobody has yet.
    awaits_review = models.BooleanField(default=False)
    #: True until the next stage has opened its case; only sure and confirmed complaints have it.
    awaits_case = models.BooleanField(default=False)
    #: Not before this, so that a reviewer's decision can be taken back; None: at once.
    case_from = models.DateTimeField(null=True)
    #: How torn the model was between two kinds, 0 to 1; 1 when unjudged (core.order.doubt).
    doubt = models.FloatField(default=1.0)
    #: Of the fixed random sample that a person looks at whatever the judge says (queue.is_audit).
    audit = models.BooleanField(default=False)
    #: Two people decide on it, each without knowing of the other.
    doubled = models.BooleanField(default=False)
    #: A second person must decide, or a third one where two disagree (doubles.py); nothing else waits for it.
    awaits_second = models.BooleanField(default=False)
    #: Who reads it now, and until when it is kept for that person.
    leased_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    leased_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("penilaian")
        verbose_name_plural = _("penilaian")
        indexes = [
            models.Index(fields=["id"], condition=Q(awaits_review=True), name="verdict_awaits_review"),
            models.Index(fields=["id"], condition=Q(awaits_case=True), name="verdict_awaits_case"),
            models.Index(fields=["kind", "decision"], name="verdict_kind"),
            models.Index(fields=["-doubt"], condition=Q(awaits_review=True), name="verdict_doubtful"),
            models.Index(fields=["id"], condition=Q(awaits_second=True), name="verdict_awaits_second"),
            models.Index(fields=["id"], condition=Q(audit=True), name="verdict_audit"),
            models.Index(fields=["-at"], name="verdict_newest"),
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


class SecondReading(models.Model):
    """What a second person decided without knowing the first decision, or a third one where two disagreed."""

    verdict = models.ForeignKey(Verdict, on_delete=models.CASCADE, related_name="second_readings")
    reader = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="second_readings"
    )
    kind = models.CharField(max_length=20, choices=KindChoice.choices)
    at = models.DateTimeField()
    settles = models.BooleanField(default=False)  #: the third person's word: it stands above both others
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("pembacaan kedua")
        verbose_name_plural = _("pembacaan kedua")
        constraints = [
            models.UniqueConstraint(
                fields=["verdict", "settles"],
                condition=Q(undone_at__isnull=True),
                name="one_standing_reading",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.reader_id}"


class VersionState(models.TextChoices):
    CANDIDATE = "candidate", _("calon")
    CHAMPION = "champion", _("dipakai")
    RETIRED = "retired", _("pernah dipakai")
    REFUSED = "refused", _("ditolak")


class ModelVersion(models.Model):
    """One model trained here. Its file lies under KENTONGAN_HOME/models and is used only while its seal holds."""

    number = models.PositiveIntegerField(unique=True)
    file = models.CharField(max_length=40)  #: name within the folder: "0007.skops"
    sha256 = models.CharField(max_length=64)
    signature = models.CharField(max_length=64)  #: HMAC over number and sha256, by a key of this installation
    trained_at = models.DateTimeField()
    trained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )  #: None: on the command line
    counts = models.JSONField(default=dict)  #: base, reviewed, holdout: numbers of posts
    #: Time of the newest review that it learned from; None: none.
    learned_until = models.DateTimeField(null=True)
    metrics = models.JSONField(default=dict)  #: measured on the held-out reviews (learn.Comparison)
    reference = models.JSONField(
        default=list
    )  #: word distribution of what it learned (core.shift), as numbers
    state = models.CharField(max_length=10, choices=VersionState.choices, default=VersionState.CANDIDATE)
    why = models.CharField(max_length=600, blank=True)  #: why it is in that state, as a sentence
    promoted_at = models.DateTimeField(null=True)  #: when it was last taken into use; None: never

    class Meta:
        verbose_name = _("versi model")
        verbose_name_plural = _("versi model")
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="champion"), name="one_champion"),
        ]

    def __str__(self) -> str:
        return f"model {self.number} {self.state}"


class QuarantineState(models.TextChoices):
    STANDING = "standing", _("menunggu keputusan")
    RELEASED = "released", _("boleh dipelajari")
    DISCARDED = "discarded", _("tidak dipelajari")


class Quarantine(models.Model):
    """A reviewer's batch that contradicts far more than others do: nothing learns from it while it stands."""

    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="quarantines"
    )
    since = models.DateTimeField()  #: time of the first review in it
    until = models.DateTimeField()  #: time of the last one
    reviews = models.PositiveIntegerField()
    sign = models.CharField(max_length=20)  #: core.guard.Suspicion.sign
    why = models.CharField(max_length=400)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=QuarantineState.choices, default=QuarantineState.STANDING)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("tinjauan yang ditahan")
        verbose_name_plural = _("tinjauan yang ditahan")

    def __str__(self) -> str:
        return f"{self.reviews} reviews of {self.reviewer_id} {self.state}"


class DriftReport(models.Model):
    """One daily look at whether what is heard has changed; read by people, and kept."""

    day = models.DateField(unique=True)
    at = models.DateTimeField()
    measured = models.JSONField(default=list)  #: core.shift.Measure, each as an object
    alarms = models.PositiveIntegerField(default=0)  #: how many of them are beyond their limit

    class Meta:
        verbose_name = _("laporan pergeseran")
        verbose_name_plural = _("laporan pergeseran")

    def __str__(self) -> str:
        return f"{self.day}: {self.alarms}"
