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

__all__ = ["AVAILABLE_NOW", "SPARKS", "Bench", "Run"]

AVAILABLE_NOW = ("--trigger", "available-now")

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

    def drop(self, *topics: str) -> None:
        """Gives their room on the disk back: a million logs take some 250 MB."""
        (jars,) = (REPOSITORY / ".stack" / "artifacts").glob("*/kafka/lib")
        delete = [
            "java",
            "-cp",
            f"{jars}/*",
            "org.apache.kafka.tools.TopicCommand",
            "--delete",
            "--topic",
            "|".join(topics),
        ]
        self._output([*delete, "--bootstrap-server", self.brokers], {})

    def produce(self, topic: str, count: int) -> None:
        """Sends `count` logs that say what they should get."""
        options = ["--rate", "max", "--count", str(count), "--truth", "--users", str(self.users)]
        self._logcore("producer", self.brokers, topic, *options)

    def own_functions(self, environment: Path) -> Run:
        """Spark's from_json, join and to_json; planning and running its micro-batches."""

        def run(source: str, target: str) -> float:
            script = str(REPOSITORY / "benches" / "pipeline" / "own_functions.py")
            command = [*_spark_submit(environment, "local[2]"), script, self.brokers, source, target]
            output = self._output([*command, self._checkpoint(), str(self.users)], _variables(environment))
            return float(_found(r"own functions: \d+ rows in ([\d.]+) s", output))

        return run

    def processor(self, environment: Path, plane: str, master: str = "local[2]", *options: str) -> Run:
        """spark/processor.py; from each micro-batch's begin to its end."""

        def run(source: str, target: str) -> float:
            output = self._output(*self.submission(environment, plane, source, target, master, *options))
            batches = re.findall(r"^processor: batch \d+.*?: ([\d,]+) rows .*?, ([\d,]+) rows/s", output, re.MULTILINE)
            if not batches:
                sys.exit(f"bench: the processor reported no batch:\n{output[-2000:]}")
            return sum(int(rows.replace(",", "")) / int(rate.replace(",", "")) for rows, rate in batches)

        return run

    def one_process(self, *options: str) -> Run:
        """python -m logcore.processor; its own clock, from its start to its last commit."""

        def run(source: str, target: str) -> float:
            said = self._output(self.engine(source, target, *AVAILABLE_NOW, *options), {})
            return float(_found(r"\) in ([\d,.]+) s \(", said).replace(",", ""))

        return run

    def submission(
        self, environment: Path, plane: str, source: str, target: str, master: str, *options: str
    ) -> tuple[list[str], dict[str, str]]:
        """The command, and the environment variables, of a processor on Spark that moves what is there and ends."""
        command, variables = self.stream(environment, plane, master)
        words = [word.format(source=source, target=target) for word in command]
        return [*words, *AVAILABLE_NOW, *options], variables

    def engine(self, source: str, target: str, *options: str) -> list[str]:
        """The command of the one process."""
        return [
            *(sys.executable, "-m", "logcore.processor", self.brokers, "--input", source, "--output", target),
            *("--group", target, "--users", str(self.users), "--no-tables", *options),
        ]

    def copy(self) -> Run:
        """kcat to kcat through a pipe: the values alone, nothing judged."""

        def run(source: str, target: str) -> float:
            settings = "-X acks=all -X enable.idempotence=true -X compression.type=lz4"
            # With librdkafka's own queue of 100,000 a reader that outruns its writer rests for a second each time.
            queue = "-X queued.min.messages=10000000 -X queued.max.messages.kbytes=1000000"
            read = f"kcat -C -b {self.brokers} -t {source} -o beginning -e -u -q {queue}"
            began = time.perf_counter()
            copy = f"{read} | kcat -P -b {self.brokers} -t {target} {settings}"
            subprocess.run(["bash", "-o", "pipefail", "-c", copy], check=True, capture_output=True)
            return time.perf_counter() - began

        return run

    def verify(self, source: str, target: str) -> None:
        """Ends the bench unless every log is on the status topic, once, with its verdict."""
        self._logcore("verify", self.brokers, "--input", source, "--output", target)

    def stream(self, environment: Path, plane: str, master: str = "local[2]") -> tuple[list[str], dict[str, str]]:
        """The same with the default trigger; it says `{source}` and `{target}` where the topics' names belong."""
        script = str(REPOSITORY / "spark" / "processor.py")
        names = ["--input", "{source}", "--output", "{target}", "--users", str(self.users), "--no-tables"]
        command = [*_spark_submit(environment, master), script, self.brokers, *names, "--data-plane", plane]
        return [*command, "--checkpoint", str(self.folder / "checkpoint-{target}")], _variables(environment)

    def _logcore(self, name: str, *arguments: str) -> str:
        return self._output([sys.executable, "-m", f"logcore.{name}", *arguments], {})

    def _output(self, command: list[str], variables: dict[str, str]) -> str:
        environment = {**os.environ, **variables}
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY, env=environment)
        output = done.stdout + done.stderr
        if done.returncode != 0:
            sys.exit(f"bench: {' '.join(command)} ended with {done.returncode}:\n{output[-3000:]}")
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
