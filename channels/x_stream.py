"""X's filtered stream (GET /2/tweets/search/stream): posts within seconds, where the city's plan has it.

A pass is bounded: it catches up by search, holds the connection for `[stream] seconds`, and lets go. What is said
between two connections is read by the next pass's catching up, because that begins an hour before the newest post
(backfill_minutes exists in Enterprise only). X allows one connection an app and keeps rules apart from connections
(docs.x.com, filtered stream, read 2026-08-22).
"""

import hashlib
import json
import queue
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

import requests
import tweepy
from django.conf import settings

from channels.contract import ChannelError, Cursor, Failure, Item, Meter, Page, Post, Unreadable
from channels.ending import ending
from channels.http import measure, secure
from channels.models import Account
from channels.reading import listing, mapping, optional
from channels.x import FIELDS, HOSTS, asking, failure, later, plausible, translate

#: Seconds between two looks at whether the process is to stop.
_LOOK = 0.25
#: Seconds of rest when the connection is taken or broke.
_AGAIN, _TAKEN = 5.0, 60.0


class _Line(tweepy.StreamingClient):  # type: ignore[misc]  # tweepy has no types
    """One connection. tweepy reads it in a thread of its own; what comes is put into `heard`, in order.

    A line of bytes, b"" for a sign of life, a ChannelError, or None at the end.
    """

    def __init__(self, token: str, meter: Meter) -> None:
        # One try: tweepy's own retries would sleep for minutes inside the job.
        super().__init__(token, return_type=dict, max_retries=0, daemon=True)
        secure(self.session, HOSTS)
        measure(self.session, meter)
        self.session.hooks["response"].append(self._keep)
        self.heard: queue.SimpleQueue[bytes | ChannelError | None] = queue.SimpleQueue()
        self._answer: requests.Response | None = None
        self._connected = False

    def _keep(self, response: requests.Response, *_: Any, **__: Any) -> None:
        self._answer = response

    def on_data(self, raw_data: bytes) -> None:
        self.heard.put(raw_data)

    def on_keep_alive(self) -> None:
        self.heard.put(b"")

    def on_connect(self) -> None:
        if self._connected:
            # tweepy connects again by itself after X has closed (4.17.0); what was said between would be missed.
            self.disconnect()
        self._connected = True

    def on_closed(self, response: requests.Response) -> None:
        self.disconnect()

    def on_request_error(self, status_code: int) -> None:
        self.disconnect()  # else tweepy sleeps before it gives up
        self.heard.put(_refused(self._answer) if self._answer is not None else _broken())

    def on_connection_error(self) -> None:
        self.disconnect()
        self.heard.put(_broken())

    def on_exception(self, exception: Exception) -> None:
        self.heard.put(_broken())

    def on_disconnect(self) -> None:
        self.heard.put(None)

    def release(self) -> None:
        """Let go at once: the reading thread waits in the socket, which is therefore shut."""
        self.disconnect()
        try:
            if self._answer is not None:
                self._answer.raw.shutdown()
        except (OSError, ValueError, RuntimeError, AttributeError):
            pass  # it has ended already
        if self.thread is not None:
            self.thread.join(_AGAIN)


def listen(
    account: Account, meter: Meter, kind: str, query: str, catching_up: Iterator[Page]
) -> Iterator[Page]:
    """The pages of ``catching_up``, then each post as a page of its own until the pass has lasted long enough.

    Raises ChannelError (later) when the connection breaks or falls silent: what was said since then is a gap until
    the next pass has caught up.
    """
    newest: str | None = None
    for page in catching_up:
        newest = later(_newest(newest, page.items), optional(mapping(page.cursor).get("newest")))
        yield page
    line = _Line(account.secret("bearer_token"), meter)
    rules = _keep_rules(line, f"kentongan:{account.key}:", kind, _rule(account, kind, query))
    table, lease = settings.HEARING["stream"], float(settings.ENGINE["hearing"]["lease"])
    end = time.monotonic() + min(float(table["seconds"]), lease / 2)
    try:
        line.filter(threaded=True, **FIELDS)
        for raw in _lines(line, end, float(table["silence"])):
            items = _read(raw, rules)
            newest = _newest(newest, items)
            if items:
                yield Page(tuple(items), _cursor(newest))
    finally:
        line.release()


