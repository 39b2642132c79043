"""deploy/elk/logs: what Kafka and Spark log in this very run goes by filebeat.yml's rules through the ingest pipelines.

They run on an OpenSearch: the stack's Elasticsearch is a build without grok.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from component_logs import SparkRun, upset_kafka
from elk_logs import INDEX, KAFKA, SPARK, index_events, install, simulate
from filebeat_events import events
from opensearch import OpenSearch
from services import Stack
from spark_runs import SPARK_35, SPARK_41

VERSIONS = {"spark-3.5": SPARK_35, "spark-4.1": SPARK_41}
# What begins an event, beside a time: an exception that nobody caught, a line of the processor's, a warning of the JVM.
UNTIMED = ("Traceback (most recent call last):", 'Exception in thread "', "processor: ", "processor.py: ", "WARNING: ")


@dataclass
class Log:
    """A file, the events that its lines are, and the documents that became of them, in the file's order."""

    kind: str
    path: Path
    text: str = ""
    events: list[str] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)

    def read(self, opensearch: OpenSearch) -> None:
        self.text = self.path.read_text("utf-8")
        self.events = events(self.kind, self.text)
        self.documents = index_events(opensearch, self.kind, self.path, self.events, time.strftime("%z"))

    def parsed(self) -> list[tuple[str, dict[str, Any]]]:
        """Events and documents of those that have the form of a log line."""
        pairs = zip(self.events, self.documents, strict=True)
        return [(event, document) for event, document in pairs if "tags" not in document]

    def errors(self, kind: str) -> list[dict[str, Any]]:
        return [document for document in self.documents if document.get("error", {}).get("type") == kind]

    def counts(self) -> str:
        traces = sum("error" in document for document in self.documents)
        failed = sum("tags" in document for document in self.documents)
        lines = self.text.count("\n")
        return (
            f"{self.kind} {self.path.name}: {lines} lines, {len(self.events)} events, {traces} traces, {failed} failed"
        )


@dataclass
class Logs:
    topic: str
    kafka: Log
    drivers: dict[str, Log]
    outputs: dict[str, Log]
    executors: dict[str, list[Log]]

    def all(self) -> list[Log]:
        executors = [log for logs in self.executors.values() for log in logs]
        return [self.kafka, *self.drivers.values(), *self.outputs.values(), *executors]


@pytest.fixture(scope="module")
def opensearch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenSearch]:
    started = OpenSearch(tmp_path_factory.mktemp("opensearch"))
    try:
        yield started
    finally:
        started.stop()


@pytest.fixture(scope="module")
def logs(stack: Stack, tmp_path_factory: pytest.TempPathFactory, opensearch: OpenSearch) -> Logs:
    topic = f"test-{uuid.uuid4().hex[:10]}-upset"
    runs: dict[str, SparkRun] = {}
    try:
        for name, environment in VERSIONS.items():
            runs[name] = SparkRun(environment, tmp_path_factory.mktemp(name))
        kafka = upset_kafka(stack, topic)
        for run in runs.values():
            run.wait()
    finally:
        for run in runs.values():
            run.kill()
    found = Logs(
        topic,
        kafka=Log(KAFKA, kafka),
        drivers={name: Log(SPARK, run.log) for name, run in runs.items()},
        outputs={name: Log(SPARK, run.out) for name, run in runs.items()},
        executors={name: [Log(SPARK, path) for path in run.executor_logs] for name, run in runs.items()},
    )
    opensearch.wait()
    install(opensearch)
    for log in found.all():
        log.read(opensearch)
        print(log.counts())
    return found


def heads(log: Log) -> list[tuple[datetime, str]]:
    """Time and level of each line that begins with a time, read without a pattern."""
    form, begin, end = ("%Y-%m-%d %H:%M:%S,%f", 1, 24) if log.kind == KAFKA else ("%y/%m/%d %H:%M:%S", 0, 17)
    found = []
    for line in log.text.splitlines():
        try:
            local = datetime.strptime(line[begin:end], form)  # noqa: DTZ007
        except ValueError:
            continue
        found.append((local.astimezone(), line[end:].lstrip("] ").split(" ")[0]))
    return found


