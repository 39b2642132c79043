"""verify on real services: clean where nothing is wrong, and every kind of damage is found."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pymysql
import pytest
from elasticsearch import Elasticsearch

from commands import Command
from kafka_records import CONTRACT, Outgoing, judged, produce_logs, send, status_records
from logcore._core import Mysql
from logcore.mysql_options import add_mysql_arguments, mysql_connection
from services import Stack

COUNT = 400


class Pipeline:
    """A pipeline that has run: logs, status topic, MySQL and Elasticsearch hold the same."""

    def __init__(self, stack: Stack, topic: Callable[[str], str], folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.logs, self.status = topic("logs"), topic("status")
        parser = argparse.ArgumentParser()
        add_mysql_arguments(parser)
        defaults = ["--mysql-defaults-file", str(stack.mysql_defaults_file)]
        self.connection = mysql_connection(parser.parse_args(defaults), {})
        self.elasticsearch = Elasticsearch(stack.elasticsearch_url, request_timeout=60)
        self.records: list[Outgoing] = []
        self.defaults = defaults

    def run(self, *, leave_out: int = 0) -> None:
        """Brings every log to all hops; the first `leave_out` do not get to the status topic."""
        produce_logs(self.stack.brokers, self.logs, COUNT)
        server = Mysql(**self.connection)
        server.create_log_tables(CONTRACT)
        for batch in judged(self.stack.brokers, self.logs):
            server.write(batch)
            self.records += status_records(batch)
        send(self.stack.brokers, self.status, self.records[leave_out:])
        options = ("--topic", self.status, "--index", self.status, "--group", self.status, "--until-end")
        indexer = Command(
            self.folder, "indexer", self.stack.brokers, *options, "--elasticsearch", self.stack.elasticsearch_url
        )
        assert indexer.wait() == 0, indexer.err

    def verify(self, *more: str) -> tuple[int, dict[str, Any]]:
        """The exit status, and the figures with the hops' by name."""
        figures = self.folder / "figures.json"
        command = self.command("--json", str(figures), *more)
        status = command.wait()
        assert status in (0, 1), command.err
        assert command.out.splitlines()[-1].startswith("clean: " if status == 0 else "NOT CLEAN: ")
        said: dict[str, Any] = json.loads(figures.read_text("utf-8"))
        names = {hop["name"].split()[0]: hop for hop in said["hops"]}
        said["hops"] = {
            name: {
                count: number
                for count, number in hop.items()
                if number and count not in ("name", "statuses", "examples")
            }
            for name, hop in names.items()
        }
        said["examples"] = {name: hop["examples"] for name, hop in names.items()}
        return status, said

    def command(self, *more: str) -> Command:
        options = ("--input", self.logs, "--output", self.status, "--index", self.status)
        services = ("--elasticsearch", self.stack.elasticsearch_url, *self.defaults)
        return Command(self.folder, "verify", self.stack.brokers, *options, *services, *more)

    def query(self, statement: str, *arguments: object) -> int:
        login = {name: self.connection[name] for name in ("host", "port", "user")}
        with closing(pymysql.connect(**login, password=self.connection["password"] or "", autocommit=True)) as server:
            return int(server.cursor().execute(statement, arguments))

    def change_row(self, key: str, assignment: str) -> None:
        partition, offset = key.split(":")[1:]
        statement = (
            f"UPDATE logs.judged_logs SET {assignment} WHERE source_topic = %s AND source_partition = %s "
            "AND source_offset = %s"
        )
        assert self.query(statement, self.logs, partition, offset) == 1

    def keys(self, status: str) -> list[str]:
        """The keys of the records with this status."""
        return [str(record.key) for record in self.records if f'"status":"{status}"'.encode() in record.value]

    def close(self) -> None:
        self.query("DELETE FROM logs.judged_logs WHERE source_topic = %s", self.logs)
        for name in (self.status, f"{self.status}-rejected"):
            self.elasticsearch.options(ignore_status=404).indices.delete(index=name)
            self.elasticsearch.options(ignore_status=404).indices.delete_index_template(name=name)
        self.elasticsearch.close()


@pytest.fixture
def pipeline(stack: Stack, topic: Callable[[str], str], tmp_path: Path) -> Iterator[Pipeline]:
    pipeline = Pipeline(stack, topic, tmp_path)
    yield pipeline
    pipeline.close()


EVERY = {"present": COUNT}


def test_clean_and_then_each_kind_of_damage_in_the_sinks(pipeline: Pipeline) -> None:
    pipeline.run()
    status, said = pipeline.verify()
    assert status == 0, said
    assert said["hops"] == {pipeline.status: EVERY, "MySQL": EVERY, "Elasticsearch": EVERY}
    assert (said["logs"], said["partitions"], said["unlabelled"]) == (COUNT, 4, 0)
    assert said["verdicts"].keys() == {"good", "bad", "suspicious"}
    assert all(given.keys() == {expected} for expected, given in said["verdicts"].items())

    client, index, key = pipeline.elasticsearch, pipeline.status, pipeline.keys("bad")[0]
    held = client.get(index=index, id=key).body["_source"]
    client.index(index=index, id=key, document={**held, "users_version": "0"})
    assert sinks(pipeline) == (EVERY, {"present": COUNT, "changed": 1})
    client.index(index=index, id=key, document={**held, "source": {**held["source"], "topic": "other"}})
    assert sinks(pipeline) == (EVERY, {"present": COUNT, "changed": 1})
    client.delete(index=index, id=key)
    assert sinks(pipeline) == (EVERY, {"present": COUNT - 1, "missing": 1})
    client.index(index=index, id="made-up", document=held)
    assert sinks(pipeline) == (EVERY, {"present": COUNT - 1, "missing": 1, "doubled": 1})
    client.index(index=index, id=key, document=held)
    assert sinks(pipeline) == (EVERY, {"present": COUNT, "doubled": 1})
    client.delete(index=index, id="made-up")
    assert sinks(pipeline) == (EVERY, EVERY)


