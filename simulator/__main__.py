"""``python -m simulator --port 8900``: the town, until it is told to stop."""

import argparse
import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from simulator import identity
from simulator.app import Simulator


class Server(uvicorn.Server):
    """Says when it listens, and ends with success on SIGTERM and SIGINT."""

    ready = ""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        print(self.ready, file=sys.stderr, flush=True)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        yield

    def _stop(self) -> None:
        self.should_exit = True


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="A stand-in town on one loopback port."
    )
    parser.add_argument("--port", type=int, required=True, help="0 takes any free port and prints it")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--world", type=Path, help="JSON Lines of what citizens say")
    parser.add_argument("--identity", type=Path, help="JSON with the city's accounts and credentials")
    parser.add_argument(
        "--caps",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the platforms' retention and rate limits (default)",
    )
    parser.add_argument(
        "--log-level", default="error", choices=["critical", "error", "warning", "info", "debug"]
    )
    return parser.parse_args(argv)


def main() -> int:
    given = arguments()
    try:
        who = identity.load(given.identity)
        town = Simulator(who, caps=given.caps, world=given.world)
    except (OSError, ValueError) as error:
        print(f"The town cannot start: {error}", file=sys.stderr)
        return 2
    try:
        family = socket.AF_INET6 if ":" in given.host else socket.AF_INET
        # asyncio turns Nagle's delay off only when the protocol is named; without it each answer takes 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((given.host, given.port))
    except OSError as error:
        print(f"The town cannot listen on {given.host}:{given.port}: {error}", file=sys.stderr)
        return 2
    base_url = f"http://{given.host}:{listener.getsockname()[1]}"
    town.listen_at(base_url)
    # A broken-off answer is often what was ordered; uvicorn would call it an error.
    logging.getLogger("uvicorn.error").addFilter(
        lambda r: "without completing response" not in r.getMessage()
    )
    server = Server(
        uvicorn.Config(
            town,
            log_level=given.log_level,
            access_log=given.log_level == "debug",
            timeout_graceful_shutdown=1,
            lifespan="off",
            server_header=False,
            timeout_keep_alive=75,
        )
    )
    server.ready = f"town ready on {base_url}"
    server.run(sockets=[listener])
    return 0


if __name__ == "__main__":
    sys.exit(main())
