"""What waits on an account that is switched off: nothing would happen to it, and nobody would know."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from ledger.chain import record
from publisher.deliver import sum_up
from publisher.models import Delivery, DeliveryState

#: An account that is switched off for a moment (a token is renewed) asks nobody.
GRACE = timedelta(minutes=15)
_UNCLEAR = (DeliveryState.UNKNOWN, DeliveryState.SENDING)


def strand(now: datetime) -> int:
    """Give to a person what has been due for a while on accounts that are switched off; gives how many.

    Neither sent nor looked for by itself afterwards: when the account is switched on again, a person decides.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    rows = Delivery.objects.filter(free, next_at__lt=now - GRACE, account__enabled=False)
    return sum(_asked(one, now) for one in rows.select_related("account").order_by("id")[:500])


def _asked(delivery: Delivery, now: datetime) -> bool:
    unclear = delivery.state in _UNCLEAR
    said = (
        _("Akun ini dimatikan sebelum jelas apakah sudah tayang. Lihat salurannya, lalu putuskan.")
        if unclear
        else _("Akun ini dimatikan. Nyalakan lalu kirim lagi, atau nyatakan tidak perlu.")
    )
    with transaction.atomic():
        mine = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=delivery.state)
        if not mine.update(
            state=DeliveryState.NEEDS_PERSON, next_at=None, leased_until=None, held="", trouble=said
        ):
            return False
        record(
            "delivery.changed", delivery.subject, at=now, changes={"state": "needs_person", "trouble": said}
        )
        sum_up(delivery.announcement_id, now)
    return True
