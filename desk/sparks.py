"""Small drawings of counts over time, as numbers for an SVG without style of its own; tables stand beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

#: Width and height of a sparkline in its own units.
SPARK = (96, 24)
#: Height of a column chart, and width of one column with its gap.
HIGH, COLUMN, GAP = 120, 12, 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column, and where the usual number would stand; None: not known."""

    x: int
    y: float
    high: float
    usual: float | None
    label: str  #: under it; "" for most


def spark(values: Sequence[int]) -> str:
    """The points of a polyline, the oldest at the left: "0,23 4.2,12"."""
    most, steps = max(values, default=0) or 1, max(1, len(values) - 1)
    wide, high = SPARK
    return " ".join(
        f"{n * wide / steps:.1f},{high - 1 - (high - 2) * value / most:.1f}" for n, value in enumerate(values)
    )


def columns(
    values: Sequence[int], labels: Sequence[str], usual: Sequence[float | None] = ()
) -> tuple[list[Column], int]:
    """Upright columns in order of time, and the width of their drawing."""
    beside = list(usual) or [None] * len(values)
    most = max([*values, *(one for one in beside if one is not None), 1])
    made = [
        Column(
            x=n * COLUMN,
            y=round(HIGH - HIGH * value / most, 1),
            high=round(HIGH * value / most, 1),
            usual=None if level is None else round(HIGH - HIGH * level / most, 1),
            label=label,
        )
        for n, (value, label, level) in enumerate(zip(values, labels, beside, strict=True))
    ]
    return made, max(1, len(values)) * COLUMN
