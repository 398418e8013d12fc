"""One port, many hosts: the Host header decides which platform a request was meant for."""

import json
import re
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from simulator import graph
from simulator.control import Control
from simulator.facebook import Facebook
from simulator.graph import GraphError
from simulator.identity import Identity
from simulator.instagram import Instagram
from simulator.instagram_web import InstagramWeb
from simulator.pages import Pages
from simulator.webhooks import Webhooks
from simulator.wire import Call, Json, read
from simulator.wordpress import WordPress
from simulator.world import PICTURE_HOSTS, Town, set_clock
from simulator.x import X

X_HOSTS = ("api.twitter.com", "api.x.com", "upload.twitter.com")
INSTAGRAM_HOSTS = ("www.instagram.com", "i.instagram.com")
SECRETS = ("access_token", "appsecret_proof", "input_token")


class Simulator:
    """The town as an ASGI application."""

    def __init__(self, identity: Identity, *, caps: bool = True, world: Path | None = None) -> None:
        self.identity = identity
        self.caps = caps
        self.world = world
        #: The last requests of the platforms' hosts, without secrets.
        self.requests: deque[dict[str, Any]] = deque(maxlen=200)
        self._base_url = "http://127.0.0.1:0"
        self.webhooks: Webhooks | None = None
        self.control = Control(self)
        self.pages = Pages(self)
        self.reset()

    def reset(self) -> None:
        """Begin again: only the town's own posts and the world file, and no webhook."""
        if self.webhooks is not None:
            self.webhooks.stop()
        set_clock(None)
        self.town = Town(self.identity, caps=self.caps)
        self.town.base_url = self._base_url
        self.x = X(self.town)
        self.facebook = Facebook(self.town)
        self.instagram = Instagram(self.town)
        self.instagram_web = InstagramWeb(self.town)
        self.sites = {host: WordPress(self.town, site) for host, site in self.identity.hosts.items()}
        self.webhooks = Webhooks(self.town)
        self.requests.clear()
        self._said = 0
        if self.world is not None:
            self.town.load(self.world.read_text(encoding="utf-8", errors="replace"), self.world.name)

    def listen_at(self, base_url: str) -> None:
        self._base_url = self.town.base_url = base_url

    def next_say(self) -> str:
        self._said += 1
        while any(f"say-{self._said}" in known for known in self.town.by_world.values()):
            self._said += 1
        return f"say-{self._said}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        scope["town.send"] = send
        call = await read(Request(scope, receive))
        self.town.tick()
        entry = self._note(call)

        async def noting(message: Message) -> None:
            if entry is not None and message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        answer = await self._answer(call)
        if call.method == "HEAD":
            answer.body = b""
        await answer(scope, receive, noting)

    def _note(self, call: Call) -> dict[str, Any] | None:
        if not self._platform(call.host):
            return None
        pairs = [(k, "…" if k in SECRETS else v) for k, v in parse_qsl(urlencode(call.query_pairs))]
        path = call.path + ("?" + "&".join(f"{k}={v}" for k, v in pairs) if pairs else "")
        entry: dict[str, Any] = {"method": call.method, "host": call.host, "path": path, "status": None}
        self.requests.append(entry)
        return entry

    def _platform(self, host: str) -> bool:
        known = (*X_HOSTS, "graph.facebook.com", *INSTAGRAM_HOSTS, *PICTURE_HOSTS.values())
        return host in known or host in self.sites

    async def _answer(self, call: Call) -> Response:
        if call.host in X_HOSTS:
            return await self.x(call)
        if call.host == "graph.facebook.com":
            return await self._graph(call)
        if call.host in INSTAGRAM_HOSTS:
            return await self.instagram_web(call)
        if call.host in PICTURE_HOSTS.values():
            return self.pages.picture(call.path)
        if (site := self.sites.get(call.host)) is not None:
            if call.path == "/wp-json" or call.path.startswith("/wp-json/") or "rest_route" in call.query:
                return await site(call)
            if call.method in ("GET", "HEAD") and call.path.rstrip("/") in ("/feed", "/comments/feed"):
                return await site.feed(call, comments=call.path.startswith("/comments/"))
            return await site.page(call, lambda: self.pages.website(site, call))
        if call.path.startswith("/control/"):
            return await self.control(call)
        return self.pages.town(call)

    async def _graph(self, call: Call) -> Response:
        """``/{version}/{object}[/{edge}]``; the object tells whether Facebook or Instagram is meant."""
        path = re.sub(r"^/v\d+\.\d+(?=/|$)", "", call.path).strip("/")
        object_id, _, edge = path.partition("/")
        try:
            if not object_id:
                answer = await self._graph_many(call)
            elif self.instagram.owns(object_id):
                answer = await self.instagram(call, object_id, edge)
            else:
                answer = await self.facebook(call, object_id, edge)
        except GraphError as error:
            answer = error.response
        answer.headers.setdefault("facebook-api-version", graph.version(call))
        bare = answer.status_code == 429
        for name, value in graph.usage(self.identity.facebook.page_id).items() if not bare else ():
            answer.headers.setdefault(name, value)
        return answer

    async def _graph_many(self, call: Call) -> Response:
        """``/?ids=a,b`` -> ``{"a": {...}, "b": {...}}``: at most 50, and one that is missing spoils them all.

        The error names the first missing id (100/33), so that a client can leave it out or split the call.
        """
        ids = [*dict.fromkeys(i for i in call.query.get("ids", "").split(",") if i)]
        if not ids:
            raise graph.parameter("The parameter ids is required")
        if len(ids) > 50:
            raise graph.parameter(f"Too many IDs. Maximum: 50. Provided: {len(ids)}.")
        owners = {i: self.instagram if self.instagram.owns(i) else self.facebook for i in ids}
        # What is gone belongs to nobody: then either token may ask, and is told that it does not exist.
        known = {
            i for i, owner in owners.items() if owner is self.instagram or i in self.town.by_id["facebook"]
        }
        for i in known:
            owners[i].admit(call)
        if not known:
            self.instagram.admit(call)

        async def work() -> Response:
            try:
                return Json({i: json.loads(bytes(owner.thing(call, i).body)) for i, owner in owners.items()})
            except GraphError as error:
                return error.response

        first = owners[ids[0]]
        return await self.town.faults.play(first.object_route, first.voice, call, work)