def _lines(line: _Line, end: float, silence: float) -> Iterator[bytes]:
    """What X says until ``end`` (monotonic seconds), or until the process is to stop."""
    last = time.monotonic()
    while not ending.is_set() and (now := time.monotonic()) < end:
        try:
            heard = line.heard.get(timeout=min(_LOOK, end - now))
        except queue.Empty:
            if time.monotonic() - last > silence:
                raise ChannelError(
                    f"Aliran X diam lebih dari {silence:.0f} detik; disambung lagi.",
                    Failure.LATER,
                    retry_in=_AGAIN,
                ) from None
            continue
        last = time.monotonic()
        if heard is None:
            raise _broken()
        if isinstance(heard, ChannelError):
            raise heard
        if heard:
            yield heard


def _read(raw: bytes, rules: set[str]) -> list[Item]:
    """The posts of one line; those that only somebody else's rules asked for are left out.

    Raises ChannelError where X says that it ends: {"errors": [{"title": "operational-disconnect", …}]}.
    """
    try:
        answer = mapping(json.loads(raw))
    except (ValueError, RecursionError):
        return [Unreadable("baris aliran X bukan JSON")]
    if "data" not in answer and answer.get("errors"):
        raise _broken()
    matching = {optional(mapping(rule).get("id")) for rule in listing(answer.get("matching_rules"))}
    return translate(answer) if matching & rules else []


def _rule(account: Account, kind: str, query: str) -> str:
    """What the stream is asked for. Mentions have no edge of their own there."""
    if kind == "mention":
        name = account.setting("username")
        return f"@{name} -from:{name}"
    return query


def _keep_rules(line: _Line, mark: str, kind: str, value: str) -> set[str]:
    """Leave exactly one rule of ours at X; gives the ids under which its posts come.

    Our rules are known by their tag. Those of an earlier query, and of another source of this account, go: each post
    that a rule lets through costs money. Rules without our mark are somebody else's and stay.
    """
    tag = f"{mark}{kind}:{hashlib.sha256(value.encode()).hexdigest()[:8]}"
    known = [mapping(row) for row in listing(mapping(asking(line.get_rules)).get("data"))]
    ours = [row for row in known if str(row.get("tag") or "").startswith(mark)]
    same = {number for row in known if row.get("value") == value and (number := optional(row.get("id")))}
    if stale := [number for row in ours if (number := optional(row.get("id"))) and number not in same]:
        asking(partial(line.delete_rules, stale))
    if same:
        return same
    answer = mapping(asking(partial(line.add_rules, tweepy.StreamRule(value, tag))))
    made = {number for row in listing(answer.get("data")) if (number := optional(mapping(row).get("id")))}
    if not made:
        error = mapping(next(iter(listing(answer.get("errors"))), None))
        raise ChannelError(
            f"X menolak aturan aliran ({error.get('title') or 'tanpa keterangan'}): periksa kata kuncinya.",
            Failure.REFUSED,
            code="rule",
        )
    return made


def _refused(response: requests.Response) -> ChannelError:
    """Why X opened no connection. 429 TooManyConnections: {"connection_issue": …} (node-twitter-api-v2#100)."""
    try:
        issue = mapping(response.json()).get("connection_issue")
        if issue == "TooManyConnections":
            return ChannelError(
                "Aliran X sedang dipakai: hanya satu sambungan untuk tiap aplikasi.",
                Failure.LATER,
                retry_in=_TAKEN,
                code=str(response.status_code),
            )
        if (
            response.status_code == 409
        ):  # RuleConfigurationIssue: the rule made just now is not known everywhere yet
            return ChannelError("X belum mengenal aturan aliran.", Failure.LATER, retry_in=_AGAIN, code="409")
        return failure(tweepy.HTTPException(response), writing=False)
    except requests.RequestException:
        status = response.status_code
        code = str(status)
        if status in (401, 403):
            return ChannelError(f"X menolak aliran (HTTP {status}).", Failure.CREDENTIALS, code=code)
        return ChannelError(f"X sedang bermasalah (HTTP {status}).", Failure.LATER, code=code)


def _broken() -> ChannelError:
    return ChannelError(
        "Aliran X terputus; disambung lagi, dan yang terlewat disusulkan lewat pencarian.",
        Failure.LATER,
        retry_in=_AGAIN,
        code="stream",
    )


def _newest(known: str | None, items: tuple[Item, ...] | list[Item]) -> str | None:
    for item in items:
        known = later(known, item.id if isinstance(item, Post) and plausible(item.id) else None)
    return known


def _cursor(newest: str | None) -> Cursor | None:
    return {"newest": newest} if newest else None
