"""The figures as horizontal bars, one panel a comparison."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benches.compare.report import Comparison

__all__ = ["plot"]

_OWN, _OTHER, _INK = "#2f6f9f", "#b9c0c7", "#30363c"


def plot(file: Path, comparisons: Sequence[Comparison], note: str) -> None:
    """Draws medians as bars and the spread as whiskers, on a scale of powers of ten, and `note` below; the file's name
    says the format."""
    import matplotlib as mpl

    mpl.use("agg")
    # The same figures give the same bytes; text stays text.
    mpl.rcParams.update({"svg.hashsalt": "logcore", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot as plt

    heights = [len(comparison["rivals"]) + 1 for comparison in comparisons]
    figure, axes = plt.subplots(
        len(comparisons),
        1,
        figsize=(9, 0.34 * sum(heights) + 0.6),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
        facecolor="white",
    )
    for axis, comparison in zip(axes[:, 0], comparisons):
        rivals = sorted(comparison["rivals"].items(), key=lambda item: item[1]["median"])
        medians = [figures["median"] for _, figures in rivals]
        spread = [
            [figures["median"] - figures["min"] for _, figures in rivals],
            [figures["max"] - figures["median"] for _, figures in rivals],
        ]
        colors = [_OWN if "logcore" in name else _OTHER for name, _ in rivals]
        places = range(len(rivals))
        axis.barh(places, medians, xerr=spread, color=colors, ecolor=_INK, error_kw={"lw": 1}, capsize=2, height=0.7)
        axis.set_yticks(places, [name.strip() for name, _ in rivals])
        axis.set_xscale("log")
        axis.set_xlim(10 ** int(log10(min(medians))), 5 * max(medians))
        for place, (_, figures) in zip(places, rivals):
            axis.text(1.08 * figures["max"], place, f"{figures['median']:,.0f}", va="center", color=_INK)
        axis.set_title(comparison["title"], loc="left", fontsize=9, color=_INK)
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(axis="x", color="#e6e9ec", zorder=0)
        axis.set_axisbelow(True)
    axes[-1, 0].set_xlabel(f"logs a second, median, least and most\n{note}")
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
    plt.close(figure)
