"""What can go wrong with one act in a speaking trial: which fault on which route, and where the process stops."""

import random
from collections.abc import Mapping

from ledger.points import LOOKS, POINTS

#: Where the process is killed, held past its lease, or meets a locked database.
BOUNDARIES = (*(point for point in POINTS if point.startswith("deliver.")), *LOOKS)
#: How a trial is disturbed beside its faults: killed at a boundary, or one of the others at any boundary.
DISTURBANCES = (*BOUNDARIES, "lease lost", "lease lost", "database locked", "two at once")

#: The channel carried it out, and we are not told so.
COMMITTED = (
    "commit_then_503",
    "commit_then_500_html",
    "commit_then_hang",
    "commit_then_truncate",
    "commit_then_close",
    "no_content_type",
)
_META = ("graph_code_2_after_commit", "graph_4_2207051_after_commit")
#: The channel did not carry it out.
_NOT_DONE = (
    "error_503",
    "error_500_html",
    "truncate",
    "rate_limited",
    "rate_limited_bare",
    "rate_limited_retry_after",
    "token_revoked",
    "permission",
)
_CONTAINER = ("slow_container", "container_error", "container_expired")
_READ = ("error_503", "truncate", "rate_limited", "token_revoked", "html_200")
KEYS = ("x", "facebook", "instagram", "web_diskominfostandi", "web_pemkot", "feed")
_SITES = ("web_diskominfostandi", "web_pemkot")

_PLAIN = COMMITTED + _NOT_DONE
_GRAPH = (*_PLAIN, *_META, "code_613", "page_limit")
_ON_SITES = tuple(fault for fault in _PLAIN if not fault.startswith("rate_limited") or "retry" in fault)

#: act -> route of its write -> faults.
WRITES: dict[str, Mapping[str, tuple[str, ...]]] = {
    "publish": {
        "x.create": _PLAIN,
        "facebook.create": _GRAPH,
        "instagram.container_create": _GRAPH + _CONTAINER,
        "instagram.container_status": _CONTAINER,
        "instagram.publish": _GRAPH,
        **{f"{site}.posts_create": _ON_SITES for site in _SITES},
    },
    "correct": {
        "x.create": _PLAIN,
        "facebook.update": _GRAPH,
        "instagram.comment_create": _GRAPH,
        **{f"{site}.posts_update": _ON_SITES for site in _SITES},
    },
    "retract": {
        "x.delete": _PLAIN,
        "facebook.delete": _GRAPH,
        "instagram.comment_create": _GRAPH,
        **{f"{site}.posts_update": _ON_SITES for site in _SITES},
    },
}
#: Routes by which an act is prepared or an outcome is looked for.
READS: dict[str, tuple[str, ...]] = {
    "x.own_posts": (*_READ, "late_items"),
    "x.lookup": _READ,
    "facebook.published_posts": (*_READ, "late_items"),
    "facebook.object": _READ,
    "instagram.media": (*_READ, "late_items"),
    "instagram.comments": _READ,
    "web_diskominfostandi.posts_list": ("error_503", "truncate", "html_200"),
    "web_pemkot.posts_get": ("error_503", "truncate", "html_200"),
    "web_pemkot.page": ("error_503", "html_200"),
    "web_diskominfostandi.media_create": ("commit_then_503", "error_503", "truncate"),
}
#: Every fault of a write, each of which meets every disturbance.
FAULTS = tuple(sorted({fault for routes in WRITES.values() for some in routes.values() for fault in some}))

Fault = tuple[str, str]  #: route, fault


def meeting(number: int) -> tuple[str, str]:
    """The fault and the disturbance of the n-th trial: all pairs in turn."""
    return FAULTS[number % len(FAULTS)], DISTURBANCES[(number // len(FAULTS) + number) % len(DISTURBANCES)]


def channels_of(wanted: str, dice: random.Random) -> tuple[str, ...]:
    """The channels of one trial: all six, or three or four among which ``wanted`` can happen."""
    if dice.random() < 0.3:
        return KEYS
    fitting = [route.partition(".")[0] for route, some in WRITES["publish"].items() if wanted in some]
    first = dice.choice(fitting)
    others = dice.sample([key for key in KEYS if key != first], dice.choice((2, 3)))
    return tuple(key for key in KEYS if key in (first, *others))


def faults_of(
    act: str, wanted: str, disturbance: str, keys: tuple[str, ...], dice: random.Random
) -> list[Fault]:
    """``wanted`` on one of its routes and up to two others; where a look is to be stopped, one that needs a look."""
    routes = {route: some for route, some in WRITES[act].items() if route.partition(".")[0] in keys}
    reads = {route: some for route, some in READS.items() if route.partition(".")[0] in keys}
    fitting = [route for route, some in routes.items() if wanted in some]
    found = [(dice.choice(fitting), wanted)] if fitting else []
    if disturbance in LOOKS or not fitting:
        # Not on a route that has one already: first armed is first played.
        free = [route for route in routes if route not in {route for route, _ in found}]
        unclear = [route for route in free if COMMITTED[0] in routes[route] and "container" not in route]
        found += [(route, dice.choice(COMMITTED)) for route in dice.sample(unclear, min(1, len(unclear)))]
    for _ in range(dice.randint(0, 2)):
        table = {**routes, **reads} if dice.random() < 0.6 else reads
        if table:
            route = dice.choice(list(table))
            found.append((route, dice.choice(table[route])))
    return found
