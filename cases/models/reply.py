"""What was said to citizens about their cases. The words and their way out are the publisher's."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cases.models.case import Case
from cases.models.outlook import IncidentMessage
from publisher.models import Announcement


class Purpose(models.TextChoices):
    RECEIPT = "receipt", _("tanda terima")
    ASK_PLACE = "ask_place", _("menanyakan tempat")
    REDIRECT = "redirect", _("bukan kewenangan kota")
    INFORMATION = "information", _("cara meminta informasi")
    PROGRESS = "progress", _("perkembangan")
    DONE = "done", _("selesai")
    CONTEST = "contest", _("undangan menanggapi")
    INCIDENT = "incident", _("kabar kejadian")
    FREE = "free", _("jawaban petugas")


class Reply(models.Model):
    """One answer in the thread of a case's post."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="replies")
    announcement = models.OneToOneField(Announcement, on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=12, choices=Purpose.choices)
    automatic = models.BooleanField(default=False)  #: the machine said it, by a rule; at most once a matter
    #: The update of an incident that it carries; None: it is about this case alone.
    message = models.ForeignKey(IncidentMessage, null=True, on_delete=models.PROTECT, related_name="replies")
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("balasan")
        verbose_name_plural = _("balasan")
        constraints = [
            models.UniqueConstraint(fields=["case"], condition=Q(automatic=True), name="one_automatic_reply"),
            models.UniqueConstraint(
                fields=["case", "message"], condition=Q(message__isnull=False), name="one_reply_a_message"
            ),
        ]
        # The questions to which answers are looked for, each minute.
        indexes = [models.Index(fields=["purpose", "-at"], name="reply_asked")]

    def __str__(self) -> str:
        return f"{self.case_id} {self.purpose}"