def test_no_line_is_lost_on_its_way_into_events(logs: Logs) -> None:
    for log in logs.all():
        assert "\n".join(log.events) == log.text.removesuffix("\n")


def test_times_and_levels_are_those_of_the_lines(logs: Logs) -> None:
    for log in logs.all():
        timed = [document for _, document in log.parsed() if "logger" in document["log"]]
        given = [(datetime.fromisoformat(each["@timestamp"]), each["log"]["level"]) for each in timed]
        assert given == heads(log), log.path
    assert len(heads(logs.kafka)) > 200


def test_a_document_has_its_event_from_the_first_character_to_the_last(logs: Logs) -> None:
    for log in logs.all():
        for event, document in log.parsed():
            message, trace = document["message"], document.get("error", {}).get("stack_trace", "")
            begin, _, rest = event.partition(message)
            if log.kind == KAFKA:
                logger = document["log"]["logger"]
                assert begin.endswith(f" {document['log']['level']} ")
                assert rest in {f" ({logger})", f" ({logger})\n{trace}"} or f" ({logger})\n" in message
            elif "logger" in document["log"]:
                assert begin.endswith(f" {document['log']['level']} {document['log']['logger']}: ")
                assert rest.removesuffix(trace) in {"", ": ", "\n"}
                assert rest.endswith(trace)
            else:
                assert event.endswith(trace or message)


def test_loggers_are_those_of_the_lines(logs: Logs) -> None:
    for event, document in logs.kafka.parsed():
        if "\n" not in event:
            assert document["log"]["logger"] == event.rsplit(" (", 1)[1].removesuffix(")")
    assert {"kafka.log.LogManager", "state.change.logger"} <= {each["log"]["logger"] for each in logs.kafka.documents}


def test_stack_traces_are_whole(logs: Logs) -> None:
    for log in logs.all():
        traces = [document["error"]["stack_trace"] for document in log.documents if "error" in document]
        for part in ("\n\tat ", "\n\t... ", "\nCaused by: ", "\nTraceback (most recent call last):"):
            assert sum(f"\n{trace}".count(part) for trace in traces) == log.text.count(part), (log.path, part)
    assert logs.kafka.text.count("\nCaused by: ") >= 2


def test_what_fails_is_what_came_before_the_first_log_line_and_is_kept(logs: Logs) -> None:
    for log in logs.all():
        for number, (event, document) in enumerate(zip(log.events, log.documents, strict=True)):
            if "tags" in document:
                assert number == 0
                assert not event.startswith(UNTIMED)
                assert document["tags"] == ["_grok_failure"]
                assert document["message"] == document["event"]["original"] == event
            else:
                assert set(document["event"]) == {"timezone"}
    assert not any("tags" in document for log in (logs.kafka, *logs.drivers.values()) for document in log.documents[1:])


def test_what_kafka_was_asked_is_in_its_documents(logs: Logs) -> None:
    messages = [document["message"] for document in logs.kafka.documents]
    for text in ("has failed, removing it from the group", "Created log for partition", "is scheduled for deletion"):
        assert [message for message in messages if text in message and logs.topic in message], text
    (received, *_) = logs.kafka.errors("org.apache.kafka.common.network.InvalidReceiveException")
    assert received["log"] == {**received["log"], "level": "WARN", "logger": "org.apache.kafka.common.network.Selector"}
    assert received["error"]["message"].startswith("Invalid receive (size = 1195725856 ")
    refused = logs.kafka.errors("org.apache.kafka.common.errors.InvalidRequestException")
    assert {each["log"]["level"] for each in refused} == {"ERROR"}
    causes = {line for each in refused for line in each["error"]["stack_trace"].split("\n") if "Caused by: " in line}
    assert any("Unknown API key 999" in cause or "999" in cause for cause in causes), causes


