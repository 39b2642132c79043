"""A small pipeline that has run: logs with their truths, and what each hop holds of them, all in fakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from fake_elasticsearch import FakeElasticsearch
from fake_kafka import FakeConsumer, Record
from logcore import Classifier, Contract, Users
from logcore.verify import __main__ as command

CONTRACT = Contract.server_logs()
USERS = Users([(684, "ANDROID"), (7, "IOS")])
TOPIC = "logs"
GOOD = {
    "event_id": "141b3ff2a92111ebbfae367ddad5b1fa", "account_id": "684", "event_type": "other", "device": "ANDROID",
    "location_country": "FR", "event_timestamp": "1619724510",
}  # fmt: skip
LONG = 262_144
STATUS, MYSQL, ELASTICSEARCH = "status", "MySQL", "Elasticsearch server-logs"


def log(**changed: Any) -> bytes:
    return json.dumps({**GOOD, **changed}).encode()


CASES: list[tuple[bytes | None, str, list[tuple[str, str]]]] = [
    (log(), "good", []),
    (log(account_id=7), "suspicious", [("device", "device_mismatch")]),
    (log(account_id=8), "suspicious", [("account_id", "unknown_account")]),
    (log(event_type="N/A", device=None), "bad", [("event_type", "not_allowed"), ("device", "null")]),
    (None, "bad", [("$", "empty")]),
    (b"", "bad", [("$", "empty")]),
    (b'{"a":"\xff"}', "bad", [("$", "invalid_utf8")]),
    ('["é☃😀\\u0000"]\t'.encode(), "bad", [("$", "not_an_object")]),
    (b'["\x01"]', "bad", [("$", "malformed_json")]),
    # Cut within a character: of three bytes in text, and of four in what goes as base64.
    (b"x" * (LONG - 2) + "☃".encode() * 9, "bad", [("$", "malformed_json")]),
    (b"x" * (LONG - 3) + "😀".encode() + b"\x01" * 9, "bad", [("$", "malformed_json")]),
    (b"\xff" * (LONG + 1), "bad", [("$", "invalid_utf8")]),
    (log(location_country="☃"), "bad", [("location_country", "not_allowed")]),
]


COUNT = len(CASES) * 2
KEY = "logs:1:1"
"""A bad log (event_type and device) that is record 3 on the status topic."""


def truth(status: str, reasons: list[tuple[str, str]]) -> bytes:
    return json.dumps(
        {"status": status, "reasons": [{"path": path, "code": code} for path, code in reasons]}, separators=(",", ":")
    ).encode()


class FakeMysql:
    """`judged_logs`, as `Mysql.judged` gives it: rows in the order of their key."""

    def __init__(self, rows: pa.Table) -> None:
        self.rows = _by_key(rows)

    def ping(self) -> None:
        """It is there."""

    def judged(self, contract: Any, topic: str, *, after: tuple[int, int] | None, limit: int) -> pa.RecordBatch:
        keys = list(zip(self.rows["source_partition"].to_pylist(), self.rows["source_offset"].to_pylist(), strict=True))
        start = 0 if after is None else sum(key <= after for key in keys)
        return _batch(self.rows.slice(start, limit))


def _by_key(rows: pa.Table) -> pa.Table:
    return rows.sort_by([("source_partition", "ascending"), ("source_offset", "ascending")])


def _batch(rows: pa.Table) -> pa.RecordBatch:
    batches = rows.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=rows.schema)


class World:
    """All hops hold every log. A test damages one of them and runs verify."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.logs = [
            Record(
                number % 2,
                number // 2,
                value,
                headers=(("trace", b"1"), ("logcore.expected", truth(status, reasons))),
                timestamp=1_700_000_000_000 + number,
            )
            for number, (value, status, reasons) in enumerate(CASES * 2)
        ]
        judged = Classifier(CONTRACT, USERS).judge(
            pa.record_batch(
                {
                    "value": pa.array([record.value for record in self.logs], pa.binary()),
                    "topic": [TOPIC] * len(self.logs),
                    "partition": pa.array([record.partition for record in self.logs], pa.int32()),
                    "offset": pa.array([record.offset for record in self.logs], pa.int64()),
                    "timestamp": pa.array([record.timestamp for record in self.logs], pa.timestamp("ms", "UTC")),
                }
            )
        )
        keys, values = judged["record_key"].to_pylist(), judged["record_value"].to_pylist()
        self.statuses = [
            Record(0, number, value.encode(), key.encode())
            for number, (key, value) in enumerate(zip(keys, values, strict=True))
        ]
        rows = [name for name in judged.schema.names if not name.startswith("record_")]
        self.mysql = FakeMysql(pa.table(judged).select(rows))
        self.elasticsearch = FakeElasticsearch(
            indices={"server-logs": {key: value.encode() for key, value in zip(keys, values, strict=True)}}
        )
        self.log_ends: dict[int, int] | None = None
        monkeypatch.setattr(command, "Consumer", self._consumer)
        monkeypatch.setattr(command, "Mysql", lambda **given: self.mysql)
        monkeypatch.setattr(command, "connect", lambda *given, **more: self.elasticsearch.client())

    def _consumer(self, *, brokers: str, topic: str, config: dict[str, str]) -> FakeConsumer:
        if topic == TOPIC:
            return FakeConsumer(self.logs, ends=self.log_ends)
        return FakeConsumer(self.statuses)

    @property
    def documents(self) -> dict[str, bytes]:
        return self.elasticsearch.indices["server-logs"]

    def document(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.documents[key])
        return found

    def change_row(self, at: int, column: str, value: Any) -> None:
        rows = self.mysql.rows.to_pylist()
        rows[at][column] = value
        self.mysql.rows = _by_key(pa.Table.from_pylist(rows, schema=self.mysql.rows.schema))

    def verify(self, *more: str) -> int:
        mysql, elasticsearch = ("--mysql", "db", "--mysql-user", "me"), ("--elasticsearch", "http://es:9200")
        return command.main(["k:9092", "--input", TOPIC, "--output", "status", *mysql, *elasticsearch, *more])


Figures = Callable[[], dict[str, Any]]


def hop(said: dict[str, Any], name: str) -> dict[str, int]:
    """What is not 0 of a hop's counts, its statuses and examples left aside."""
    counts = said["hops"][name].items()
    return {count: number for count, number in counts if number and count not in ("examples", "statuses")}
