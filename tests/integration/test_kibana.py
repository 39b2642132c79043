"""The dashboard "Server logs": each panel shows what was sent.

Kibana itself can't be had here. What a panel asks of Elasticsearch is taken from the compiled NDJSON and asked of the
real one, and the answer is compared with numbers calculated from what was sent.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from commands import Command
from conformance import ConformanceCase, conformance_cases
from kafka_records import CONTRACT, PARTITIONS, USERS, Outgoing, send
from kibana_expectations import LOGS_INTERVAL, SERVER_LOGS, Sent
from kibana_index import (
    Index,
    at,
    can_aggregate,
    compare,
    every_column_has_a_value,
    is_table,
    lens_panels,
    newest_first,
)
from kibana_objects import dashboard
from logcore._core import Producer, ensure_topic
from services import Stack
from verdict_hops import read

SERVER = dashboard("server-logs")
HEALTH = dashboard("pipeline-health")
LOGS = 3000


@pytest.fixture(scope="module")
def elasticsearch(stack: Stack) -> Iterator[Elasticsearch]:
    client = Elasticsearch(stack.elasticsearch_url, request_timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="module")
def name() -> str:
    """Of the topics and indices of this module; no other run on the same services has used it."""
    return f"test-{uuid.uuid4().hex[:10]}-kibana"


@pytest.fixture(scope="module")
def sent(
    stack: Stack, name: str, elasticsearch: Elasticsearch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Sent]]:
    """Logs that went from the producer through the processor and the indexer; each as it should have arrived."""
    folder = tmp_path_factory.mktemp("kibana")
    users = folder / "users.csv"
    users.write_text(USERS.csv, "utf-8")
    ensure_topic(stack.brokers, name, partitions=PARTITIONS)
    # At a rate, so that the logs' times spread over several buckets.
    producer = Producer(
        CONTRACT, USERS, brokers=stack.brokers, topic=name, rate=2000.0, count=LOGS, duration=None, threads=1, seed=11,
        start=1_700_000_000, bad_rate=0.2, suspicious_rate=0.2, truth=True, config={},
    )  # fmt: skip
    assert producer.join(120.0), producer.stats()
    assert producer.stats()["acknowledged"] == LOGS
    odd = {case.value: case for case in conformance_cases() if case.value and breaks_as_a_whole(case)}
    send(stack.brokers, name, [Outgoing(None, value) for value in odd if len(value) < 900_000])
    processor = Command(
        folder, "processor", stack.brokers, "--input", name, "--output", f"{name}-status", "--group", name,
        "--users", str(users), "--no-tables", "--trigger", "available-now",
        "--metrics-elasticsearch", stack.elasticsearch_url, "--metrics-index", f"{name}-pipeline",
    )  # fmt: skip
    assert processor.wait() == 0, processor.err
    indexer = Command(
        folder, "indexer", stack.brokers, "--topic", f"{name}-status", "--index", name, "--group", name,
        "--until-end", "--elasticsearch", stack.elasticsearch_url,
    )  # fmt: skip
    assert indexer.wait() == 0, indexer.err
    elasticsearch.indices.refresh(index=f"{name},{name}-pipeline")
    yield [as_sent(name, record, odd) for record in read(stack, name)]
    for index in (name, f"{name}-rejected", f"{name}-pipeline"):
        elasticsearch.options(ignore_status=404).indices.delete(index=index)
        elasticsearch.options(ignore_status=404).indices.delete_index_template(name=index)


def breaks_as_a_whole(case: ConformanceCase) -> bool:
    """Whether the log has a reason that no users can change, and no field."""
    return [path for path, _ in case.reasons] == ["$"]


def as_sent(topic: str, record: dict[str, Any], odd: dict[bytes, ConformanceCase]) -> Sent:
    if "logcore.expected" in record["headers"]:
        truth = json.loads(record["headers"]["logcore.expected"])
        status, reasons = truth["status"], [(reason["path"], reason["code"]) for reason in truth["reasons"]]
    else:
        status, reasons = odd[record["value"]].status, odd[record["value"]].reasons
    paths = frozenset(path for path, _ in reasons)
    fields = {}
    if "$" not in paths:
        payload = json.loads(record["value"])
        # A field that broke a rule has no value; what makes a log suspicious is no such thing.
        broken = paths if status == "bad" else frozenset[str]()
        fields = {name: payload[name] for name in payload.keys() - broken}
        if "account_id" in fields:
            fields["account_id"] = int(fields["account_id"])
    return Sent(
        key=f"{topic}:{record['partition']}:{record['offset']}",
        milliseconds=round(record["timestamp"].timestamp() * 1000),
        status=status,
        paths=paths,
        codes=frozenset(code for _, code in reasons),
        fields=fields,
    )


@pytest.fixture(scope="module")
def server_logs(sent: list[Sent], name: str, elasticsearch: Elasticsearch) -> Index:
    times = [log.milliseconds for log in sent]
    return Index(elasticsearch, name, at(min(times)), at(max(times)))


def test_the_test_s_logs_are_of_every_kind(sent: list[Sent]) -> None:
    """Else panels could show too little without anybody noticing."""
    assert {log.status for log in sent} == {"good", "bad", "suspicious"}
    assert {"malformed_json", "wrong_type", "not_allowed", "device_mismatch", "unknown_account"} <= {
        code for log in sent for code in log.codes
    }
    assert len({log.milliseconds // 100 for log in sent}) > 5


@pytest.mark.parametrize("title", lens_panels(SERVER))
def test_server_logs(title: str, server_logs: Index, sent: list[Sent]) -> None:
    assert title in SERVER_LOGS, f"nothing here says what the panel {title} has to show"
    shown = server_logs.ask(SERVER, title, LOGS_INTERVAL)
    compare(shown, SERVER_LOGS[title](sent), ordered=is_table(SERVER, title))


@pytest.mark.parametrize("status", ["bad", "suspicious"])
def test_searches_of_server_logs(status: str, server_logs: Index, sent: list[Sent]) -> None:
    search = SERVER.searches[f"logcore-latest-{status}-logs"]
    hits = server_logs.find(search)
    assert sorted(hit["_id"] for hit in hits) == sorted(log.key for log in sent if log.status == status)
    newest_first(hits)
    every_column_has_a_value(search, hits)


def test_elasticsearch_can_aggregate_every_field_of_the_dashboard(server_logs: Index) -> None:
    can_aggregate(server_logs, SERVER, "server-logs")


def test_the_figures_of_a_real_processor(sent: list[Sent], name: str, elasticsearch: Elasticsearch) -> None:
    """What `logcore.processor --metrics-elasticsearch` wrote of the run above."""
    found = elasticsearch.search(index=f"{name}-pipeline", size=1000)["hits"]["hits"]
    times = sorted(hit["_source"]["@timestamp"] for hit in found)
    index = Index(elasticsearch, f"{name}-pipeline", times[0], times[-1])
    (((), judged),) = index.ask(HEALTH, "Logs judged", LOGS_INTERVAL)
    assert judged == {"Logs": len(sent)}
    by_status = [numbers for _, numbers in index.ask(HEALTH, "Logs by status", LOGS_INTERVAL)]
    for label in ("Good", "Bad", "Suspicious"):
        count = sum(log.status == label.lower() for log in sent)
        assert sum(numbers[label] for numbers in by_status) == count
    (((), lag),) = index.ask(HEALTH, "Highest lag", LOGS_INTERVAL)
    assert lag["Logs"] is not None
    assert {keys[1] for keys, _ in index.ask(HEALTH, "Lag", LOGS_INTERVAL)} == {"process"}


def test_nothing_is_expected_that_no_panel_shows() -> None:
    assert SERVER_LOGS.keys() == set(lens_panels(SERVER))
