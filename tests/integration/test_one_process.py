"""python -m logcore.processor on real Kafka and MariaDB: each log once, whatever dies or joins."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions

from commands import Command
from logcore._core import topic_offsets
from services import Stack
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

Start = Callable[..., Command]


@pytest.fixture
def start(stack: Stack, tmp_path: Path) -> Iterator[Start]:
    """Starts the processor; what still runs at the end is killed."""
    started: list[Command] = []

    def run(source: str, target: str, *arguments: str) -> Command:
        names = ["--input", source, "--output", target, "--group", target]
        started.append(Command(tmp_path, "processor", stack.brokers, *names, *arguments))
        return started[-1]

    yield run
    for command in started:
        command.kill()


def with_tables(stack: Stack) -> list[str]:
    return ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file)]


def seen(stack: Stack, topic: str) -> Counter[bytes]:
    """How often a reader of committed records sees each key; none where there is no such topic yet."""
    return Counter(record["key"] for record in read(stack, topic))


def seen_after_the_dead(stack: Stack, topic: str, logs: int, deadline: float) -> Counter[bytes]:
    """The same. What the dead have left open hides what comes after it until their transactions time out."""
    counts = seen(stack, topic)
    while len(counts) < logs and time.monotonic() < deadline:
        time.sleep(1)
        counts = seen(stack, topic)
    return counts


def test_every_log_gets_its_verdict_once(
    start: Start, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], tmp_path: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 5000)
    run = start(source, target, *with_tables(stack), "--trigger", "available-now")
    assert run.wait() == 0, run.err
    assert f"created topic {target}" in run.err
    assert "5,000 logs (" in run.err
    assert mysql["password"] not in run.err
    expected = truth(stack, source)
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == expected
    assert rows(mysql, source) == {key: (verdict, USERS.version) for key, verdict in expected.items()}
    assert set(seen(stack, target).values()) == {1}
    status, figures = verified(stack, source, target, tmp_path)
    assert (status, figures["clean"], figures["logs"]) == (0, True, 5000), figures
    # The group knows what is done.
    again = start(source, target, *with_tables(stack), "--trigger", "available-now")
    assert again.wait() == 0, again.err
    assert "0 logs (" in again.err
    assert sum(seen(stack, target).values()) == 5000


@pytest.mark.parametrize("instance", [True, False], ids=["named", "nameless"])
def test_killed_again_and_again_each_log_is_there_once(
    instance: bool, start: Start, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], tmp_path: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 60_000)
    options = [*with_tables(stack), *(["--instance", "one"] if instance else []), "--max-offsets-per-trigger", "5000"]
    for least in (1, 9000, 23_000):
        run = start(source, target, *options)
        run.wait_until(lambda least=least: count_rows(mysql, source) >= least)  # type: ignore[misc]
        run.kill()
    began = time.monotonic()
    last = start(source, target, *options, "--trigger", "available-now")
    assert last.wait() == 0, last.err
    counts = seen_after_the_dead(stack, target, 60_000, began + (30 if instance else 120))
    assert (len(counts), set(counts.values())) == (60_000, {1})
    status, figures = verified(stack, source, target, tmp_path)
    assert (status, figures["clean"], figures["logs"]) == (0, True, 60_000), figures


def test_members_of_a_group_that_come_and_go_double_nothing(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 200_000)
    options = ["--users", str(users_file), "--no-tables", "--max-offsets-per-trigger", "10000"]
    first = start(source, target, *options)
    first.wait_until(lambda: "Ctrl-C stops" in first.err)
    second = start(source, target, *options, "--threads", "2")
    second.wait_until(lambda: "Ctrl-C stops" in second.err)
    third = start(source, target, *options)
    produce(stack, source, 100_000, seed=2)
    first.process.send_signal(signal.SIGTERM)
    assert first.wait() == 0, first.err
    third.wait_until(lambda: "Ctrl-C stops" in third.err)
    third.kill()
    killed = time.monotonic()
    produce(stack, source, 100_000, seed=3)
    last = start(source, target, *options, "--trigger", "available-now")
    assert last.wait() == 0, last.err
    second.process.send_signal(signal.SIGTERM)
    assert second.wait() == 0, second.err
    counts = seen_after_the_dead(stack, target, 400_000, killed + 120)
    assert (len(counts), set(counts.values())) == (400_000, {1})
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == truth(stack, source)


def test_users_are_read_again_without_a_restart(
    start: Start, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str]
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 1000)
    run = start(source, target, *with_tables(stack), "--users-ttl", "0.5")
    run.wait_until(lambda: count_rows(mysql, source) == 1000)
    set_users(mysql, NOBODY)
    run.wait_until(lambda: f"version {NOBODY.version}" in run.err)
    produce(stack, source, 1000, seed=2)
    run.wait_until(lambda: count_rows(mysql, source) == 2000)
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0, run.err
    assert Counter(version for _, version in rows(mysql, source).values()) == {
        USERS.version: 1000,
        NOBODY.version: 1000,
    }


def test_a_mysql_that_restarts_costs_nothing_but_time(
    start: Start, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], users_file: Path
) -> None:
    if not stack.ours:
        pytest.skip("the services are not the tests' to stop")
    source, target = topic("logs"), topic("status")
    produce(stack, source, 40_000)
    options = ["--users", str(users_file), "--mysql-defaults-file", str(stack.mysql_defaults_file)]
    run = start(source, target, *options, "--max-offsets-per-trigger", "5000", "--trigger", "available-now")
    run.wait_until(lambda: count_rows(mysql, source) > 0)
    stack.restart("mariadb")
    assert run.wait() == 0, run.err
    counts = seen(stack, target)
    assert (len(counts), set(counts.values())) == (40_000, {1})
    assert len(rows(mysql, source)) == 40_000


def test_a_broker_that_restarts_costs_nothing_but_time(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    if not stack.ours:
        pytest.skip("the services are not the tests' to stop")
    source, target = topic("logs"), topic("status")
    produce(stack, source, 300_000)
    options = ["--users", str(users_file), "--no-tables", "--max-offsets-per-trigger", "10000"]
    run = start(source, target, *options)
    run.wait_until(lambda: "Ctrl-C stops" in run.err)
    time.sleep(0.3)
    stack.restart("kafka")
    produce(stack, source, 1000, seed=2)
    last = start(source, target, *options, "--trigger", "available-now")
    assert last.wait() == 0, last.err
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0, run.err
    counts = seen(stack, target)
    assert (len(counts), set(counts.values())) == (301_000, {1})


def test_a_broker_that_says_nothing_is_said_and_waited_for(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    if not stack.ours:
        pytest.skip("the services are not the tests' to freeze")
    source, target = topic("logs"), topic("status")
    produce(stack, source, 1000)
    run = start(source, target, "--users", str(users_file), "--no-tables", "--threads", "1")
    run.wait_until(lambda: "Ctrl-C stops" in run.err)
    run.wait_until(lambda: len(seen(stack, target)) == 1000)
    brokers = stack.brokers
    with stack.frozen("kafka"):
        run.wait_until(lambda: f"kafka: no broker answers at {brokers}" in run.err)
        run.wait_until(lambda: "; trying again\n" in run.err)
    run.wait_until(lambda: "processor: going on\n" in run.err)
    produce(stack, source, 1000, seed=2)
    run.wait_until(lambda: len(seen(stack, target)) == 2000)
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0, run.err
    # It may have been expelled from its group meanwhile, which is a trouble of its own.
    assert run.err.count("trying again") == run.err.count("going on") >= 1


def test_what_is_missing_is_one_line(start: Start, topic: Callable[[str], str], users_file: Path) -> None:
    source = topic("missing")
    run = start(source, topic("status"), "--users", str(users_file), "--no-tables")
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith(f"processor: kafka: topic {source} does not exist at ")
    wrong = start(source, topic("status"), "--no-tables")
    assert wrong.wait() == 2
    assert wrong.err == ("processor: the contract looks users up; give --users FILE.csv or --users mysql; see --help\n")


def test_offsets_that_are_gone_are_one_line_and_passed_over_by_none(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    options = ("--users", str(users_file), "--no-tables", "--trigger", "available-now")
    produce(stack, source, 400)
    run = start(source, target, *options)
    assert run.wait() == 0, run.err
    done = ends(stack, source)
    produce(stack, source, 400, seed=2)
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for deleted in admin.delete_records([TopicPartition(source, 0, done[0] + 10)]).values():
        deleted.result(30)
    lost = start(source, target, *options)
    assert lost.wait() == 1, lost.err
    line = lost.err.splitlines()[-2]
    assert f"topic {source}: partition 0: offsets are gone before they were read" in line, line
    assert "use another --group" in line, line
    again = start(source, target, *options, "--group", f"{target}-2")
    assert again.wait() == 0, again.err
    assert f"{800 - done[0] - 10} logs (" in again.err


def test_a_group_that_begins_at_the_latest_misses_nothing_from_then_on(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    options = ("--users", str(users_file), "--no-tables", "--trigger", "available-now", "--starting-offsets", "latest")
    produce(stack, source, 300)
    first = start(source, target, *options)
    assert first.wait() == 0, first.err
    assert "0 logs (" in first.err
    old = ends(stack, source)
    # Nobody runs while these are written, and nothing was ever committed behind a log.
    produce(stack, source, 200, seed=2)
    admin = AdminClient({"bootstrap.servers": stack.brokers})
    for created in admin.create_partitions([NewPartitions(source, len(old) + 1)]).values():
        created.result(30)
    second = start(source, target, *options)
    assert second.wait() == 0, second.err
    assert "200 logs (" in second.err
    places = [key.decode().split(":")[1:] for key in seen(stack, target)]
    assert len(places) == 200
    assert all(int(offset) >= old[int(partition)] for partition, offset in places)


def ends(stack: Stack, topic: str) -> dict[int, int]:
    """Where each partition ends."""
    return {partition: end for partition, (_, end) in topic_offsets(stack.brokers, topic).items()}
