"""Every kind of field through a real mapInArrow job: structs and lists are what Spark makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame

from logcore import Contract
from logcore.spark import judge

CONTRACT = Contract.load(Path(__file__).resolve().parents[1] / "conformance" / "readings.odcs.yaml")
GOOD: dict[str, Any] = {
    "id": "141b3ff2-a921-11eb-bfae-367ddad5b1fa",
    "value": 12.5,
    "ok": True,
    "day": "29.04.2021",
    "user": {"name": "né", "home": {"zip": "1", "since": "2021-04-29T19:28:30Z"}},
    "tags": ["a", "bcd"],
    "sizes": [1, None],
}


def test_typed_columns_and_paths(kafka_frame: Callable[..., DataFrame]) -> None:
    logs = [GOOD, {**GOOD, "user": {"name": "a"}, "tags": ["abcd"]}, {**GOOD, "user": None, "sizes": []}]
    values = [json.dumps(log).encode() for log in logs] * 500
    judged = judge(kafka_frame(values, partitions=2), contract=CONTRACT)
    first, second, third = judged.orderBy("source_offset").limit(3).collect()
    assert (first.status, first.value, first.ok, first.day, first.port) == ("good", 12.5, True, date(2021, 4, 29), None)
    assert (first.user.name, first.user.home.zip, first.tags, first.sizes) == ("né", "1", ["a", "bcd"], [1.0, None])
    assert first.user.home.since.timestamp() == 1_619_724_510
    reasons = [(reason.path, reason.code) for reason in second.reasons]
    assert reasons == [("user.name", "too_short"), ("tags[0]", "too_long")]
    assert (second.user.name, second.tags, third.user, third.sizes) == (None, None, None, [])
    assert [row["count"] for row in judged.groupBy("status").count().orderBy("status").collect()] == [1000, 500]
