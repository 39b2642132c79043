"""The data plane in Rust under real spark-submit: what is planned is moved, once, whatever dies."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer as ForeignProducer
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from commands import Command
from logcore._core import ensure_topic
from services import Stack
from spark_runs import SPARK_35, SPARK_41, Submit, committed, end_offsets, pin
from verdict_hops import (
    NOBODY,
    USERS,
    count_rows,
    produce,
    read,
    rows,
    set_users,
    statuses,
    truth,
    verdict_of,
    verified,
)

AVAILABLE_NOW = ("--trigger", "available-now")


def arguments(source: str, target: str, checkpoint: Path, *more: str) -> list[str]:
    return ["--input", source, "--output", target, "--checkpoint", str(checkpoint), "--data-plane", "rust", *more]


def without_tables(users_file: Path) -> tuple[str, ...]:
    return ("--users", str(users_file), "--no-tables")


def records(stack: Stack, topic: str) -> list[tuple[Any, ...]]:
    """All that a reader of committed records sees but for when it was written, in an order of their own."""
    found = [
        (record["key"], record["value"], tuple(sorted(record["headers"].items())), record["partition"])
        for record in read(stack, topic)
    ]
    return sorted(found)


def test_both_planes_and_the_one_process_give_the_same_bytes(
    submit: Submit,
    stack: Stack,
    mysql: dict[str, Any],
    topic: Callable[[str], str],
    checkpoint: Path,
    users_file: Path,
    tmp_path: Path,
) -> None:
    source = topic("logs")
    produce(stack, source, 3000)
    stored = {}
    for plane in ("spark", "rust", "process"):
        target = topic(plane)
        tables = ["--users", str(users_file), "--mysql-defaults-file", str(stack.mysql_defaults_file)]
        limits = ["--max-offsets-per-trigger", "1000", *AVAILABLE_NOW]
        if plane == "process":
            command = ["--input", source, "--output", target, "--group", target, *tables, *limits]
            one = Command(tmp_path, "processor", stack.brokers, *command)
            assert one.wait() == 0, one.err
        else:
            folder = tmp_path / plane
            run = submit(*arguments(source, target, folder, "--data-plane", plane, *tables, *limits))
            assert run.wait() == 0, run.output
            assert mysql["password"] not in run.output
        stored[plane] = (records(stack, target), rows(mysql, source))
    assert len(stored["spark"][0]) == 3000
    assert stored["rust"] == stored["spark"]
    assert stored["process"] == stored["spark"]
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == truth(stack, source)


@pytest.mark.parametrize("environment", [SPARK_41], ids=["spark-4.1"], indirect=True)
def test_reports_count_what_the_tasks_moved(
    submit: Submit, stack: Stack, topic: Callable[[str], str], checkpoint: Path, users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 3000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "2000", *without_tables(users_file))
    run = submit(*options, *AVAILABLE_NOW)
    assert run.wait() == 0, run.output
    reports = [line for line in run.lines if line.startswith("batch ")]
    assert [line.split(" rows ")[0].split(": ")[1] for line in reports] == ["2,000", "1,000"]
    assert [line.split("lag ")[1].split(",")[0] for line in reports] == ["1", "0"]
    again = submit(*options, *AVAILABLE_NOW)
    assert again.wait() == 0, again.output
    assert not any(line.startswith("batch ") for line in again.lines)
    assert sum(1 for _ in read(stack, target)) == 3000


def test_killed_at_any_moment_each_log_is_in_the_topic_once(
    submit: Submit,
    stack: Stack,
    mysql: dict[str, Any],
    topic: Callable[[str], str],
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 60_000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "20000")
    options += ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file)]
    # As soon as the batch is planned, in the midst of writing to MySQL, and somewhere after a commit.
    for batch_id, table_rows, after_s in ((0, 0, 0.0), (0, 3000, 0.0), (0, 15_000, 0.3), (1, 30_000, 0.1)):
        run = submit(*options, "--trigger", "1 seconds")
        run.wait_until(pin(checkpoint, batch_id).exists)
        run.wait_until(lambda least=table_rows: count_rows(mysql, source) >= least)  # type: ignore[misc]
        time.sleep(after_s)
        run.kill()
    last = submit(*options, *AVAILABLE_NOW)
    assert last.wait() == 0, last.output
    keys = [record["key"] for record in read(stack, target)]
    assert len(keys) == len(set(keys)) == 60_000
    status, figures = verified(stack, source, target, tmp_path)
    assert (status, figures["clean"], figures["logs"]) == (0, True, 60_000), figures


def test_a_replayed_batch_is_judged_by_its_own_users_and_not_doubled(
    submit: Submit, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], checkpoint: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 4000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "2000")
    options += ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file), *AVAILABLE_NOW]
    run = submit(*options)
    assert run.wait() == 0, run.output
    # As if Spark had died after the batch was through and before it had noted that.
    (checkpoint / "commits" / "1").unlink()
    (checkpoint / "commits" / ".1.crc").unlink(missing_ok=True)
    before = records(stack, target)
    set_users(mysql, NOBODY)
    again = submit(*options)
    assert again.wait() == 0, again.output
    (report,) = [line for line in again.lines if line.startswith("batch ")]
    assert report.startswith("batch 1 (replayed): 2,000 rows "), report
    assert report.endswith(f"users {USERS.version}")
    assert committed(checkpoint, 1)
    assert records(stack, target) == before
    assert len(before) == 4000


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_partitions_that_come_in_mid_run_are_read_from_their_first_log(
    submit: Submit, stack: Stack, topic: Callable[[str], str], checkpoint: Path, users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 1000)
    options = arguments(source, target, checkpoint, *without_tables(users_file))
    run = submit(*options, *AVAILABLE_NOW)
    assert run.wait() == 0, run.output
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for grown in admin.create_partitions([NewPartitions(source, 6)]).values():
        grown.result(30)
    produce(stack, source, 1200, seed=2)
    more = submit(*options, *AVAILABLE_NOW)
    assert more.wait() == 0, more.output
    assert sorted(end_offsets(checkpoint, 1)) == [0, 1, 2, 3, 4, 5]
    plan = json.loads(pin(checkpoint, 1).read_text("utf-8"))["plan"]
    assert plan["starts"] == {"4": 0, "5": 0}
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == truth(stack, source)
    assert sum(1 for _ in read(stack, target)) == 2200


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_markers_and_aborted_logs_leave_gaps_that_end_no_range_early(
    submit: Submit, stack: Stack, topic: Callable[[str], str], checkpoint: Path, users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    ensure_topic(stack.brokers, source, partitions=1)
    producer = ForeignProducer({"bootstrap.servers": stack.brokers, "transactional.id": topic("id")})
    producer.init_transactions(30)
    for number, commit in enumerate((True, False, True, False)):
        producer.begin_transaction()
        for log in range(50):
            producer.produce(source, f"{number}-{log}", partition=0)
        producer.flush(30)
        producer.commit_transaction(30) if commit else producer.abort_transaction(30)
    for plane in ("rust", "spark"):
        into, folder = f"{target}-{plane}", checkpoint / plane
        options = arguments(source, into, folder, "--data-plane", plane, *without_tables(users_file), *AVAILABLE_NOW)
        run = submit(*options)
        assert run.wait() == 0, run.output
        raws = sorted(record["raw"] for record in statuses(stack, into).values())
        assert raws == sorted(f"{number}-{log}" for number in (0, 2) for log in range(50))


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_offsets_that_are_gone_are_one_line(
    submit: Submit, stack: Stack, topic: Callable[[str], str], checkpoint: Path, users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 400)
    options = arguments(source, target, checkpoint, *without_tables(users_file))
    run = submit(*options, *AVAILABLE_NOW)
    assert run.wait() == 0, run.output
    # Planned and pinned, but not done when retention came.
    (checkpoint / "commits" / "0").unlink()
    pin(checkpoint, 0).unlink()
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for deleted in admin.delete_records([TopicPartition(source, 0, 60)]).values():
        deleted.result(30)
    lost = submit(*options, *AVAILABLE_NOW)
    assert lost.wait() == 1, lost.output
    line = lost.lines[-1]
    assert "partition 0: offsets 0 to 59 are gone before they were read, the log begins at 60" in line, line
    assert "Traceback" not in lost.output
