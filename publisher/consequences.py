"""What a correction or a withdrawal will do on each channel, told before anyone decides."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from channels.models import Account, Kind
from channels.registry import deletes, edits
from publisher.change import standing
from publisher.models import Announcement, Delivery


@dataclass(frozen=True, slots=True)
class Consequence:
    """What happens on one account, and how."""

    account: Account
    how: str  #: "edit", "reply", "comment", "note" (a withdrawn article), "delete"
    sentence: str
    permalink: str  #: of what stands there now; "" when it is not known


def of_correction(announcement: Announcement) -> list[Consequence]:
    """One for each account on which the announcement stands."""
    return [_corrected(one) for one in standing(announcement)]


def of_withdrawal(announcement: Announcement) -> list[Consequence]:
    """One for each account on which the announcement stands."""
    return [_withdrawn(one) for one in standing(announcement)]


def _corrected(delivery: Delivery) -> Consequence:
    channel = delivery.account.channel
    if channel in (Kind.WEBSITE, Kind.FEED):
        how, said = "edit", _("Artikelnya diubah di alamat yang sama, dengan keterangan ralat.")
    elif edits(channel):
        how, said = "edit", _("Kirimannya diubah di tempatnya.")
    elif channel == Kind.X:
        how, said = "reply", _("Tidak dapat diubah. Ralat tampil sebagai balasan di bawah kiriman lama.")
    else:
        how, said = "comment", _("Tidak dapat diubah. Ralat tampil sebagai komentar di bawah kiriman lama.")
    return Consequence(delivery.account, how, said, delivery.permalink)


def _withdrawn(delivery: Delivery) -> Consequence:
    channel = delivery.account.channel
    if channel in (Kind.WEBSITE, Kind.FEED):
        how, said = "note", _("Alamatnya tetap; isinya diganti keterangan bahwa, kapan, dan mengapa ditarik.")
    elif deletes(channel):
        how, said = "delete", _("Kirimannya dihapus.")
    else:
        how = "comment"
        said = _("Alasan penarikan tampil sebagai komentar; kirimannya lalu dihapus petugas di aplikasinya.")
    return Consequence(delivery.account, how, said, delivery.permalink)
