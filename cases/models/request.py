"""Requests that come through a private form: for public information (PPID), and about one's own data (UU 27/2022)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from city.models import Unit


class RequestState(models.TextChoices):
    REGISTERED = "registered", _("terdaftar")
    EXTENDED = "extended", _("diperpanjang")
    ANSWERED = "answered", _("dijawab")
    REFUSED = "refused", _("ditolak")
    OBJECTED = "objected", _("keberatan diajukan")
    CLOSED = "closed", _("selesai")


class InformationRequest(models.Model):
    """A formal request for public information (permohonan informasi, UU 14/2008 art. 22). The clock starts here."""

    number = models.CharField(max_length=30, unique=True)  #: "PPID-2026-000012"
    code = models.CharField(max_length=16)  #: with the number, opens its status page
    case = models.ForeignKey(
        Case, null=True, on_delete=models.SET_NULL, related_name="information_requests"
    )  #: the post that it began with; None: it came by the form alone
    unit = models.ForeignKey(Unit, null=True, on_delete=models.PROTECT, related_name="+")  #: PPID Pembantu
    #: Encrypted JSON: name, identity_kind, identity_number, address, email, phone, occupation.
    sealed = models.BinaryField()
    information = models.TextField()  #: what is asked for, with numbers masked
    purpose = models.TextField()  #: what for
    form = models.CharField(max_length=20, blank=True)  #: how it is wanted: "softcopy", "hardcopy", "view"
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.REGISTERED)
    registered_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)  #: what was answered, or why it was refused (with the article)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("permohonan informasi")
        verbose_name_plural = _("permohonan informasi")
        indexes = [models.Index(fields=["state", "-id"], name="information_state")]

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        return f"ppid:{self.pk}"


class Right(models.TextChoices):
    ACCESS = "access", _("melihat data")
    CORRECTION = "correction", _("memperbaiki data")
    RESTRICTION = "restriction", _("membatasi pemrosesan")
    ERASURE = "erasure", _("menghapus data")


class RightsRequest(models.Model):
    """What somebody asks about their own data (UU 27/2022), and what was done."""

    number = models.CharField(max_length=30, unique=True)  #: "PDP-2026-000003"
    code = models.CharField(max_length=16)
    right = models.CharField(max_length=12, choices=Right.choices)
    channel = models.CharField(
        max_length=20, blank=True
    )  #: where their account is; "" where they gave a case
    handle = models.CharField(max_length=200, blank=True)  #: the account, as they wrote it
    case_number = models.CharField(max_length=30, blank=True)
    sealed = models.BinaryField()  #: encrypted JSON: name, contact
    words = models.TextField(blank=True)  #: what they want, masked
    state = models.CharField(max_length=12, choices=RequestState.choices, default=RequestState.REGISTERED)
    #: Encrypted word that they post or send from the account to show that it is theirs; "" once shown.
    challenge = models.CharField(max_length=40, blank=True)
    proven_at = models.DateTimeField(
        null=True
    )  #: when it was clear that the account is theirs; None: not yet
    registered_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    #: What was found and done, as counts and hashes; the certificate prints it. No personal data.
    outcome = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("permintaan data pribadi")
        verbose_name_plural = _("permintaan data pribadi")

    def __str__(self) -> str:
        return self.number

    @property
    def subject(self) -> str:
        return f"rights:{self.pk}"
