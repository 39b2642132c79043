"""A Kafka in the test: topics with partitions, what retention takes, a processor that judges, a producer that sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest

from fake_kafka import FakeConsumer, Record
from logcore import Classifier, Contract, KafkaError, Users
from logcore.dlq.place import Place

STATUS = "server-logs-status"
NOW = 1_700_000_000_000
CONTRACT = Contract.server_logs()
USERS = Users([(684, "ANDROID")])


class PositionedConsumer(FakeConsumer):
    """Reads partitions from where they begin for it, up to the ends that it is asked about."""

    def __init__(self, records: Sequence[Record], starts: dict[int, int], ends: dict[int, int]) -> None:
        super().__init__([record for record in records if record.offset >= starts.get(record.partition, 2**63)])
        self.starts = starts
        self.ends = ends

    def end_offsets(self) -> dict[int, int]:
        return dict(self.ends)

    def at_end(self, ends: dict[int, int]) -> bool:
        position = {**self.starts, **self.position()}
        return self.read == len(self.records) or all(
            position.get(partition, 0) >= end for partition, end in ends.items()
        )


class FakeTopics:
    """Takes the place of `logcore._core`'s Consumer, topic_offsets and send_records in `logcore.dlq`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.topics: dict[str, dict[int, list[Record]]] = {}
        self.begins: dict[tuple[str, int], int] = {}
        self.now = NOW
        self.opened: list[dict[str, Any]] = []
        self.sent: list[list[Any]] = []
        self.refused: dict[bytes, str] = {}
        self.forbidden: set[str] = set()
        self._judged: dict[tuple[str, int], int] = {}
        for module in ("selection", "records_at", "replays"):
            monkeypatch.setattr(f"logcore.dlq.{module}.Consumer", self.consumer)
        monkeypatch.setattr("logcore.dlq.records_at.topic_offsets", self.offsets)
        monkeypatch.setattr("logcore.dlq.sending.send_records", self.send)

    def create(self, topic: str, partitions: int = 1) -> None:
        self.topics[topic] = {partition: [] for partition in range(partitions)}

    def add(
        self,
        topic: str,
        value: bytes | None,
        *,
        key: bytes | None = None,
        headers: Sequence[tuple[str, bytes]] = (),
        timestamp: int | None = None,
        partition: int = 0,
    ) -> Place:
        """Writes a record; a second passes."""
        if topic not in self.topics:
            self.create(topic, partition + 1)
        records = self.topics[topic].setdefault(partition, [])
        offset = records[-1].offset + 1 if records else self.begins.get((topic, partition), 0)
        self.now += 1000
        at = self.now if timestamp is None else timestamp
        records.append(Record(partition, offset, value, key, tuple(headers), at))
        return Place(topic, partition, offset)

    def delete_before(self, place: Place) -> None:
        """Retention takes what is before this place."""
        self.begins[place.topic, place.partition] = place.offset
        records = self.topics[place.topic][place.partition]
        records[:] = [record for record in records if record.offset >= place.offset]

    def judge(self, topic: str, contract: Contract = CONTRACT, *, anew: bool = False) -> None:
        """As the processor does, what was not judged yet (`anew`: all)."""
        classifier = Classifier(contract, None if contract.lookup is None else USERS)
        for partition, records in self.topics[topic].items():
            done = 0 if anew else self._judged.get((topic, partition), 0)
            fresh = [record for record in records if record.offset >= done]
            if not fresh:
                continue
            self._judged[topic, partition] = fresh[-1].offset + 1
            batch = pa.record_batch(
                {
                    "value": pa.array([record.value for record in fresh], pa.binary()),
                    "topic": [topic] * len(fresh),
                    "partition": pa.array([partition] * len(fresh), pa.int32()),
                    "offset": pa.array([record.offset for record in fresh], pa.int64()),
                    "timestamp": pa.array([record.timestamp for record in fresh], pa.timestamp("ms", "UTC")),
                }
            )
            judged = classifier.judge(batch)
            columns = (judged.column(name).to_pylist() for name in ("record_key", "record_value", "record_headers"))
            for key, value, headers in zip(*columns):
                pairs = [(header["key"], header["value"]) for header in headers]
                self.add(STATUS, value.encode(), key=key.encode(), headers=pairs)

    def records(self, topic: str) -> list[Record]:
        return [record for records in self.topics[topic].values() for record in records]

    def consumer(self, *, topic: str, start: Any = "earliest", **options: Any) -> PositionedConsumer:
        self.opened.append({"topic": topic, "start": start, **options})
        partitions = self._of(topic)
        if isinstance(start, dict):
            starts = start
        elif start == "earliest":
            starts = {partition: self.begins.get((topic, partition), 0) for partition in partitions}
        else:
            starts = {
                partition: next((record.offset for record in records if record.timestamp >= start), 2**62)
                for partition, records in partitions.items()
            }
        ends = {partition: end for partition, (_, end) in self.offsets("", topic).items()}
        return PositionedConsumer(self.records(topic), starts, ends)

    def offsets(self, brokers: str, topic: str, *, config: Any = None) -> dict[int, tuple[int, int]]:
        bounds = {}
        for partition, records in self._of(topic).items():
            begin = self.begins.get((topic, partition), 0)
            bounds[partition] = (begin, records[-1].offset + 1 if records else begin)
        return bounds

    def send(self, brokers: str, topic: str, records: list[Any], *, config: Any = None) -> list[Any]:
        self.sent.append(records)
        self._of(topic)
        answers: list[Any] = []
        for key, value, headers in records:
            if value in self.refused:
                answers.append(self.refused[value])
            else:
                answers.append(self.add(topic, value, key=key, headers=headers)[1:])
        return answers

    def _of(self, topic: str) -> dict[int, list[Record]]:
        if topic in self.forbidden:
            raise KafkaError(f"kafka: topic {topic} at h:1: Broker: Topic authorization failed")
        if topic not in self.topics:
            raise KafkaError(f"kafka: topic {topic} does not exist at h:1; create it")
        return self.topics[topic]
