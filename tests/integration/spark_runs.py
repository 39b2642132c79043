"""Runs of the processor under a real spark-submit, of the Spark that a virtual environment has."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SPARK_35 = Path(sys.prefix)
SPARK_41 = REPOSITORY / ".venv-spark4"
PROCESSOR = REPOSITORY / "spark" / "processor.py"


class Submission:
    """One `spark-submit … spark/processor.py`, its output going to a file."""

    def __init__(self, environment: Path, log: Path, arguments: list[str]) -> None:
        self.log = log
        command = [
            str(environment / "bin" / "spark-submit"),
            *("--master", "local[2]", "--conf", "spark.ui.enabled=false"),
            *("--packages", _kafka_package(environment)),
            str(PROCESSOR),
            *arguments,
        ]
        variables = {
            **os.environ,
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(environment),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "SPARK_HOME", "PYSPARK_SUBMIT_ARGS"):
            variables.pop(name, None)
        with log.open("w", encoding="utf-8") as output:
            # A session of its own, so that the JVM, Python and its workers can be signalled together.
            self.process = subprocess.Popen(
                command, env=variables, cwd=log.parent, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self.log.read_text("utf-8", errors="replace")

    @property
    def lines(self) -> list[str]:
        """What the processor itself said, without Spark's log."""
        return re.findall(r"^processor(?:\.py)?: (.*)$", self.output, re.MULTILINE)

    def wait(self, timeout_s: float = 240.0) -> int:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the processor did not end in {timeout_s} s:\n{self.output}") from None

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 120.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, f"the processor ended with {self.process.returncode}:\n{self.output}"
            assert time.monotonic() < deadline, f"waited {timeout_s} s in vain:\n{self.output}"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """As a terminal does it: to every process at once."""
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """kill -9 of the JVM, the driver's Python and all its workers, if any of them still runs."""
        try:
            self.signal(signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait(30)


Submit = Callable[..., Submission]


def pin(checkpoint: Path, batch_id: int) -> Path:
    """The file that binds the batch to its users and contract."""
    return checkpoint / "logcore" / "batches" / f"{batch_id}.json"


def committed(checkpoint: Path, batch_id: int) -> bool:
    return (checkpoint / "commits" / str(batch_id)).exists()


def end_offsets(checkpoint: Path, batch_id: int) -> dict[int, int]:
    """For each partition the offset after the batch's last log, as Spark wrote it down before it began."""
    lines = (checkpoint / "offsets" / str(batch_id)).read_text("utf-8").splitlines()
    (offsets,) = json.loads(lines[-1]).values()
    return {int(partition): int(offset) for partition, offset in offsets.items()}


def _kafka_package(environment: Path) -> str:
    (metadata,) = environment.glob("lib/python3*/site-packages/pyspark-*.dist-info")
    version = metadata.name.removeprefix("pyspark-").removesuffix(".dist-info")
    scala = "2.12" if version.startswith("3.") else "2.13"
    return f"org.apache.spark:spark-sql-kafka-0-10_{scala}:{version}"
