"""The one gateway to Meta's Graph API, shared by Facebook and Instagram.

facebook-sdk 3.1.0 is no longer maintained (PyPI 2018) but is what the city named, and it works with three
mends, all of which live here: the version is set after construction (its check stops at "3.1"), errors are
classified from codes, and the token travels in the Authorization header, because the SDK puts it in the query
of GET and DELETE, whence it reaches exception texts.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import facebook
import requests

from channels.contract import Access, ChannelError, Failure, Meter, Picture
from channels.http import TIMEOUT, from_network, measure, secure
from channels.reading import count, listing, mapping, moment, optional

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


#: Ids in one call (Graph API, "Reading multiple objects", read 2026-10).
_SEVERAL = 50
_ACCESS_FIELDS = "is_valid,scopes,expires_at,data_access_expires_at"
#: The object does not exist, or is not visible to this token.
_MISSING = ("100/33", "100")
#: Of these two only this one is said of an object; plain 100 is any wrong parameter.
GONE = "100/33"


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
        self._token = token
        session = secure(requests.Session(), HOSTS)
        session.auth = _Bearer(token)
        self.meter = Meter()
        measure(session, self.meter)
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

    def upload(self, path: str, picture: Picture, **args: object) -> dict[str, Any]:
        """POST a picture as the file field `source`. It is not public, so an unclear failure is one to try again."""
        file = {"source": (picture.name, picture.data, picture.media_type)}
        return self._ask(
            lambda: self._api.request(
                f"{VERSION}/{path}", {}, post_args=_plain(args), files=file, method="POST"
            ),
            writing=False,
        )

    def post_about(self, subject: str, edge: str, **args: object) -> dict[str, Any]:
        """POST to an object, or to one of its edges. REFUSED when the object is no longer there."""
        try:
            return self.post(f"{subject}/{edge}".rstrip("/"), **args)
        except ChannelError as error:
            if error.code == GONE and self._surely_gone(subject):
                raise ChannelError(
                    "Kiriman yang diubah atau dijawab sudah tidak ada di saluran itu.",
                    Failure.REFUSED,
                    code=GONE,
                ) from error
            raise

    def one(self, number: str, **args: object) -> dict[str, Any] | None:
        """One object; None when it does not exist (any more), or is hidden from this token."""
        try:
            return self.get(number, **args)
        except ChannelError as error:
            if error.code != GONE:
                raise
            return None

    def insight(self, number: str, *metrics: str) -> dict[str, int | None]:
        """Lifetime insights of a post by metric; None for what Graph does not tell, or not to this token.

        {"data": [{"name": "reach", "period": "lifetime", "values": [{"value": 12}]}]} (Meta, read 2026-10).
        """
        try:
            rows = listing(self.get(f"{number}/insights", metric=",".join(metrics)).get("data"))
        except ChannelError as error:
            if error.failure not in (Failure.REFUSED, Failure.CREDENTIALS):
                raise
            rows = []  # a token without read_insights still tells likes and comments
        told = {mapping(row).get("name"): listing(mapping(row).get("values")) for row in rows}
        values = {name: mapping(next(iter(told.get(name, [])), None)).get("value") for name in metrics}
        return {name: count(value) for name, value in values.items()}

    def _surely_gone(self, number: str) -> bool:
        try:
            return self.one(number, fields="id") is None
        except ChannelError:
            return False

    def delete(self, path: str) -> dict[str, Any]:
        return self._ask(lambda: self._api.request(f"{VERSION}/{path}", {}, method="DELETE"), writing=True)

    def access(self) -> Access:
        """What our own token may do, and until when (debug_token; fields read 2026-10).

        Meta documents it for app tokens and for tokens of the app's developers; it answers others with an error.
        """
        try:
            answer = self.get("debug_token", input_token=self._token, fields=_ACCESS_FIELDS)
        except ChannelError as error:
            # The token stands in this address and thus in the cause, which must reach no log.
            raise error from None
        return access_in(answer)

    def several(self, ids: Sequence[str], **args: object) -> dict[str, dict[str, Any] | None]:
        """Objects by id, up to 50 a call; None for one that does not exist (any more).

        One missing id fails the whole call with 100/33, so the part is then asked for in halves.
        """
        if not ids:
            return {}
        if len(ids) > _SEVERAL:
            return self.several(ids[:_SEVERAL], **args) | self.several(ids[_SEVERAL:], **args)
        try:
            answer = self.get("", ids=",".join(ids), **args)
            return {number: mapping(answer.get(number)) or None for number in ids}
        except ChannelError as error:
            if error.code not in _MISSING:
                raise
            if len(ids) == 1:
                return {ids[0]: None}
            middle = len(ids) // 2
            return self.several(ids[:middle], **args) | self.several(ids[middle:], **args)

    def pages(self, path: str, **args: object) -> Iterator[dict[str, Any]]:
        """Every page of a connection, following the `after` cursor until `next` is absent."""
        after: str | None = None
        while True:
            answer = self.get(path, **args, **({"after": after} if after else {}))
            yield answer
            paging = mapping(answer.get("paging"))
            following = optional(mapping(paging.get("cursors")).get("after"))
            # An empty page may stand in the middle (rows that were filtered out): only a missing `next` is the end.
            if not paging.get("next") or not following or following == after:
                return
            after = following

    def _without_token(self, said: str) -> str:
        return said.replace(self._token, "•••") if self._token else said

    def _ask(self, what: Callable[[], Any], *, writing: bool) -> dict[str, Any]:
        try:
            return mapping(what())
        except facebook.GraphAPIError as error:
            # "Malformed access token EAAB…": Graph repeats what it refuses, and the sentence reaches rows and logs.
            found = failure(error.result, writing=writing)
            found.args = tuple(self._without_token(str(said)) for said in found.args)
            raise found from None
        except KeyError as error:
            # facebook-sdk reads headers["content-type"] unchecked: KeyError when the answer has none.
            raise ChannelError(
                "Facebook menjawab tanpa isi yang dapat dibaca.",
                Failure.UNKNOWN if writing else Failure.LATER,
                code="no-content-type",
            ) from error
        except requests.RequestException as error:
            raise from_network(error, writing=writing) from error


def access_in(answer: object) -> Access:
    """What one answer of debug_token says. Never raises."""
    told = mapping(mapping(answer).get("data"))
    # 0 means never. After data_access_expires_at nothing can be read, although the token still counts as valid.
    ends = [moment(told.get(name)) for name in ("expires_at", "data_access_expires_at") if told.get(name)]
    scopes = tuple(scope for one in listing(told.get("scopes")) if (scope := optional(one)))
    return Access(scopes, min((end for end in ends if end), default=None), told.get("is_valid") is True)


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
