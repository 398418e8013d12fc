"""The control API on the loopback host: speak as a citizen, arm a fault, read what the city published."""

import json
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from simulator import facebook, instagram, tweets
from simulator.faults import UnknownFault
from simulator.wire import Call, Json
from simulator.world import CHANNELS, BadRow, Post, Town, row

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
        said: dict[str, Any] = {"how": "mention", **{k: v for k, v in data.items() if v is not None}}
        if said.get("id") in (None, ""):
            said["id"] = self.simulator.next_say()
        try:
            post = self.town.say(row(said))
        except BadRow as error:
            return wrong(str(error))
        return Json(
            {
                "channel": post.channel,
                "id": post.world_id,
                "platform_id": post.public_id,
                "permalink": permalink(post),
            }
        )

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
        if channel not in CHANNELS:
            return wrong(f"channel must be one of {', '.join(CHANNELS)}, not {channel!r}.")
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
            "reply_to": None if post.parent is None else post.parent.public_id,
        }
