"""The processor under real spark-submit, on real Kafka and MariaDB, with both Spark versions."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logcore import Users
from services import Stack
from spark_runs import SPARK_35, SPARK_41, Submit, committed, end_offsets, pin
from tcp_relay import TcpRelay
from verdict_hops import (
    CONTRACT,
    NOBODY,
    USERS,
    count_rows,
    faults,
    produce,
    query,
    read,
    rows,
    set_users,
    statuses,
    truth,
    verdict_of,
    verified,
)


def arguments(source: str, target: str, checkpoint: Path, *more: str) -> list[str]:
    return ["--input", source, "--output", target, "--checkpoint", str(checkpoint), *more]


AVAILABLE_NOW = ("--trigger", "available-now")


def test_every_log_gets_its_verdict_in_the_topic_and_in_mysql(
    submit: Submit, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], checkpoint: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 3000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "1000", *AVAILABLE_NOW)
    options += ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file)]
    run = submit(*options)
    assert run.wait() == 0, run.output
    assert "Traceback" not in run.output
    assert mysql["password"] not in run.output
    assert sum(line.startswith("batch ") for line in run.lines) >= 3

    expected = truth(stack, source)
    assert len(expected) == 3000
    records = statuses(stack, target)
    assert {key: verdict_of(record) for key, record in records.items()} == expected
    assert {record["users_version"] for record in records.values()} == {USERS.version}
    stored = rows(mysql, source)
    assert stored == {key: (verdict, USERS.version) for key, verdict in expected.items()}
    for status in ("good", "bad", "suspicious"):
        statement = f"SELECT COUNT(*) FROM logs.{status}_logs WHERE source_topic = %s"
        ((count,),) = query(mysql, statement, source)
        assert count == sum(verdict[0] == status for verdict in expected.values()) > 0

    assert not any("the checkpoint is new" in line for line in run.lines)

    again = submit(*options)
    assert again.wait() == 0, again.output
    assert not any(line.startswith("batch ") for line in again.lines)
    assert not any("the checkpoint is new" in line for line in again.lines)
    assert sum(1 for _ in read(stack, target)) == 3000

    new = submit(*(str(checkpoint.parent / "new") if option == str(checkpoint) else option for option in options))
    assert new.wait() == 0, new.output
    assert any(f"the checkpoint is new and {target} holds records" in line for line in new.lines)
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == expected
    assert rows(mysql, source) == stored

    produce(stack, other := topic("other"), 1)
    mixed_up = submit(*(other if option == source else option for option in options))
    assert mixed_up.wait() == 1, mixed_up.output
    (line,) = mixed_up.lines
    assert (
        line == f"the checkpoint {checkpoint} is of the topic '{source}', not of '{other}'; give another --checkpoint"
    )


def test_killed_in_mid_batch_it_replays_that_batch_by_its_users(
    submit: Submit, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], checkpoint: Path, tmp_path: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 4000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "1000")
    options += ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file)]
    first = submit(*options, "--trigger", "2 seconds")
    first.wait_until(pin(checkpoint, 1).exists)
    first.kill()
    assert not committed(checkpoint, 1), "the batch was through before it could be killed"
    assert json.loads(pin(checkpoint, 1).read_text("utf-8"))["users_version"] == USERS.version

    set_users(mysql, NOBODY)
    second = submit(*options, *AVAILABLE_NOW)
    assert second.wait() == 0, second.output
    assert any(line.startswith("batch 1 (replayed): ") for line in second.lines), second.output
    assert not any("replayed" in line for line in second.lines if not line.startswith("batch 1 "))

    expected = truth(stack, source)
    by_old_users = end_offsets(checkpoint, 1)
    stored = rows(mysql, source)
    assert stored.keys() == expected.keys()
    for key, (verdict, version) in stored.items():
        partition, offset = map(int, key.split(":")[1:])
        if offset < by_old_users[partition]:
            assert (version, verdict) == (USERS.version, expected[key])
        else:
            assert version == NOBODY.version
            assert verdict[0] == ("bad" if expected[key][0] == "bad" else "suspicious")
    assert {version for _, version in stored.values()} == {USERS.version, NOBODY.version}
    records = statuses(stack, target)
    assert {key: (verdict_of(record), record["users_version"]) for key, record in records.items()} == stored
    # The truth headers know the old users only, so the verdicts differ from them; what each hop holds does not.
    _, figures = verified(stack, source, target, tmp_path)
    assert [(hop["name"], *faults(hop)) for hop in figures["hops"]] == [
        (target, 0, 0, 0, 0), ("MySQL", 0, 0, 0, 0), (f"Elasticsearch {source}", 0, 0, 0, 0),
    ]  # fmt: skip


def test_killed_at_any_moment_verify_stays_clean(
    submit: Submit, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], checkpoint: Path, tmp_path: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 6000)
    options = arguments(source, target, checkpoint, "--max-offsets-per-trigger", "1000")
    options += ["--users", "mysql", "--mysql-defaults-file", str(stack.mysql_defaults_file)]
    # Before anything of a batch is written, while MySQL or the topic is, and between two batches.
    for batch_id, table_rows in ((0, 1), (2, 2500)):
        run = submit(*options, "--trigger", "1 seconds")
        run.wait_until(pin(checkpoint, batch_id).exists)
        run.wait_until(lambda least=table_rows: count_rows(mysql, source) >= least)  # type: ignore[misc]
        run.kill()
    last = submit(*options, *AVAILABLE_NOW)
    assert last.wait() == 0, last.output
    status, figures = verified(stack, source, target, tmp_path)
    assert (status, figures["clean"], figures["logs"]) == (0, True, 6000), figures


@pytest.mark.parametrize(
    ("environment", "number", "status"),
    [pytest.param(SPARK_35, signal.SIGTERM, 0, id="spark-3.5-SIGTERM"),
     pytest.param(SPARK_41, signal.SIGINT, 130, id="spark-4.1-SIGINT")],
    indirect=["environment"],
)  # fmt: skip
def test_a_signal_lets_the_batch_finish_and_loses_nothing(
    number: signal.Signals,
    status: int,
    submit: Submit,
    stack: Stack,
    topic: Callable[[str], str],
    checkpoint: Path,
    tmp_path: Path,
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 3000)
    users = tmp_path / "users.csv"
    users.write_text(USERS.csv, "utf-8")
    options = arguments(source, target, checkpoint, "--users", str(users), "--no-tables")
    options += ["--max-offsets-per-trigger", "500"]
    run = submit(*options, "--trigger", "1 seconds")
    run.wait_until(pin(checkpoint, 1).exists)
    if number is signal.SIGINT:
        run.signal(number)
    else:
        # As an operator or a service manager does it, who knows the one process that was started: the JVM.
        os.kill(run.process.pid, number)
    assert run.wait(60) == status, run.output
    assert committed(checkpoint, 1)
    assert "Traceback" not in run.output
    assert "\tat " not in run.output

    rest = submit(*options, *AVAILABLE_NOW)
    assert rest.wait() == 0, rest.output
    assert "replayed" not in rest.output
    records = statuses(stack, target)
    assert {key: verdict_of(record) for key, record in records.items()} == truth(stack, source)
    assert sum(1 for _ in read(stack, target)) == 3000


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_databases_tables_views_and_users_are_created_where_missing(
    submit: Submit, stack: Stack, mysql: dict[str, Any], topic: Callable[[str], str], checkpoint: Path
) -> None:
    source = topic("logs")
    produce(stack, source, 200)
    query(mysql, "DROP DATABASE IF EXISTS logs")
    query(mysql, "DROP DATABASE dim_users")
    options = arguments(source, topic("status"), checkpoint, "--users", "mysql", *AVAILABLE_NOW)
    run = submit(*options, "--mysql-defaults-file", str(stack.mysql_defaults_file))
    assert run.wait() == 0, run.output
    generated = Users.generate(CONTRACT, seed=0, accounts=1000)
    created = f"created the users table in MySQL and filled it with 1,000 rows, version {generated.version}"
    assert created in run.lines
    assert query(mysql, "SELECT COUNT(*) FROM dim_users.users") == [(len(generated),)]
    tables = query(mysql, "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = 'logs'")
    views = {f"{status}_logs": "VIEW" for status in ("good", "bad", "suspicious")}
    assert dict(tables) == {"judged_logs": "BASE TABLE", **views}
    assert len(rows(mysql, source)) == 200


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_mysql_away_at_a_refresh_is_the_last_users_and_a_warning(
    submit: Submit,
    stack: Stack,
    mysql: dict[str, Any],
    topic: Callable[[str], str],
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 300)
    relay = TcpRelay((mysql["host"], mysql["port"]))
    monkeypatch.setenv("LOGCORE_MYSQL_PASSWORD", mysql["password"])
    options = arguments(source, target, checkpoint, "--users", "mysql", "--no-tables", "--trigger", "1 seconds")
    run = submit(*options, "--mysql", f"127.0.0.1:{relay.port}", "--mysql-user", mysql["user"])
    run.wait_until(lambda: any(line.startswith("batch 0: ") for line in run.lines))
    relay.cut()
    produce(stack, source, 300, seed=2)
    run.wait_until(lambda: any(line.startswith("batch 1: ") for line in run.lines))
    produce(stack, source, 300, seed=3)
    run.wait_until(lambda: len(statuses(stack, target)) == 900)
    os.kill(run.process.pid, signal.SIGTERM)
    assert run.wait(60) == 0, run.output
    (warning,) = [line for line in run.lines if line.startswith("warning: ")]
    assert f"users can't be read again, going on with version {USERS.version}: " in warning
    assert {key: verdict_of(record) for key, record in statuses(stack, target).items()} == truth(stack, source)


@pytest.mark.parametrize("environment", [SPARK_35], ids=["spark-3.5"], indirect=True)
def test_mysql_away_at_the_start_is_one_line(
    submit: Submit, stack: Stack, topic: Callable[[str], str], checkpoint: Path
) -> None:
    options = arguments(topic("logs"), topic("status"), checkpoint, "--users", "mysql", *AVAILABLE_NOW)
    run = submit(*options, "--mysql", "127.0.0.1:9", "--mysql-user", "me")
    assert run.wait() == 1, run.output
    (line,) = run.lines
    assert "127.0.0.1" in line
    assert "Traceback" not in run.output


def test_a_missing_topic_is_one_line_that_says_what_to_do(
    submit: Submit, topic: Callable[[str], str], checkpoint: Path, tmp_path: Path
) -> None:
    users = tmp_path / "users.csv"
    users.write_text(USERS.csv, "utf-8")
    source = topic("missing")
    run = submit(*arguments(source, topic("status"), checkpoint, "--users", str(users), "--no-tables", *AVAILABLE_NOW))
    assert run.wait() == 1, run.output
    asking, line = run.lines
    assert asking.startswith("asking Kafka at ")
    assert f"there is no topic '{source}'" in line
    assert "create it" in line
    assert "Traceback" not in run.output
