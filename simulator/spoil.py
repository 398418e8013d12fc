"""Pages of a list, spoilt on order: repeated, shuffled, late, cut short, or out of step with the clock.

The functions work on the JSON of any platform: X and Graph (``data``), WordPress (a bare list), and the
Instagram website (``edges``). Seen in the wild: Facepager#68 (page 1 comes four times), ThinkUp#1668 (comments
stop at 25), facebook-sdk#510 (317 of 1,876 comments are given), zammad#4725 (old posts starve new ones).
"""

import base64
import json
import random
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator.wire import Call

#: How many items of the page before are repeated, how many are late, how far the clock is ahead, and how many
#: comments are counted that are not served.
OVERLAP = 5
LATE = 3
AHEAD = timedelta(minutes=10)
HIDDEN = 3
CURSORS = ("after", "next_token", "pagination_token", "page")
#: What a request may say differently and still mean the same list.
WINDOW = (
    "limit",
    "max_results",
    "per_page",
    "access_token",
    "since_id",
    "since",
    "start_time",
    "modified_after",
)
TIMES = ("created_at", "created_time", "updated_time", "timestamp", "date", "date_gmt", "taken_at_timestamp")


@dataclass
class Page:
    """One answer of a list while it is being spoilt."""

    content: Any
    headers: MutableMapping[str, str]
    #: Which list: the path and the query without its cursor.
    which: str
    #: The cursor that was asked for; "" for the first page.
    mark: str
    #: The JSON of the page before, None when it is not known.
    before: Any = None
    #: The ids that a fault keeps back, by list; the fault remembers them.
    held: dict[str, set[str]] = field(default_factory=dict)
    turn: int = 0

    @property
    def items(self) -> list[Any]:
        return items(self.content)


def items(content: Any) -> list[Any]:
    """The list inside an answer of any platform."""
    if isinstance(content, list):
        return content
    if isinstance(content.get("data"), dict) and "user" in content["data"]:
        edges: list[Any] = content["data"]["user"]["edge_user_to_photos_of_you"]["edges"]
        return edges
    found: list[Any] = content.setdefault("data", [])
    return found if isinstance(found, list) else [found]


def place(call: Call) -> tuple[str, str]:
    """Which list a request asks for, and at which cursor ("" for its first page)."""
    query = {k: v for k, v in call.query.items() if k not in WINDOW}
    try:
        inner = json.loads(query.pop("variables", "{}"))
    except ValueError:
        inner = {}
    inner = inner if isinstance(inner, dict) else {}
    marks = [str(given.pop(name) or "") for given in (query, inner) for name in CURSORS if name in given]
    mark = next((m for m in marks if m not in ("", "1")), "")
    path = re.sub(r"^/v\d+\.\d+", "", call.path)
    return json.dumps([call.host, path, sorted(query.items()), inner], sort_keys=True, default=str), mark


def spoil(fault: str, page: Page) -> bool:
    """Spoil the page in place; False when the fault must wait for another page."""
    return SPOILERS[fault](page)


def _node(item: Any) -> dict[str, Any]:
    node = item.get("node", item) if isinstance(item, dict) else {}
    return node if isinstance(node, dict) else {}


def _name(item: Any) -> str:
    node = _node(item)
    return str(node.get("id") or node.get("shortcode") or "")


def _age(item: Any) -> tuple[str, int]:
    node = _node(item)
    when = next((str(node[name]) for name in TIMES if name in node and name != "date"), "")
    digits = re.findall(r"\d+", _name(item))
    return when, int(digits[-1]) if digits else 0


def _recount(page: Page) -> None:
    """X counts the items of a page in ``meta``, and an empty page has no ``data``."""
    if not isinstance(page.content, dict) or "result_count" not in page.content.get("meta", {}):
        return
    page.content["meta"]["result_count"] = len(page.items)
    if not page.items:
        for name in ("data", "includes"):
            page.content.pop(name, None)
        for name in ("newest_id", "oldest_id"):
            page.content["meta"].pop(name, None)


def overlap_page(page: Page) -> bool:
    """A page after the first begins with the last 5 items of the one before."""
    if not page.mark or page.before is None or not items(page.before):
        return False
    page.items[:0] = items(page.before)[-OVERLAP:]
    if isinstance(page.content, dict):
        for kind, known in (page.before.get("includes") or {}).items():
            kept = page.content.setdefault("includes", {}).setdefault(kind, [])
            kept += [thing for thing in known if thing not in kept]
    _recount(page)
    return True


