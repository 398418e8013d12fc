"""What Facebook Pages and Instagram share on graph.facebook.com: errors, ``fields``, paging.

Error body: ``{"error": {"message", "type", "code", "error_subcode", "error_user_title", "error_user_msg",
"is_transient", "fbtrace_id"}}``.
"""

import binascii
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from starlette.responses import Response

from simulator.wire import Call, Json
from simulator.world import Order, Post, Timeline, Town, cursor, iso, micros, uncursor


class GraphError(Exception):
    def __init__(
        self,
        code: int,
        message: str,
        subcode: int | None = None,
        *,
        status: int = 400,
        kind: str = "OAuthException",
        transient: bool = False,
        title: str = "",
        user: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "message": message,
            "type": kind,
            "code": code,
            "is_transient": transient,
        }
        if subcode is not None:
            self.body["error_subcode"] = subcode
        if title or user:
            self.body |= {"error_user_title": title, "error_user_msg": user}
        self.body["fbtrace_id"] = "AtownTraceTownTrace0001"

    @property
    def response(self) -> Response:
        return Json({"error": self.body}, self.status)


def missing(object_id: str, method: str = "GET") -> GraphError:
    """100/33, seen for ids that do not exist and for ids the token may not see."""
    return GraphError(
        100,
        f"Unsupported {method.lower()} request. Object with ID '{object_id}' does not exist, cannot be "
        "loaded due to missing permissions, or does not support this operation. Please read the Graph API "
        "documentation at https://developers.facebook.com/docs/graph-api",
        33,
        kind="GraphMethodException",
    )


def parameter(message: str) -> GraphError:
    return GraphError(100, f"(#100) {message}")


WAIT = (
    "Wait a bit and try again. For more info, please refer to "
    "https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
)


