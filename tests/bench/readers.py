"""The two readers that Kentongan is measured against. Run by the Python of .venv-bench; knows nothing of ours.

    echo '{"base": …, "token": …, "user_id": …, "params": {…}, "out": …}' | python readers.py twarc

`twarc` is what `twarc2 mentions USER OUT` does: its own client, one line of JSON a page. `drain` is a plain
requests loop that throws the pages away: what the town itself and the wire cost.

twarc writes https://api.twitter.com into every address and has no setting for another one. But it makes its
session in one documented place, `Twarc2.connect`; a subclass mounts an adapter there that sends the same request
to the stand-in, with the real name in the Host header. Nothing of twarc is patched.

Both ask for the fields that Kentongan asked for, so that all three read the same pages. Importing and starting is
not timed. One JSON object on standard output: seconds, mentions (items read).
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter

HOST = "api.twitter.com"
Order = dict[str, Any]


class StandIn(HTTPAdapter):
    """https://api.twitter.com/… asked at the town."""

    def __init__(self, base: str) -> None:
        self.netloc = urlsplit(base).netloc
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        asked = urlsplit(request.url or "")
        request.headers["Host"] = asked.netloc
        request.url = urlunsplit(("http", self.netloc, asked.path, asked.query, ""))
        return super().send(request, *args, **{**kwargs, "proxies": {}})


def mount(session: requests.Session, base: str) -> None:
    session.trust_env = False
    session.mount(f"https://{HOST}/", StandIn(base))


def twarc(order: Order) -> Callable[[], int]:
    """twarc's client, page by page into a file, as its command does it."""
    import click
    from twarc.client2 import Twarc2

    class Local(Twarc2):
        def connect(self) -> None:
            super().connect()
            mount(self.client, order["base"])

    client = Local(bearer_token=order["token"])
    given = {name.replace(".", "_"): value for name, value in order["params"].items()}

    def read() -> int:
        count = 0
        with open(order["out"], "w") as out:  # noqa: PTH123 - as click.File opens it
            for page in client.mentions(order["user_id"], **given):
                click.echo(json.dumps(page), file=out)
                count += len(page["data"])
        return count

    return read


def drain(order: Order) -> Callable[[], int]:
    """The same pages, read and forgotten."""
    session = requests.Session()
    mount(session, order["base"])
    session.headers["Authorization"] = f"Bearer {order['token']}"
    address = f"https://{HOST}/2/users/{order['user_id']}/mentions"

    def read() -> int:
        count, token = 0, None
        while True:
            asked = {**order["params"], **({"pagination_token": token} if token else {})}
            meta = session.get(address, params=asked, timeout=30).json()["meta"]
            count += meta["result_count"]
            if (token := meta.get("next_token")) is None:
                return count

    return read


def main() -> None:
    read = {"twarc": twarc, "drain": drain}[sys.argv[1]](json.load(sys.stdin))
    began = time.perf_counter()
    count = read()
    print(json.dumps({"seconds": time.perf_counter() - began, "mentions": count}))


if __name__ == "__main__":
    main()