def sinks(pipeline: Pipeline) -> tuple[dict[str, int], dict[str, int]]:
    """What MySQL and Elasticsearch hold, by a verify whose exit status fits it."""
    status, said = pipeline.verify()
    found = said["hops"]["MySQL"], said["hops"]["Elasticsearch"]
    assert status == (0 if found == (EVERY, EVERY) else 1)
    return found


def test_rows_that_are_changed_deleted_or_of_no_log(pipeline: Pipeline) -> None:
    pipeline.run()
    assignments = (
        "status = 'good'",
        "account_id = 10001",
        "event_timestamp = '2020-01-01 00:00:00.001'",
        "kafka_timestamp = kafka_timestamp + INTERVAL 1000 MICROSECOND",
        "reasons = '[]'",
        "users_version = '0'",
        "raw = CONCAT(raw, ' ')",
        "raw = NULL",
    )
    # Each shows itself: a change that went unseen would be one less.
    for number, (key, assignment) in enumerate(zip(pipeline.keys("bad"), assignments, strict=False), 1):
        pipeline.change_row(key, assignment)
        if number in (1, len(assignments)):
            assert sinks(pipeline) == ({"present": COUNT, "changed": number}, EVERY)
    key = pipeline.keys("good")[0]
    pipeline.change_row(key, "source_partition = 99")
    assert sinks(pipeline)[0] == {"present": COUNT - 1, "missing": 1, "extra": 1, "changed": len(assignments)}
    statement = "DELETE FROM logs.judged_logs WHERE source_topic = %s AND source_partition = 99"
    assert pipeline.query(statement, pipeline.logs) == 1
    assert sinks(pipeline)[0] == {"present": COUNT - 1, "missing": 1, "changed": len(assignments)}


def test_repeats_in_the_status_topic(pipeline: Pipeline) -> None:
    pipeline.run()
    send(pipeline.stack.brokers, pipeline.status, pipeline.records[:30])
    status, said = pipeline.verify()
    assert status == 0
    assert said["hops"][pipeline.status] == {"present": COUNT, "repeated": 30}
    first = pipeline.records[0]
    send(pipeline.stack.brokers, pipeline.status, [first._replace(value=first.value + b" ")])
    status, said = pipeline.verify()
    assert status == 1
    assert said["hops"][pipeline.status] == {"present": COUNT, "repeated": 30, "changed": 1}


def test_records_that_are_missing_in_the_status_topic(pipeline: Pipeline) -> None:
    pipeline.run(leave_out=3)
    status, said = pipeline.verify()
    assert status == 1
    assert said["hops"] == {
        pipeline.status: {"present": COUNT - 3, "missing": 3},
        "MySQL": {"present": COUNT, "uncompared": 3},
        "Elasticsearch": {"present": COUNT - 3, "missing": 3},
    }
    assert sorted(said["examples"][pipeline.status]["missing"]) == sorted(
        str(record.key) for record in pipeline.records[:3]
    )


def test_a_verdict_that_is_not_the_expected_one(pipeline: Pipeline) -> None:
    pipeline.run()
    # Nobody but a wrong classifier could do this: the log's truth says good.
    truth = json.dumps({"status": "good", "reasons": []}).encode()
    send(pipeline.stack.brokers, pipeline.logs, [Outgoing(None, b"not JSON", (("logcore.expected", truth),))])
    fresh = [record for batch in judged(pipeline.stack.brokers, pipeline.logs) for record in status_records(batch)]
    known = {record.key for record in pipeline.records}
    (added,) = [record for record in fresh if record.key not in known]
    send(pipeline.stack.brokers, pipeline.status, [added])
    status, said = pipeline.verify()
    assert status == 1
    assert said["unexpected_status"] == 1
    assert said["verdicts"]["good"]["bad"] == 1
    assert said["unexpected_examples"] == [{"place": added.key, "expected": "good", "given": "bad ($ malformed_json)"}]


def test_a_rejected_record_is_accounted_for(pipeline: Pipeline) -> None:
    pipeline.elasticsearch.indices.create(
        index=pipeline.status,
        mappings={
            "properties": {"event_type": {"type": "integer"}, "source": {"properties": {"topic": {"type": "keyword"}}}}
        },
    )
    pipeline.run()
    status, said = pipeline.verify()
    assert status == 0
    rejected = said["hops"]["Elasticsearch"].pop("rejected")
    assert rejected > COUNT / 2
    assert said["hops"]["Elasticsearch"] == EVERY


def test_what_is_missing_is_one_line_and_status_2(pipeline: Pipeline) -> None:
    pipeline.run()
    for options, message in (
        (("--input", "no-such-topic"), "no-such-topic"),
        (("--output", "no-such-topic"), "no-such-topic"),
        (("--index", "no-such-index"), "there is no index no-such-index"),
        (("--elasticsearch", "http://127.0.0.1:9"), "Elasticsearch at http://127.0.0.1:9: no connection"),
        (("--mysql", "127.0.0.1:9"), "127.0.0.1:9"),
    ):
        command = pipeline.command(*options)
        assert command.wait() == 2, command.err
        line = command.err.splitlines()[-1]
        assert line.startswith("logcore-verify: ")
        assert message in line
        assert "Traceback" not in command.err
        assert command.out == ""


def test_a_broker_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    command = Command(tmp_path, "verify", "127.0.0.1:9", environment=dict(os.environ))
    assert command.wait() == 2
    (line,) = command.err.splitlines()
    assert line.startswith("logcore-verify: kafka: no broker answers at 127.0.0.1:9")
