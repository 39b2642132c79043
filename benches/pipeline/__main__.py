"""From topic to topic on one machine, the broker included: Rust's data plane on Spark against Spark's own functions and
the plain plane, the engine in one process against kcat's copy, how both grow, and how long a log takes."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benches.compare.machine import machine, versions
from benches.compare.produce import kafka_state
from benches.compare.report import Comparison, report
from benches.pipeline.latency import latency
from benches.pipeline.runs import SPARKS, Bench, Run
from logcore import Contract, Users
from stack.layout import REPOSITORY

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m benches.pipeline --count 4000000 --rounds 3 --json docs/pipeline.json
"""
_PARTITIONS = 4
_PARTS = ("throughput", "growth", "latency")


def main() -> None:
    """Prints medians, spreads and ratios; --json keeps them."""
    parser = argparse.ArgumentParser(
        prog="python -m benches.pipeline",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=4_000_000, metavar="N", help="logs (default 4,000,000)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="rounds in turns (default 3)")
    parser.add_argument("--only", choices=_PARTS, help="one part instead of all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    args = parser.parse_args()
    if shutil.which("kcat") is None:
        sys.exit("bench: kcat is missing; apt-get install kcat")
    own, tools = machine(), versions()
    print(f"{own['cpu']}, {own['cores']} cores", flush=True)
    started = kafka_state()["state"] != "running"
    if started:
        subprocess.run([sys.executable, "-m", "stack", "up", "kafka"], cwd=REPOSITORY, check=True)
    figures: dict[str, Any] = {"machine": own, "versions": tools, "logs": args.count}
    try:
        with tempfile.TemporaryDirectory(prefix="logcore-bench-") as name:
            folder = Path(name)
            users = folder / "users.csv"
            users.write_text(Users.generate(Contract.server_logs(), seed=1).csv, "utf-8")
            bench = Bench(f"127.0.0.1:{kafka_state()['port']}", users, folder)
            parts = {"throughput": _throughput, "growth": _growth, "latency": _latency}
            for part, measure in parts.items():
                if args.only in (None, part):
                    figures[part] = measure(bench, args.count, args.rounds)
    finally:
        if started:
            subprocess.run([sys.executable, "-m", "stack", "down", "kafka"], cwd=REPOSITORY, check=True)
    if args.json is not None:
        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _throughput(bench: Bench, count: int, rounds: int) -> list[Comparison]:
    source = bench.topic(_PARTITIONS)
    bench.produce(source, count)
    one_process = {"python -m logcore.processor": bench.one_process(), "kcat to kcat": bench.copy()}
    compared = []
    for spark, environment in SPARKS.items():
        rivals: dict[str, Run] = {
            "--data-plane rust": bench.processor(environment, "rust"),
            "--data-plane spark": bench.processor(environment, "spark"),
            "Spark's own functions": bench.own_functions(environment),
            **one_process,
        }
        title = f"\nSpark {spark}, local[2], {count:,} logs, {_PARTITIONS} partitions, {rounds} rounds in turns"
        compared.append(_measure(bench, title, rivals, source, count, rounds))
    return compared


def _measure(
    bench: Bench,
    title: str,
    rivals: dict[str, Run],
    source: str,
    count: int,
    rounds: int,
    partitions: int = _PARTITIONS,
) -> Comparison:
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(rounds):
        for name, run in rivals.items():
            target = bench.topic(partitions)
            seconds[name].append(run(source, target))
            judged = name.startswith(("--data-plane", "python"))
            if judged:
                bench.verify(source, target)
            clean = "; verify: clean" if judged else ""
            print(f"  round {number + 1}: {name}: {count / seconds[name][-1]:,.0f} logs/s{clean}", flush=True)
    return report(title, count, seconds)


def _growth(bench: Bench, count: int, rounds: int) -> list[Comparison]:
    compared = []
    for partitions in (1, 2, 4):
        source = bench.topic(partitions)
        bench.produce(source, count)
        rivals = {
            f"--data-plane rust, {master}, {partitions} partitions": bench.processor(SPARKS["3.5"], "rust", master)
            for master in ("local[1]", "local[2]")
        }
        for threads in (1, 2):
            name = f"python -m logcore.processor --threads {threads}, {partitions} partitions"
            rivals[name] = bench.one_process("--threads", str(threads))
        title = f"\ngrowth, {count:,} logs, {partitions} partitions, {rounds} rounds in turns"
        compared.append(_measure(bench, title, rivals, source, count, rounds, partitions))
    return compared


def _latency(bench: Bench, _count: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    python = [sys.executable, "-m", "logcore.processor", bench.brokers, "--input", "{source}", "--output", "{target}"]
    ways: dict[str, tuple[list[str], dict[str, str]]] = {
        "python -m logcore.processor": ([*python, "--group", "{target}", "--users", "{users}", "--no-tables"], {})
    }
    for plane in ("rust", "spark"):
        ways[f"spark/processor.py --data-plane {plane}"] = bench.stream(SPARKS["3.5"], plane)
    found: dict[str, dict[str, list[float]]] = {}
    print("\nlatency in ms from the producer's timestamp to a reader of the status topic, medians: p50, p99, p99.9")
    for name, (command, environment) in ways.items():
        found[name] = {}
        for rate in (1000, 50_000):
            runs = [latency(bench, command, environment, rate, 20) for _ in range(rounds)]
            medians = [statistics.median(each) for each in zip(*runs, strict=True)]
            found[name][f"{rate}/s"] = medians
            print(f"  {name}, {rate:,} logs/s: " + ", ".join(f"{value:,.1f}" for value in medians), flush=True)
    return found


if __name__ == "__main__":
    main()
