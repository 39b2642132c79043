"""deploy/elk/logs: what its files say of each other, and which lines Filebeat's rules join.

The pipelines run in tests/integration/test_component_logs.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from conformance import REPOSITORY
from filebeat_events import FILEBEAT, events, input_settings, parsers, settings

LOGS = REPOSITORY / "deploy" / "elk" / "logs"
PIPELINES = sorted(LOGS.glob("*.pipeline.json"))
# What Elasticsearch 8 and OpenSearch 2 have in common, and what of each processor's settings the pipelines use.
PROCESSORS = {
    "append": {"field", "value", "allow_duplicates"},
    "date": {"field", "formats", "timezone"},
    "grok": {"field", "patterns", "pattern_definitions", "ignore_missing"},
    "remove": {"field", "ignore_missing"},
    "rename": {"field", "target_field"},
    "set": {"field", "value", "override"},
}
OF_ANY = {"if", "description", "ignore_failure"}
DRIVER_AND_WORKER = """\
26/01/15 12:00:00 INFO SparkContext: one
Traceback (most recent call last):
  File "/job.py", line 3, in <module>
    main()
ValueError: x
processor: asking Kafka at 127.0.0.1:9092
processor.py: error: no such option
Exception in thread "main" java.lang.IllegalStateException: gone
\tat a.B.c(B.java:1)
WARNING: Using incubator modules: jdk.incubator.vector
26/01/15 12:00:01 ERROR Executor: Exception in task 0.0 in stage 0.0 (TID 0)
org.apache.spark.api.python.PythonException: Traceback (most recent call last):
  File "/spark/worker.py", line 1, in main
ValueError: y

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/job.py", line 3, in place
KeyError: 1

\tat org.apache.spark.A.b(A.scala:1)

26/01/15 12:00:02 INFO SparkContext: two
"""
BROKER = """\
[2026-01-15 12:00:00,000] INFO KafkaConfig values:
\tport = 9092
 (kafka.server.KafkaConfig)
