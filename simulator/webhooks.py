"""Meta's webhooks: what citizens say on Facebook and Instagram, pushed to the city as it happens.

Subscribing is the handshake of Meta's Webhooks guide: GET with ``hub.mode``, ``hub.verify_token`` and
``hub.challenge``, answered by the challenge alone. Deliveries are ``{"object", "entry": [{"id", "time",
"changes": [{"field", "value"}]}]}``, signed in ``X-Hub-Signature-256`` with HMAC-SHA256(app secret, raw body).
They have no number and no order, may come twice, and tell nothing of what happened before (platforms.md,
section 3). Real ones come in batches of up to 1,000 changes and are retried for 36 hours; here 100, and four
attempts within seconds. Instagram tells of no change and no removal; a mention there is an id only.

Not sent, although Facebook would: likes, shares, and what the city wrote itself. Not sent, as on Facebook:
comments under posts of others that tag the Page.
"""

import asyncio
import hashlib
import hmac
import http.client
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from simulator import facebook
from simulator.faults import WEBHOOK, Armed
from simulator.world import Post, Town, now

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BATCH = 100
PATIENCE = 5.0
#: Seconds before the second, third and fourth attempt.
RETRIES = (0.5, 1.0, 2.0)


class Unsubscribed(ValueError):
    """The address cannot be subscribed; the message is a sentence."""


@dataclass
class Delivery:
    number: int
    body: bytes
    changes: int
    forged: bool = False
    attempts: int = 0
    #: The status of the last answer; None while there was none.
    status: int | None = None
    #: "dropped" or "repeated" when a fault did that.
    note: str = ""


