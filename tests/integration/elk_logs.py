"""deploy/elk/logs on a running server: its template and pipelines, and events as Filebeat sends them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from filebeat_events import FILEBEAT, input_settings
from opensearch import OpenSearch

LOGS = FILEBEAT.parent
INDEX = "logcore-logs"
KAFKA, SPARK = "logcore-kafka", "logcore-spark"
"""The inputs of filebeat.yml that read files."""
_BATCH = 500
_CREATE: dict[str, Any] = {"create": {}}


def template() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((LOGS / f"{INDEX}.template.json").read_text("utf-8"))
    return loaded


def pipeline(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((LOGS / f"{name}.pipeline.json").read_text("utf-8"))
    return loaded


def install(server: OpenSearch) -> None:
    """Puts the template and the pipelines in place, as docs/monitoring.md says."""
    server.request("PUT", f"/_index_template/{INDEX}", template())
    for name in (input_settings(KAFKA)["pipeline"], input_settings(SPARK)["pipeline"]):
        server.request("PUT", f"/_ingest/pipeline/{name}", pipeline(name))


def simulate(server: OpenSearch, input_id: str, sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the input's pipeline makes of these events. Raises AssertionError where it would lose one."""
    path = f"/_ingest/pipeline/{input_settings(input_id)['pipeline']}/_simulate"
    answer = server.request("POST", path, {"docs": [{"_source": source} for source in sources]})
    assert all("doc" in each for each in answer["docs"]), answer
    return [each["doc"]["_source"] for each in answer["docs"]]


def index_events(server: OpenSearch, input_id: str, path: Path, messages: list[str], zone: str) -> list[dict[str, Any]]:
    """The documents that the pipeline makes of a file's events, in their order; they are in the data stream as well.

    `zone` is the file's, as strftime's %z has it. The node takes no pipeline for a document that it indexes, so one is
    asked first and the result is sent.
    """
    sources = list(_sources(path, messages, f"{zone[:3]}:{zone[3:5]}"))
    found: list[dict[str, Any]] = []
    for begin in range(0, len(sources), _BATCH):
        documents = simulate(server, input_id, sources[begin : begin + _BATCH])
        answer = server.bulk(f"/{INDEX}/_bulk?refresh=true", [line for each in documents for line in (_CREATE, each)])
        assert not answer["errors"], [each for each in answer["items"] if each["create"]["status"] != 201][:3]
        found += documents
    return found


def _sources(path: Path, messages: Iterable[str], zone: str) -> Iterator[dict[str, Any]]:
    offset = 0
    for message in messages:
        yield {
            "@timestamp": "2000-01-01T00:00:00.000Z",  # when Filebeat read it
            "message": message,
            "event": {"timezone": zone},
            "host": {"name": "node-1.example"},
            "input": {"type": "filestream"},
            "log": {"offset": offset, "file": {"path": str(path)}},
        }
        offset += len(message.encode()) + 1
