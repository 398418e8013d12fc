"""The control API on the loopback host: speak as a citizen, arm a fault, read what the city published.

``POST say`` one row, ``POST world`` JSON Lines · ``POST edit {channel, id, text}``, ``POST delete {channel, id}``:
a citizen changes or takes away a post, named by its world id or its platform id · ``POST numbers {channel, id,
likes, shares, reach}``: how a post was received · ``POST clock {at}``: what time it is · ``GET ids?channel=``
(deleted ones too), ``GET deleted?channel=``: world id -> platform id · ``POST/GET/DELETE fail`` faults ·
``POST subscribe {url}`` webhooks to an address of this computer, ``GET subscribe`` what was delivered, ``DELETE
subscribe`` · ``GET received``, ``requests``, ``health`` · ``POST reset``. An error is 400 with a sentence.
"""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from simulator import facebook, instagram, tweets
from simulator.faults import UnknownFault
from simulator.webhooks import Unsubscribed, Webhooks
from simulator.wire import Call, Json
from simulator.wordpress import WordPress
from simulator.world import CHANNELS, BadRow, Post, Town, now, row, set_clock

if TYPE_CHECKING:
    from simulator.app import Simulator


def permalink(post: Post) -> str:
    return {"x": tweets.permalink, "facebook": facebook.permalink, "instagram": instagram.permalink}[
        post.channel
    ](post)


def wrong(sentence: str, status: int = 400) -> Response:
    return Json({"error": sentence}, status)


