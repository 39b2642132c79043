"""The indexer from a real Kafka into a real Elasticsearch."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from commands import Command
from faulty_proxy import FaultyProxy
from kafka_records import CONTRACT, Outgoing, generated_statuses, send, statuses_of
from logcore.elk.template import status_template
from services import Stack

Index = Callable[..., Command]


@pytest.fixture
def elasticsearch(stack: Stack) -> Iterator[Elasticsearch]:
    client = Elasticsearch(stack.elasticsearch_url, request_timeout=60)
    yield client
    client.close()


@pytest.fixture
def proxy(stack: Stack) -> Iterator[FaultyProxy]:
    proxy = FaultyProxy(stack.elasticsearch_url)
    yield proxy
    proxy.close()


@pytest.fixture
def status(topic: Callable[[str], str]) -> str:
    """The status topic's name; the index has the same."""
    return topic("status")


@pytest.fixture
def index(stack: Stack, status: str, elasticsearch: Elasticsearch, tmp_path: Path) -> Iterator[Index]:
    """Starts the indexer on the topic `status`; at the end it is killed if it still runs, and its indices go."""
    started: list[Command] = []

    def start(*more: str, url: str = stack.elasticsearch_url) -> Command:
        options = ("--topic", status, "--index", status, "--group", status, "--elasticsearch", url)
        started.append(Command(tmp_path, "indexer", stack.brokers, *options, *more))
        return started[-1]

    yield start
    for command in started:
        command.kill()
    for name in (status, f"{status}-rejected"):
        elasticsearch.options(ignore_status=404).indices.delete(index=name)
        elasticsearch.options(ignore_status=404).indices.delete_index_template(name=name)


def documents(elasticsearch: Elasticsearch, index: str) -> dict[str, Any]:
    if not elasticsearch.indices.exists(index=index):
        return {}
    elasticsearch.indices.refresh(index=index)
    found = elasticsearch.search(index=index, size=10_000, track_total_hits=True)
    assert found["hits"]["total"]["value"] == len(found["hits"]["hits"])
    return {hit["_id"]: hit["_source"] for hit in found["hits"]["hits"]}


def as_documents(records: list[Outgoing]) -> dict[str | None, Any]:
    return {record.key: json.loads(record.value) for record in records}


def counts(command: Command) -> tuple[int, ...]:
    """Indexed, replayed and rejected in its last line."""
    summary = command.err.splitlines()[-1]
    found = re.fullmatch(r"logcore-indexer: ([\d,]+) indexed  ([\d,]+) replayed .*  ([\d,]+) rejected  in .*", summary)
    assert found is not None, command.err
    return tuple(int(number.replace(",", "")) for number in found.groups())