@pytest.mark.parametrize("version", list(VERSIONS))
def test_what_the_spark_job_did_is_in_its_documents(logs: Logs, version: str) -> None:
    raised = {"spark-3.5": "java.lang.RuntimeException", "spark-4.1": "org.apache.spark.SparkRuntimeException"}[version]
    (executor, *_) = logs.executors[version]
    for log, level, logger in ((executor, "ERROR", "Executor"), (logs.drivers[version], "WARN", "TaskSetManager")):
        raised_here = [each for each in log.errors(raised) if "no such country" in each["error"]["message"]]
        assert (level, logger) in {(each["log"]["level"], each["log"]["logger"]) for each in raised_here}
        (thrown, *_) = [
            each for each in log.errors("org.apache.spark.api.python.PythonException") if each["log"]["level"] == level
        ]
        assert thrown["log"]["logger"] == logger
        for text in ("ZeroDivisionError: ", "The above exception was the direct cause", "ValueError: no place for 0"):
            assert text in thrown["error"]["message"], text
    broken = [
        each for each in executor.documents if "is not a Parquet file" in each.get("error", {}).get("stack_trace", "")
    ]
    assert broken
    (plan,) = [each for each in logs.drivers[version].documents if each["message"].startswith("a plan")]
    assert plan["message"] == "a plan:\n  +- one\n     +- two"
    assert "nothing (at all): failed" in [each["message"] for each in logs.drivers[version].documents]
    (end,) = [each for each in logs.outputs[version].documents if "error" in each]
    assert end["log"]["level"] == "ERROR"
    assert end["error"]["type"] == "pyspark.errors.exceptions.captured.PythonException"
    assert end["error"]["stack_trace"].rstrip().endswith("ValueError: no place for 0")


@pytest.mark.parametrize(
    ("line", "message", "fields"),
    [
        ("processor: asking Kafka at b:9092", "asking Kafka at b:9092", {"log": {"logger": "processor"}}),
        ("processor.py: error: no", "error: no", {"log": {"logger": "processor.py"}}),
        ("WARNING: Using incubator modules: a.b", "Using incubator modules: a.b", {"log": {"level": "WARN"}}),
        (
            'Exception in thread "stdout writer" a.b.GoneException: no such table\n\tat a.B.c(B.java:1)',
            "a.b.GoneException: no such table",
            {
                "log": {"level": "ERROR"},
                "process": {"thread": {"name": "stdout writer"}},
                "error": {
                    "type": "a.b.GoneException",
                    "message": "no such table",
                    "stack_trace": "a.b.GoneException: no such table\n\tat a.B.c(B.java:1)",
                },
            },
        ),
        (
            'Traceback (most recent call last):\n  File "/job.py", line 3, in <module>\n    f()\nKeyError: 1',
            "KeyError: 1",
            {
                "log": {"level": "ERROR"},
                "error": {
                    "type": "KeyError",
                    "message": "1",
                    "stack_trace": "Traceback (most recent call last):\n"
                    '  File "/job.py", line 3, in <module>\n    f()\nKeyError: 1',
                },
            },
        ),
    ],
)
def test_what_a_driver_writes_without_a_time_is_parsed(
    logs: Logs, opensearch: OpenSearch, line: str, message: str, fields: dict[str, Any]
) -> None:
    (document,) = simulate(opensearch, SPARK, [{"message": line, "@timestamp": "2026-01-15T12:00:00.000Z"}])
    expected = {"@timestamp": "2026-01-15T12:00:00.000Z", "service": {"name": "spark"}, "event": {"timezone": "UTC"}}
    assert document == {**expected, "message": message, **fields}


