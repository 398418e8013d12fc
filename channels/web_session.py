"""A session of Instagram's web that staff made elsewhere with instaloader: read from its file, kept encrypted.

instaloader writes its cookies as a pickle, and a pickle may run code when it is opened. So it is never opened as
one: its opcodes are listed (pickletools) and only those that build a flat table of texts are followed.
"""

import json
import pickletools
from collections.abc import Callable

from channels.contract import ChannelError, Failure
from channels.models import Account

#: Name of the secret: JSON {"username", "cookies"}.
SECRET = "web_session"  # noqa: S105 - a name, not a secret
#: Without these instaloader has no session (4.16, load_session; a login sets all three).
NEEDED = ("sessionid", "csrftoken", "ds_user_id")
#: A session file has about 600 bytes.
_LARGEST = 64_000
_NO_SESSION = "Berkas ini bukan sesi instaloader"

Cookies = dict[str, str]


def read_session(data: bytes) -> Cookies:
    """The cookies in a session file of instaloader, or in a JSON object of cookies. Raises ChannelError (refused)."""
    if len(data) > _LARGEST:
        raise _refused("terlalu besar")
    cookies = _from_json(data) if data.lstrip().startswith(b"{") else _from_pickle(data)
    if missing := [name for name in NEEDED if not cookies.get(name)]:
        raise _refused(f"tidak ada {', '.join(missing)}")
    if odd := [
        name for name, value in cookies.items() if not (name + value).isascii() or "\n" in name + value
    ]:
        raise _refused(f"isi {odd[0]!r} bukan kuki")
    return cookies


def _from_json(data: bytes) -> Cookies:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _refused("isinya bukan JSON yang utuh") from error
    return {str(name): value for name, value in table.items() if isinstance(value, str)}


def _from_pickle(data: bytes) -> Cookies:
    """What the opcodes of a pickled dict of texts say; every other opcode is refused unread."""
    stack: list[object] = []
    table: Cookies = {}
    memo: dict[int, object] = {}
    try:
        for opcode, argument, _place in pickletools.genops(data):
            step = _STEPS.get(opcode.name)
            if step is None:
                raise _refused("berisi lebih dari kuki")
            step(stack, argument, memo, table)
    except ChannelError:
        raise
    except Exception as error:  # pickletools raises many kinds for bytes that are no pickle
        raise _refused("isinya tidak terbaca") from error
    if stack != [table]:
        raise _refused("isinya bukan daftar kuki")
    return table


_MARK = object()


def _push(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    stack.append(argument)


def _push_none(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    stack.append(None)


def _push_table(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    if any(one is table for one in stack):
        raise ValueError("a table in a table")
    stack.append(table)


def _push_mark(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    stack.append(_MARK)


def _remember(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    memo[len(memo) if argument is None else int(str(argument))] = stack[-1]


def _recall(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    stack.append(memo[int(str(argument))])


def _set_one(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    value, name = stack.pop(), stack.pop()
    _put(table, name, value)


def _set_many(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    pairs: list[object] = []
    while (top := stack.pop()) is not _MARK:
        pairs.insert(0, top)
    for name, value in zip(pairs[::2], pairs[1::2], strict=True):
        _put(table, name, value)


def _make_table(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    _set_many(stack, argument, memo, table)
    _push_table(stack, argument, memo, table)


def _put(table: Cookies, name: object, value: object) -> None:
    if not isinstance(name, str) or not isinstance(value, str | None):
        raise TypeError("not a text")
    if value is not None:  # a cookie without a value
        table[name] = value


def _nothing(stack: list[object], argument: object, memo: dict[int, object], table: Cookies) -> None:
    """An opcode that changes nothing here."""


_Step = Callable[[list[object], object, dict[int, object], Cookies], None]
#: All opcodes of a pickled {text: text}, protocols 0 to 5. None of them names a class or a function.
_STEPS: dict[str, _Step] = {
    **dict.fromkeys(("PROTO", "FRAME", "STOP"), _nothing),
    **dict.fromkeys(("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"), _push),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"), _remember),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _recall),
    "NONE": _push_none,
    "EMPTY_DICT": _push_table,
    "MARK": _push_mark,
    "DICT": _make_table,
    "SETITEM": _set_one,
    "SETITEMS": _set_many,
}


def _refused(why: str) -> ChannelError:
    return ChannelError(f"{_NO_SESSION}: {why}.", Failure.REFUSED, code="session")


def keep_session(account: Account, username: str, cookies: Cookies) -> None:
    """Store a session encrypted with the account's other secrets."""
    account.keep_secrets({SECRET: json.dumps({"username": username, "cookies": cookies})})
    account.save(update_fields=["sealed_secrets"])


def forget_session(account: Account) -> bool:
    """Erase the stored session; gives whether there was one."""
    had = bool(account.secret(SECRET))
    account.forget_secret(SECRET)
    account.save(update_fields=["sealed_secrets"])
    return had


def kept_session(account: Account) -> tuple[str, Cookies] | None:
    """(user name, cookies) of the stored session; None without one."""
    stored = account.secret(SECRET)
    if not stored:
        return None
    table = json.loads(stored)
    return table["username"], table["cookies"]