def test_every_record_is_a_document_once_whatever_is_replayed(
    stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(3000)
    send(stack.brokers, status, records)
    first = index("--until-end")
    assert first.wait() == 0, first.err
    assert counts(first) == (3000, 0, 0)
    assert documents(elasticsearch, status) == as_documents(records)

    again = index("--until-end")
    assert again.wait() == 0, again.err
    assert counts(again) == (0, 0, 0)  # the group's offsets are committed
    other = index("--until-end", "--group", f"{status}-other")
    assert other.wait() == 0, other.err
    assert counts(other) == (0, 3000, 0)
    send(stack.brokers, status, [*records[:10], *generated_statuses(20, topic="more")])
    more = index("--until-end")
    assert more.wait() == 0, more.err
    assert counts(more) == (20, 10, 0)
    assert len(documents(elasticsearch, status)) == 3020


def test_the_index_has_the_templates_mapping_and_can_be_asked(
    stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(500)
    send(stack.brokers, status, records)
    assert index("--until-end").wait() == 0
    (held,) = elasticsearch.indices.get_mapping(index=status).body.values()
    wanted = status_template(CONTRACT, status)["template"]["mappings"]["properties"]
    mapped = held["mappings"]["properties"]
    assert mapped.keys() == wanted.keys()
    for name, field in wanted.items():
        assert mapped[name].get("type") == field.get("type"), name
    elasticsearch.indices.refresh(index=status)
    answer = elasticsearch.search(
        index=status,
        size=0,
        aggs={
            "statuses": {"terms": {"field": "status"}},
            "codes": {"terms": {"field": "reasons.code", "size": 50}},
            "accounts": {"max": {"field": "account_id"}},
            "hours": {"date_histogram": {"field": "@timestamp", "fixed_interval": "1h"}},
        },
    )["aggregations"]
    held_statuses = [json.loads(record.value)["status"] for record in records]
    assert {bucket["key"]: bucket["doc_count"] for bucket in answer["statuses"]["buckets"]} == {
        name: held_statuses.count(name) for name in ("good", "bad", "suspicious")
    }
    assert answer["codes"]["buckets"]
    assert answer["accounts"]["value"] > 1
    assert answer["hours"]["buckets"][0]["doc_count"] == 500


@pytest.mark.parametrize("refusal", [429, 500, 502, 503, 504])
def test_what_may_pass_is_sent_again(
    refusal: int, stack: Stack, status: str, index: Index, proxy: FaultyProxy, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(1000)
    send(stack.brokers, status, records)
    proxy.refusals = [refusal] * 6
    run = index("--until-end", "--bulk-records", "200", url=proxy.url)
    assert run.wait() == 0, run.err
    assert counts(run) == (1000, 0, 0)
    assert f"Elasticsearch: status {refusal}" in run.err
    assert "Elasticsearch takes documents again after" in run.err
    assert documents(elasticsearch, status) == as_documents(records)


def test_answers_that_are_lost_are_no_records_lost(
    stack: Stack, status: str, index: Index, proxy: FaultyProxy, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(1000)
    send(stack.brokers, status, records)
    proxy.lost = 3
    run = index("--until-end", "--bulk-records", "200", url=proxy.url)
    assert run.wait() == 0, run.err
    indexed, replayed, rejected = counts(run)
    assert (indexed + replayed, rejected) == (1000, 0)
    assert replayed > 0
    assert documents(elasticsearch, status) == as_documents(records)


def test_elasticsearch_away_at_the_start_is_one_line(stack: Stack, status: str, index: Index) -> None:
    send(stack.brokers, status, generated_statuses(1))
    run = index(url="http://127.0.0.1:9")
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith("logcore-indexer: Elasticsearch at http://127.0.0.1:9: no connection (")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_elasticsearch_away_in_mid_run_is_waited_for_and_a_signal_ends_that(
    number: signal.Signals, stack: Stack, status: str, index: Index, proxy: FaultyProxy, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(2000)
    send(stack.brokers, status, records[:1000])
    run = index(url=proxy.url)
    run.wait_until(lambda: len(documents(elasticsearch, status)) == 1000)
    proxy.away.set()
    send(stack.brokers, status, records[1000:])
    run.wait_until(lambda: "trying again" in run.err)
    assert len(documents(elasticsearch, status)) == 1000
    run.process.send_signal(number)
    assert run.wait(30) == 0, run.err
    assert "stopped while Elasticsearch was away" in run.err
    assert "Traceback" not in run.err

    second = index(url=proxy.url)
    assert second.wait() == 1, second.err  # away at its start
    proxy.away.clear()
    third = index("--until-end", url=proxy.url)
    assert third.wait() == 0, third.err
    assert documents(elasticsearch, status) == as_documents(records)


def test_a_document_that_breaks_the_mapping_is_kept_as_text(
    stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(100)
    broken = [
        Outgoing("logs:0:1000", b'{"account_id":"many","status":"bad"}'),
        Outgoing("logs:0:1001", b'{"account_id":1.5}'),
        Outgoing("logs:0:1002", b'{"event_timestamp":"yesterday"}'),
        Outgoing("logs:0:1003", b'{"status":"good"'),
        Outgoing("logs:0:1004", b"not JSON"),
        Outgoing("logs:0:1005", b'{"status":"good","status":"bad"}'),
        Outgoing("logs:0:1006", b'{"source":3}'),
        Outgoing("logs:0:1007", b'{"a":"\xff"}'),
        Outgoing("k" * 513, b"{}"),
    ]
    send(stack.brokers, status, [*records[:50], *broken, *records[50:]])
    run = index("--until-end")
    assert run.wait() == 0, run.err
    assert counts(run) == (100, 0, len(broken))
    assert documents(elasticsearch, status) == as_documents(records)
    rejected = documents(elasticsearch, f"{status}-rejected")
    assert len(rejected) == len(broken)
    for record in broken[:-2]:
        assert rejected[str(record.key)]["value"] == record.value.decode()
        assert rejected[str(record.key)]["key"] == record.key
        assert rejected[str(record.key)]["error"]["reason"]
    assert rejected["logs:0:1007"]["value_base64"] == "eyJhIjoi/yJ9"
    assert "account_id" in rejected["logs:0:1000"]["error"]["reason"]

    again = index("--until-end", "--group", f"{status}-again")
    assert again.wait() == 0, again.err
    assert counts(again) == (0, 100, len(broken))
    assert documents(elasticsearch, f"{status}-rejected") == rejected


def test_where_it_can_t_be_kept_either_nothing_is_committed(
    stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch
) -> None:
    elasticsearch.indices.create(index=f"{status}-rejected", settings={"index.blocks.write": True})
    records = generated_statuses(20)
    send(stack.brokers, status, [*records, Outgoing("logs:0:1000", b'{"account_id":"many"}')])
    run = index("--until-end")
    assert run.wait() == 1, run.err
    last = run.err.splitlines()[-1]
    assert last.startswith("logcore-indexer: record ")
    assert last.endswith("stopped, its offset is not committed")
    elasticsearch.indices.put_settings(index=f"{status}-rejected", settings={"index.blocks.write": False})
    again = index("--until-end")
    assert again.wait() == 0, again.err
    assert counts(again)[2] == 1
    assert documents(elasticsearch, status) == as_documents(records)
    assert documents(elasticsearch, f"{status}-rejected").keys() == {"logs:0:1000"}


def test_killed_in_mid_run_and_started_again_it_has_lost_nothing(
    stack: Stack, status: str, index: Index, proxy: FaultyProxy, elasticsearch: Elasticsearch, tmp_path: Path
) -> None:
    records = generated_statuses(9000)
    send(stack.brokers, status, records)
    # The group waits for a member that was killed until its session is over; 45 s would be this test's whole time.
    config = tmp_path / "kafka.properties"
    config.write_text("session.timeout.ms=6000\nheartbeat.interval.ms=1000\n", "utf-8")
    options = ("--config", str(config), "--bulk-records", "300")
    for _ in range(3):
        proxy.passed.clear()
        run = index(*options, url=proxy.url)
        run.wait_until(proxy.passed.is_set)
        run.kill()
    last = index("--until-end", "--config", str(config))
    assert last.wait() == 0, last.err
    assert documents(elasticsearch, status) == as_documents(records)
    assert 0 < counts(last)[0] < 9000


def test_huge_records(stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch) -> None:
    payloads = ["☃" * 200_000, "\\" * 400_000, b"\xff" * 1_100_000, '"' * 262_144, "x", "\t" * 300_000]
    records = statuses_of(payloads * 10)
    assert max(len(record.value) for record in records) > 500_000
    send(stack.brokers, status, records)
    run = index("--until-end")
    assert run.wait() == 0, run.err
    assert counts(run) == (60, 0, 0)
    assert documents(elasticsearch, status) == as_documents(records)


def test_ctrl_c_ends_it_after_what_is_under_way(
    stack: Stack, status: str, index: Index, elasticsearch: Elasticsearch
) -> None:
    records = generated_statuses(200)
    send(stack.brokers, status, records)
    run = index()
    run.wait_until(lambda: len(documents(elasticsearch, status)) == 200)
    run.process.send_signal(signal.SIGINT)
    assert run.wait(30) == 0, run.err
    assert counts(run) == (200, 0, 0)
    assert "Traceback" not in run.err
    again = index("--until-end")
    assert again.wait() == 0, again.err
    assert counts(again) == (0, 0, 0)


def test_a_topic_that_is_not_there_is_one_line(stack: Stack, index: Index, status: str) -> None:
    run = index("--until-end")
    assert run.wait() == 1
    (line,) = run.err.splitlines()
    assert line.startswith("logcore-indexer: ")
    assert status in line
