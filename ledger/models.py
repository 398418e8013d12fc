"""Events that are only ever added, people with their roles and offices, and signs of life."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Person(AbstractUser):
    """Someone who signs in. The roles are Django groups (ledger.roles)."""

    #: The office a person acts in (jabatan), as it is printed on an approval; "" when none was given.
    office = models.CharField(_("jabatan"), max_length=120, blank=True)
    #: The units whose cases this person answers; none: as an officer of the coordinating office, all.
    units = models.ManyToManyField("city.Unit", blank=True, related_name="people")

    class Meta:
        verbose_name = _("orang")
        verbose_name_plural = _("orang")

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Mandate(models.Model):
    """An office that a person holds, or acts in, between two days."""

    class Acting(models.TextChoices):
        HOLDER = "", _("definitif")
        PLT = "plt", _("Plt. (pelaksana tugas)")
        PLH = "plh", _("Plh. (pelaksana harian)")

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="mandates")
    office = models.CharField(_("jabatan"), max_length=120)
    nip = models.CharField("NIP", max_length=30, blank=True)
    acting = models.CharField(max_length=3, choices=Acting.choices, blank=True, default="")
    letter = models.CharField(_("nomor surat"), max_length=120, blank=True)  #: an acting official needs one
    starts_on = models.DateField()
    ends_on = models.DateField(null=True, blank=True)  #: last day, inclusive; None: no end known
    #: Whose approvals this person may give while they are away; None: only their own.
    deputises = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="deputies"
    )

    class Meta:
        verbose_name = _("mandat")
        verbose_name_plural = _("mandat")

    def __str__(self) -> str:
        return f"{self.get_acting_display()} {self.office}" if self.acting else self.office


class Event(models.Model):
    """One thing that happened. Rows are never changed except once, when they are sealed into the chain."""

    at = models.DateTimeField()
    kind = models.CharField(max_length=60)  #: "case.opened", "delivery.published", ...
    subject = models.CharField(max_length=60, db_index=True)  #: "case:12", "announcement:3", "source:5"
    #: Who did it; None for the machine itself.
    actor = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    data = models.JSONField(default=dict)
    #: Place in the chain, 1, 2, 3...; None until ledger.chain.seal has reached the row.
    seal = models.BigIntegerField(null=True, unique=True)
    #: SHA-256 over the previous row's hash and this row's content, hex; "" until sealed.
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("peristiwa")
        verbose_name_plural = _("peristiwa")
        indexes = [
            models.Index(fields=["id"], condition=models.Q(seal__isnull=True), name="event_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class Heartbeat(models.Model):
    """When a part of the engine last said that it is alive."""

    name = models.CharField(max_length=80, unique=True)
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name