class Control:
    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    @property
    def town(self) -> Town:
        return self.simulator.town

    async def __call__(self, call: Call) -> Response:
        match call.method, call.path.removeprefix("/control/").rstrip("/"):
            case "POST", "say":
                return self.say(call)
            case "POST", "world":
                loaded, problems = self.town.load(call.body.decode("utf-8", "replace"))
                return Json({"loaded": loaded, "problems": problems})
            case "POST", "fail":
                return self.fail(call)
            case "GET", "fail":
                return Json(self.town.faults.listed())
            case "DELETE", "fail":
                self.town.faults.clear()
                return Json({"ok": True})
            case "POST", "edit":
                return self.edit(call)
            case "POST", "delete":
                return self.delete(call)
            case "POST", "numbers":
                return self.numbers(call)
            case "POST", "clock":
                return self.clock(call)
            case "GET", "deleted":
                return self.deleted(call)
            case "POST", "subscribe":
                return await self.subscribe(call)
            case "GET", "subscribe":
                return Json(self.webhooks.state())
            case "DELETE", "subscribe":
                self.webhooks.stop()
                return Json(self.webhooks.state())
            case "GET", "ids":
                return self.ids(call)
            case "GET", "received":
                return Json(self.received())
            case "GET", "requests":
                return Json({"counts": dict(self.town.faults.counts), "last": [*self.simulator.requests]})
            case "GET", "health":
                posts = sum(len(known) for known in self.town.by_id.values())
                return Json({"ok": True, "problems": self.town.problems, "posts": posts})
            case "POST", "reset":
                self.simulator.reset()
                return Json({"ok": True})
        return wrong(f"The town has no control {call.method} {call.path}.", 404)

    def say(self, call: Call) -> Response:
        data = self._body(call)
        if data is None:
            return wrong("The body must be a JSON object.")
        return self.hear(data)

    def hear(self, data: dict[str, Any]) -> Response:
        """Let a citizen speak; also used by the town page's form."""
        usual = "comment" if data.get("channel") in self.sites else "mention"
        said: dict[str, Any] = {"how": usual, **{k: v for k, v in data.items() if v is not None}}
        if said.get("id") in (None, ""):
            said["id"] = self.simulator.next_say()
        try:
            post = self.town.say(row(said, self.town.channels))
        except BadRow as error:
            return wrong(str(error))
        return Json(self._told(post))

    @property
    def sites(self) -> dict[str, WordPress]:
        return {site.site.key: site for site in self.simulator.sites.values()}

    def _told(self, post: Post) -> dict[str, Any]:
        site = self.sites.get(post.channel)
        return {
            "channel": post.channel,
            "id": post.world_id,
            "platform_id": post.public_id,
            "permalink": permalink(post) if site is None else site.comment_link(post),
        }

    def _named(self, data: dict[str, Any] | None) -> Post | str:
        """The post that a body means by its world id or its platform id, or what is wrong with the body."""
        if data is None:
            return "The body must be a JSON object."
        channel, name = data.get("channel"), data.get("id")
        if channel not in self.town.channels:
            return f"channel must be one of {', '.join(self.town.channels)}, not {channel!r}."
        post = self.town.named(channel, None if name is None else str(name))
        if post is None or post.deleted:
            return f"{channel} has no post {name!r}, or no longer."
        return post

    def edit(self, call: Call) -> Response:
        """A citizen changes a post."""
        data = self._body(call)
        post = self._named(data)
        if isinstance(post, str):
            return wrong(post)
        text = (data or {}).get("text")
        if not isinstance(text, str):
            return wrong(f"text must be a text, not {text!r}.")
        try:
            self.town.edit(post, text)
        except BadRow as error:
            return wrong(str(error))
        return Json(self._told(post))

    def delete(self, call: Call) -> Response:
        """A citizen takes a post away."""
        post = self._named(self._body(call))
        if isinstance(post, str):
            return wrong(post)
        told = self._told(post)
        self.town.remove(post)
        return Json(told)

    def numbers(self, call: Call) -> Response:
        """How a post was received: likes, shares and reach, each a whole number."""
        data = self._body(call)
        post = self._named(data)
        if isinstance(post, str):
            return wrong(post)
        told = {k: v for k, v in (data or {}).items() if k in ("likes", "shares", "reach")}
        if not all(isinstance(v, int) and not isinstance(v, bool) and v >= 0 for v in told.values()):
            return wrong("likes, shares and reach must be whole numbers.")
        post.told.update(told)
        return Json(post.told)

    def clock(self, call: Call) -> Response:
        """What time it is in the town, from now on: {"at": ISO with an offset}; {"at": null} is this computer's."""
        at = (self._body(call) or {}).get("at")
        try:
            moment = None if at is None else datetime.fromisoformat(at)
        except (TypeError, ValueError):
            return wrong(f"at must be a time in ISO form, not {at!r}.")
        if moment is not None and moment.tzinfo is None:
            return wrong(f"at must name its offset, as in 2026-11-24T10:00:00+07:00, not {at!r}.")
        set_clock(moment)
        return Json({"at": now().isoformat()})

    def deleted(self, call: Call) -> Response:
        channel = call.query.get("channel", "")
        if channel not in self.town.channels:
            return wrong(f"channel must be one of {', '.join(self.town.channels)}, not {channel!r}.")
        return Json({p.world_id or p.public_id: p.public_id for p in self.town.gone[channel]})

    @property
    def webhooks(self) -> Webhooks:
        if self.simulator.webhooks is None:
            raise RuntimeError("The town has not begun.")
        return self.simulator.webhooks

    async def subscribe(self, call: Call) -> Response:
        """Let Facebook and Instagram tell an address of this computer what citizens say from now on."""
        data = self._body(call)
        if data is None:
            return wrong("The body must be a JSON object.")
        try:
            await self.webhooks.subscribe(data.get("url"))
        except Unsubscribed as error:
            return wrong(str(error))
        return Json(self.webhooks.state())

    @staticmethod
    def _body(call: Call) -> dict[str, Any] | None:
        try:
            data = json.loads(call.body)
        except ValueError:
            return None
        return data if isinstance(data, dict) else None

    def fail(self, call: Call) -> Response:
        data = self._body(call)
        if data is None:
            return wrong("The body must be a JSON object.")
        if unknown := sorted(set(data) - {"route", "fault", "times", "seconds"}):
            return wrong(f"A fault has no {', '.join(unknown)}; it has route, fault, times and seconds.")
        try:
            armed = self.town.faults.arm(
                data.get("route"), data.get("fault"), data.get("times", 1), data.get("seconds", 30)
            )
        except UnknownFault as error:
            return wrong(str(error))
        return Json(
            {"route": armed.route, "fault": armed.fault, "times": armed.times, "seconds": armed.seconds}
        )

    def ids(self, call: Call) -> Response:
        channel = call.query.get("channel", "")
        if channel not in self.town.channels:
            return wrong(f"channel must be one of {', '.join(self.town.channels)}, not {channel!r}.")
        known = self.town.by_world[channel]
        wanted = [v for k, v in call.query_pairs if k == "id"] or [*known]
        return Json({i: known[i].public_id for i in wanted if i in known})

    def received(self) -> dict[str, list[dict[str, Any]]]:
        """What the city published through the APIs and anyone can see now, oldest first."""
        heard: dict[str, list[dict[str, Any]]] = {}
        for channel in CHANNELS:
            posts = [p for p in self.town.spoken[channel] if p.public and not p.deleted]
            heard[channel] = [self._published(p) for p in posts]
        for site in self.simulator.sites.values():
            heard[site.site.key] = [
                {
                    "id": str(a.id),
                    "text": a.content,
                    "title": a.title,
                    "slug": a.slug,
                    "reply_to": None,
                    "created_at": a.date.isoformat(),
                    "permalink": site.link(a),
                }
                for a in reversed(site.published)
                if a.id != site.town_article
            ]
        return heard

    @staticmethod
    def _published(post: Post) -> dict[str, Any]:
        return {
            "id": post.id,
            "text": post.alt.get("said", post.text),
            "created_at": post.created_at.isoformat(),
            "permalink": permalink(post),
            "media": post.media,
            "alt": [post.alt.get(url, "") for url in post.media],
            "edits": post.edits,
            "reply_to": None if post.parent is None else post.parent.public_id,
        }
