"""Cases, the counters of their numbers, and the incidents that many cases are about."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from city.models import Unit
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


class Gate(models.TextChoices):
    """Which way a matter goes (the intake types of SP4N-LAPOR!, and two of our own)."""

    COMPLAINT = "complaint", _("pengaduan")
    ASPIRATION = "aspiration", _("aspirasi")
    #: A post is not yet a formal request: its author is told how to file one, and the clock starts with that.
    INFORMATION = "information", _("permintaan informasi")
    NOT_OURS = "not_ours", _("bukan kewenangan kota")
    EMERGENCY = "emergency", _("darurat")


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

    gate = models.CharField(max_length=12, choices=Gate.choices, default=Gate.COMPLAINT)
    authority = models.CharField(max_length=30, blank=True)  #: key of authority.toml; "" not told
    #: Kemendagri code of the kelurahan, or of the kecamatan, as far as is known ("32.75.09.1002"); "" unknown.
    area = models.CharField(max_length=13, blank=True)
    unit = models.ForeignKey(
        Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="cases"
    )  #: who has it now; None: nobody yet
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="cases"
    )
    code = models.CharField(max_length=16, blank=True)  #: with the number, opens the public status page
    #: The case in which it was merged as a duplicate; None: it stands for itself.
    into = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="duplicates"
    )
    #: A person said that they have seen this emergency; None: it escalates.
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    escalations = models.PositiveSmallIntegerField(default=0)
    escalate_at = models.DateTimeField(null=True, blank=True)  #: next step of the ladder; None: none
    answered_at = models.DateTimeField(null=True, blank=True)  #: when it was first answered with a result
    ended_at = models.DateTimeField(null=True, blank=True)  #: None while something is left to do
    reopened = models.PositiveSmallIntegerField(default=0)
    #: The citizen says that it is not solved, on the status page or in the thread; None again with a new answer.
    contested_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)  #: the citizen says that it is
    legal_hold = models.BooleanField(default=False)  #: nothing of it is erased while this stands
    anonymised_at = models.DateTimeField(null=True, blank=True)  #: when retention took the person out of it

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
            models.Index(fields=["unit", "state", "-id"], name="case_unit"),
            models.Index(fields=["area", "-id"], name="case_area"),
            models.Index(fields=["state", "reopened", "-id"], name="case_reopened"),
            models.Index(fields=["changed_at", "state"], name="case_changed"),
            models.Index(
                fields=["escalate_at"], condition=models.Q(escalate_at__isnull=False), name="case_escalates"
            ),
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


class AttachmentRole(models.TextChoices):
    REPORT = "report", _("dari warga")
    PROGRESS = "progress", _("perkembangan")
    PROOF = "proof", _("bukti selesai")
    DOCUMENT = "document", _("dokumen")


class Attachment(models.Model):
    """A file of a case: sniffed, re-encoded and without EXIF (cases/attachments.py)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="attachments")
    sha256 = models.CharField(max_length=64)  #: of the stored bytes; also the file's name
    name = models.CharField(max_length=200)
    media_type = models.CharField(max_length=40)  #: by its content
    bytes = models.PositiveBigIntegerField()
    width = models.PositiveIntegerField(default=0)  #: pixels; 0: no picture
    height = models.PositiveIntegerField(default=0)
    role = models.CharField(max_length=10, choices=AttachmentRole.choices)
    alt = models.CharField(max_length=500, blank=True)
    public = models.BooleanField(default=False)  #: may be shown on the status page and in a reply
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("lampiran")
        verbose_name_plural = _("lampiran")
        constraints = [models.UniqueConstraint(fields=["case", "sha256"], name="attachment_once")]

    def __str__(self) -> str:
        return self.name


class Watch(models.Model):
    """Somebody wants to know what becomes of a case."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="watches")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches")
    since = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["case", "person"], name="watch_once")]

    def __str__(self) -> str:
        return f"{self.person_id} {self.case_id}"


class CaseMerge(models.Model):
    """Cases that a person merged into another as duplicates, so that it can be undone."""

    target = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="merges")
    #: [{"case": id, "state": state before, "unit": id or null, "assignee": id or null}].
    sources = models.JSONField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.target_id} {self.at}"


class SavedFilter(models.Model):
    """A filter of the case list under a name."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="filters")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)  #: the address's query, in its normal form
    shared = models.BooleanField(default=False)  #: everybody who reads cases sees it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "name"], name="filter_once")]

    def __str__(self) -> str:
        return self.name
