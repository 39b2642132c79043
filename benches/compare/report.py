"""What a comparison came to: a line for each rival, and the figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

__all__ = ["report"]


def report(title: str, rows: int, seconds: Mapping[str, Sequence[float]]) -> dict[str, object]:
    """Prints `title` and for each rival its median rate in logs a second, the spread, and the first one's rate in its
    own; returns rates and ratios. `seconds` has how long each rival took for `rows` logs, run by run."""
    rates = {name: rows / statistics.median(taken) for name, taken in seconds.items()}
    own, *others = rates
    width = max(map(len, rates))
    print(title)
    for name, rate in rates.items():
        low, high = rows / max(seconds[name]), rows / min(seconds[name])
        print(f"  {name:<{width}}{rate:>12,.0f} logs/s   ({low:,.0f} to {high:,.0f})   1 : {rates[own] / rate:.2f}")
    return {"logs_per_second": rates, "times": {name: rates[own] / rates[name] for name in others}}
