"""The producer against kcat and Kafka's own ProducerPerformance, on a broker of this machine, in turns.

logcore generates what it sends; the others send the same bytes from a file, with the same settings: acknowledged by
all, idempotent, lz4. Start-up is counted.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from benches.compare.report import Comparison, report
from logcore import Contract, Generator, Users
from logcore._core import ensure_topic
from stack.layout import REPOSITORY

__all__ = ["compare_produce", "kafka_state"]

_PARTITIONS = 4
_SETTINGS = {"acks": "all", "enable.idempotence": "true", "compression.type": "lz4"}


def compare_produce(count: int, rounds: int) -> Comparison:
    """Starts Kafka where it doesn't run, and stops it then; prints and returns medians, spreads and ratios."""
    if shutil.which("kcat") is None:
        sys.exit("bench: kcat is missing; apt-get install kcat")
    started = kafka_state()["state"] != "running"
    if started:
        subprocess.run([sys.executable, "-m", "stack", "up", "kafka"], cwd=REPOSITORY, check=True)
    try:
        return _compare(f"127.0.0.1:{kafka_state()['port']}", count, rounds)
    finally:
        if started:
            subprocess.run([sys.executable, "-m", "stack", "down", "kafka"], cwd=REPOSITORY, check=True)


def _compare(brokers: str, count: int, rounds: int) -> Comparison:
    with tempfile.TemporaryDirectory(prefix="logcore-bench-") as folder:
        file = Path(folder) / "logs.jsonl"
        _write(file, count)
        run = f"bench-{uuid.uuid4().hex[:8]}"
        commands = {
            "logcore.producer": _logcore,
            "logcore.producer, with truth": lambda *args: [*_logcore(*args), "--truth"],
            "kcat": _kcat,
            "ProducerPerformance": _producer_performance,
        }
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(rounds + 1):
            for place, (name, command) in enumerate(commands.items()):
                topic = f"{run}-{place}"
                ensure_topic(brokers, topic, partitions=_PARTITIONS, replication=1)
                began = time.perf_counter()
                done = subprocess.run(
                    command(brokers, topic, count, file), cwd=REPOSITORY, capture_output=True, text=True, check=False
                )
                if done.returncode != 0:
                    sys.exit(f"bench: {name} ended with {done.returncode}: {done.stderr.strip()[-300:]}")
                # The first is for the warmth of broker and files.
                if number > 0:
                    seconds[name].append(time.perf_counter() - began)
        size = file.stat().st_size
    title = f"produce, {count:,} logs, {size / count:.0f} bytes each, start-up counted, {rounds} rounds in turns"
    return report(title, count, seconds)


def _write(file: Path, count: int) -> None:
    contract = Contract.server_logs()
    generator = Generator(contract, Users.generate(contract, seed=1), seed=1)
    with file.open("wb") as out:
        for start in range(0, count, 10_000):
            for log in generator.batch(min(10_000, count - start))["value"].to_pylist():
                out.write(log.encode() + b"\n")


def _logcore(brokers: str, topic: str, count: int, _file: Path) -> list[str]:
    return [sys.executable, "-m", "logcore.producer", brokers, topic, "--rate", "max", "--count", str(count)]


def _kcat(brokers: str, topic: str, _count: int, file: Path) -> list[str]:
    settings = [argument for name, value in _SETTINGS.items() for argument in ("-X", f"{name}={value}")]
    return ["kcat", "-P", "-b", brokers, "-t", topic, *settings, "-l", str(file)]


def _producer_performance(brokers: str, topic: str, count: int, file: Path) -> list[str]:
    (jars,) = (REPOSITORY / ".stack" / "artifacts").glob("*/kafka/lib")
    settings = [f"{name}={value}" for name, value in {"bootstrap.servers": brokers, **_SETTINGS}.items()]
    return [
        *("java", "-cp", f"{jars}/*", "org.apache.kafka.tools.ProducerPerformance", "--topic", topic),
        *(
            "--num-records",
            str(count),
            "--throughput",
            "-1",
            "--payload-file",
            str(file),
            "--producer-props",
            *settings,
        ),
    ]


def kafka_state() -> dict[str, object]:
    """Kafka as `python -m stack` has it: its state, and its port."""
    status = [sys.executable, "-m", "stack", "status", "--json"]
    listed = subprocess.run(status, cwd=REPOSITORY, capture_output=True, text=True, check=False).stdout
    found = [state for state in json.loads(listed or "[]") if state["service"] == "kafka"]
    return found[0] if found else {"state": "stopped", "port": 0}
