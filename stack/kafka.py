"""Kafka: one node that is broker and controller (KRaft)."""

from __future__ import annotations

import base64
import shutil
import uuid
from pathlib import Path

from stack.artifacts import Artifacts
from stack.java import Java
from stack.layout import Layout
from stack.ports import HOST
from stack.process import Command
from stack.service import Service

__all__ = ["Kafka"]

# The pattern is that of Kafka's own log4j2.yaml, so that what reads a broker's log reads this one.
_LOG4J = """\
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d] %p %m (%c)%n
"""


class Kafka(Service):
    """Listens on `port` for clients and on `controller_port` for itself."""

    name = "kafka"

    def __init__(
        self, layout: Layout, artifacts: Artifacts, java: Java, port: int, controller_port: int, partitions: int
    ) -> None:
        super().__init__(layout, port)
        self._artifacts = artifacts
        self._java = java
        self._controller_port = controller_port
        self._partitions = partitions

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _properties(self) -> Path:
        return self.home / "server.properties"

    def prepare(self) -> None:
        if not self.initialised_marker.exists() and self._data.exists():
            shutil.rmtree(self._data)
        self.home.mkdir(exist_ok=True)
        self._properties.write_text(self._configuration(), encoding="utf-8")
        (self.home / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")

    def initialisation(self) -> Command | None:
        if self.initialised_marker.exists():
            return None
        arguments = ["format", "--cluster-id", _cluster_id(), "--config", str(self._properties)]
        options = ["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        return self._run(options, "kafka.tools.StorageTool", arguments)

    def server(self) -> Command:
        options = ["-Xms512m", "-Xmx1g", "-Xmn256m", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError"]
        return self._run(options, "kafka.Kafka", [str(self._properties)])

    def _run(self, options: list[str], main: str, arguments: list[str]) -> Command:
        argv = [
            str(self._java.program),
            *options,
            "-Djava.awt.headless=true",
            f"-Dlog4j2.configurationFile={self.home / 'log4j2.properties'}",
            "-cp",
            str(self._artifacts.kafka_jars / "*"),
            main,
            *arguments,
        ]
        return Command(argv, cwd=self.home)

    def _configuration(self) -> str:
        return f"""\
# Written anew by every `python -m stack up`.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{HOST}:{self._controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller_port}
advertised.listeners=PLAINTEXT://{HOST}:{self.port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={_escaped(str(self._data))}

num.partitions={self._partitions}

# One broker holds everything once.
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0

# The broker's own limit, which MSK keeps, is 1 MiB with its overhead; tests send logs a little over 1 MiB to see how
# the pipeline takes them, and those must get in.
message.max.bytes=2097152

# What compaction remembers keys in, 128 MiB by default, which every collection of garbage would go over.
log.cleaner.dedupe.buffer.size=16777216

# Logs carry the time they were made for, which may be long ago: with a limit the broker would delete them as expired.
log.retention.ms=-1
"""


def _cluster_id() -> str:
    """22 characters of URL-safe base64, as Kafka makes them; a leading dash would read as an option."""
    while True:
        name = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii")[:22]
        if not name.startswith("-"):
            return name


def _escaped(path: str) -> str:
    """A path as a value in a Java properties file, where a backslash starts an escape."""
    return path.replace("\\", "\\\\")
