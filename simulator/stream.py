"""X's filtered stream: rules, and one long answer with a line for every post they match.

Lines end in CRLF; an empty one keeps the connection alive (the real X sends one every 20 seconds, the town
every second). A post is sent with the rules it matches: ``{"data", "includes", "matching_rules"}``. As in
search, a rule is never read: the one whose value is the first keyword query matches the keyword rows, the one
whose value is the first hashtag query the hashtag rows, one that begins with the city's @name what mentions it; any
other nothing. Nothing is sent again after a break.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulator.wire import Call, Json
from simulator.world import Post, Town, now

KEEP_ALIVE = 1.0
#: Rows that mention the city by its name.
MENTIONS = ("mention", "comment", "tagged")
MOST_RULES = 1000
LONGEST_RULE = 1024
STREAMING_PROBLEM = "https://api.twitter.com/2/problems/streaming-connection"


@dataclass(frozen=True)
class Rule:
    id: str
    value: str
    tag: str

    @property
    def shown(self) -> dict[str, str]:
        return {"id": self.id, "value": self.value} | ({"tag": self.tag} if self.tag else {})


class Stream(Response):
    """An answer that goes on until the client leaves or the fault ``stream_close`` ends it."""

    def __init__(self, hub: "Hub", show: Callable[[Post], dict[str, Any]]) -> None:
        super().__init__(None, 200)
        self.hub = hub
        self.show = show
        self.posts: asyncio.Queue[Post] = asyncio.Queue()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.hub.open.append(self)
        leaving = asyncio.create_task(_gone(receive))
        try:
            head = [(b"content-type", b"application/json; charset=utf-8")]
            kept = [h for h in self.raw_headers if h[0] not in (b"content-length", b"content-type")]
            await send({"type": "http.response.start", "status": 200, "headers": head + kept})
            await self._run(leaving, send)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            leaving.cancel()
            self.hub.open.remove(self)

    async def _run(self, leaving: "asyncio.Task[None]", send: Send) -> None:
        loop = asyncio.get_running_loop()
        end: float | None = None
        while not leaving.done() and (end is None or loop.time() < end):
            armed = self.hub.town.faults.take("x.stream", ("stream_close",))
            if armed is not None:
                end = loop.time() + armed.seconds
                continue
            rest = KEEP_ALIVE if end is None else min(KEEP_ALIVE, end - loop.time())
            try:
                post = await asyncio.wait_for(self.posts.get(), max(0.0, rest))
            except TimeoutError:
                line = b""
            else:
                matching = self.hub.matching(post)
                if not matching or post.deleted:
                    continue
                line = json.dumps({**self.show(post), "matching_rules": matching}).encode("ascii")
            await send({"type": "http.response.body", "body": line + b"\r\n", "more_body": True})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Hub:
    """The rules of the app and its open streams."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.rules: dict[str, Rule] = {}
        self.open: list[Stream] = []
        self._last = 1460000000000000000
        town.listeners.append(self.hear)

    def hear(self, posts: list[Post], verb: str) -> None:
        for post in posts if verb == "add" else ():
            if post.channel == "x" and post.how in ("keyword", "hashtag", *MENTIONS):
                for stream in self.open:
                    stream.posts.put_nowait(post)

    def matching(self, post: Post) -> list[dict[str, str]]:
        x = self.town.identity.x
        first = {"keyword": x.keyword_queries[:1], "hashtag": x.hashtag_queries[:1]}.get(post.how, ())
        found = [r for r in self.rules.values() if r.value in first]
        if post.how in MENTIONS:
            found = [r for r in self.rules.values() if r.value.split()[0] == f"@{x.username}"]
        return [{"id": r.id, "tag": r.tag} for r in found]

    def refusal(self) -> Response | None:
        """Why no stream can be opened now. 409 as tweepy#1934 quotes it, 429 as node-twitter-api-v2#100."""
        if not self.rules:
            why = "You must define rules using the POST /2/tweets/search/stream/rules endpoint before "
            return _problem(409, f"{why}connecting to filtered stream.", "RuleConfigurationIssue")
        if self.town.caps and self.open:
            why = "This stream is currently at the maximum allowed connection limit."
            return _problem(429, why, "TooManyConnections")
        return None

    # Rules

    def listed(self, call: Call) -> Response:
        wanted = [i for i in call.query.get("ids", "").split(",") if i]
        found = [r.shown for r in self.rules.values() if not wanted or r.id in wanted]
        meta = {"sent": _now(), "result_count": len(found)}
        return Json({"data": found, "meta": meta} if found else {"meta": meta})

    def change(self, call: Call) -> Response:
        body, dry = call.json, call.query.get("dry_run", "false").lower() == "true"
        if isinstance(body.get("add"), list):
            return self._add(body["add"], dry)
        return self._delete(body.get("delete") if isinstance(body.get("delete"), dict) else {}, dry)

    def _add(self, wanted: list[Any], dry: bool) -> Response:
        made: list[Rule] = []
        errors: list[dict[str, Any]] = []
        invalid = 0
        known = {r.value: r for r in self.rules.values()}
        for item in wanted:
            value = item.get("value") if isinstance(item, dict) else None
            if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_RULE:
                invalid += 1
                errors.append(_wrong_rule("InvalidRule", "invalid-rules", str(value)))
            elif len(self.rules) + len(made) >= MOST_RULES:
                errors.append(_wrong_rule("RulesCapExceeded", "rule-cap", value))
            elif value in known:
                errors.append(
                    _wrong_rule("DuplicateRule", "duplicate-rules", value) | {"id": known[value].id}
                )
            else:
                self._last += 1
                known[value] = Rule(str(self._last), value, str(item.get("tag") or ""))
                made.append(known[value])
        if not dry:
            self.rules |= {r.id: r for r in made}
        counts = {
            "created": len(made),
            "not_created": len(wanted) - len(made),
            "valid": len(wanted) - invalid,
            "invalid": invalid,
        }
        answer: dict[str, Any] = {"meta": {"sent": _now(), "summary": counts}}
        if made:
            answer["data"] = [r.shown for r in made]
        return Json(answer | ({"errors": errors} if errors else {}), 201)

    def _delete(self, wanted: Any, dry: bool) -> Response:
        names = [str(n) for key in ("ids", "values") for n in wanted.get(key) or []]
        gone = [r for r in self.rules.values() if r.id in names or r.value in names]
        for rule in gone if not dry else ():
            del self.rules[rule.id]
        counts = {"deleted": len(gone), "not_deleted": len(names) - len(gone)}
        return Json({"meta": {"sent": _now(), "summary": counts}})


def _wrong_rule(title: str, kind: str, value: str) -> dict[str, Any]:
    return {"title": title, "value": value, "type": f"https://api.twitter.com/2/problems/{kind}"}


def _problem(status: int, detail: str, issue: str) -> Response:
    body = {"title": "ConnectionException", "detail": detail, "connection_issue": issue}
    return Json({**body, "type": STREAMING_PROBLEM}, status)


def _now() -> str:
    return now().strftime("%Y-%m-%dT%H:%M:%S.000Z")
