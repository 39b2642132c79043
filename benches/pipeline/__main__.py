"""From topic to topic on one machine, the broker included: Rust's data plane on Spark against Spark's own functions and
the plain plane, the engine in one process against kcat's copy, how both grow, how much memory a backlog takes, and how
long a log takes."""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benches.compare.machine import machine, versions
from benches.compare.produce import kafka_state
from benches.compare.report import Comparison, report
from benches.pipeline.latency import latency
from benches.pipeline.memory import peaks
from benches.pipeline.runs import AVAILABLE_NOW, SPARKS, Bench, Run
from logcore import Contract, Users
from stack.layout import REPOSITORY

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m benches.pipeline --count 4000000 --rounds 3 --json docs/pipeline.json
"""
_PARTITIONS = 4
_BACKLOG = 10_000_000


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
    parser.add_argument("--only", choices=list(_PARTS), help="one part instead of all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the figures there, those of other parts too")
    args = parser.parse_args()
    if shutil.which("kcat") is None:
        sys.exit("bench: kcat is missing; apt-get install kcat")
    own, tools = machine(), versions()
    print(f"{own['cpu']}, {own['cores']} cores", flush=True)
    started = kafka_state()["state"] != "running"
    if started:
        subprocess.run([sys.executable, "-m", "stack", "up", "kafka"], cwd=REPOSITORY, check=True)
    figures: dict[str, Any] = {}
    if args.json is not None and args.only is not None and args.json.exists():
        figures = json.loads(args.json.read_text("utf-8"))
    figures |= {"machine": own, "versions": tools}
    try:
        with tempfile.TemporaryDirectory(prefix="logcore-bench-") as name:
            folder = Path(name)
            users = folder / "users.csv"
            users.write_text(Users.generate(Contract.server_logs(), seed=1).csv, "utf-8")
            bench = Bench(f"127.0.0.1:{kafka_state()['port']}", users, folder)
            for part, measure in _PARTS.items():
                if args.only in (None, part):
                    figures[part] = measure(bench, args.count, args.rounds)
                    if args.json is not None:
                        args.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    finally:
        if started:
            subprocess.run([sys.executable, "-m", "stack", "down", "kafka"], cwd=REPOSITORY, check=True)


def _throughput(bench: Bench, count: int, rounds: int) -> list[Comparison]:
    source = bench.topic(_PARTITIONS)
    bench.produce(source, count)
    compared = []
    for spark, environment in SPARKS.items():
        rivals: dict[str, Run] = {
            "--data-plane rust": bench.processor(environment, "rust"),
            "--data-plane spark": bench.processor(environment, "spark"),
            "Spark's own functions": bench.own_functions(environment),
            "python -m logcore.processor": bench.one_process(),
        }
        title = f"\nSpark {spark}, local[2], {count:,} logs, {_PARTITIONS} partitions, {rounds} rounds in turns"
        compared += _measure(bench, title, rivals, source, count, rounds)
    bench.drop(source)
    return compared


def _copy(bench: Bench, count: int, rounds: int) -> list[Comparison]:
    source = bench.topic(_PARTITIONS)
    bench.produce(source, count)
    rivals = {"python -m logcore.processor": bench.one_process(), "kcat to kcat": bench.copy()}
    title = f"\nagainst a copy of the values, {count:,} logs, {_PARTITIONS} partitions, {rounds} rounds in turns"
    compared = _measure(bench, title, rivals, source, count, rounds)
    bench.drop(source)
    return compared


def _measure(
    bench: Bench,
    title: str,
    rivals: dict[str, Run],
    source: str,
    count: int,
    rounds: int,
    partitions: int = _PARTITIONS,
    *,
    verify: bool = True,
) -> list[Comparison]:
    """Two comparisons: of the time that moving took, and of that of whole commands. verify looks at the first round."""
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    commands: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(rounds):
        for name, run in rivals.items():
            target = bench.topic(partitions)
            began = time.perf_counter()
            seconds[name].append(run(source, target))
            commands[name].append(time.perf_counter() - began)
            clean = ""
            if verify and number == 0 and name.startswith(("--data-plane", "python")):
                bench.verify(source, target)
                clean = "; verify: clean"
            bench.drop(target)
            rate = f"{count / seconds[name][-1]:,.0f} logs/s; the command took {commands[name][-1]:.1f} s"
            print(f"  round {number + 1}: {name}: {rate}{clean}", flush=True)
    title_of_commands = f"{title}, whole commands with the start of Python and of Spark"
    return [report(title, count, seconds), report(title_of_commands, count, commands)]


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
        compared += _measure(bench, title, rivals, source, count, rounds, partitions, verify=False)
        bench.drop(source)
    return compared


def _memory(bench: Bench, count: int, _rounds: int) -> dict[str, dict[str, dict[str, float]]]:
    found: dict[str, dict[str, dict[str, float]]] = {}
    print("\nmost resident memory while a backlog is moved, MiB")
    for logs in (count // 4, max(count, _BACKLOG)):
        source, *targets = (bench.topic(_PARTITIONS) for _ in range(4))
        bench.produce(source, logs)
        for threads, target in zip((1, 2), targets):
            name = f"python -m logcore.processor --threads {threads}"
            command = bench.engine(source, target, *AVAILABLE_NOW, "--threads", str(threads))
            found.setdefault(name, {})[f"{logs:,} logs"] = peaks(command, {})
        command, variables = bench.submission(SPARKS["3.5"], "rust", source, targets[-1], "local[2]")
        found.setdefault("--data-plane rust, local[2]", {})[f"{logs:,} logs"] = peaks(command, variables)
        bench.drop(source, *targets)
    for name, by_logs in found.items():
        for logs_there, most in by_logs.items():
            text = ", ".join(f"{kind} {mebibytes:,.0f}" for kind, mebibytes in sorted(most.items()))
            print(f"  {name}, {logs_there}: {text}", flush=True)
    return found


def _latency(bench: Bench, _count: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    ways: dict[str, tuple[list[str] | None, dict[str, str]]] = {
        "nothing between, a reader of the logs": (None, {}),
        "python -m logcore.processor": (bench.engine("{source}", "{target}"), {}),
    }
    for plane in ("rust", "spark"):
        ways[f"spark/processor.py --data-plane {plane}"] = bench.stream(SPARKS["3.5"], plane)
    found: dict[str, dict[str, list[float]]] = {name: {} for name in ways}
    print("\nlatency in ms from the producer's timestamp to a reader of the status topic, medians: p50, p99, p99.9")
    for rate in (1000, 50_000):
        runs: dict[str, list[list[float]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (command, environment) in ways.items():
                runs[name].append(latency(bench, command, environment, rate, 20))
        for name, measured in runs.items():
            medians = [statistics.median(each) for each in zip(*measured, strict=True)]
            found[name][f"{rate}/s"] = medians
            print(f"  {rate:,} logs/s: {name}: " + ", ".join(f"{value:,.1f}" for value in medians), flush=True)
    return found


_PARTS: dict[str, Callable[[Bench, int, int], Any]] = {
    "throughput": _throughput,
    "copy": _copy,
    "growth": _growth,
    "memory": _memory,
    "latency": _latency,
}

if __name__ == "__main__":
    main()
