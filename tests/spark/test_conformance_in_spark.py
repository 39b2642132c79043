"""Every conformance case through a real mapInArrow job."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row

from kafka_rows import GOOD, KAFKA_TIME
from logcore import Contract, Users
from logcore.spark import judge

CASES = [
    json.loads(line)
    for line in (Path(__file__).resolve().parents[1] / "conformance" / "verdicts.jsonl").read_text("utf-8").splitlines()
    if line.strip()
]


def value_of(case: dict[str, Any]) -> bytes | None:
    if "good_with_padding" in case:
        return padded(int(case["good_with_padding"]))
    if "value_b64" in case:
        return base64.b64decode(case["value_b64"])
    return None if case["value"] is None else case["value"].encode()


def padded(size: int) -> bytes:
    """The good record with one extra string field that brings it to `size` bytes."""
    around = GOOD[:-1] + b',"padding":""}'
    value = around[:-2] + b"x" * (size - len(around)) + b'"}'
    assert len(value) == size
    return value


@pytest.fixture(scope="module")
def judged(kafka_frame: Callable[..., DataFrame], contract: Contract, users: Users) -> dict[int, Row]:
    rows = judge(kafka_frame([value_of(case) for case in CASES]), contract=contract, users=users).collect()
    assert len(rows) == len(CASES)
    return {row.source_offset: row for row in rows}


@pytest.mark.parametrize("index", range(len(CASES)), ids=lambda index: str(CASES[index].get("name", index)))
def test_case(index: int, judged: dict[int, Row]) -> None:
    row = judged[index]
    expected = [(reason["path"], reason["code"]) for reason in CASES[index]["reasons"]]
    assert (row.status, [(reason.path, reason.code) for reason in row.reasons]) == (CASES[index]["status"], expected)


def test_each_row_says_where_it_came_from_and_by_which_users(judged: dict[int, Row], users: Users) -> None:
    for offset, row in judged.items():
        assert (row.source_topic, row.source_partition, row.source_offset) == ("server-logs", 3, offset)
        assert row.record_key == f"server-logs:3:{offset}"
        assert row.users_version == users.version
        assert row.kafka_timestamp.timestamp() == KAFKA_TIME.timestamp()


def test_each_record_says_what_the_row_says(judged: dict[int, Row]) -> None:
    for row in judged.values():
        record = json.loads(row.record_value)
        assert record["status"] == row.status
        assert [(reason["path"], reason["code"]) for reason in record["reasons"]] == [tuple(r) for r in row.reasons]
        headers = {header.key: bytes(header.value) for header in row.record_headers}
        assert headers["logcore.status"] == row.status.encode()
        assert len(row.record_value.encode()) < 1_000_000


def test_raw_is_kept_for_bad_logs_alone(judged: dict[int, Row]) -> None:
    for index, row in judged.items():
        value = value_of(CASES[index])
        if row.status != "bad" or value is None:
            assert row.raw is None
        else:
            assert bytes(row.raw) == value[:262_144]
            assert row.raw_truncated == (len(value) > 262_144)
