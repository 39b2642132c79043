"""The dashboard "Pipeline health": each panel shows what the documents in its indices say.

kibana_documents.py says which of them come from the code that makes them in a processor, and which are made by hand.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from kibana_documents import component_logs, pipeline_documents
from kibana_fields import templates
from kibana_health_expectations import COMPONENT_LOGS, FIGURES_INTERVAL, PIPELINE, level
from kibana_index import (
    Index,
    can_aggregate,
    compare,
    every_column_has_a_value,
    is_table,
    lens_panels,
    newest_first,
)
from kibana_objects import dashboard
from services import Stack

HEALTH = dashboard("pipeline-health")


@pytest.fixture(scope="module")
def elasticsearch(stack: Stack) -> Iterator[Elasticsearch]:
    client = Elasticsearch(stack.elasticsearch_url, request_timeout=60)
    yield client
    client.close()


@pytest.fixture(scope="module")
def name() -> str:
    """Of the topics and indices of this module; no other run on the same services has used it."""
    return f"test-{uuid.uuid4().hex[:10]}-kibana"


def filled(client: Elasticsearch, template: str, name: str, documents: dict[str, dict[str, Any]]) -> Index:
    """A new index under one of the templates, with these documents."""
    body = {**templates()[template], "index_patterns": [name]}
    # An index in place of a data stream: the Elasticsearch here makes data streams but can't delete them.
    client.indices.put_index_template(name=name, **{key: body[key] for key in body.keys() - {"_meta", "data_stream"}})
    operations: list[Any] = []
    for identity, document in documents.items():
        operations += [{"create": {"_id": identity}}, document]
    assert not client.bulk(index=name, operations=operations, refresh=True)["errors"]
    times = sorted(document["@timestamp"] for document in documents.values())
    return Index(client, name, times[0], times[-1])


@pytest.fixture(scope="module")
def figures(name: str, elasticsearch: Elasticsearch) -> Iterator[Index]:
    """Holds `pipeline_documents`."""
    index = f"{name}-figures"
    yield filled(elasticsearch, "logcore-pipeline", index, pipeline_documents())
    elasticsearch.indices.delete(index=index)
    elasticsearch.indices.delete_index_template(name=index)


@pytest.fixture(scope="module")
def logs_of_components(name: str, elasticsearch: Elasticsearch) -> Iterator[Index]:
    """Holds `component_logs`, which are made by hand."""
    index = f"{name}-components"
    documents = {str(number): log for number, log in enumerate(component_logs())}
    yield filled(elasticsearch, "logcore-logs", index, documents)
    elasticsearch.indices.delete(index=index)
    elasticsearch.indices.delete_index_template(name=index)


@pytest.mark.parametrize("title", lens_panels(HEALTH, "logcore-pipeline"))
def test_pipeline_health(title: str, figures: Index) -> None:
    assert title in PIPELINE, f"nothing here says what the panel {title} has to show"
    expected = PIPELINE[title](list(pipeline_documents().values()))
    shown = figures.ask(HEALTH, title, FIGURES_INTERVAL)
    compare(shown, expected, ordered=is_table(HEALTH, title))


@pytest.mark.parametrize("title", lens_panels(HEALTH, "logcore-logs"))
def test_logs_of_components(title: str, logs_of_components: Index) -> None:
    assert title in COMPONENT_LOGS, f"nothing here says what the panel {title} has to show"
    shown = logs_of_components.ask(HEALTH, title, FIGURES_INTERVAL)
    compare(shown, COMPONENT_LOGS[title](list(component_logs())), ordered=is_table(HEALTH, title))


def test_the_search_of_latest_errors(logs_of_components: Index) -> None:
    search = HEALTH.searches["logcore-latest-errors"]
    hits = logs_of_components.find(search)
    errors = level(list(component_logs()), "ERROR", "FATAL")
    assert sorted(hit["_source"]["message"] for hit in hits) == sorted(error["message"] for error in errors)
    newest_first(hits)
    every_column_has_a_value(search, hits)


def test_elasticsearch_can_aggregate_every_field_of_the_health_dashboard(
    figures: Index, logs_of_components: Index
) -> None:
    can_aggregate(figures, HEALTH, "logcore-pipeline")
    can_aggregate(logs_of_components, HEALTH, "logcore-logs")


def test_nothing_is_expected_that_no_panel_shows() -> None:
    assert PIPELINE.keys() == set(lens_panels(HEALTH, "logcore-pipeline"))
    assert COMPONENT_LOGS.keys() == set(lens_panels(HEALTH, "logcore-logs"))
