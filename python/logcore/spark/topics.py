"""The two topics, looked at before the query starts: by Java's own client, so that --kafka-config means the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from py4j.protocol import Py4JJavaError

from logcore.spark.errors import JAVA_ERRORS, ProcessorError, root_cause
from logcore.spark.spark_log import set_logger_level

__all__ = ["Target", "prepare_topics"]

_PATIENCE_S = 20


class Target(NamedTuple):
    """The status topic as it was found."""

    created: bool
    holds_records: bool


def prepare_topics(jvm: Any, brokers: str, properties: Mapping[str, str], source: str, target: str) -> Target:
    """Requires the topic `source`, and creates `target` with as many partitions where it is missing.

    Raises ProcessorError where Kafka can't be reached, `source` is missing, or `target` can't be created.
    """
    with _admin(jvm, brokers, properties) as admin:
        try:
            present = set(_wait(jvm, admin.listTopics().names()))
        except JAVA_ERRORS as error:
            raise ProcessorError(f"Kafka at {brokers} can't be reached: {root_cause(error)}") from error
        if source not in present:
            raise ProcessorError(
                f"there is no topic '{source}' at {brokers}; create it, start its producer, or name another by --input"
            )
        try:
            if target in present:
                return Target(created=False, holds_records=_holds_records(jvm, admin, target))
            created = _create(jvm, admin, target, partitions=_partitions(jvm, admin, source))
            return Target(created=created, holds_records=False)
        except JAVA_ERRORS as error:
            what = "asked about" if target in present else "created"
            raise ProcessorError(f"topic '{target}' can't be {what} at {brokers}: {root_cause(error)}") from error


def _partitions(jvm: Any, admin: Any, topic: str) -> int:
    described = _wait(jvm, admin.describeTopics([topic]).allTopicNames())
    return int(described[topic].partitions().size())


def _holds_records(jvm: Any, admin: Any, topic: str) -> bool:
    spec = jvm.org.apache.kafka.clients.admin.OffsetSpec
    partitions = range(_partitions(jvm, admin, topic))

    def offsets(which: Any) -> list[int]:
        asked = jvm.java.util.HashMap()
        for partition in partitions:
            asked.put(jvm.org.apache.kafka.common.TopicPartition(topic, partition), which)
        answers = _wait(jvm, admin.listOffsets(asked).all()).values()
        return sorted(int(answer.offset()) for answer in answers)

    return offsets(spec.earliest()) != offsets(spec.latest())


def _create(jvm: Any, admin: Any, topic: str, *, partitions: int) -> bool:
    optional = jvm.java.util.Optional
    # As many copies as the brokers' own default says.
    new_topic = jvm.org.apache.kafka.clients.admin.NewTopic(topic, optional.of(partitions), optional.empty())
    try:
        _wait(jvm, admin.createTopics([new_topic]).all())
    except Py4JJavaError as error:
        cause = error.java_exception.getCause()
        if cause is not None and cause.getClass().getSimpleName() == "TopicExistsException":
            return False
        raise
    return True


@contextmanager
def _admin(jvm: Any, brokers: str, properties: Mapping[str, str]) -> Iterator[Any]:
    configuration = jvm.java.util.Properties()
    patience_ms = str(_PATIENCE_S * 1000)
    for name, value in {
        "request.timeout.ms": patience_ms,
        "default.api.timeout.ms": patience_ms,
        **properties,
        "bootstrap.servers": brokers,
    }.items():
        configuration.setProperty(name, value)
    # It would report every attempt, once a second; the one error below says as much.
    set_logger_level(jvm, "org.apache.kafka.clients", "OFF")
    try:
        try:
            admin = jvm.org.apache.kafka.clients.admin.AdminClient.create(configuration)
        except JAVA_ERRORS as error:
            raise ProcessorError(f"Kafka at {brokers}: {root_cause(error)}") from error
        try:
            yield admin
        finally:
            admin.close(jvm.java.time.Duration.ofSeconds(1))
    finally:
        set_logger_level(jvm, "org.apache.kafka.clients", "WARN")


def _wait(jvm: Any, future: Any) -> Any:
    return future.get(_PATIENCE_S + 5, jvm.java.util.concurrent.TimeUnit.SECONDS)
