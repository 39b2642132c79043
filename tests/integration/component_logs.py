"""Logs that Kafka and Spark write in a test, of things that go wrong in them."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, ResourceType

from services import Stack

JOB = Path(__file__).with_name("failing_spark_job.py")
_CONSUMER = """
import sys
from confluent_kafka import Consumer
brokers, group, topic = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "session.timeout.ms": 6000})
consumer.subscribe([topic], on_assign=lambda *_: print("joined", flush=True))
while True:
    consumer.poll(1.0)
"""


class SparkRun:
    """A spark-submit of the job that fails, on a cluster of one executor: its logs come in files as a cluster's do."""

    def __init__(self, environment: Path, directory: Path) -> None:
        (packages,) = environment.glob("lib/python3*/site-packages/pyspark")
        # Spark writes its executors' logs to a folder in its own.
        home = directory / "spark"
        home.mkdir(parents=True)
        for part in packages.iterdir():
            (home / part.name).symlink_to(part)
        self.out, self.log, self._work = directory / "driver-1.out", directory / "driver-1.log", home / "work"
        quick = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
        command = [
            str(home / "bin" / "spark-submit"), "--master", "local-cluster[1,1,512]", "--driver-memory", "512m",
            "--conf", "spark.executor.memory=512m", "--conf", "spark.task.maxFailures=1",
            "--conf", "spark.default.parallelism=1", "--conf", "spark.ui.enabled=false",
            "--conf", f"spark.driver.extraJavaOptions={quick}", "--conf", f"spark.executor.extraJavaOptions={quick}",
            # Tracebacks with the causes and with the frames of Spark's worker.
            "--conf", "spark.sql.execution.pyspark.udf.simplifiedTraceback.enabled=false",
            str(JOB), str(directory),
        ]  # fmt: skip
        variables = {
            **os.environ,
            "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
            "VIRTUAL_ENV": str(environment),
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        for name in ("PYSPARK_PYTHON", "PYSPARK_DRIVER_PYTHON", "PYSPARK_SUBMIT_ARGS"):
            variables.pop(name, None)
        with self.out.open("wb") as out, self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=variables, cwd=directory, stdout=out, stderr=log, start_new_session=True
            )

    def wait(self) -> None:
        """Until it has ended, as it should: with the failure that nobody caught."""
        status = self._process.wait(180)
        assert status == 1, (status, self.out.read_text("utf-8"), self.log.read_text("utf-8"))

    def kill(self) -> None:
        """kill -9 of all its processes, if any still runs."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self._process.wait(30)

    @property
    def executor_logs(self) -> list[Path]:
        """The standard errors of the executors that ran anything: it starts others while it stops."""
        return [each for each in sorted(self._work.glob("app-*/*/stderr")) if b" INFO " in each.read_bytes()]


def upset_kafka(stack: Stack, topic: str) -> Path:
    """Has the broker log a topic that comes and goes, what it refuses, and a dying consumer; its log's file."""
    host, port = stack.brokers.split(":")
    log = stack.directory / "logs" / "kafka.log"
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    admin.create_topics([NewTopic(topic, 2)])[topic].result(30)
    command = [sys.executable, "-c", _CONSUMER, stack.brokers, f"{topic}-group", topic]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as consumer:
        assert consumer.stdout is not None
        assert consumer.stdout.readline() == "joined\n"
        consumer.kill()
    _refuse(admin, topic)
    # What is no request; one of a kind that there isn't; one that ends too early.
    for request in (b"GET / HTTP/1.1\r\n\r\n", _framed(struct.pack(">hhih", 999, 0, 1, -1)), _framed(b"\0\3\0\1")):
        with socket.create_connection((host, int(port)), 10) as connection:
            connection.sendall(request)
            assert connection.recv(1) == b"", "the broker should have hung up"
    admin.delete_topics([topic])[topic].result(30)
    dead = f"in group {topic}-group has failed, removing it from the group"
    _wait_for(log, [f"Log for partition {topic}-1 is renamed", dead, "Our best guess of the apiKeyId is: 999"])
    return log


def _framed(request: bytes) -> bytes:
    return struct.pack(">i", len(request)) + request


def _refuse(admin: AdminClient, topic: str) -> None:
    entry = ConfigEntry("retention.ms", "soon", incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[entry])
    try:
        admin.incremental_alter_configs([resource])[resource].result(30)
    except KafkaException as error:
        assert "retention.ms" in str(error)  # noqa: PT017
    else:
        raise AssertionError("the broker took `soon` for a time")


def _wait_for(log: Path, texts: list[str]) -> None:
    deadline = time.monotonic() + 60
    while missing := [text for text in texts if text not in log.read_text("utf-8")]:
        assert time.monotonic() < deadline, f"Kafka's log doesn't speak of {missing}"
        time.sleep(0.2)