def shuffled_page(page: Page) -> bool:
    """The items of one page stand in any order; the cursors stay as they were."""
    if len(page.items) < 2:
        return False
    order = [*page.items]
    dice = random.Random(page.turn)  # noqa: S311 - disorder, not secrecy
    while order == page.items:
        dice.shuffle(order)
    page.items[:] = order
    return True


def late_items(page: Page) -> bool:
    """The 3 newest items are kept back, always the same ones while the fault lasts; ``newest_id`` stays.

    So what comes next may be shown before them, and they appear later, behind a cursor that has passed them.
    """
    if not page.items:
        return False
    newest_first = _age(page.items[0]) >= _age(page.items[-1])
    if page.held and page.which not in page.held:
        return False
    if not page.held:
        if page.mark and newest_first:
            return False
        page.held[page.which] = {_name(item) for item in sorted(page.items, key=_age)[-LATE:]}
    page.items[:] = [item for item in page.items if _name(item) not in page.held[page.which]]
    _recount(page)
    return True


def clock_skew(page: Page) -> bool:
    """The platform's clock is 10 minutes ahead of ours."""
    if not page.items:
        return False
    _shift(page.items)
    return True


def _shift(thing: Any) -> None:
    if isinstance(thing, list):
        for part in thing:
            _shift(part)
    elif isinstance(thing, dict):
        for name, value in thing.items():
            if name in TIMES and isinstance(value, int):
                thing[name] = value + int(AHEAD.total_seconds())
            elif name in TIMES and isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
                moment = datetime.fromisoformat(value[:19]) + AHEAD
                thing[name] = moment.strftime("%Y-%m-%dT%H:%M:%S") + value[19:]
            else:
                _shift(value)


def missing_next(page: Page) -> bool:
    """One page does not say that more follow."""
    content = page.content
    if isinstance(content, list):
        current = int(page.mark) if page.mark.isdigit() else 1
        if int(page.headers.get("x-wp-totalpages", "1")) <= current:
            return False
        for name in ("x-wp-total", "x-wp-totalpages", "link"):
            page.headers.pop(name, None)
        return True
    if "next" in content.get("paging", {}):
        del content["paging"]["next"]
        return True
    if "next_token" in content.get("meta", {}):
        del content["meta"]["next_token"]
        return True
    info = _page_info(content)
    if info.get("has_next_page"):
        info |= {"has_next_page": False, "end_cursor": None}
        return True
    return False


def empty_page(page: Page) -> bool:
    """A page after the first is empty, and the next one has what it should have had."""
    content = page.content
    if not page.mark or not page.items or isinstance(content, list):
        return False
    again = _another(page.mark)
    page.items.clear()
    if "meta" in content:
        _recount(page)
        content["meta"]["next_token"] = again
    elif "paging" in content:
        query = page.headers.get("town-asked", "")
        content["paging"] = {"cursors": {"before": page.mark, "after": again}}
        content["paging"]["next"] = query.replace("TOWN-AFTER", again)
    else:
        _page_info(content).update({"has_next_page": True, "end_cursor": again})
    return True


def _another(cursor: str) -> str:
    """A cursor that is written differently and means the same: a nought in front of its second number."""
    first, _, second = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(".")
    return base64.urlsafe_b64encode(f"{first}.0{second}".encode()).decode().rstrip("=")


def _page_info(content: Any) -> dict[str, Any]:
    user = content["data"].get("user") if isinstance(content.get("data"), dict) else None
    found: dict[str, Any] = (user or {}).get("edge_user_to_photos_of_you", {}).get("page_info", {})
    return found


def wrong_count(page: Page) -> bool:
    """Three more comments are counted than are served: hidden and deleted ones."""
    found = page.items if "data" in page.content else [page.content]
    counted = [_count(item) for item in found if isinstance(item, dict)]
    own = page.content.get("summary")
    if isinstance(own, dict) and "total_count" in own:
        own["total_count"] += HIDDEN
        return True
    return any(counted)


def _count(item: dict[str, Any]) -> bool:
    changed = False
    for name in ("comments_count", "comment_count"):
        if isinstance(item.get(name), int):
            item[name] += HIDDEN
            changed = True
    summary = (item.get("comments") or {}).get("summary")
    if isinstance(summary, dict) and "total_count" in summary:
        summary["total_count"] += HIDDEN
        changed = True
    return changed


SPOILERS: dict[str, Callable[[Page], bool]] = {
    "overlap_page": overlap_page,
    "shuffled_page": shuffled_page,
    "late_items": late_items,
    "clock_skew": clock_skew,
    "missing_next": missing_next,
    "empty_page": empty_page,
    "wrong_count": wrong_count,
}
