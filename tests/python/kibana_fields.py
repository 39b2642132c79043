"""The fields that a dashboard uses, and whether an index template lets them be used so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from conformance import REPOSITORY
from kibana_objects import METRICS, RECORDS, Dashboard, LensPanel
from kibana_query import query_fields

ELK = REPOSITORY / "deploy" / "elk"
NUMBERS = {"byte", "short", "integer", "long", "unsigned_long", "half_float", "float", "double"}
AGGREGATABLE = NUMBERS | {"keyword", "date", "boolean"}


class Use(NamedTuple):
    """One use of a field: `where` it stands, and as what: bucket, time, number, query or column."""

    data_view: str
    field: str
    purpose: str
    where: str


def templates() -> dict[str, dict[str, Any]]:
    """The templates of the three indices that the dashboards show, by index."""
    files = (
        ELK / "server-logs.template.json",
        ELK / "logcore-pipeline.template.json",
        ELK / "logs" / "logcore-logs.template.json",
    )
    read = [json.loads(file.read_text("utf-8")) for file in files]
    return {template["index_patterns"][0]: template for template in read}


def uses(dashboard: Dashboard) -> Iterator[Use]:
    """Every use of a field in panels, searches, controls and data views."""
    for name, view in dashboard.data_views.items():
        yield Use(name, view.time_field, "time", f"data view {name}")
        for field in view.formatted:
            yield Use(name, field, "number", f"data view {name}")
    for control in dashboard.controls:
        yield Use(control.data_view, control.field, "bucket", f"control {control.title}")
    for search in dashboard.searches.values():
        where = f"search {search.title}"
        yield Use(search.data_view, search.sort, "time", where)
        yield from (Use(search.data_view, field, "query", where) for field in query_fields(search.kql))
        yield from (Use(search.data_view, field, "column", where) for field in search.columns)
    for panel in dashboard.panels.values():
        if isinstance(panel, LensPanel):
            yield from _of_panel(panel)


def _of_panel(panel: LensPanel) -> Iterator[Use]:
    where = f"panel {panel.title}"
    yield from (Use(panel.data_view, field, "query", where) for field in query_fields(panel.kql))
    for column in panel.columns.values():
        yield from (Use(panel.data_view, field, "query", where) for field in query_fields(column.kql))
        if column.operation == "date_histogram":
            yield Use(panel.data_view, column.source, "time", where)
        elif column.operation in ("terms", "unique_count"):
            yield Use(panel.data_view, column.source, "bucket", where)
        elif column.operation in METRICS and column.source != RECORDS:
            yield Use(panel.data_view, column.source, "number", where)


def fault(use: Use, template: Mapping[str, Any]) -> str | None:
    """Why a field can't be used so under the template; None if it can."""
    mapping: Any = template["template"]["mappings"]
    for name in use.field.split("."):
        mapping = mapping.get("properties", {}).get(name)
        if mapping is None:
            return "is not in the template"
    kind = mapping.get("type", "object")
    if use.purpose == "query":
        searchable = kind in AGGREGATABLE | {"text"} and mapping.get("index", True)
        return None if searchable else f"can't be searched: {mapping}"
    if use.purpose == "column":
        return None if kind != "object" else "is an object"
    allowed = {"bucket": AGGREGATABLE, "time": {"date"}, "number": NUMBERS}[use.purpose]
    if kind not in allowed or not mapping.get("doc_values", True):
        return f"is no {use.purpose}: {mapping}"
    return None