def test_the_node_is_known_by_the_path(logs: Logs) -> None:
    for version in VERSIONS:
        for log in (logs.drivers[version], logs.outputs[version]):
            assert {(each["service"]["node"]["name"], *each["service"]["node"]["roles"]) for each in log.documents} == {
                ("driver-1", "driver")
            }
        for log in logs.executors[version]:
            name = "/".join(log.path.parts[-3:-1])
            assert {(each["service"]["node"]["name"], *each["service"]["node"]["roles"]) for each in log.documents} == {
                (name, "executor")
            }
    assert {each["service"]["node"]["name"] for each in logs.kafka.documents} == {"node-1.example"}


def test_the_stream_counts_by_service_and_level(logs: Logs, opensearch: OpenSearch) -> None:
    by_level = {"levels": {"terms": {"field": "log.level", "missing": "none"}}}
    request = {"size": 0, "aggs": {"services": {"terms": {"field": "service.name"}, "aggs": by_level}}}
    answer = opensearch.request("POST", f"/{INDEX}/_search", request)
    counted = {
        (service["key"], level["key"]): level["doc_count"]
        for service in answer["aggregations"]["services"]["buckets"]
        for level in service["levels"]["buckets"]
    }
    documents = [document for log in logs.all() for document in log.documents]
    assert counted == Counter((each["service"]["name"], each["log"].get("level", "none")) for each in documents)


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        (None, "2026-01-15T12:00:00.000Z", "2026-07-15T12:00:00.000Z"),
        ("+05:30", "2026-01-15T06:30:00.000Z", "2026-07-15T06:30:00.000Z"),
        ("Europe/Berlin", "2026-01-15T11:00:00.000Z", "2026-07-15T10:00:00.000Z"),
    ],
)
def test_the_time_is_local_to_the_zone_that_filebeat_says(
    logs: Logs, opensearch: OpenSearch, zone: str | None, winter: str, summer: str
) -> None:
    event = {} if zone is None else {"event": {"timezone": zone}}
    spark = [{"message": f"26/0{month}/15 12:00:00 INFO A: b", **event} for month in (1, 7)]
    kafka = [{"message": f"[2026-0{month}-15 12:00:00,000] INFO a (b.C)", **event} for month in (1, 7)]
    for kind, lines in ((SPARK, spark), (KAFKA, kafka)):
        times = [datetime.fromisoformat(each["@timestamp"]) for each in simulate(opensearch, kind, lines)]
        assert times == [datetime.fromisoformat(winter), datetime.fromisoformat(summer)]


@pytest.mark.parametrize("kind", [KAFKA, SPARK])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "nothing of a log",
        "[2026-13-45 99:99:99,000] INFO no such day (a.B)",
        "26/13/45 99:99:99 INFO A: no such day",
        "{{{event.timezone}}} {{#host}}x{{/host}} <script>alert(1)</script> \x1b[31m\x00",
        "é" * 100_000,
    ],
    ids=["empty", "prose", "no-day-kafka", "no-day-spark", "markup", "long"],
)
def test_a_line_of_another_form_is_kept_as_it_is(logs: Logs, opensearch: OpenSearch, kind: str, line: str) -> None:
    (document,) = simulate(opensearch, kind, [{"message": line}])
    assert (document["message"], document["event"]["original"]) == (line, line)
    assert document["tags"] == ["_grok_failure"]
    assert "logcore" not in document


FRAME = "\n\tat a.B.c(B.java:1)"
KAFKA_HEAD, SPARK_HEAD = "[2026-01-15 12:00:00,000] ERROR ", "26/01/15 12:00:00 ERROR A: "
PYTHON_HEAD = 'Traceback (most recent call last):\n  File "/job.py", line 3, in <module>'


