"""Writes any record to a topic, by a client that is not this project's: what the pipeline itself would never write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
from confluent_kafka import Producer as Client

from logcore import Classifier, Contract, Users
from logcore._core import Consumer, Generator, Producer, ensure_topic

CONTRACT = Contract.server_logs()
USERS = Users.generate(CONTRACT, seed=5, accounts=1000)
PARTITIONS = 4


class Outgoing(NamedTuple):
    """One record; it goes to the partition of its key's hash unless one is given."""

    key: str | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()


def send(brokers: str, topic: str, records: Iterable[Outgoing]) -> None:
    """Creates the topic where it is missing, and waits until every record is acknowledged."""
    ensure_topic(brokers, topic, partitions=PARTITIONS)
    failed: list[str] = []
    client = Client({"bootstrap.servers": brokers, "linger.ms": 20, "compression.type": "lz4"})
    for record in records:
        while True:
            try:
                client.produce(
                    topic, record.value, record.key, headers=list(record.headers),
                    on_delivery=lambda error, _: failed.append(str(error)) if error is not None else None,
                )  # fmt: skip
                break
            except BufferError:
                client.poll(0.1)
        client.poll(0)
    assert client.flush(60) == 0
    assert failed == []


def produce_logs(brokers: str, topic: str, count: int, *, seed: int = 1) -> None:
    """Logs with their truths, as the project's own producer sends them."""
    ensure_topic(brokers, topic, partitions=PARTITIONS)
    producer = Producer(
        CONTRACT, USERS, brokers=brokers, topic=topic, rate=None, count=count, duration=None, threads=1, seed=seed,
        start=1_700_000_000, bad_rate=0.2, suspicious_rate=0.2, truth=True, config={},
    )  # fmt: skip
    assert producer.join(120.0), producer.stats()
    assert producer.stats()["acknowledged"] == count


def judged(brokers: str, topic: str) -> Iterator[Any]:
    """Everything on the topic as `Classifier.judge` has it."""
    classifier = Classifier(CONTRACT, USERS)
    consumer = Consumer(brokers=brokers, topic=topic)
    ends = consumer.end_offsets()
    while not consumer.at_end(ends):
        batch = consumer.poll(10_000, 10.0)
        assert batch is not None, f"{topic} ends before {ends}"
        named = pa.array([topic] * batch.num_rows)
        yield classifier.judge(batch.append_column("topic", named))
    consumer.close()


def status_records(batch: Any) -> list[Outgoing]:
    """The records that the processor would write for a judged batch."""
    columns = (batch.column(name).to_pylist() for name in ("record_key", "record_value", "record_headers"))
    return [
        Outgoing(key, value.encode(), tuple((header["key"], header["value"]) for header in headers))
        for key, value, headers in zip(*columns, strict=True)
    ]


def generated_statuses(count: int, *, topic: str = "logs", seed: int = 1) -> list[Outgoing]:
    """Status records of logs that never were on Kafka."""
    values = Generator(CONTRACT, USERS, seed=seed, bad_rate=0.2, suspicious_rate=0.2).batch(count).column("value")
    return statuses_of(values.to_pylist(), topic=topic)


def statuses_of(values: list[Any], *, topic: str = "logs") -> list[Outgoing]:
    """Status records of these payloads, the log at offset i in partition 0."""
    batch = pa.record_batch(
        {
            "value": pa.array([value if isinstance(value, bytes) else value.encode() for value in values], pa.binary()),
            "topic": [topic] * len(values),
            "partition": pa.array([0] * len(values), pa.int32()),
            "offset": pa.array(range(len(values)), pa.int64()),
            "timestamp": pa.array([1_700_000_000_000] * len(values), pa.timestamp("ms", "UTC")),
        }
    )
    return status_records(Classifier(CONTRACT, USERS).judge(batch))
