"""Announcements, their wording for each account, and the deliveries of that wording."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.models import Account


class AnnouncementState(models.TextChoices):
    DRAFT = "draft", _("naskah")
    SUBMITTED = "submitted", _("menunggu persetujuan")
    APPROVED = "approved", _("disetujui")
    SCHEDULED = "scheduled", _("terjadwal")
    PUBLISHING = "publishing", _("sedang tayang")
    PUBLISHED = "published", _("tayang")
    PARTLY_PUBLISHED = "partly_published", _("tayang sebagian")
    REJECTED = "rejected", _("dikembalikan")
    CANCELLED = "cancelled", _("dibatalkan")


#: States in which the wording may still be changed; a change takes any approval away.
EDITABLE = (
    AnnouncementState.DRAFT,
    AnnouncementState.REJECTED,
    AnnouncementState.SUBMITTED,
    AnnouncementState.APPROVED,
)


class Announcement(models.Model):
    """One thing to say, written once in the fields of its kind."""

    kind = models.CharField(max_length=60)  #: folder under templates/announcements
    fields = models.JSONField(default=dict)
    title = models.CharField(max_length=200)
    #: Visible reference ("KTG-7F3A2C"), by which a post of ours is found again on a channel.
    reference = models.CharField(max_length=20, unique=True)
    slug = models.SlugField(max_length=120, unique=True)
    state = models.CharField(
        max_length=20, choices=AnnouncementState.choices, default=AnnouncementState.DRAFT
    )
    #: Rises with every change of wording; deliveries belong to one version.
    version = models.PositiveIntegerField(default=1)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="written")
    #: Everyone who wrote, changed or submitted it; none of them may approve it.
    writers = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+")
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    #: When it should appear (UTC); None: as soon as it is approved.
    publish_at = models.DateTimeField(null=True)
    #: IANA zone in which publish_at was meant, kept beside it.
    zone = models.CharField(max_length=60, default="Asia/Jakarta")
    targets = models.ManyToManyField(Account, related_name="announcements")
    #: Hash over all variants and the card as they were approved; "" without approval.
    approved_hash = models.CharField(max_length=64, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="approved"
    )
    approved_office = models.CharField(max_length=120, blank=True)  #: jabatan at the moment of approval
    approved_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=1000, blank=True)  #: why it was given back
    card_url = models.URLField(max_length=500, blank=True)  #: public address of the image card once uploaded

    class Meta:
        verbose_name = _("pengumuman")
        verbose_name_plural = _("pengumuman")
        indexes = [models.Index(fields=["state", "-changed_at"], name="announcement_state")]

    def __str__(self) -> str:
        return self.title

    @property
    def subject(self) -> str:
        """How the ledger names this announcement."""
        return f"announcement:{self.pk}"


class Variant(models.Model):
    """The wording of one version for one account, exactly as it was submitted and will be sent."""

    announcement = models.ForeignKey(Announcement, on_delete=models.CASCADE, related_name="variants")
    version = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    title = models.CharField(max_length=200, blank=True)
    html = models.TextField(blank=True)
    alt = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["announcement", "version", "account"], name="variant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id}v{self.version} {self.account_id}"


class DeliveryState(models.TextChoices):
    PLANNED = "planned", _("terencana")
    CLAIMED = "claimed", _("disiapkan")
    SENDING = "sending", _("dikirim")
    PUBLISHED = "published", _("tayang")
    REFUSED = "refused", _("ditolak saluran")
    RETRYING = "retrying", _("akan dicoba lagi")
    UNKNOWN = "unknown", _("sedang dipastikan")
    NEEDS_PERSON = "needs_person", _("perlu keputusan petugas")
    CANCELLED = "cancelled", _("dibatalkan")


#: Nothing more happens to these by itself.
SETTLED = (
    DeliveryState.PUBLISHED,
    DeliveryState.REFUSED,
    DeliveryState.NEEDS_PERSON,
    DeliveryState.CANCELLED,
)


class Delivery(models.Model):
    """One announcement version on one account: it appears there once, or a person is told why not."""

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="deliveries")
    version = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(max_length=20, choices=DeliveryState.choices, default=DeliveryState.PLANNED)
    due_at = models.DateTimeField()
    #: When something is to be done next: send, try again, look again. None in a settled state.
    next_at = models.DateTimeField(null=True)
    leased_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)  #: rises with every claim; an old worker's is worthless
    attempts = models.PositiveIntegerField(default=0)
    looks = models.PositiveIntegerField(default=0)  #: how often an unknown outcome was looked for
    resent = models.BooleanField(default=False)  #: the one repeat after fruitless looks has been used
    memo = models.JSONField(default=dict)  #: the channel's notes to find the result by
    remote_id = models.CharField(max_length=200, blank=True)
    permalink = models.URLField(max_length=500, blank=True)
    published_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=500, blank=True)  #: for a person; "" when all is well

    class Meta:
        verbose_name = _("penayangan")
        verbose_name_plural = _("penayangan")
        constraints = [
            models.UniqueConstraint(fields=["announcement", "version", "account"], name="delivery_once"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id}v{self.version} → {self.account_id}"

    @property
    def subject(self) -> str:
        return f"delivery:{self.pk}"


class Attempt(models.Model):
    """One call made for a delivery; the row is committed before the call."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    number = models.PositiveIntegerField()
    fence = models.PositiveBigIntegerField()
    content_hash = models.CharField(max_length=64)  #: SHA-256 of what was sent
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  #: None: the worker died, or still works
    outcome = models.CharField(max_length=20, blank=True)  #: "published" or a channels.contract.Failure
    said = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="attempt_once")]

    def __str__(self) -> str:
        return f"{self.delivery_id}#{self.number}"
