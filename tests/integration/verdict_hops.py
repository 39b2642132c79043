"""What the producer's truth, the status topic, MySQL and verify say of the same logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql

from commands import Command
from logcore import Contract, Users
from logcore._core import Consumer, Mysql, Producer
from services import Stack

CONTRACT = Contract.server_logs()
USERS = Users.generate(CONTRACT, seed=5, accounts=1000)
NOBODY = Users([(10_000, "IOS")])

Keyed = dict[str, Any]


def set_users(connection: dict[str, Any], users: Users) -> None:
    server = Mysql(**connection)
    server.create_users_table(CONTRACT)
    server.fill_users(users, CONTRACT, replace=True)


def query(connection: dict[str, Any], statement: str, *arguments: object) -> list[tuple[Any, ...]]:
    login = {name: connection[name] for name in ("host", "port", "user")}
    with closing(pymysql.connect(**login, password=connection["password"] or "", autocommit=True)) as server:
        cursor = server.cursor()
        cursor.execute(statement, arguments)
        return list(cursor.fetchall())


def produce(stack: Stack, topic: str, count: int, *, seed: int = 1) -> None:
    producer = Producer(
        CONTRACT, USERS, brokers=stack.brokers, topic=topic, rate=None, count=count, duration=None, threads=1,
        seed=seed, start=1_700_000_000, bad_rate=None, suspicious_rate=None, truth=True, config={},
    )  # fmt: skip
    assert producer.join(120.0), producer.stats()
    stats = producer.stats()
    assert (stats["acknowledged"], stats["failed"]) == (count, 0), stats


def read(stack: Stack, topic: str) -> Iterator[dict[str, Any]]:
    """All records of a topic, headers as a dict."""
    consumer = Consumer(brokers=stack.brokers, topic=topic)
    ends = consumer.end_offsets()
    deadline = time.monotonic() + 60
    while not consumer.at_end(ends):
        batch = consumer.poll(10_000, 0.2)
        if batch is None:
            # Behind the last record there may be markers and what was aborted, which takes a moment to tell.
            assert time.monotonic() < deadline, f"{topic} ends before {ends}"
            continue
        for record in batch.to_pylist():
            yield {**record, "headers": {header["key"]: header["value"] for header in record["headers"] or []}}
    consumer.close()


def truth(stack: Stack, topic: str) -> Keyed:
    """For each log what its producer says it should get, under the key of its verdict."""
    return {
        f"{topic}:{record['partition']}:{record['offset']}": verdict_of(
            json.loads(record["headers"]["logcore.expected"])
        )
        for record in read(stack, topic)
    }


def statuses(stack: Stack, topic: str) -> Keyed:
    """For each key of the status topic its record. A repeat must have the same bytes."""
    found: dict[str, bytes] = {}
    for record in read(stack, topic):
        key = record["key"].decode()
        assert found.setdefault(key, record["value"]) == record["value"], f"two values of {key}"
    return {key: json.loads(value) for key, value in found.items()}


def rows(connection: dict[str, Any], topic: str) -> Keyed:
    """For each key of `judged_logs` its verdict and users' version."""
    statement = (
        "SELECT source_partition, source_offset, status, reasons, users_version FROM logs.judged_logs "
        "WHERE source_topic = %s"
    )
    return {
        f"{topic}:{partition}:{offset}": (verdict_of({"status": status, "reasons": json.loads(reasons)}), version)
        for partition, offset, status, reasons, version in query(connection, statement, topic)
    }


def count_rows(connection: dict[str, Any], topic: str) -> int:
    try:
        return int(query(connection, "SELECT COUNT(*) FROM logs.judged_logs WHERE source_topic = %s", topic)[0][0])
    except pymysql.err.ProgrammingError:
        # The processor has not made the table yet.
        return 0


def verified(stack: Stack, source: str, target: str, folder: Path) -> tuple[int, dict[str, Any]]:
    """Indexes the status topic, then verify's exit status and figures over all hops."""
    elasticsearch = ["--elasticsearch", stack.elasticsearch_url, "--index", source]
    indexer = Command(
        folder, "indexer", stack.brokers, *elasticsearch, "--topic", target, "--group", source, "--until-end"
    )
    assert indexer.wait() == 0, indexer.err
    verify = Command(
        folder, "verify", stack.brokers, *elasticsearch, "--input", source, "--output", target, "--json", "-",
        "--mysql-defaults-file", str(stack.mysql_defaults_file),
    )  # fmt: skip
    status = verify.wait()
    assert status in (0, 1), verify.err
    return status, json.loads(verify.out)


def faults(hop: dict[str, Any]) -> tuple[int, int, int, int]:
    return hop["missing"], hop["doubled"], hop["changed"], hop["extra"]


def verdict_of(verdict: dict[str, Any]) -> tuple[str, list[tuple[str, str]]]:
    return verdict["status"], [(reason["path"], reason["code"]) for reason in verdict["reasons"]]
