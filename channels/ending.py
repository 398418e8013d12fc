"""Whether this process is about to stop: what holds a connection open looks here, and lets go."""

import threading

#: Set by the engine before it waits for what still runs.
ending = threading.Event()