class Voice:
    """Faults in the words of the Graph API."""

    def __init__(self, account: str) -> None:
        self._account = account

    def limited(self, seconds: int, bare: bool) -> Response:
        minutes = max(1, -(-seconds // 60))
        answer = GraphError(4, "(#4) Application request limit reached", status=429 if bare else 403,
                            transient=True).response  # fmt: skip
        if not bare:
            answer.headers.update(usage(self._account, 100, minutes))
        return answer

    def _limit(self, fault: str, minutes: int) -> Response:
        code, subcode, status, words, kind = LIMITS[fault]
        answer = GraphError(code, f"(#{code}) {words}", subcode, status=status, transient=True).response
        if kind is not None:
            full = usage(self._account, 100, minutes, kind)["x-business-use-case-usage"]
            answer.headers["x-business-use-case-usage"] = full
        elif fault == "code_17":
            answer.headers["x-app-usage"] = usage(self._account, 100)["x-app-usage"]
        return answer

    def revoked(self) -> Response:
        return GraphError(
            190,
            "Error validating access token: The session has been invalidated because the user changed their "
            "password or Facebook has changed the session for security reasons.",
            460,
            status=401,
        ).response

    def forbidden(self) -> Response:
        return GraphError(
            200,
            "(#200) If posting to a group, requires app being installed in the group, and either "
            "publish_to_groups permission with user token, or both pages_read_engagement and "
            "pages_manage_posts permission with page token",
            status=403,
        ).response

    def unavailable(self) -> Response:
        return GraphError(2, "Service temporarily unavailable", status=503, transient=True).response

    def graph(self, name: str) -> Response:
        code, _, minutes = name.partition(":")
        if code in LIMITS:
            return self._limit(code, int(minutes or "1"))
        match name:
            case "page_limit":
                return GraphError(32, "(#32) Page request limit reached", status=403, transient=True).response
            case "scope_revoked":
                return GraphError(
                    10,
                    "(#10) This endpoint requires the 'pages_read_engagement' permission or the 'Page Public "
                    "Content Access' feature. Refer to "
                    "https://developers.facebook.com/docs/apps/review/login-permissions",
                    status=403,
                ).response
            case "graph_4_2207051_after_commit":
                # postiz-app#1681: the post is live, yet the answer is this.
                return GraphError(
                    4, "Application request limit reached", 2207051, status=403, title="Action is blocked",
                    user="We restrict certain activity to protect our community.",
                ).response  # fmt: skip
            case _:
                # koala#699: HTTP 500 code 2 while the post is live.
                return GraphError(2, "An unexpected error has occurred. Please retry your request later.",
                                  status=500, transient=True).response  # fmt: skip


#: Rate limits by fault: code, subcode, HTTP status, words, and the business use case that its header names.
#: 17 is counted per user and told in X-App-Usage, 613 by the called function and told nowhere (Graph API
#: rate limiting guide). Status and subcode as third parties log them; they are not documented.
LIMITS: dict[str, tuple[int, int | None, int, str, str | None]] = {
    "code_17": (17, 2446079, 400, "User request limit reached", None),
    "code_613": (613, None, 400, "Calls to this api have exceeded the rate limit.", None),
    "code_80001": (80001, None, 400, "There have been too many calls to this Page account. " + WAIT, "pages"),
    "code_80002": (
        80002,
        None,
        400,
        "There have been too many calls to this Instagram account. " + WAIT,
        "instagram",
    ),
}


def usage(account: str, percent: int = 1, minutes: int = 0, kind: str = "pages") -> dict[str, str]:
    """The headers every Graph answer carries; usage is in percent, the way back in minutes."""
    counts = f'{{"call_count":{percent},"total_cputime":{percent},"total_time":{percent}}}'
    business = (
        f'{{"{account}":[{{"type":"{kind}","call_count":{percent},"total_cputime":{percent},'
        f'"total_time":{percent},"estimated_time_to_regain_access":{minutes}}}]}}'
    )
    return {"x-app-usage": counts, "x-business-use-case-usage": business}


# fields=id,message,comments.limit(0).summary(true){id,message},from{name}


@dataclass
class Field:
    args: dict[str, str] = field(default_factory=dict)
    sub: "Fields | None" = None


Fields = dict[str, Field]
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ARGUMENT = re.compile(r"\.([a-z_]+)\(([^()]*)\)")


def parse_fields(text: str) -> Fields:
    found, at = _fields(text.replace(" ", ""), 0)
    if at != len(text.replace(" ", "")):
        raise GraphError(2500, f"Syntax error at character {at}: {text[at : at + 20]}")
    return found


def _fields(text: str, at: int) -> tuple[Fields, int]:
    found: Fields = {}
    while at < len(text):
        name = _NAME.match(text, at)
        if name is None:
            break
        at, made = name.end(), Field()
        while (argument := _ARGUMENT.match(text, at)) is not None:
            made.args[argument[1]] = argument[2]
            at = argument.end()
        if text.startswith("{", at):
            made.sub, at = _fields(text, at + 1)
            if not text.startswith("}", at):
                raise GraphError(
                    2500, f"Syntax error \"Expected end of string instead of '{text[at : at + 1]}'.\""
                )
            at += 1
        found[name[0]] = made
        if not text.startswith(",", at):
            break
        at += 1
    return found, at


def whole(text: str | None, name: str, default: int) -> int:
    if text is None or text == "":
        return default
    if not text.lstrip("-").isdigit():
        raise parameter(f"Param {name} must be an integer")
    return int(text)


def true(value: Any) -> bool:
    """Graph takes "true"/"1"; Python's "False" is refused, so that a forgotten conversion is noticed."""
    text = str(value)
    if isinstance(value, bool) or text in ("true", "false", "1", "0"):
        return text in ("True", "true", "1")
    raise parameter(f"Param must be a boolean, got '{text}'")


def moment(text: str) -> datetime:
    """``since``/``until``: Unix seconds or a date."""
    try:
        return datetime.fromtimestamp(int(text), UTC) if text.lstrip("-").isdigit() else iso(text)
    except (ValueError, OverflowError, OSError):
        raise parameter(f"Could not parse the time '{text}'") from None


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S+0000")


def paged(
    call: Call,
    path: str,
    timeline: Timeline,
    show: Callable[[Post], dict[str, Any]],
    *,
    args: dict[str, str] | None = None,
    default: int = 25,
    most: int = 100,
    oldest_first: bool = False,
    floor: Order | None = None,
) -> dict[str, Any]:
    """One page: ``{"data": [...], "paging": {"cursors": {"before", "after"}, "next"}}``.

    ``next`` is a whole https URL with the token and ``after``, because facebook-sdk re-sends its query.
    ``args`` are the arguments of a nested field; a whole request uses its query.
    """
    asked = call.query if args is None else args
    limit = min(most, whole(asked.get("limit"), "limit", default))
    if limit < 0:
        raise parameter("Param limit must be positive")
    low, high = _bounds(asked, floor, oldest_first)
    page, more = timeline.page(limit, low=low, high=high, oldest_first=oldest_first)
    answer: dict[str, Any] = {"data": [show(post) for post in page]}
    if page:
        answer["paging"] = {"cursors": {"before": cursor(page[0].order), "after": cursor(page[-1].order)}}
        if more:
            kept = {k: v for k, v in asked.items() if k not in ("after", "access_token")}
            query = {
                "access_token": token_of(call),
                **kept,
                "limit": str(limit),
                "after": cursor(page[-1].order),
            }
            answer["paging"]["next"] = f"https://graph.facebook.com/{version(call)}/{path}?{urlencode(query)}"
    return answer


def _bounds(
    asked: dict[str, str], floor: Order | None, oldest_first: bool
) -> tuple[Order | None, Order | None]:
    lows = [] if floor is None else [floor]
    highs: list[Order] = []
    if asked.get("since"):
        lows.append((micros(moment(asked["since"])) - 1, 1 << 62))
    if asked.get("until"):
        highs.append((micros(moment(asked["until"])) + 1_000_000, 0))
    for name in ("after", "before"):
        if asked.get(name):
            try:
                order = uncursor(asked[name])
            except (ValueError, binascii.Error, UnicodeDecodeError):
                raise parameter(f"Invalid cursor '{asked[name]}' for {name}") from None
            (lows if oldest_first == (name == "after") else highs).append(order)
    return max(lows, default=None), min(highs, default=None)


def version(call: Call) -> str:
    match = re.match(r"/(v\d+\.\d+)/", call.path)
    return match[1] if match else "v25.0"


def token_of(call: Call) -> str:
    header = call.headers.get("authorization", "")
    if header.startswith("Bearer "):
        return header.removeprefix("Bearer ")
    return str(call.params.get("access_token", ""))


def check_token(call: Call, accepted: tuple[str, ...]) -> None:
    token = token_of(call)
    if not token:
        raise GraphError(104, "An access token is required to request this resource.", status=400)
    if token not in accepted:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)


def known_tokens(town: Town) -> tuple[str, ...]:
    return town.identity.facebook.access_token, town.identity.instagram.access_token


#: What the town's tokens may do, the Page's first.
SCOPES = (
    [
        "pages_read_engagement",
        "pages_manage_posts",
        "pages_read_user_content",
        "pages_manage_engagement",
        "read_insights",
    ],
    [
        "instagram_basic",
        "instagram_manage_comments",
        "instagram_content_publish",
        "instagram_manage_insights",
    ],
)


def debugged(town: Town, token: str) -> dict[str, Any]:
    """What debug_token says of ``token``: app, type, scopes, and whether it is valid."""
    tokens = known_tokens(town)
    if token not in tokens:
        error = {"code": 190, "message": "Invalid OAuth access token."}
        return {"is_valid": False, "scopes": [], "error": error}
    of_instagram = token != tokens[0]
    owner = town.identity.instagram.user_id if of_instagram else town.identity.facebook.page_id
    return {
        "app_id": "1",
        "type": "USER" if of_instagram else "PAGE",
        "application": "Kentongan",
        "is_valid": True,
        "expires_at": 0,
        "scopes": SCOPES[of_instagram],
        "profile_id": owner,
    }


def insights(call: Call, object_id: str, known: dict[str, int | None]) -> Response:
    """Lifetime insights: ``{"data": [{"name", "period", "values": [{"value"}], "title", "description", "id"}]}``.

    A metric that does not exist spoils the whole answer; one with nothing to tell is left out.
    """
    asked = [name for name in str(call.query.get("metric", "")).split(",") if name]
    if not asked or any(name not in known for name in asked):
        raise parameter("The value must be a valid insights metric")
    rows = [
        {"name": name, "period": "lifetime", "values": [{"value": value}], "title": name, "description": "",
         "id": f"{object_id}/insights/{name}/lifetime"}
        for name in asked if (value := known[name]) is not None
    ]  # fmt: skip
    return Json({"data": rows})


def now_seconds() -> int:
    return int(time.time())
