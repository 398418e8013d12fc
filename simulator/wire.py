"""What goes over the wire: one request read whole, and the kinds of answer, also the broken ones."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send


@dataclass(frozen=True)
class File:
    name: str
    type: str
    data: bytes


@dataclass
class Call:
    """One request. ``host`` is lower case and without a port; ``path`` is percent-decoded."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    query_pairs: list[tuple[str, str]]
    headers: Headers
    body: bytes
    form_pairs: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, File] = field(default_factory=dict)
    raw_path: str = ""

    @property
    def form(self) -> dict[str, str]:
        return dict(self.form_pairs)

    @property
    def type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def json(self) -> dict[str, Any]:
        """The JSON object of the body; an empty one when there is none or it is no object."""
        try:
            value = json.loads(self.body) if self.body else {}
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def params(self) -> dict[str, Any]:
        """Query, form and JSON together, as the Graph API and WordPress take them."""
        body = self.json if self.type == "application/json" else {}
        return {**self.query, **self.form, **body}


def multipart(content_type: str, body: bytes) -> tuple[list[tuple[str, str]], dict[str, File]]:
    """Fields and files of a multipart/form-data body (RFC 7578), bytes kept exactly."""
    boundary = ""
    for part in content_type.split(";")[1:]:
        name, _, value = part.strip().partition("=")
        if name.lower() == "boundary":
            boundary = value.strip('"')
    pairs: list[tuple[str, str]] = []
    files: dict[str, File] = {}
    if not boundary:
        return pairs, files
    for piece in (b"\r\n" + body).split(b"\r\n--" + boundary.encode())[1:]:
        if piece.startswith(b"--"):
            break
        head, _, data = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        lines = dict(
            line.split(":", 1) for line in head.decode("utf-8", "replace").split("\r\n") if ":" in line
        )
        low = {k.strip().lower(): v.strip() for k, v in lines.items()}
        disposition = disposition_of(low.get("content-disposition", ""))
        name = disposition.get("name", "")
        if "filename" in disposition:
            files[name] = File(
                disposition["filename"], low.get("content-type", "application/octet-stream"), data
            )
        else:
            pairs.append((name, data.decode("utf-8", "replace")))
    return pairs, files


def disposition_of(header: str) -> dict[str, str]:
    """``attachment; filename="a.jpg"`` -> ``{"": "attachment", "filename": "a.jpg"}``."""
    kind, *parts = header.split(";")
    found = {"": kind.strip().lower()}
    for part in parts:
        name, _, value = part.strip().partition("=")
        found[name.strip().lower().rstrip("*")] = value.strip().strip('"')
    return found


async def read(request: Request) -> Call:
    body = await request.body()
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    call = Call(
        method=request.method,
        host=request.headers.get("host", "").rsplit(":", 1)[0].lower(),
        path=request.scope["path"],
        query=dict(pairs),
        query_pairs=pairs,
        headers=request.headers,
        body=body,
        raw_path=request.scope.get("raw_path", b"").decode("ascii", "replace").split("?")[0],
    )
    if call.type == "application/x-www-form-urlencoded":
        call.form_pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    elif call.type == "multipart/form-data":
        call.form_pairs, call.files = multipart(request.headers["content-type"], body)
    return call


class Json(Response):
    """JSON in ASCII: text with half a surrogate pair in it must not break the server."""

    def __init__(self, content: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content, separators=(",", ":")).encode("ascii")
        super().__init__(body, status, headers, media_type="application/json; charset=UTF-8")


def html(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status)


class Cut(Response):
    """The head promises a whole body; half of it is sent and the connection ends."""

    def __init__(self, whole: Response) -> None:
        super().__init__(None, whole.status_code)
        body = bytes(whole.body) or b'{"data":{"id":"1'
        self._half = body[: max(1, len(body) // 2)]
        self.raw_headers = [
            (b"content-type", whole.headers.get("content-type", "application/json").encode()),
            (b"content-length", str(max(len(body), len(self._half) + 64)).encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._half, "more_body": True})
        await asyncio.sleep(0.05)
        await hang_up(scope)


class Closed(Response):
    """No answer at all: the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await hang_up(scope)


async def hang_up(scope: Scope) -> None:
    """Close the socket under the server; ``town.send`` is the server's own bound send method."""
    cycle = getattr(scope["town.send"], "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is not None:
        transport.close()
    await asyncio.sleep(0.02)


def untyped(whole: Response) -> Response:
    """The same answer without a Content-Type header."""
    whole.raw_headers = [(k, v) for k, v in whole.raw_headers if k.lower() != b"content-type"]
    return whole
