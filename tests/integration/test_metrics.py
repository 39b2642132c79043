"""Figures of the running commands, held against what was sent: scraped while they run, and as documents."""

from __future__ import annotations

import re
import signal
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from prometheus_client.parser import text_string_to_metric_families

from commands import Command
from logcore import __version__
from logcore.elk.pipeline_template import PHASES, pipeline_template
from services import Stack
from spark_runs import Submission, Submit
from verdict_hops import CONTRACT, USERS, produce, read, truth

STATUSES = ("good", "bad", "suspicious")
Start = Callable[..., Command]
Figures = dict[tuple[str, ...], float]


@pytest.fixture
def start(stack: Stack, tmp_path: Path) -> Iterator[Start]:
    """Starts a command with an endpoint of its own; what still runs at the end is killed."""
    started: list[Command] = []

    def run(name: str, *arguments: str) -> Command:
        started.append(Command(tmp_path, name, stack.brokers, *arguments, "--metrics-port", "0"))
        return started[-1]

    yield run
    for command in started:
        command.kill()


@pytest.fixture
def index(stack: Stack, topic: Callable[[str], str]) -> Iterator[tuple[Elasticsearch, str]]:
    """The name of an index for figures, which goes at the end."""
    client, name = Elasticsearch(stack.elasticsearch_url, request_timeout=60), topic("figures")
    yield client, name
    client.options(ignore_status=404).indices.delete(index=name)
    client.options(ignore_status=404).indices.delete_index_template(name=name)
    client.close()


def scrape(url: str) -> Figures:
    """Values by the figure's name, without `logcore_`, and its labels' values in the order of their names."""
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name.removeprefix("logcore_"), *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def metrics_of(run: Command | Submission) -> Figures:
    said = run.err if isinstance(run, Command) else run.output
    found = re.search(r": metrics at (http://127\.0\.0\.1:[1-9]\d*/metrics)$", said, re.MULTILINE)
    return scrape(found[1]) if found is not None else {}


def judged(figures: Figures, engine: str) -> dict[str, float]:
    return {status: figures.get(("processor_logs_total", engine, status), 0.0) for status in STATUSES}


def expected_statuses(stack: Stack, source: str) -> dict[str, float]:
    counts = Counter(verdict[0] for verdict in truth(stack, source).values())
    return {status: float(counts[status]) for status in STATUSES}


def documents(index: tuple[Elasticsearch, str]) -> list[dict[str, Any]]:
    client, name = index
    client.indices.refresh(index=name)
    found = client.search(index=name, size=1000, sort="@timestamp")["hits"]["hits"]
    return [hit["_source"] for hit in found]


def summed(index: tuple[Elasticsearch, str], **query: Any) -> dict[str, float]:
    """Logs by status over all documents, as Kibana would add them."""
    client, name = index
    client.indices.refresh(index=name)
    aggregations = {status: {"sum": {"field": f"logs.{status}"}} for status in STATUSES}
    answer = client.search(index=name, size=0, aggs=aggregations, **query)["aggregations"]
    return {status: answer[status]["value"] for status in STATUSES}


