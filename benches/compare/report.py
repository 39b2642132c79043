"""What a comparison came to: a line for each rival, and the figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import TypedDict

__all__ = ["Comparison", "Figures", "report"]


class Figures(TypedDict):
    """Rates in logs a second, of `rounds` runs of `logs` logs; `times` is the first rival's median in this one's."""

    logs: int
    rounds: int
    median: float
    min: float
    max: float
    times: float


class Comparison(TypedDict):
    """What was compared, and each rival's figures."""

    title: str
    rivals: dict[str, Figures]


def report(
    title: str, rows: int, seconds: Mapping[str, Sequence[float]], own_rows: Mapping[str, int] | None = None
) -> Comparison:
    """Prints `title` and for each rival its median rate in logs a second, the spread, and the first one's rate in its
    own; returns the same. `seconds` has how long each rival took, run by run, for `rows` logs or for its `own_rows`."""
    logs = {name: (own_rows or {}).get(name, rows) for name in seconds}
    rates = {name: logs[name] / statistics.median(taken) for name, taken in seconds.items()}
    first = next(iter(rates.values()))
    rivals: dict[str, Figures] = {
        name: {
            "logs": logs[name],
            "rounds": len(taken),
            "median": rates[name],
            "min": logs[name] / max(taken),
            "max": logs[name] / min(taken),
            "times": first / rates[name],
        }
        for name, taken in seconds.items()
    }
    width = max(map(len, rates))
    print(title)
    for name, own in rivals.items():
        spread = f"({own['min']:,.0f} to {own['max']:,.0f})"
        print(f"  {name:<{width}}{own['median']:>12,.0f} logs/s   {spread}   1 : {own['times']:.2f}")
    return {"title": title.strip(), "rivals": rivals}
