"""Running the desk and the engine in one process."""

import logging
import signal
import warnings
from collections.abc import Callable
from types import FrameType

import uvicorn

from engine.clock import start_clock
from engine.embedded import Lanes
from ledger.wake import set_hook

log = logging.getLogger(__name__)


class Engine:
    """The embedded engine: the clock and its lanes."""

    def __init__(self) -> None:
        self._lanes = Lanes()
        self._clock: object | None = None

    def start(self) -> None:
        set_hook(self._lanes.wake)
        self._clock = start_clock(self._lanes.submit, "engine")

    def stop(self) -> None:
        """Finish what runs; what waits is found again in the tables at the next start."""
        if self._clock is not None:
            self._clock.shutdown(wait=False)  # type: ignore[attr-defined]  # BackgroundScheduler has no stubs
        self._lanes.close()
        set_hook(None)


def serve_desk(host: str, port: int, stopping: Callable[[], None] = lambda: None) -> None:
    """Serve the desk until Ctrl-C or SIGTERM, then call ``stopping``."""
    # WhiteNoise gives its small files as synchronous answers; Django says so to whoever reads the terminal.
    warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
    server = uvicorn.Server(
        uvicorn.Config(
            "config.asgi:application",
            host=host,
            port=port,
            log_level="warning",
            lifespan="off",
            access_log=False,
        )
    )

    def end(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        server.run()
    finally:
        stopping()
