"""What citizens say of the answer they were given. Not in the ledger: their words must be erasable."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case


class VoiceKind(models.TextChoices):
    CONTEST = "contest", _("belum selesai")
    CONFIRM = "confirm", _("sudah selesai")


class Voice(models.Model):
    """One answer of a citizen on the status page. The ledger only says that there was one (case.contested)."""

    case = models.ForeignKey(Case, on_delete=models.CASCADE, related_name="voices")
    kind = models.CharField(max_length=8, choices=VoiceKind.choices)
    words = models.TextField(blank=True)  #: masked; "" for a confirmation, and once erased
    at = models.DateTimeField()
    reopened = models.BooleanField(default=False)  #: the case was closed, and is taken up again by it

    class Meta:
        verbose_name = _("tanggapan warga")
        verbose_name_plural = _("tanggapan warga")

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind}"
