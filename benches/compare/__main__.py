"""`make bench`: classify and produce against the usual tools, generate against a script, Spark against its own."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benches.compare.report import Comparison

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m benches.compare --count 1000000 --rounds 5 --json bench.json --plot bench.svg
"""


def main() -> None:
    """Prints medians, spreads and ratios; --json and --plot keep them."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.compare",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1_000_000, metavar="N", help="logs (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds in turns (default 5)")
    parser.add_argument(
        "--only", choices=("classify", "generate", "spark", "produce"), help="one comparison instead of all"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw them there (.svg or .png)")
    args = parser.parse_args()
    # Read once, when Polars is imported.
    os.environ["POLARS_MAX_THREADS"] = "1"
    from benches.compare.machine import machine, versions

    own, tools = machine(), versions()
    print(", ".join([f"{own['cpu']}, {own['cores']} cores", *(f"{name} {number}" for name, number in tools.items())]))
    figures: dict[str, Comparison] = {}
    logs = None
    if args.only not in ("generate", "produce"):
        from benches.compare.logs import make_logs

        logs = make_logs(args.count)
    if logs is not None and args.only != "spark":
        from benches.compare.classify import compare_classify

        figures["classify"] = compare_classify(logs, args.rounds)
    if args.only in (None, "generate"):
        from benches.compare.generate import compare_generate

        figures["generate"] = compare_generate(args.count, args.rounds)
    if logs is not None and args.only != "classify":
        from benches.compare.spark import compare_spark

        figures["spark"] = compare_spark(logs, args.rounds)
    if args.only in (None, "produce"):
        from benches.compare.produce import compare_produce

        figures["produce"] = compare_produce(args.count, args.rounds)
    if args.json is not None:
        kept = {"machine": own, "versions": tools, "logs": args.count, **figures}
        args.json.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    if args.plot is not None:
        from benches.compare.plot import plot

        plot(args.plot, list(figures.values()), f"{own['cpu']}, {own['cores']} cores")


if __name__ == "__main__":
    main()
