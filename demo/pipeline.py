"""The pipeline's commands, as a person would type them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from demo.services import Services
from demo.step import Step
from stack.layout import REPOSITORY

__all__ = ["Pipeline", "kafka_package"]


def kafka_package() -> str:
    """Spark's Kafka source for the pyspark that is installed."""
    spark = version("pyspark")
    scala = "2.12" if spark.startswith("3.") else "2.13"
    return f"org.apache.spark:spark-sql-kafka-0-10_{scala}:{spark}"


@dataclass(frozen=True)
class Pipeline:
    """One way from a topic to Elasticsearch; each run of it takes up what is new."""

    services: Services
    input: str
    output: str
    index: str
    group: str
    checkpoint: Path

    @property
    def _mysql(self) -> list[str]:
        return ["--mysql-defaults-file", str(self.services.mysql_defaults_file)]

    def users(self) -> Step:
        """Fills the users table where it is empty."""
        return Step("users: dim_users.users in MySQL", [*_module("users"), *self._mysql])

    def produce(self, count: int, seed: int) -> Step:
        """Sends `count` logs, each with the verdict that it should get."""
        return Step(
            f"producer: {count:,} logs to Kafka's topic {self.input}",
            [
                *(*_module("producer"), self.services.brokers, self.input),
                *("--count", str(count), "--rate", "max", "--seed", str(seed), "--truth", "--users", "mysql"),
                *self._mysql,
            ],
        )

    def process(self) -> Step:
        """Judges all that is new on the topic, in one process."""
        return Step(
            f"processor: judges them, into the topic {self.output} and MySQL's logs.judged_logs",
            [
                *(*_module("processor"), self.services.brokers, "--input", self.input, "--output", self.output),
                *("--group", f"{self.group}-processor", "--instance", "demo"),
                *("--users", "mysql", "--tables", "--trigger", "available-now"),
                *self._mysql,
            ],
        )

    def process_on_spark(self) -> Step:
        """Judges all that is new on the topic, on Spark."""
        environment = Path(sys.executable).parent
        return Step(
            f"processor: Spark judges them, into the topic {self.output} and MySQL's logs.judged_logs",
            [
                str(environment / "spark-submit"),
                *("--master", "local[2]", "--driver-memory", "2g", "--packages", kafka_package()),
                *(str(REPOSITORY / "spark" / "processor.py"), self.services.brokers),
                *("--input", self.input, "--output", self.output, "--checkpoint", str(self.checkpoint)),
                *("--users", "mysql", "--tables", "--trigger", "available-now"),
                *("--max-offsets-per-trigger", "250000"),
                *self._mysql,
            ],
            log=self.services.directory / "logs" / "processor.log",
            prefix="processor:",
            environment={
                "PATH": f"{environment}:{os.environ.get('PATH', '')}",
                "VIRTUAL_ENV": str(environment.parent),
                "SPARK_LOCAL_IP": "127.0.0.1",
            },
        )

    def index_records(self) -> Step:
        """Indexes all that is new on the status topic."""
        return Step(
            f"indexer: the status topic into Elasticsearch's index {self.index}",
            [
                *(*_module("indexer"), self.services.brokers, "--topic", self.output, "--index", self.index),
                *("--elasticsearch", self.services.elasticsearch_url, "--group", self.group, "--until-end"),
            ],
        )

    def verify(self, figures: Path) -> Step:
        """Accounts for every log at every hop; the figures go to a file."""
        return Step(
            "verify: every log at every hop",
            [
                *(*_module("verify"), self.services.brokers, "--input", self.input, "--output", self.output),
                *("--elasticsearch", self.services.elasticsearch_url, "--index", self.index),
                *("--json", str(figures)),
                *self._mysql,
            ],
        )


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"logcore.{name}"]