class Webhooks:
    def __init__(self, town: Town) -> None:
        self.town = town
        self.url: str | None = None
        self.deliveries: list[Delivery] = []
        self._waiting: deque[Delivery] = deque()
        self._held: list[Delivery] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._worker: asyncio.Task[None] | None = None
        town.listeners.append(self.hear)

    # Subscribing

    async def subscribe(self, url: Any) -> None:
        """Shake hands with the receiver; from then on it is told everything."""
        parts = urlsplit(url) if isinstance(url, str) else None
        if parts is None or parts.scheme != "http" or parts.hostname not in LOOPBACK:
            raise Unsubscribed(
                "url must be an http address on this computer, such as http://127.0.0.1:8000/hook."
            )
        challenge = str(secrets.randbelow(10**10))
        asked = {
            "hub.mode": "subscribe",
            "hub.challenge": challenge,
            "hub.verify_token": self.town.identity.meta.verify_token,
        }
        question = f"{parts.path or '/'}?{'&'.join(q for q in (parts.query, urlencode(asked)) if q)}"
        try:
            status, body = await asyncio.to_thread(send, "GET", parts.netloc, question, b"", {})
        except (OSError, http.client.HTTPException) as error:
            raise Unsubscribed(f"{url} did not answer the handshake: {error}.") from None
        if status != 200 or body.strip() != challenge.encode():
            raise Unsubscribed(
                f"{url} answered the handshake with status {status} and not with the challenge."
            )
        self.url = str(url)
        self.town.webhook = True

    def stop(self) -> None:
        """Nobody is told anything any more."""
        self.url, self.town.webhook = None, False
        self._waiting.clear()
        self._held.clear()
        for task in [*self._tasks]:
            task.cancel()

    def state(self) -> dict[str, Any]:
        return {
            "url": self.url,
            "waiting": len(self._waiting) + len(self._held) + sum(not t.done() for t in self._tasks),
            "deliveries": [
                {
                    "number": d.number,
                    "changes": d.changes,
                    "attempts": d.attempts,
                    "status": d.status,
                    "note": d.note,
                }
                for d in self.deliveries[-200:]
            ],
        }

    # Telling

    def hear(self, posts: list[Post], verb: str) -> None:
        if self.url is None:
            return
        for name, owner in (
            ("page", self.town.identity.facebook.page_id),
            ("instagram", self.town.identity.instagram.user_id),
        ):
            changes = [c for c in (self._change(p, verb) for p in posts if _object(p) == name) if c]
            for begin in range(0, len(changes), BATCH):
                self._queue(name, owner, changes[begin : begin + BATCH])
        if self._waiting and (self._worker is None or self._worker.done()):
            self._worker = self._start(self._work())

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _queue(self, name: str, owner: str, changes: list[dict[str, Any]]) -> None:
        told = {
            "object": name,
            "entry": [{"id": owner, "time": int(time.time()), "changes": changes}],
        }
        # Meta signs the text with escaped non-ASCII characters and escaped slashes, which is what it sends.
        body = json.dumps(told, separators=(",", ":")).replace("/", "\\/").encode("ascii")
        delivery = Delivery(len(self.deliveries) + 1, body, len(changes))
        self.deliveries.append(delivery)
        self._waiting.append(delivery)

    def _change(self, post: Post, verb: str) -> dict[str, Any] | None:
        if post.channel == "facebook":
            return facebook_change(post, verb)
        if verb == "add" and post.channel == "instagram":
            return instagram_change(post)
        return None

    async def _work(self) -> None:
        """One after the other, so that an order exists that a fault can disturb."""
        while self._waiting:
            delivery = self._waiting.popleft()
            armed = self.town.faults.take("webhook", WEBHOOK)
            await self._treat(delivery, armed)

    async def _treat(self, delivery: Delivery, armed: Armed | None) -> None:
        match armed.fault if armed else "":
            case "webhook.drop":
                delivery.note = "dropped"
                return
            case "webhook.reorder":
                delivery.note = "held back"
                self._held.append(delivery)
                self._start(self._release(delivery, armed.seconds if armed else 0))
                return
            case "webhook.bad_signature":
                delivery.forged, delivery.note = True, "forged"
                await self._attempt(delivery)
            case "webhook.repeat":
                delivery.note = "repeated"
                await self._attempt(delivery)
                await self._attempt(delivery)
            case _:
                await self._attempt(delivery)
        while self._held:
            await self._attempt(self._held.pop(0))

    async def _release(self, delivery: Delivery, seconds: float) -> None:
        """What is held back goes out at last when nothing comes after it."""
        await asyncio.sleep(seconds)
        if delivery in self._held:
            self._held.remove(delivery)
            await self._attempt(delivery)

    async def _attempt(self, delivery: Delivery, turn: int = 0) -> None:
        if self.url is None:
            return
        delivery.attempts += 1
        self.town.faults.counts["webhook"] += 1
        parts = urlsplit(self.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        secret = "not the app's secret" if delivery.forged else self.town.identity.meta.app_secret
        signature = hmac.new(secret.encode(), delivery.body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "facebookexternalua",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        try:
            delivery.status, _ = await asyncio.to_thread(
                send, "POST", parts.netloc, path, delivery.body, headers
            )
        except (OSError, http.client.HTTPException):
            delivery.status = None
        if (delivery.status is None or not 200 <= delivery.status < 300) and turn < len(RETRIES):
            self._start(self._again(delivery, turn))

    async def _again(self, delivery: Delivery, turn: int) -> None:
        await asyncio.sleep(RETRIES[turn])
        await self._attempt(delivery, turn + 1)


def send(method: str, netloc: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    """One request to this computer; redirects are not followed."""
    connection = http.client.HTTPConnection(netloc, timeout=PATIENCE)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(4096)
    finally:
        connection.close()


def _object(post: Post) -> str:
    return {"facebook": "page", "instagram": "instagram"}.get(post.channel, "")


def facebook_change(post: Post, verb: str) -> dict[str, Any] | None:
    """Field ``feed`` for the Page's feed and what stands under it, ``mention`` for posts that tag the Page.

    Shapes: Meta's Page webhooks reference, fields feed and mention.
    """
    #: The time of what happened, not of the post.
    when = {"add": post.created_at, "edited": post.edited_at or post.created_at}.get(verb, now())
    value: dict[str, Any] = {
        "verb": verb,
        "post_id": post.root.id,
        "created_time": int(when.timestamp()),
    }
    if verb != "remove":
        value["message"] = post.text
    if post.parent is None and post.how != "mention":
        # The sender is named here even where GET /tagged keeps silent about it.
        sender = {"sender_id": post.author.id, "sender_name": post.author.name}
        return {"field": "mention", "value": {"item": "post", **value, **sender}}
    value["from"] = facebook.person(post.author)
    if post.parent is None:
        if post.media and verb != "remove":
            value |= {"item": "photo", "link": post.media[0], "published": 1}
        else:
            value["item"] = "post"
        return {"field": "feed", "value": value}
    if post.root.how not in ("city", "mention"):
        return None
    value |= {"item": "comment", "comment_id": post.id, "parent_id": post.parent.id}
    value["post"] = {"id": post.root.id, "permalink_url": facebook.permalink(post.root)}
    return {"field": "feed", "value": value}


def instagram_change(post: Post) -> dict[str, Any] | None:
    """Field ``comments`` for the account's own media, ``mentions`` (ids only) for everybody else's.

    Shapes: Meta's Instagram webhooks reference, fields comments and mentions.
    """
    if post.whispered:
        ids = {"media_id": post.root.id}
        if post.parent is not None:
            ids["comment_id"] = post.id
        return {"field": "mentions", "value": ids}
    if post.parent is None:
        return None
    value: dict[str, Any] = {
        "id": post.id,
        "text": post.text,
        "from": {"id": post.author.id, "username": post.author.username},
        "media": {"id": post.root.id, "media_product_type": "FEED"},
    }
    if post.parent.parent is not None:
        value["parent_id"] = post.parent.id
    return {"field": "comments", "value": value}
