"""The ways from topic to topic that are compared, each as a person would start it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from logcore._core import ensure_topic
from stack.layout import REPOSITORY

__all__ = ["SPARKS", "Bench", "Run"]

SPARKS = {"3.5": Path(sys.prefix), "4.1": REPOSITORY / ".venv-spark4"}

Run = Callable[[str, str], float]
"""From the topic of the first name to that of the second; how many seconds it took."""


@dataclass(frozen=True)
class Bench:
    """One broker, and the file of the users that all logs are judged by."""

    brokers: str
    users: Path
    folder: Path

    def topic(self, partitions: int) -> str:
        """A new topic."""
        name = f"bench-{uuid.uuid4().hex[:8]}"
        ensure_topic(self.brokers, name, partitions=partitions, replication=1)
        return name

    def produce(self, topic: str, count: int) -> None:
        """Sends `count` logs that say what they should get."""
        options = ["--rate", "max", "--count", str(count), "--truth", "--users", str(self.users)]
        self._logcore("producer", self.brokers, topic, *options)

    def own_functions(self, environment: Path) -> Run:
        """Spark's from_json, join and to_json; from the first micro-batch's begin to the last one's end."""

        def run(source: str, target: str) -> float:
            script = REPOSITORY / "benches" / "pipeline" / "own_functions.py"
            output = self._submit(environment, "local[2]", script, source, target, self._checkpoint(), str(self.users))
            return float(_found(r"own functions: \d+ rows in ([\d.]+) s", output))

        return run

    def processor(self, environment: Path, plane: str, master: str = "local[2]", *options: str) -> Run:
        """spark/processor.py; from each micro-batch's begin to its end."""

        def run(source: str, target: str) -> float:
            output = self._submit(
                environment, master, REPOSITORY / "spark" / "processor.py",
                *("--input", source, "--output", target, "--checkpoint", self._checkpoint(), "--data-plane", plane),
                *("--users", str(self.users), "--no-tables", "--trigger", "available-now", *options),
            )  # fmt: skip
            batches = re.findall(r"^processor: batch \d+.*?: ([\d,]+) rows .*?, ([\d,]+) rows/s", output, re.MULTILINE)
            if not batches:
                sys.exit(f"bench: the processor reported no batch:\n{output[-2000:]}")
            return sum(int(rows.replace(",", "")) / int(rate.replace(",", "")) for rows, rate in batches)

        return run

    def one_process(self, *options: str) -> Run:
        """python -m logcore.processor; its own clock, from its start to its last commit."""

        def run(source: str, target: str) -> float:
            said = self._logcore(
                "processor", self.brokers, "--input", source, "--output", target, "--group", target,
                *("--users", str(self.users), "--no-tables", "--trigger", "available-now", *options),
            )  # fmt: skip
            return float(_found(r"\) in ([\d,.]+) s \(", said).replace(",", ""))

        return run

    def copy(self) -> Run:
        """kcat to kcat through a pipe: the values alone, nothing judged."""

        def run(source: str, target: str) -> float:
            settings = "-X acks=all -X enable.idempotence=true -X compression.type=lz4"
            read = f"kcat -C -b {self.brokers} -t {source} -o beginning -e -u -q"
            began = time.perf_counter()
            copy = f"{read} | kcat -P -b {self.brokers} -t {target} {settings}"
            subprocess.run(["bash", "-o", "pipefail", "-c", copy], check=True, capture_output=True)
            return time.perf_counter() - began

        return run

    def verify(self, source: str, target: str) -> None:
        """Ends the bench unless every log is on the status topic, once, with its verdict."""
        self._logcore("verify", self.brokers, "--input", source, "--output", target)

    def _logcore(self, name: str, *arguments: str) -> str:
        command = [sys.executable, "-m", f"logcore.{name}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
        if done.returncode != 0:
            sys.exit(f"bench: logcore.{name} ended with {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout + done.stderr

    def stream(self, environment: Path, plane: str) -> tuple[list[str], dict[str, str]]:
        """The command, and the environment variables, of a processor on Spark with the default trigger."""
        script = str(REPOSITORY / "spark" / "processor.py")
        names = ["--input", "{source}", "--output", "{target}", "--users", "{users}", "--no-tables"]
        command = [*_spark_submit(environment, "local[2]"), script, self.brokers, *names, "--data-plane", plane]
        return [*command, "--checkpoint", str(self.folder / "checkpoint-{target}")], _variables(environment)

    def _submit(self, environment: Path, master: str, script: Path, *arguments: str) -> str:
        command = [*_spark_submit(environment, master), str(script), self.brokers, *arguments]
        variables = {**os.environ, **_variables(environment)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, env=variables)
        output = done.stdout + done.stderr
        if done.returncode != 0:
            sys.exit(f"bench: {script.name} ended with {done.returncode}:\n{output[-3000:]}")
        return output

    def _checkpoint(self) -> str:
        return tempfile.mkdtemp(prefix="checkpoint-", dir=self.folder)


def _spark_submit(environment: Path, master: str) -> list[str]:
    of_41 = environment == SPARKS["4.1"]
    package = f"org.apache.spark:spark-sql-kafka-0-10_{'2.13:4.1.1' if of_41 else '2.12:3.5.1'}"
    settings = ["--driver-memory", "2g", "--conf", "spark.ui.enabled=false", "--packages", package]
    return [str(environment / "bin" / "spark-submit"), "--master", master, *settings]


def _variables(environment: Path) -> dict[str, str]:
    return {
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "VIRTUAL_ENV": str(environment),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }


def _found(pattern: str, output: str) -> str:
    found = re.search(pattern, output)
    if found is None:
        sys.exit(f"bench: no line like '{pattern}' in:\n{output[-2000:]}")
    return found[1]
