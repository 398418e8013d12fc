"""The one gateway to Meta's Graph API, shared by Facebook and Instagram.

facebook-sdk 3.1.0 is no longer maintained (PyPI 2018) but is what the city named, and it works with three
mends, all of which live here: the version is set after construction (its check stops at "3.1"), errors are
classified from codes, and the token travels in the Authorization header, because the SDK puts it in the query
of GET and DELETE, whence it reaches exception texts.
"""

from collections.abc import Callable, Iterator
from typing import Any

import facebook
import requests

from channels.contract import ChannelError, Failure
from channels.http import TIMEOUT, from_network, secure
from channels.reading import listing, mapping, optional

HOSTS = ("graph.facebook.com",)
VERSION = "v25.0"

#: Codes of the official error table and of the throttling pages (read 2026-10): application, user, page and
#: custom limits, business use case limits for pages and Instagram.
_LATER = {4, 17, 32, 341, 613, 80001, 80002}
_CREDENTIALS = {102, 190}
#: Instagram's own table (error codes of content publishing, read 2026-10): -1/2207001 server, -2/2207003 slow
#: media fetch, 9004/2207052 fetch failed, 24/2207006 media not there yet.
_PASSING = {-1, -2, 24, 9004}
#: 100/33 comes back for containers that exist (postiz#1562).
_PASSING_PAIRS = {(100, 33)}


class _Bearer(requests.auth.AuthBase):
    """Moves access_token from query or form to the header."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Graph:
    """Calls to the Graph API with one token; every failure is a ChannelError."""

    def __init__(self, token: str) -> None:
        session = secure(requests.Session(), HOSTS)
        session.auth = _Bearer(token)
        # No access_token here: the SDK would put it in the query of every read.
        self._api = facebook.GraphAPI(None, timeout=TIMEOUT, session=session)
        self._api.version = VERSION

    def get(self, path: str, **args: object) -> dict[str, Any]:
        """GET /{version}/{path}."""
        return self._ask(lambda: self._api.request(f"{VERSION}/{path}", _plain(args)), writing=False)

    def post(self, path: str, **args: object) -> dict[str, Any]:
        """POST /{version}/{path} with form fields."""
        return self._ask(
            lambda: self._api.request(f"{VERSION}/{path}", {}, post_args=_plain(args), method="POST"),
            writing=True,
        )

    def delete(self, path: str) -> dict[str, Any]:
        return self._ask(lambda: self._api.request(f"{VERSION}/{path}", {}, method="DELETE"), writing=True)

    def pages(self, path: str, **args: object) -> Iterator[dict[str, Any]]:
        """Every page of a connection, following the `after` cursor until `next` is absent."""
        after: str | None = None
        while True:
            answer = self.get(path, **args, **({"after": after} if after else {}))
            yield answer
            paging = mapping(answer.get("paging"))
            following = optional(mapping(paging.get("cursors")).get("after"))
            if (
                not paging.get("next")
                or not following
                or following == after
                or not listing(answer.get("data"))
            ):
                return
            after = following

    def _ask(self, what: Callable[[], Any], *, writing: bool) -> dict[str, Any]:
        try:
            return mapping(what())
        except facebook.GraphAPIError as error:
            raise failure(error.result, writing=writing) from error
        except KeyError as error:
            # facebook-sdk reads headers["content-type"] unchecked: KeyError when the answer has none.
            raise ChannelError(
                "Facebook menjawab tanpa isi yang dapat dibaca.",
                Failure.UNKNOWN if writing else Failure.LATER,
                code="no-content-type",
            ) from error
        except requests.RequestException as error:
            raise from_network(error, writing=writing) from error


def failure(body: object, *, writing: bool) -> ChannelError:
    """What a Graph error body means; body is {"error": {code, error_subcode, message, ...}}, or text."""
    error = mapping(mapping(body).get("error"))
    code, subcode = error.get("code"), error.get("error_subcode")
    said = optional(error.get("error_user_msg")) or optional(error.get("message")) or "tanpa keterangan"
    label = f"{code}/{subcode}" if subcode else str(code or "")
    if code in _CREDENTIALS:
        return ChannelError(f"Meta menolak token: {said}", Failure.CREDENTIALS, code=label)
    if code == 10 or (isinstance(code, int) and 200 <= code <= 299):
        return ChannelError(f"Izin (scope) tidak cukup: {said}", Failure.CREDENTIALS, code=label)
    if code == 9 and subcode == 2207042:
        return ChannelError("Kuota terbit Instagram habis.", Failure.LATER, retry_in=3600, code=label)
    if code == 9007:
        return ChannelError("Gambar belum selesai diproses Instagram.", Failure.LATER, code=label)
    if subcode == 2207051:
        # Instagram answers 4/2207051 while the post is live (postiz#1681): not a plain rate limit.
        return ChannelError(f"Instagram menahan tindakan: {said}", Failure.UNKNOWN, code=label)
    if code in _LATER:
        return ChannelError(
            f"Meta membatasi jumlah permintaan: {said}", Failure.LATER, retry_in=900, code=label
        )
    if code in (506, 368) and writing:
        return ChannelError("Facebook: kiriman sama persis baru saja terbit.", Failure.UNKNOWN, code=label)
    passing = error.get("is_transient") is True or code in _PASSING or (code, subcode) in _PASSING_PAIRS
    if passing or code in (1, 2) or code is None:
        # HTTP 500 with code 2 came back for posts that were published, seven times over (koala#699).
        return ChannelError(
            f"Meta sedang bermasalah: {said}", Failure.UNKNOWN if writing else Failure.LATER, code=label
        )
    return ChannelError(f"Meta menolak permintaan ({label}): {said}", Failure.REFUSED, code=label)


def _plain(args: dict[str, object]) -> dict[str, Any]:
    """Form fields as Graph reads them: booleans in lower case (the SDK would send "False"), no Nones."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in args.items()
        if value is not None
    }
