"""An announcement that has appeared, without the way to it."""

from datetime import datetime
from typing import Any

from channels.contract import Outgoing, Sent
from channels.models import Account
from channels.registry import open_channel
from publisher.models import Act, Announcement, Approval, Delivery, DeliveryState, Variant

TEXT = "Air mati di Jatiasih, pukul 10–12. “Tampung air” hari ini. KTG-0000A1"
HTML = "<p>Air mati di Jatiasih, pukul 10–12.</p><p>Tampung air hari ini.</p>"


def announcement(people: dict[str, Any], now: datetime, number: int = 1, **more: Any) -> Announcement:
    """Sari wrote it, Budi approved it."""
    made = Announcement.objects.create(
        **{
            "kind": "service_notice",
            "title": "Air mati di Jatiasih",
            "reference": f"KTG-0000A{number}",
            "slug": f"air-mati-ktg-0000a{number}",
            "state": "published",
            "author": people["sari"],
            "created_at": now,
            "changed_at": now,
            "ppid_class": "serta_merta",
            "live_version": 1,
            **more,
        }
    )
    Approval.objects.create(
        announcement=made,
        version=1,
        person=people["budi"],
        office="Plt. Kepala Bagian Humas",
        nip="198001012005011001",
        letter="800/12/2026",
        content_hash="ab" * 32,
        at=now,
    )
    return made


def delivery(
    made: Announcement, account: Account, now: datetime, sent: Sent | None = None, **more: Any
) -> Delivery:
    """A delivery as the engine leaves it; its proof is the test's own business."""
    html = HTML if account.channel in ("website", "feed") else ""
    given = {
        "text": more.pop("text", TEXT),
        "title": made.title,
        "html": html,
        "change_text": more.pop("change", ""),
    }
    version = more.get("version", 1)
    Variant.objects.get_or_create(announcement=made, version=version, account=account, defaults=given)
    return Delivery.objects.create(
        **{
            "announcement": made,
            "version": 1,
            "account": account,
            "act": Act.PUBLISH,
            "state": DeliveryState.PUBLISHED,
            "due_at": now,
            "published_at": now,
            "remote_id": sent.remote_id if sent else f"r{made.pk}-{account.pk}",
            "permalink": sent.permalink if sent else "https://x.com/pemkot/status/1",
            **more,
        }
    )


def said(made: Announcement, account: Account, now: datetime, **more: Any) -> Delivery:
    """The same, with the text really standing on its channel in the town."""
    channel = open_channel(account)
    outgoing = Outgoing(text=TEXT, reference=made.reference, title=made.title, html=HTML, slug=made.slug)
    sent = channel.send(outgoing, channel.prepare(outgoing, {"started_at": now.isoformat()}))
    return delivery(made, account, now, sent, **more)