def test_the_one_process_shows_what_was_sent(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path, index: tuple[Elasticsearch, str]
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 5000)
    names = ("--input", source, "--output", target, "--group", target)
    documents_to = ("--metrics-elasticsearch", stack.elasticsearch_url, "--metrics-index", index[1])
    run = start("processor", *names, "--users", str(users_file), "--no-tables", *documents_to)
    run.wait_until(lambda: sum(judged(metrics_of(run), "process").values()) == 5000)
    run.wait_until(lambda: metrics_of(run).get(("processor_lag_logs", "process")) == 0)
    first = metrics_of(run)
    assert judged(first, "process") == expected_statuses(stack, source)
    assert first["build_info", CONTRACT.version, __version__] == 1
    assert first["processor_lag_logs", "process"] == 0
    assert first["processor_transactions_total", "process", "committed"] >= 1
    assert first["processor_transactions_total", "process", "retried"] == 0
    assert first["processor_read_bytes_total", "process"] > 5000 * 100
    assert (first["users_rows",], first["users_info", USERS.version]) == (len(USERS), 1)
    assert 0 <= first["users_age_seconds",] < 60
    assert first["process_resident_memory_bytes",] > 1_000_000

    produce(stack, source, 2000, seed=2)
    run.wait_until(lambda: sum(judged(metrics_of(run), "process").values()) == 7000)
    expected = expected_statuses(stack, source)
    assert judged(metrics_of(run), "process") == expected
    run.process.send_signal(signal.SIGTERM)
    assert run.wait() == 0, run.err
    assert "warning" not in run.err
    found = documents(index)
    assert summed(index) == expected
    assert {document["engine"] for document in found} == {"process"}
    assert sum(document["input_logs"] for document in found) == 7000
    assert found[-1]["lag"] == 0
    assert {document["users_version"] for document in found} == {USERS.version}
    (held,) = index[0].indices.get_mapping(index=index[1]).body.values()
    assert held["mappings"]["properties"] == pipeline_template()["template"]["mappings"]["properties"]

    indexer = start(
        "indexer", "--topic", target, "--index", f"{index[1]}-logs", "--group", target,
        "--elasticsearch", stack.elasticsearch_url,
    )  # fmt: skip
    try:
        indexer.wait_until(lambda: metrics_of(indexer).get(("indexer_documents_total", "indexed")) == 7000)
        indexer.wait_until(lambda: metrics_of(indexer).get(("indexer_lag_records",)) == 0)
        figures = metrics_of(indexer)
        assert [figures["indexer_documents_total", outcome] for outcome in ("replayed", "rejected")] == [0, 0]
        indexer.process.send_signal(signal.SIGTERM)
        assert indexer.wait() == 0, indexer.err
    finally:
        for name in (f"{index[1]}-logs", f"{index[1]}-logs-rejected"):
            index[0].options(ignore_status=404).indices.delete(index=name)
            index[0].options(ignore_status=404).indices.delete_index_template(name=name)


def test_a_partition_that_goes_to_another_member_waits_there(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 4000)
    options = ("--input", source, "--output", target, "--group", target, "--users", str(users_file), "--no-tables")
    lag = ("processor_lag_logs", "process")
    # Transactions of seconds: the first has something open when the second comes.
    first = start("processor", *options, "--threads", "1", "--trigger", "3 seconds")
    first.wait_until(lambda: "metrics at" in first.err)
    second = start("processor", *options, "--threads", "1")
    both, sent = (first, second), 4000
    for seed in range(2, 100):
        produce(stack, source, 200, seed=seed)
        sent += 200
        if sum(judged(metrics_of(second), "process").values()) > 0:
            break
    first.wait_until(lambda: sum(sum(judged(metrics_of(run), "process").values()) for run in both) == sent)
    assert sum(judged(metrics_of(second), "process").values()) > 0
    for run in both:
        run.wait_until(lambda run=run: metrics_of(run).get(lag) == 0)  # type: ignore[misc]
    for run in both:
        run.process.send_signal(signal.SIGTERM)
        assert run.wait() == 0, run.err


def test_the_producer_shows_what_it_sends(start: Start, stack: Stack, topic: Callable[[str], str]) -> None:
    source = topic("logs")
    run = start("producer", source, "--rate", "400")
    run.wait_until(lambda: metrics_of(run).get(("producer_logs_total", "acknowledged"), 0.0) >= 400)
    figures = metrics_of(run)
    sent, failed = (figures["producer_logs_total", outcome] for outcome in ("acknowledged", "failed"))
    assert (failed, figures["producer_target_rate",]) == (0, 400)
    assert figures["producer_generated_total",] >= sent
    assert figures["producer_sent_bytes_total",] > sent * 100
    delays = [figures["producer_send_delay_seconds", quantile] for quantile in ("0.5", "0.99", "1")]
    assert delays == sorted(delays)
    run.process.send_signal(signal.SIGINT)
    assert run.wait() == 0, run.err
    assert sum(1 for _ in read(stack, source)) >= sent


