"""How a lower layer says "there is work" without knowing who does it.

The engine sets the hook. Where the engine can enqueue inside the transaction (Procrastinate on PostgreSQL) it
does; otherwise it acts after the commit. With no hook set nothing happens, and the clock's next tick finds the
work in the tables: a lost wake costs seconds, never work.
"""

from collections.abc import Callable

Hook = Callable[[str, str], None]
_hook: Hook | None = None


def set_hook(hook: Hook | None) -> None:
    """Give the engine's hook, or None to take it away."""
    global _hook
    _hook = hook


def wake(kind: str, key: str = "") -> None:
    """Announce work of ``kind`` (hear, judge, open, deliver, reconcile) for ``key`` (a row's id, or "")."""
    if _hook is not None:
        _hook(kind, key)
