"""What is read of Spark's checkpoint, how it is divided, and Java's properties as librdkafka's."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from logcore.spark.errors import CheckpointError, OptionsError, ProcessorError
from logcore.spark.librdkafka import librdkafka_properties
from logcore.spark.planned_ranges import PlannedRange, divide, planned_ranges, query_id


class Checkpoint:
    """A checkpoint's files by name."""

    root = "file:/checkpoint"

    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def read(self, name: str) -> str | None:
        return self.files.get(name)

    def write(self, name: str, text: str) -> None:
        raise NotImplementedError

    def names(self, folder: str) -> list[str]:
        raise NotImplementedError

    def delete(self, name: str) -> None:
        raise NotImplementedError


def offsets(ends: dict[int, int]) -> str:
    settings = '{"batchWatermarkMs":0,"conf":{}}'
    return f"v1\n{settings}\n{json.dumps({'logs': {str(partition): end for partition, end in ends.items()}})}"


def initial(starts: dict[int, int]) -> str:
    # As Spark writes it: a byte 0 for readers of old, then the version.
    return f"\x00v1\n{json.dumps({'logs': {str(partition): start for partition, start in starts.items()}})}"


def none_asked() -> dict[int, int]:
    raise AssertionError("Kafka was asked")


def test_the_first_batch_begins_where_the_source_does() -> None:
    checkpoint = Checkpoint({"sources/0/0": initial({0: 5, 1: 0}), "offsets/0": offsets({0: 9, 1: 0})})
    assert planned_ranges(checkpoint, 0, "logs", {}, none_asked) == ([PlannedRange(0, 5, 9)], {})


def test_a_later_batch_begins_where_the_one_before_ends() -> None:
    checkpoint = Checkpoint({"offsets/6": offsets({0: 5, 1: 7}), "offsets/7": offsets({0: 5, 1: 20})})
    assert planned_ranges(checkpoint, 7, "logs", {}, none_asked) == ([PlannedRange(1, 7, 20)], {})


def test_a_new_partition_begins_at_its_first_log_or_where_it_was_found_before() -> None:
    checkpoint = Checkpoint({"offsets/0": offsets({0: 5}), "offsets/1": offsets({0: 5, 1: 20})})
    assert planned_ranges(checkpoint, 1, "logs", {}, lambda: {0: 0, 1: 3}) == ([PlannedRange(1, 3, 20)], {1: 3})
    assert planned_ranges(checkpoint, 1, "logs", {1: 2}, none_asked) == ([PlannedRange(1, 2, 20)], {1: 2})


def test_what_cannot_be_is_one_line() -> None:
    gone = Checkpoint({"offsets/0": offsets({0: 5, 1: 2}), "offsets/1": offsets({0: 5})})
    with pytest.raises(ProcessorError, match="logs has no partition 1 any more"):
        planned_ranges(gone, 1, "logs", {}, none_asked)
    anew = Checkpoint({"offsets/0": offsets({0: 5}), "offsets/1": offsets({0: 2})})
    with pytest.raises(ProcessorError, match="partition 0: the batch begins at offset 5 and ends at 2"):
        planned_ranges(anew, 1, "logs", {}, none_asked)
    with pytest.raises(CheckpointError, match="offsets/3 is missing"):
        planned_ranges(anew, 3, "logs", {}, none_asked)
    for text in ("v1", 'v1\n{"other":{"0":1}}', "v2\n[1]", 'v1\n{"logs":3}', ""):
        with pytest.raises(CheckpointError, match="holds no offsets of logs"):
            planned_ranges(Checkpoint({"offsets/0": text, "sources/0/0": text}), 0, "logs", {}, none_asked)


def test_the_query_is_named_by_its_checkpoint() -> None:
    assert query_id(Checkpoint({"metadata": '{"id":"5f0c"}\n'})) == "5f0c"
    for files in ({}, {"metadata": ""}, {"metadata": "{}"}, {"metadata": "[]"}):
        with pytest.raises(CheckpointError, match="names no query"):
            query_id(Checkpoint(files))


@pytest.mark.parametrize("tasks", [1, 2, 3, 7])
def test_divided_ranges_are_the_ranges(tasks: int) -> None:
    ranges = [
        PlannedRange(0, 10, 90_010),
        PlannedRange(1, 0, 1),
        PlannedRange(3, 5, 45_005),
        PlannedRange(4, 0, 65_000),
    ]
    divided = divide(ranges, tasks)
    assert len(divided) == tasks
    sizes = [sum(each.logs for each in task) for task in divided]
    assert max(sizes) - min(sizes) <= tasks
    covered: dict[int, list[tuple[int, int]]] = {}
    for task in divided:
        assert len({each.partition for each in task}) == len(task)
        for each in task:
            covered.setdefault(each.partition, []).append((each.start, each.until))
    for each in ranges:
        parts = covered[each.partition]
        assert (parts[0][0], parts[-1][1]) == (each.start, each.until)
        assert all(before[1] == after[0] for before, after in zip(parts, parts[1:]))


def test_little_is_one_task_and_nothing_none() -> None:
    assert divide([PlannedRange(0, 0, 500), PlannedRange(1, 0, 1)], 8) == [
        [PlannedRange(0, 0, 500), PlannedRange(1, 0, 1)]
    ]
    assert divide([], 8) == []


def test_javas_properties_are_told_to_librdkafka() -> None:
    jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required username="me" password="a\\"b";'
    java = {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": jaas,
        "ssl.truststore.location": "/ca.pem",
        "ssl.truststore.type": "PEM",
        "batch.size": "1",
        "max.request.size": "2097152",
    }
    assert librdkafka_properties(java) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "me",
        "sasl.password": 'a"b',
        "ssl.ca.location": "/ca.pem",
        "message.max.bytes": "2097152",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sasl.jaas.config", "software.amazon.msk.auth.iam.IAMLoginModule required secret;"),
        ("ssl.truststore.location", "/secret.jks"),
        ("sasl.client.callback.handler.class", "secret"),
    ],
)
def test_what_librdkafka_has_not_is_named_without_its_value(name: str, value: str) -> None:
    with pytest.raises(OptionsError, match="--librdkafka-config FILE") as refused:
        librdkafka_properties({name: value})
    assert name in str(refused.value)
    assert "secret" not in str(refused.value)
