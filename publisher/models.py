"""Announcements, their wording for each account, and the deliveries of that wording."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from channels.contract import Act as ActValue
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
    RETRACTING = "retracting", _("sedang ditarik")
    RETRACTED = "retracted", _("ditarik")


class Act(models.TextChoices):
    """What a delivery does on its channel."""

    PUBLISH = ActValue.PUBLISH.value, _("tayangkan")
    CORRECT = ActValue.CORRECT.value, _("ralat")
    RETRACT = ActValue.RETRACT.value, _("tarik")


#: States in which the wording may still be changed; a change takes any approval away.
EDITABLE = (
    AnnouncementState.DRAFT,
    AnnouncementState.REJECTED,
    AnnouncementState.SUBMITTED,
    AnnouncementState.APPROVED,
)


class Proper(models.Manager["Announcement"]):
    """Without the replies to single citizens, which go the same way out."""

    def get_queryset(self) -> "models.QuerySet[Announcement]":
        return super().get_queryset().filter(answers="")


class Announcement(models.Model):
    """One thing to say, written once in the fields of its kind: to everybody, or as a reply in one thread."""

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
    #: From its kind (kind.toml): emergency, service, event, greeting or general; pauses and overdue rules go by it.
    content_class = models.CharField(max_length=20, default="general")
    #: Codes of the kecamatan that it is about; [] is the whole city.
    kecamatan = models.JSONField(default=list, blank=True)
    #: An emergency: ahead of everything else, approved by two people of the duty roster.
    urgent = models.BooleanField(default=False)
    #: The fields in English, where there is a second language; {} without one.
    fields_en = models.JSONField(default=dict, blank=True)
    #: Wording changed by hand for one account: {account key: text}; the others follow the template.
    overrides = models.JSONField(default=dict, blank=True)
    #: The public sentence that says what was wrong, in a correction or a withdrawal; "" before one.
    change_note = models.CharField(max_length=500, blank=True)
    #: The version that is on the channels now; 0 before anything appeared. A correction is a later version.
    live_version = models.PositiveIntegerField(default=0)
    #: What was written in the live version, kept while a correction is drafted; {} outside one.
    live = models.JSONField(default=dict, blank=True)
    #: The picture that goes with it; None: Instagram gets a card drawn from the fields.
    picture = models.ForeignKey(
        "MediaItem", null=True, blank=True, on_delete=models.PROTECT, related_name="announcements"
    )
    #: PPID class of the information (UU 14/2008 art. 9-11): berkala, serta_merta or setiap_saat.
    ppid_class = models.CharField(max_length=20, default="setiap_saat")
    #: The series that it is one occurrence of; None: it stands alone.
    series = models.ForeignKey(
        "Series", null=True, blank=True, on_delete=models.SET_NULL, related_name="occurrences"
    )
    #: The day of the series that it stands for (local date); None outside a series.
    occurrence_on = models.DateField(null=True, blank=True)
    card_url = models.URLField(max_length=500, blank=True)  #: public address of the image card once uploaded
    #: The post that it answers, by its platform's id; "" for an announcement of its own. A reply has one target.
    answers = models.CharField(max_length=200, blank=True, db_index=True)
    #: What a reply is about, as the ledger names it ("case:12"); "" for an announcement of its own.
    about = models.CharField(max_length=60, blank=True, db_index=True)

    objects = models.Manager()
    #: Announcements proper: what people see in lists, calendar and archive. Replies are reached through their case.
    proper = Proper()

    class Meta:
        verbose_name = _("pengumuman")
        verbose_name_plural = _("pengumuman")
        indexes = [
            models.Index(fields=["state", "-changed_at"], name="announcement_state"),
            models.Index(fields=["publish_at"], name="announcement_publish_at"),
        ]
        constraints = [models.UniqueConstraint(fields=["series", "occurrence_on"], name="occurrence_once")]

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
    #: What is said in a reply or comment where the channel cannot edit; "" in a first publication.
    change_text = models.TextField(blank=True)

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
    CORRECTED = "corrected", _("diralat")
    RETRACTED = "retracted", _("ditarik")


#: What the act of each kind ends in when it succeeded.
DONE = {
    Act.PUBLISH: DeliveryState.PUBLISHED,
    Act.CORRECT: DeliveryState.PUBLISHED,
    Act.RETRACT: DeliveryState.RETRACTED,
}
#: Nothing more happens to these by itself.
SETTLED = (
    DeliveryState.PUBLISHED,
    DeliveryState.REFUSED,
    DeliveryState.NEEDS_PERSON,
    DeliveryState.CANCELLED,
    DeliveryState.CORRECTED,
    DeliveryState.RETRACTED,
)


class Delivery(models.Model):
    """One act for one announcement version on one account: it happens there once, or a person is told why not."""

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="deliveries")
    version = models.PositiveIntegerField()
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="deliveries")
    state = models.CharField(max_length=20, choices=DeliveryState.choices, default=DeliveryState.PLANNED)
    act = models.CharField(max_length=10, choices=Act.choices, default=Act.PUBLISH)
    #: The delivery whose post is corrected or withdrawn; None for a first publication.
    about = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="changes")
    urgent = models.BooleanField(default=False)  #: an emergency: before all others of its account
    #: Of a withdrawal: the public reason, and the comment where the channel cannot delete; "" for other acts.
    reason = models.CharField(max_length=500, blank=True)
    text = models.TextField(blank=True)
    #: Why it does not go out although it is due (a pause, the article that it links to); "" when nothing holds it.
    held = models.CharField(max_length=200, blank=True)
    #: The pause that holds it; a person is asked when it ends. None: no pause.
    pause = models.ForeignKey("Pause", null=True, blank=True, on_delete=models.PROTECT, related_name="held")
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
            models.UniqueConstraint(
                fields=["announcement", "version", "account", "act"], name="delivery_once"
            ),
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


class Approval(models.Model):
    """One official's yes to one version, in the office held at that moment."""

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="approvals")
    version = models.PositiveIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    office = models.CharField(max_length=120, blank=True)  #: as printed: "Plt. Kepala Diskominfostandi"
    nip = models.CharField(max_length=30, blank=True)
    letter = models.CharField(max_length=120, blank=True)  #: number of the letter of an acting official
    content_hash = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["announcement", "version", "person"], name="approval_once")
        ]

    def __str__(self) -> str:
        return f"{self.announcement_id}v{self.version} {self.person_id}"


