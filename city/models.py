"""Units: the perangkat daerah of the city, and the bodies beside it to which a citizen is pointed."""

from datetime import date

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class UnitSort(models.TextChoices):
    SECRETARIAT = "secretariat", _("sekretariat")
    AGENCY = "agency", _("dinas")
    BOARD = "board", _("badan")
    DISTRICT = "district", _("kecamatan")
    COMPANY = "company", _("perusahaan daerah")
    OUTSIDE = "outside", _("instansi lain")


class Unit(models.Model):
    """One body as it is between two days. A reorganisation ends one row and begins others: history stays true."""

    key = models.SlugField(max_length=40)  #: stable short name in files and addresses: "dbmsda"
    name = models.CharField(_("nama"), max_length=160)
    short = models.CharField(_("singkatan"), max_length=40)
    sort = models.CharField(max_length=12, choices=UnitSort.choices)
    #: Kemendagri code of the kecamatan whose office it is ("32.75.09"); "" for all others.
    kecamatan = models.CharField(max_length=13, blank=True)
    #: Its rapid team (URC): where hand-offs are mailed; "" where none is known yet.
    urc_name = models.CharField(max_length=120, blank=True)
    urc_email = models.EmailField(blank=True)
    urc_phone = models.CharField(max_length=40, blank=True)
    #: Its PPID Pembantu, for requests of information.
    ppid_email = models.EmailField(blank=True)
    #: What a citizen is told where the matter is this body's: who it is and how it is reached. Public.
    redirect = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)  #: last day, inclusive; None: it stands
    successor = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="predecessors"
    )
    #: False: it came with the seed and the city has not confirmed it yet.
    confirmed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("perangkat daerah")
        verbose_name_plural = _("perangkat daerah")
        ordering = ["sort", "short", "id"]
        constraints = [models.UniqueConstraint(fields=["key", "valid_from"], name="unit_once")]

    def __str__(self) -> str:
        return self.short

    @property
    def outside(self) -> bool:
        """Whether it is no body of this city: citizens are pointed to it, cases are never given to it."""
        return self.sort == UnitSort.OUTSIDE


def standing(on: date) -> "models.QuerySet[Unit]":
    """The units that stand on the local day ``on``."""
    return Unit.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=on), valid_from__lte=on)
