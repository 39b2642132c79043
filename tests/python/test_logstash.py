"""The Logstash files: Logstash itself can't be had here, so the pipeline is parsed and its essentials are asserted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from logstash_pipeline_parser import Pipeline

from conformance import REPOSITORY
from logcore import Contract
from logcore.elk.template import rejected_template, status_template

ELK = REPOSITORY / "deploy" / "elk"


def sections() -> dict[str, Any]:
    return dict(Pipeline.from_file(ELK / "logstash.conf").parse())


def settings(plugin: list[Any]) -> dict[str, Any]:
    """The settings of one parsed plugin; a setting with one value is that value."""
    return {name: value[0] if len(value) == 1 else value for name, value in plugin[1]}


@pytest.fixture
def branches() -> dict[str, list[Any]]:
    """Filters and outputs in the branches `if` and `else`: for rejected records and for status records."""
    found: dict[str, list[Any]] = {}
    parsed = sections()
    for section in ("filter", "output"):
        for statement in parsed[section]:
            if statement[0] == "if":
                found[f"{section} rejected"] = statement[1][-1][0]
            elif statement[0] == "else":
                found[f"{section} status"] = statement[1] if isinstance(statement[1][0][0], str) else statement[1][0]
    return found


def test_the_pipeline_has_one_input_that_reads_what_is_committed_and_keeps_the_key() -> None:
    (kafka,) = sections()["input"]
    assert kafka[0] == "kafka"
    given = settings(kafka)
    assert given["isolation_level"] == "read_committed"
    assert given["decorate_events"] == "basic"
    assert given["auto_offset_reset"] == "earliest"
    assert given["topics"] == ["${LOGCORE_STATUS_TOPIC:server-logs-status}"]
    assert given["bootstrap_servers"].startswith("${LOGCORE_KAFKA_BROKERS:")
    assert given["group_id"] != "logcore-indexer"  # else the two would share the topic's partitions between them


def test_the_record_is_parsed_into_the_root_of_the_event_and_nothing_is_added() -> None:
    filters = sections()["filter"]
    assert filters[0][0] == "json"
    parsed = settings(filters[0])
    assert parsed["source"] == "message"
    assert "target" not in parsed
    ((mutate,),) = (statement[1] for statement in filters if statement[0] == "else")
    assert settings(mutate)["remove_field"] == ["message", "@version", "event", "tags"]


@pytest.mark.parametrize(
    ("branch", "index", "identity"),
    [
        ("output status", "server-logs", "%{[@metadata][kafka][key]}"),
        (
            "output rejected",
            "server-logs-rejected",
            "%{[@metadata][kafka][topic]}:%{[@metadata][kafka][partition]}:%{[@metadata][kafka][offset]}",
        ),
    ],
)
def test_documents_are_created_under_their_key(
    branches: dict[str, list[Any]], branch: str, index: str, identity: str
) -> None:
    (output,) = branches[branch]
    assert output[0] == "elasticsearch"
    given = settings(output)
    assert (given["action"], given["index"], given["document_id"]) == ("create", index, identity)
    assert given["data_stream"] == "false"
    assert given["manage_template"] is True
    assert given["template_name"] == index
    assert (ELK / Path(given["template"]).name).is_file()
    assert not {"user", "password", "api_key"} & given.keys()


def test_what_is_no_status_record_keeps_its_text(branches: dict[str, list[Any]]) -> None:
    mutate, prune = branches["filter rejected"]
    assert ["message", ["value"]] in settings(mutate)["rename"]
    assert "^value$" in settings(prune)["whitelist_names"]
    kept = {name.strip("^$") for name in settings(prune)["whitelist_names"]}
    assert kept <= rejected_template("server-logs-rejected")["template"]["mappings"]["properties"].keys()


def test_queue_and_dead_letters_are_on_disk() -> None:
    given = yaml.safe_load((ELK / "logstash.yml").read_text("utf-8"))
    assert given["queue.type"] == "persisted"
    assert given["dead_letter_queue.enable"] is True
    assert given["pipeline.ecs_compatibility"] == "disabled"
    (pipeline,) = yaml.safe_load((ELK / "pipelines.yml").read_text("utf-8"))
    assert pipeline["path.config"].endswith("/logstash.conf")
    assert pipeline["queue.type"] == "persisted"
    assert pipeline["dead_letter_queue.enable"] is True


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("server-logs", status_template(Contract.server_logs(), "server-logs")),
        ("server-logs-rejected", rejected_template("server-logs-rejected")),
    ],
)
def test_the_templates_are_those_that_the_indexer_writes(name: str, template: dict[str, Any]) -> None:
    """Renew with: python -m logcore.indexer --print-template [rejected] > deploy/elk/NAME.template.json."""
    assert json.loads((ELK / f"{name}.template.json").read_text("utf-8")) == template
