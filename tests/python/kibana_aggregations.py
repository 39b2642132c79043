"""What a Lens panel asks of Elasticsearch, and what it makes of the answer: rows of keys and labelled numbers."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kibana_objects import BUCKETS, METRICS, RECORDS, Column, DataView, LensPanel, UnknownError
from kibana_query import query_dsl

Row = tuple[tuple[Any, ...], dict[str, "float | None"]]
"""The values of a row's dimensions, a time in ms since 1970, and its numbers by label."""

FUNCTIONS: Mapping[str, str] = {
    "unique_count": "cardinality", "sum": "sum", "min": "min", "max": "max", "average": "avg",
}  # fmt: skip
MATHS: Mapping[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
# Dates go out and come back as text in the index's own format, which knows no milliseconds since 1970.
DATE_FORMAT = "strict_date_optional_time"


def request(panel: LensPanel, view: DataView, *, interval: str, first: str, last: str) -> dict[str, Any]:
    """The body of a search for the panel, with the time range of its dashboard from `first` to `last`."""
    time_range = {"range": {view.time_field: {"gte": first, "lte": last, "format": DATE_FORMAT}}}
    return {
        "size": 0,
        "query": {"bool": {"filter": [query_dsl(panel.kql), time_range]}},
        "aggs": _aggregations(panel, _dimensions(panel), interval),
    }


def rows(panel: LensPanel, answer: Mapping[str, Any]) -> list[Row]:
    """What the panel shows of Elasticsearch's answer to its request, in Elasticsearch's order."""
    return list(_rows(panel, _dimensions(panel), answer["aggregations"], ()))


def _dimensions(panel: LensPanel) -> list[str]:
    """The columns that make buckets, the outermost first."""
    return [name for name, column in panel.columns.items() if column.operation in BUCKETS]


def _aggregations(panel: LensPanel, dimensions: list[str], interval: str) -> dict[str, Any]:
    metrics = {name: _metric(column) for name, column in panel.columns.items() if column.operation in METRICS}
    if not dimensions:
        return metrics
    name, *deeper = dimensions
    column = panel.columns[name]
    if column.operation == "date_histogram":
        assert column.params["interval"] == "auto"
        bucket = {"date_histogram": {"field": column.source, "fixed_interval": interval, "min_doc_count": 1}}
        return {name: {**bucket, "aggs": _aggregations(panel, deeper, interval)}}
    order, direction = column.params["orderBy"], column.params["orderDirection"]
    terms = {"field": column.source, "size": column.params["size"], "order": {"_key": direction}}
    within = _aggregations(panel, deeper, interval)
    if order["type"] == "column":
        by = panel.columns[order["columnId"]]
        if by.operation == "count" and not by.kql and by.source == RECORDS:
            terms["order"] = {"_count": direction}
        elif by.operation in METRICS and not by.kql:
            terms["order"] = {order["columnId"]: direction}
            within = {**within, order["columnId"]: metrics[order["columnId"]]}
        else:
            raise UnknownError(f"panel {panel.title} is ordered by {by.label}")
    elif order["type"] != "alphabetical":
        raise UnknownError(f"panel {panel.title} is ordered by {order['type']}")
    return {name: {"terms": terms, "aggs": within}}


def _metric(column: Column) -> dict[str, Any]:
    condition = {"filter": query_dsl(column.kql)}
    if column.operation == "count":
        if column.source != RECORDS:
            raise UnknownError(f"column {column.label} counts values of a field")
        return condition
    function = {FUNCTIONS[column.operation]: {"field": column.source}}
    return {**condition, "aggs": {"value": function}} if column.kql else function


def _rows(panel: LensPanel, dimensions: list[str], answer: Mapping[str, Any], keys: tuple[Any, ...]) -> Iterator[Row]:
    if dimensions:
        name, *deeper = dimensions
        for bucket in answer[name]["buckets"]:
            yield from _rows(panel, deeper, bucket, (*keys, bucket["key"]))
        return
    shown = [(panel.columns[name].label, name) for name in panel.shown if panel.columns[name].operation not in BUCKETS]
    yield keys, {label: _number(panel, name, answer) for label, name in shown}


def _number(panel: LensPanel, name: str, answer: Mapping[str, Any]) -> float | None:
    column = panel.columns[name]
    if column.operation == "formula":
        (reference,) = column.references
        return _number(panel, reference, answer)
    if column.operation == "math":
        return _calculated(panel, column.params["tinymathAst"], answer)
    found = answer[name]
    if column.operation == "count":
        return float(found["doc_count"])
    value = (found["value"] if column.kql else found)["value"]
    return None if value is None else float(value)


def _calculated(panel: LensPanel, node: Any, answer: Mapping[str, Any]) -> float | None:
    if isinstance(node, str):
        return _number(panel, node, answer)
    if isinstance(node, (int, float)):
        return float(node)
    if node.get("type") != "function" or node.get("name") not in MATHS:
        raise UnknownError(f"panel {panel.title} calculates {node}")
    left, right = (_calculated(panel, part, answer) for part in node["args"])
    if left is None or right is None or (node["name"] == "divide" and right == 0):
        return None
    return MATHS[node["name"]](left, right)
