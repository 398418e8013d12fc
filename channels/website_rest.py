"""The REST API of one WordPress site: requests, answers, and what a refusal means."""

from collections.abc import Mapping
from typing import Any

import requests

from channels.contract import ChannelError, Failure
from channels.http import from_network, retry_after
from channels.reading import mapping, optional

#: A status of 500 that is final: the file itself is refused (rest_upload_sideload_error seen with 6.8.12).
_FINAL = ("rest_upload_sideload_error", "rest_upload_unknown_error")
#: The account works, but not for this: the article belongs to somebody else, or the role is too small.
_NOT_OURS = (
    "rest_cannot_edit",
    "rest_cannot_delete",
    "rest_cannot_assign_term",
    "rest_forbidden_context",
    "rest_forbidden",
)


class Rest:
    """Calls below ``base``/wp-json with a session that may be signed in."""

    def __init__(self, session: requests.Session, base: str) -> None:
        self.session = session
        self.base = base

    def read(self, path: str, **query: Any) -> Any:
        """The JSON of one answer. Raises ChannelError."""
        return self.request("GET", path, params=query).json()

    def read_whole(self, path: str, query: dict[str, Any]) -> tuple[Any, Mapping[str, str]]:
        """The JSON of one answer, and its headers. Raises ChannelError."""
        response = self.request("GET", path, params=query)
        return response.json(), response.headers

    def write(self, method: str, path: str, **args: Any) -> dict[str, Any]:
        """The object that WordPress says it has now. Raises ChannelError, UNKNOWN when it may have landed."""
        made = self.request(method, path, **args).json()
        if isinstance(made, dict) and "id" in made:
            return made
        raise ChannelError(
            "Situs menjawab tanpa menyebut apa yang disimpannya; sedang diperiksa.", code="no-id"
        )

    def request(self, method: str, path: str, **args: Any) -> requests.Response:
        """A good answer whose body is JSON. Raises ChannelError for every other."""
        writing = method != "GET"
        try:
            # Followed, a redirect would turn a write into a read of the list, which answers 200.
            response = self.session.request(
                method, f"{self.base}/wp-json{path}", allow_redirects=not writing, **args
            )
            if response.ok and not response.is_redirect:
                response.json()
                return response
        except requests.RequestException as error:
            raise from_network(error, writing=writing) from error
        raise failure_of(response, writing=writing)


def failure_of(response: requests.Response, *, writing: bool) -> ChannelError:
    """WordPress errors are {code, message, data: {status}}; the code counts, the status alone misleads."""
    try:
        body = mapping(response.json())
    except requests.JSONDecodeError:
        body = {}
    status = response.status_code
    code, said = optional(body.get("code")) or str(status), optional(body.get("message")) or ""
    if response.is_redirect:
        where = response.headers.get("location", "")
        said = f"Alamat situs dialihkan ke {where}; perbaiki base_url akun ini."
        return ChannelError(said, Failure.REFUSED, code=code)
    if status == 401 or (status == 403 and code not in _NOT_OURS) or _unknown_user(body):
        return ChannelError(f"Situs menolak masuk ({code}): {said}", Failure.CREDENTIALS, code=code)
    if status == 429:
        wait = retry_after(response)
        return ChannelError("Situs membatasi jumlah permintaan.", Failure.LATER, retry_in=wait, code=code)
    if status >= 500 and code not in _FINAL:
        # Also with Retry-After (WordPress being updated sends it): a proxy's 503 may come after the work was done.
        failure, said = (
            Failure.UNKNOWN if writing else Failure.LATER,
            f"Situs sedang bermasalah (HTTP {status}).",
        )
        return ChannelError(said, failure, retry_in=retry_after(response), code=code)
    return ChannelError(f"Situs menolak permintaan ({code}): {said}", Failure.REFUSED, code=code)


def _unknown_user(body: dict[str, Any]) -> bool:
    """Whether a look-up was refused for want of a user, which WordPress says with status 400.

    {"code": "rest_invalid_param", "data": {"status": 400, "details": {"status": {"code": "rest_forbidden_status",
    "data": {"status": 401}}}}} is the answer to a wrong password (seen with 6.8.12).
    """
    details = mapping(mapping(body.get("data")).get("details"))
    return mapping(details.get("status")).get("code") == "rest_forbidden_status"
