"""How an upper layer follows what becomes of a mention's words, where it keeps some of them for itself.

The hook is called in the transaction that changed or erased the words, so that nobody finds them elsewhere a moment
longer. Like ledger.wake: the layer below does not know who listens.
"""

from collections.abc import Callable, Sequence

#: Called with ids of mentions.
Hook = Callable[[Sequence[int]], None]
_hook: Hook | None = None


def set_hook(hook: Hook | None) -> None:
    """Give the hook of the layer that keeps words, or None to take it away."""
    global _hook
    _hook = hook


def reworded(mentions: Sequence[int]) -> None:
    """The words of these mentions are others now, or gone."""
    if _hook is not None:
        _hook(mentions)