def test_figures_that_elasticsearch_does_not_take_hold_nothing_up(
    start: Start, stack: Stack, topic: Callable[[str], str], users_file: Path
) -> None:
    source, target = topic("logs"), topic("status")
    produce(stack, source, 1000)
    names = ("--input", source, "--output", target, "--group", target, "--users", str(users_file), "--no-tables")
    nobody = "http://127.0.0.1:9"
    run = start("processor", *names, "--trigger", "available-now", "--metrics-elasticsearch", nobody)
    assert run.wait(60) == 0, run.err
    assert "1,000 logs (" in run.err
    (warning,) = (line for line in run.err.splitlines() if "warning" in line)
    assert "the pipeline's figures can't be written to Elasticsearch: " in warning
    assert "going on without" in warning
    assert "Traceback" not in run.err


def test_spark_shows_the_same_by_both_planes(
    submit: Submit,
    stack: Stack,
    topic: Callable[[str], str],
    users_file: Path,
    index: tuple[Elasticsearch, str],
    tmp_path: Path,
) -> None:
    source = topic("logs")
    produce(stack, source, 3000)
    expected = expected_statuses(stack, source)
    # Both at once: most of their time is Spark's start.
    runs = {
        plane: submit(
            "--input", source, "--output", topic(plane), "--checkpoint", str(tmp_path / plane), "--data-plane", plane,
            "--users", str(users_file), "--no-tables", "--trigger", "1 seconds", "--max-offsets-per-trigger", "1000",
            "--metrics-port", "0", "--metrics-elasticsearch", stack.elasticsearch_url, "--metrics-index", index[1],
        )
        for plane in ("spark", "rust")
    }  # fmt: skip
    for run in runs.values():
        # Scraping all the while would take from Spark the processor that it needs to start.
        run.wait_until(lambda run=run: any(line.startswith("batch 2: ") for line in run.lines))  # type: ignore[misc]
        # Spark tells of a batch after it.
        run.wait_until(lambda run=run: metrics_of(run).get(("spark_batches_total", "logcore"), 0) >= 3)  # type: ignore[misc]
    batches = {}
    for plane, run in runs.items():
        figures = metrics_of(run)
        assert judged(figures, "spark") == expected
        assert figures["build_info", CONTRACT.version, __version__] == 1
        assert figures["processor_lag_logs", "spark"] == 0
        assert (("processor_read_bytes_total", "spark") in figures) == (plane == "rust")
        assert (figures["users_rows",], figures["users_info", USERS.version]) == (len(USERS), 1)
        batches[plane] = figures["spark_batches_total", "logcore"]
        assert figures["spark_batch_id", "logcore"] == batches[plane] - 1
        assert figures["spark_batch_failures_total", "logcore"] == 0
        assert 0 < figures["spark_batch_input_logs", "logcore"] <= 1000
        phases = {name[1]: value for name, value in figures.items() if name[0] == "spark_batch_phase_seconds"}
        assert phases.keys() == set(PHASES)
        assert 0 < phases["addBatch"] <= phases["triggerExecution"] < 120
        assert figures["spark_offsets_behind_latest", "logcore", source] == 0
        assert figures["spark_partition_offsets_behind_latest", "logcore", source] == 0
        run.signal(signal.SIGTERM)
    for plane, run in runs.items():
        assert run.wait() == 0, run.output
        assert "Traceback" not in run.output
        assert not any("warning" in line for line in run.lines), run.output
        assert summed(index, query={"term": {"data_plane": plane}}) == expected
        found = [document for document in documents(index) if document["data_plane"] == plane]
        assert [document["batch_id"] for document in found] == list(range(int(batches[plane])))
        assert sum(document["input_logs"] for document in found) == 3000
        for document in found:
            assert document["duration_ms"]["triggerExecution"] >= document["duration_ms"]["addBatch"] > 0
            assert document["processed_rate"] > 0
            assert document["users_version"] == USERS.version
            assert (document["engine"], document["query"], document["replayed"]) == ("spark", "logcore", False)
        assert [document["lag"] for document in found][-1] == 0