[2026-01-15 12:00:00,001] ERROR [Broker 1] failed (kafka.Processor)
java.lang.RuntimeException: no
\tat a.B.c(B.java:1)
Caused by: java.io.IOException: [none]
\t... 1 more
[2026-01-15 12:00:00,002] INFO on (kafka.Processor)
"""


def heads(joined: list[str]) -> list[tuple[str, int]]:
    """The first 19 characters and the number of lines of each event."""
    return [(event[:19], event.count("\n") + 1) for event in joined]


def test_lines_are_joined_to_the_event_that_they_belong_to() -> None:
    assert heads(events("logcore-spark", DRIVER_AND_WORKER)) == [
        ("26/01/15 12:00:00 I", 1),
        ("Traceback (most rec", 4),
        ("processor: asking K", 1),
        ("processor.py: error", 1),
        ("Exception in thread", 2),
        ("WARNING: Using incu", 1),
        ("26/01/15 12:00:01 E", 13),
        ("26/01/15 12:00:02 I", 1),
    ]
    assert [lines for _, lines in heads(events("logcore-kafka", BROKER))] == [3, 5, 1]


def test_the_first_parser_lets_its_last_line_go_before_the_second_lets_the_event_go() -> None:
    first, second = (parser["multiline"] for parser in input_settings("logcore-spark")["parsers"])
    assert first["timeout"] == "1s"
    assert "timeout" not in second  # 5 s


@pytest.mark.parametrize(("on_s3", "on_disk"), [("logcore-msk", "logcore-kafka"), ("logcore-emr", "logcore-spark")])
def test_objects_are_read_as_files_are(on_s3: str, on_disk: str) -> None:
    bucket, disk = input_settings(on_s3), input_settings(on_disk)
    assert (parsers(on_s3), bucket["pipeline"]) == (parsers(on_disk), disk["pipeline"])
    assert "parsers" not in bucket  # Filebeat would pass over it.
    text = {"logcore-kafka": BROKER, "logcore-spark": DRIVER_AND_WORKER}[on_disk]
    assert heads(events(on_s3, text)) == heads(events(on_disk, text))
    assert bucket["processors"] == [{"add_fields": {"target": "event", "fields": {"timezone": "UTC"}}}]
    assert disk["processors"] == [{"add_locale": {"format": "offset"}}]


@pytest.mark.parametrize(
    ("input_id", "key", "taken"),
    [
        ("logcore-msk", "AWSLogs/1/KafkaBrokerLogs/eu-west-1/c-1/2026-01-15-12/Broker-2_12-05_5b17f696.log.gz", True),
        ("logcore-msk", "AWSLogs/1/vpcflowlogs/a.log.gz", False),
        ("logcore-emr", "logs/j-1/steps/s-1ABC/stderr.gz", True),
        ("logcore-emr", "logs/j-1/steps/s-1ABC/controller.gz", False),
        ("logcore-emr", "logs/j-1/containers/application_1_0001/container_1_0001_01_000002/stdout.gz", True),
        ("logcore-emr", "logs/j-1/containers/application_1_0001/container_1_0001_01_000002/directory.info.gz", False),
    ],
)
def test_of_a_bucket_the_logs_are_read(input_id: str, key: str, taken: bool) -> None:
    (selector,) = input_settings(input_id)["file_selectors"]
    assert bool(re.search(selector["regex"], key)) is taken


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("server.log", True),
        ("server.log.2026-01-15-12", True),
        ("state-change.log.2026-01-15-12", True),
        ("server.log.1", True),
        ("server.log.2026-01-15-12.gz", False),
        ("kafkaServer-gc.log", False),
        ("kafkaServer-gc.log.0", False),
        ("kafkaServer-gc.log.1.current", False),
        ("kafkaServer.out", False),
    ],
)
def test_of_kafkas_folder_the_logs_are_read_under_their_old_names_too(name: str, taken: bool) -> None:
    kafka = input_settings("logcore-kafka")
    globs = [re.sub(r"\$\{[^:]*:([^}]*)\}", r"\1", each) for each in kafka["paths"]]
    path = f"/opt/kafka/logs/{name}"
    found = any(fnmatchcase(path, each) for each in globs)
    excluded = any(re.search(each, path) for each in kafka["prospector.scanner.exclude_files"])
    assert (found and not excluded) is taken
    # A file is known by its inode, in Filebeat's registry and in the documents' ids: a new name is no new file.
    assert "file_identity.native" in kafka
    (by_number,) = [
        each["fingerprint"]["fields"]
        for each in settings()["processors"]
        if each["fingerprint"]["when.equals"]["@metadata.pipeline"] == kafka["pipeline"]
    ]
    assert by_number == ["host.name", "log.file.inode", "log.offset", "message"]


def test_events_of_files_have_ids_of_their_own() -> None:
    conditions = [each["fingerprint"]["when.equals"] for each in settings()["processors"]]
    by_files = [each["pipeline"] for each in settings()["filebeat.inputs"] if each["type"] == "filestream"]
    assert sorted(each["@metadata.pipeline"] for each in conditions) == sorted(by_files)
    assert {each["input.type"] for each in conditions} == {"filestream"}


def test_filebeat_writes_to_the_stream_by_pipelines_that_are_there() -> None:
    loaded = settings()
    template = json.loads((LOGS / "logcore-logs.template.json").read_text("utf-8"))
    assert [loaded["output.elasticsearch"]["index"]] == template["index_patterns"]
    assert template["data_stream"] == {}
    inputs = loaded["filebeat.inputs"]
    assert {f"{each['pipeline']}.pipeline.json" for each in inputs} == {path.name for path in PIPELINES}
    assert len({each["id"] for each in inputs}) == len(inputs) == 4


def test_every_variable_has_a_default() -> None:
    lines = [line for line in FILEBEAT.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    variables = [variable for line in lines for variable in re.findall(r"\$\{([^}]*)\}", line)]
    assert variables
    assert [variable for variable in variables if not re.fullmatch(r"LOGCORE_[A-Z_]+:.+", variable)] == []


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_pipelines_use_what_elasticsearch_and_opensearch_share(path: Path) -> None:
    pipeline = json.loads(path.read_text("utf-8"))
    for kind, given in _processors(pipeline):
        assert set(given) <= PROCESSORS[kind] | OF_ANY


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.name)
def test_what_pipelines_set_is_in_the_template(path: Path) -> None:
    template = json.loads((LOGS / "logcore-logs.template.json").read_text("utf-8"))
    mapped = set(_fields(template["template"]["mappings"]["properties"]))
    text = path.read_text("utf-8")
    named = set(re.findall(r"%\{[A-Z_]+:([a-z_.]+)\}", text))
    fields = {given["field"] for kind, given in _processors(json.loads(text)) if kind in {"set", "append"}}
    assert {name for name in named | fields if not name.startswith("logcore.")} <= mapped


def _processors(pipeline: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for processor in [*pipeline["processors"], *pipeline["on_failure"]]:
        yield from processor.items()


def _fields(properties: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, mapping in properties.items():
        if "properties" in mapping:
            yield from _fields(mapping["properties"], f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"
