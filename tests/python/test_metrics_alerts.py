"""The alerts, the scrape configuration and docs/monitoring.md speak of what the code exports."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from conformance import REPOSITORY
from logcore.metrics.figures import FIGURES

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
LABELS = {figure.name: {*figure.labels, "job", "instance"} for figure in FIGURES}
MONITORING = (REPOSITORY / "docs" / "monitoring.md").read_text("utf-8")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_names_what_is_exported_and_says_what_to_do(rule: dict[str, Any]) -> None:
    named = re.findall(r"\b(logcore_\w+)(?:\{([^}]*)\})?", rule["expr"])
    assert named or rule["expr"].startswith("up{")
    for name, matchers in named:
        assert name in LABELS, f"{name} is not exported"
        for label in re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers):
            assert label in LABELS[name], f"{name} has no label {label}"
    assert rule["labels"]["severity"] in ("warning", "critical")
    for text in ("summary", "description", "runbook"):
        assert len(rule["annotations"][text]) > 20
    heading = re.search(r"docs/monitoring\.md#(\w+)$", rule["annotations"]["runbook"])
    assert heading is not None
    assert heading[1] == rule["alert"].lower()
    assert f"### {rule['alert']}\n" in MONITORING


def test_every_alert_is_tested() -> None:
    tested = (PROMETHEUS / "alerts.test.yml").read_text("utf-8")
    assert [rule["alert"] for rule in RULES if rule["alert"] not in tested] == []


def test_the_documents_table_has_each_figure_with_its_labels_and_no_other() -> None:
    rows = re.findall(r"^\| `(logcore_\w+)(?:\{([\w, ]+)\})?` \|", MONITORING, re.MULTILINE)
    assert [(name, tuple(re.findall(r"\w+", labels))) for name, labels in rows] == [
        (figure.name, figure.labels) for figure in FIGURES
    ]


def test_one_processor_is_scraped_and_the_other_stands_ready() -> None:
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    jobs = [each["job_name"] for each in yaml.safe_load(text)["scrape_configs"]]
    assert jobs == ["logcore-producer", "logcore-processor", "logcore-indexer"]
    begin = text.index("  # - job_name: logcore-spark")
    (spark,) = yaml.safe_load(text[begin:].replace("# ", ""))
    assert spark == {"job_name": "logcore-spark", "static_configs": [{"targets": ["127.0.0.1:9404"]}]}


def test_every_request_to_elasticsearch_in_the_document_has_the_login() -> None:
    requests = re.findall(r"\bcurl (?:[^\n]|(?<=\\)\n)*\$ELASTICSEARCH", MONITORING)
    assert len(requests) == 2
    for request in requests:
        for option in ("--fail-with-body", "--silent", "--show-error", "--netrc-file ~/.elasticsearch.netrc"):
            assert option in request


@pytest.mark.parametrize(
    ("command", "job"), [("producer", "producer"), ("processor", "processor"), ("indexer", "indexer")]
)
def test_the_ports_are_those_that_help_names(command: str, job: str) -> None:
    configured = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    (target,) = {each["job_name"]: each for each in configured}[f"logcore-{job}"]["static_configs"][0]["targets"]
    shown = subprocess.run(
        [sys.executable, "-m", f"logcore.{command}", "--help"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert f"http://{target}/metrics" in shown