class Duty(models.Model):
    """Someone on the duty roster: any two of those on duty approve an emergency."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="duties")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.person_id} {self.starts_at:%Y-%m-%d}"


class Pause(models.Model):
    """Announcements that must not go out now. Empty scopes mean all; every scope that is given must fit."""

    content_classes = models.JSONField(default=list, blank=True)  #: [] is every class but emergency
    kecamatan = models.JSONField(default=list, blank=True)  #: codes; [] is the whole city
    accounts = models.ManyToManyField(Account, blank=True, related_name="pauses")  #: none is every account
    reason = models.CharField(max_length=300)
    official = models.CharField(max_length=120)  #: who cleared it, with the office
    mourning = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ends_at = models.DateTimeField(null=True, blank=True)  #: planned end (UTC); None: until a person ends it
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name = _("jeda")
        verbose_name_plural = _("jeda")

    def __str__(self) -> str:
        return self.reason

    @property
    def subject(self) -> str:
        return f"pause:{self.pk}"


class Series(models.Model):
    """An announcement that comes again: the same fields at the times of an APScheduler trigger."""

    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=60)
    fields = models.JSONField(default=dict)
    fields_en = models.JSONField(default=dict, blank=True)
    kecamatan = models.JSONField(default=list, blank=True)
    targets = models.ManyToManyField(Account, related_name="+")
    #: Fields of apscheduler.triggers.cron.CronTrigger: {"day_of_week": "mon", "hour": "8", "minute": "0"}.
    rule = models.JSONField(default=dict)
    zone = models.CharField(max_length=60, default="Asia/Jakarta")  #: IANA; the rule is wall time in it
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)
    exceptions = models.JSONField(default=list, blank=True)  #: local dates ("2026-12-25") left out
    #: What happens on a public holiday or joint leave day: "keep", "skip", "before" or "after" (working day).
    on_holiday = models.CharField(max_length=10, default="keep")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    #: Hash over kind, fields and targets as approved for the whole series; "" while each occurrence is asked about.
    approved_hash = models.CharField(max_length=64, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_office = models.CharField(max_length=120, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("seri")
        verbose_name_plural = _("seri")

    def __str__(self) -> str:
        return self.title

    @property
    def subject(self) -> str:
        return f"series:{self.pk}"


class MediaItem(models.Model):
    """A picture or film in the media library, inspected, with its words for those who cannot see it."""

    sha256 = models.CharField(max_length=64, unique=True)  #: of the stored bytes; also the file's name
    name = models.CharField(max_length=200)  #: as it was uploaded
    media_type = models.CharField(max_length=40)  #: by its content: "image/jpeg", "image/png", "video/mp4"
    width = models.PositiveIntegerField(default=0)  #: pixels
    height = models.PositiveIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)  #: of a film; None for a picture, or unknown
    alt = models.CharField(max_length=1000, blank=True)
    rights = models.CharField(max_length=200, blank=True)  #: who made it and under which permission
    expires_on = models.DateField(null=True, blank=True)  #: not to be used after this day; None: no limit
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()

    class Meta:
        verbose_name = _("media")
        verbose_name_plural = _("media")

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """A template of a kind as staff changed it; the newest one in use stands before the file."""

    kind = models.CharField(max_length=60)
    name = models.CharField(max_length=60)  #: file name in the kind's folder: "x.txt", "en/website.html"
    body = models.TextField()
    number = models.PositiveIntegerField()
    note = models.CharField(max_length=300, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    in_use = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "name", "number"], name="template_version_once"),
            models.UniqueConstraint(
                fields=["kind", "name"], condition=Q(in_use=True), name="template_in_use_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}/{self.name} {self.number}"


class Proof(models.Model):
    """Proof that something appeared: added only, each row chained to the one before by its hash."""

    number = models.PositiveBigIntegerField(unique=True)  #: 1, 2, 3...
    delivery = models.ForeignKey(Delivery, on_delete=models.PROTECT, related_name="proofs")
    what = models.CharField(max_length=20)  #: "published", "corrected", "retracted", "read_back"
    channel = models.CharField(max_length=20)
    title = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)  #: what we sent, or what the channel shows (read_back)
    media_sha256 = models.CharField(max_length=64, blank=True)
    permalink = models.URLField(max_length=500, blank=True)
    at = models.DateTimeField()  #: UTC, when it appeared or was read back
    same = models.BooleanField(
        null=True
    )  #: read_back: whether the channel shows what was approved; None: not asked
    hash = models.CharField(max_length=64)  #: SHA-256 over the previous hash and this row

    def __str__(self) -> str:
        return f"{self.number} {self.what}"


class Result(models.Model):
    """How a delivery was received, as its platform last told. None: not told, which is not zero."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="result")
    likes = models.PositiveBigIntegerField(null=True)
    comments = models.PositiveBigIntegerField(null=True)
    shares = models.PositiveBigIntegerField(null=True)
    reach = models.PositiveBigIntegerField(null=True)
    read_at = models.DateTimeField(null=True)  #: UTC; None: never answered yet
    next_at = models.DateTimeField(null=True)  #: when it is read again; None: no more
    trouble = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.delivery_id}"


class ReadBack(models.Model):
    """When a published delivery is looked at again on its channel, and what was odd there."""

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="read_back")
    done = models.PositiveSmallIntegerField(default=0)  #: how often it was read back (publisher.archive)
    next_at = models.DateTimeField(null=True)  #: UTC, when it is read next; None: no more
    trouble = models.CharField(
        max_length=300, blank=True
    )  #: the channel shows something else; "" when all is well
    #: UTC, when a person last looked at the trouble; None: nobody did.
    seen_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="read_back_due"),
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id}"
