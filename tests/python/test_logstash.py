"""The Logstash files: Logstash itself can't be had here, so the pipeline is parsed and its essentials are asserted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from logstash_pipeline_parser import Pipeline

from conformance import REPOSITORY
from logcore import Contract
from logcore.elk.pipeline_template import pipeline_template
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
    first, second, *rest = sections()["filter"]
    # What is Logstash's goes first: a contract's own fields may have these names.
    assert first[0] == "mutate"
    assert settings(first)["rename"] == [["message", ["[@metadata][value]"]]]
    assert settings(first)["remove_field"] == ["@version", "event", "tags"]
    assert second[0] == "json"
    parsed = settings(second)
    assert parsed["source"] == "[@metadata][value]"
    assert "target" not in parsed
    assert [statement[0] for statement in rest] == ["if"]
    text = (ELK / "logstash.conf").read_text("utf-8")
    assert f'if "{parsed["tag_on_failure"][0]}" in [tags] or ' in text


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
    assert ["[@metadata][value]", ["value"]] in settings(mutate)["rename"]
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
    assert pipeline["pipeline.ecs_compatibility"] == "disabled"
    # Dead letters are found under the pipeline's name, which logstash.yml tells.
    assert f'pipeline_id => "{pipeline["pipeline.id"]}"' in (ELK / "logstash.yml").read_text("utf-8")


def test_workers_batch_size_and_delay_are_numbers_that_can_be_set_from_outside() -> None:
    given = yaml.safe_load((ELK / "logstash.yml").read_text("utf-8"))
    numbers = {}
    for name, variable in (("workers", "WORKERS"), ("batch.size", "BATCH_SIZE"), ("batch.delay", "BATCH_DELAY")):
        match = re.fullmatch(r"\$\{LOGCORE_LOGSTASH_([A-Z_]+):([1-9][0-9]*)\}", given[f"pipeline.{name}"])
        assert match is not None, name
        assert match[1] == variable
        numbers[name] = int(match[2])
    # A record has up to 1 MB; Logstash's default heap is 1 GB.
    assert numbers["workers"] * numbers["batch.size"] <= 1000
    (pipeline,) = yaml.safe_load((ELK / "pipelines.yml").read_text("utf-8"))
    assert not {f"pipeline.{name}" for name in numbers} & pipeline.keys()  # it would win


@pytest.mark.parametrize("name", ["logstash.conf", "logstash.yml", "pipelines.yml"])
def test_every_variable_has_a_default(name: str) -> None:
    """Logstash doesn't start where one has neither a value nor a default."""
    variables = re.findall(r"\$\{[^}]*\}", (ELK / name).read_text("utf-8"))
    assert variables
    assert [each for each in variables if not re.fullmatch(r"\$\{LOGCORE_[A-Z_]+:[^}]+\}", each)] == []


def test_each_output_s_index_is_the_one_of_its_template(branches: dict[str, list[Any]]) -> None:
    for branch in ("output status", "output rejected"):
        (output,) = branches[branch]
        given = settings(output)
        home, _, file = str(given["template"]).rpartition("/")
        assert home == "${LOGCORE_ELK_HOME:/etc/logstash}"
        template = json.loads((ELK / file).read_text("utf-8"))
        assert template["index_patterns"] == [given["index"]]
        assert (given["template_api"], given["template_overwrite"]) == ("composable", True)


def test_no_filter_turns_a_type_into_another() -> None:
    """Types are the template's business; a conversion here would hide that a record has another."""
    text = json.dumps(sections()["filter"], default=str)
    assert not [word for word in ('"convert"', '"date"', '"grok"', '"ruby"') if word in text]


@pytest.mark.parametrize(
    ("name", "template"),
    [
        ("server-logs", status_template(Contract.server_logs(), "server-logs")),
        ("server-logs-rejected", rejected_template("server-logs-rejected")),
        ("logcore-pipeline", pipeline_template()),
    ],
)
def test_the_templates_are_those_that_the_indexer_writes(name: str, template: dict[str, Any]) -> None:
    """Renew with: python -m logcore.indexer --print-template [rejected|pipeline] > deploy/elk/NAME.template.json."""
    assert json.loads((ELK / f"{name}.template.json").read_text("utf-8")) == template