@pytest.mark.parametrize("size", [20_000, 100_000])
@pytest.mark.parametrize(
    ("kind", "head", "repeated", "end", "error"),
    [
        # White space in what an exception says.
        (SPARK, f"{SPARK_HEAD}m\na.b.CError: x", " ", "y", "a.b.CError"),
        (SPARK, f"{SPARK_HEAD}m\na.b.CError: x", "\n", "y", "a.b.CError"),
        (SPARK, f"{SPARK_HEAD}m\na.b.CError: x", " \n", f"y{FRAME}", "a.b.CError"),
        (SPARK, f"{SPARK_HEAD}m\na.b.C: x", "\n\t", f"y{FRAME}", "a.b.C"),
        (SPARK, f"{SPARK_HEAD}m\n{PYTHON_HEAD}\nKeyError: x", " ", "y", "KeyError"),
        (SPARK, f"{SPARK_HEAD}m\n{PYTHON_HEAD}\nKeyError: x", " \n", "y", "KeyError"),
        (KAFKA, f"{KAFKA_HEAD}m (a.B)\na.b.CError: x", " ", "y", "a.b.CError"),
        (KAFKA, f"{KAFKA_HEAD}m (a.B)\na.b.CError: x", "\n", f"y{FRAME}", "a.b.CError"),
        (KAFKA, f"{KAFKA_HEAD}m (a.B)\na.b.CError: x", "\r\n", "y", "a.b.CError"),
        # Lines that could begin a stack trace, and no frame behind them.
        (SPARK, f"{SPARK_HEAD}m", "\na.b: x", "", None),
        (SPARK, f"{SPARK_HEAD}m", "\na.b: x", "\na.b.CError: x", "a.b.CError"),
        (SPARK, f"{SPARK_HEAD}m{FRAME}", "\na.b: x", "", None),
        (SPARK, f"{SPARK_HEAD}m", "\nTraceback (most recent call last):", "", "Traceback"),
        # Exceptions that could be the one that a message carries.
        (SPARK, SPARK_HEAD, "b.CError: ", "", None),
        (SPARK, SPARK_HEAD, "b.CError: ", FRAME, "b.CError"),
        (SPARK, SPARK_HEAD, "b.CError: ", f"{PYTHON_HEAD}\nKeyError: 1", "b.CError"),
        # Before a Traceback.
        (SPARK, SPARK_HEAD, ": ", "x", None),
        (SPARK, SPARK_HEAD, " ", f"x {PYTHON_HEAD}\nKeyError: 1", "KeyError"),
        # Loggers, and none.
        (KAFKA, KAFKA_HEAD, " (a.B)\na.b", " (a.B)", None),
        (KAFKA, KAFKA_HEAD, " (", " (a.B)", None),
    ],
)
def test_no_line_is_slow_to_match(
    logs: Logs, opensearch: OpenSearch, kind: str, head: str, repeated: str, end: str, error: str | None, size: int
) -> None:
    line = head + repeated * (size // len(repeated)) + end
    (document,) = simulate(opensearch, kind, [{"message": line, "@timestamp": "2000-01-01T00:00:00.000Z"}])
    # Where grok gave a pattern up after its second, there would be this tag, or no class.
    assert "tags" not in document
    assert datetime.fromisoformat(document["@timestamp"]) == datetime.fromisoformat("2026-01-15T12:00:00.000Z")
    assert document["log"]["level"] == "ERROR"
    assert document.get("error", {}).get("type") == (None if error == "Traceback" else error)
    assert ("error" in document) is (error is not None)
    kept = document["message"] + document.get("error", {}).get("stack_trace", "")
    assert len(line) - len(kept) < len(head) + 10


@pytest.mark.parametrize("line", [f"{KAFKA_HEAD}no logger", f"{KAFKA_HEAD}no logger (a.B) at the end"])
def test_a_line_whose_end_is_of_another_form_keeps_its_time(logs: Logs, opensearch: OpenSearch, line: str) -> None:
    read = {"message": line, "@timestamp": "2000-01-01T00:00:00.000Z", "event": {"timezone": "+01:00"}}
    (document,) = simulate(opensearch, KAFKA, [read])
    assert (document["tags"], document["message"]) == (["_grok_failure"], line)
    assert datetime.fromisoformat(document["@timestamp"]) == datetime.fromisoformat("2026-01-15T11:00:00.000Z")
    assert document["log"]["level"] == "ERROR"
    assert "logcore" not in document


@pytest.mark.parametrize(
    ("kind", "head", "repeated"),
    [
        (KAFKA, "[2026-01-15 12:00:00,000] INFO ", " (a.B)\na.B: "),
        (KAFKA, "[2026-01-15 12:00:00,000] INFO ", "("),
        (SPARK, "26/01/15 12:00:00 INFO A: ", "\na.b.c: "),
        (SPARK, "26/01/15 12:00:00 INFO A: ", "a.b.Error: "),
        (SPARK, "26/01/15 12:00:00 INFO A: ", "\nTraceback (most recent call last):"),
        (SPARK, "Traceback (most recent call last):", "\n a"),
    ],
)
def test_a_line_of_a_megabyte_costs_seconds_at_most_and_is_kept(
    logs: Logs, opensearch: OpenSearch, kind: str, head: str, repeated: str
) -> None:
    line = head + repeated * 50_000
    begin = time.monotonic()
    (document,) = simulate(opensearch, kind, [{"message": line}])
    # grok gives a pattern up after one second; the pipelines have at most four of them for a line.
    assert time.monotonic() - begin < 20
    kept = document["message"] + document.get("error", {}).get("stack_trace", "")
    assert len(kept) >= len(repeated) * 50_000 - 100


@pytest.mark.parametrize(
    ("kind", "path", "name", "roles"),
    [
        (SPARK, "/mnt/var/log/hadoop/steps/s-1ABC/stderr", "s-1ABC", ["driver"]),
        (
            SPARK,
            "/c/application_1700_0001/container_1700_0001_01_000001/stdout",
            "container_1700_0001_01_000001",
            ["driver"],
        ),
        (
            SPARK,
            "/c/application_1700_0001/container_e17_1700_0001_02_000011/stderr",
            "container_e17_1700_0001_02_000011",
            ["executor"],
        ),
        (SPARK, "/opt/spark/work/app-20260115120000-0007/3/stderr", "app-20260115120000-0007/3", ["executor"]),
        (SPARK, "/opt/spark/work/driver-20260115120000-0001/stdout", "driver-20260115120000-0001", ["driver"]),
        (SPARK, "/var/log/spark/spark-history-server.out", "node-1.example", None),
        (KAFKA, "/opt/kafka/logs/server.log", "node-1.example", None),
    ],
)
def test_a_node_is_named(
    logs: Logs, opensearch: OpenSearch, kind: str, path: str, name: str, roles: list[str] | None
) -> None:
    line = {"message": "?", "host": {"name": "node-1.example"}, "log": {"file": {"path": path}}}
    (document,) = simulate(opensearch, kind, [line])
    assert (document["service"]["node"]["name"], document["service"]["node"].get("roles")) == (name, roles)


def test_the_node_of_an_object_in_s3_is_not_the_one_that_fetched_it(logs: Logs, opensearch: OpenSearch) -> None:
    keys = {
        (KAFKA, "AWSLogs/1/KafkaBrokerLogs/eu-west-1/c-1/2026-01-15-12/Broker-2_12-05_5b17f696.log.gz"): "Broker-2",
        (SPARK, "j-1/containers/application_1_0001/container_1_0001_01_000002/stderr.gz"): "container_1_0001_01_000002",
        (SPARK, "j-1/steps/s-1ABC/stdout.gz"): "s-1ABC",
    }
    for (kind, key), name in keys.items():
        line = {"message": "?", "host": {"name": "fetcher"}, "aws": {"s3": {"object": {"key": key}}}}
        (document,) = simulate(opensearch, kind, [line])
        assert document["service"]["node"]["name"] == name
