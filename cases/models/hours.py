"""How much was said in each hour: the memory against which a spike is seen."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class HourCount(models.Model):
    """What one hour brought in one scope. Counted anew while posts of that hour may still arrive (cases/hours.py).

    An hour without a row of the scope "all" was not heard: unknown, and not zero.
    """

    hour = models.DateTimeField()  #: its begin, UTC
    scope = models.CharField(max_length=60)  #: "all", "topic:banjir_drainase", "area:32.75.09"
    posts = models.PositiveIntegerField(default=0)  #: in words of their own; complaints, questions and wishes
    copies = models.PositiveIntegerField(
        default=0
    )  #: word for word the same as an earlier post of somebody else
    accounts = models.PositiveIntegerField(
        default=0
    )  #: distinct, of the posts; each hidden author counts as one

    class Meta:
        verbose_name = _("hitungan jam")
        verbose_name_plural = _("hitungan jam")
        constraints = [models.UniqueConstraint(fields=["scope", "hour"], name="hour_count_once")]
        indexes = [models.Index(fields=["hour"], name="hour_count_hour")]

    def __str__(self) -> str:
        return f"{self.scope} {self.hour}: {self.accounts}"
