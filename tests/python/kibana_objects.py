"""The saved objects in deploy/elk/kibana/*.ndjson as Kibana reads them. What isn't known here is an error: a panel of
another kind would be one that no test looks at."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import REPOSITORY

KIBANA = REPOSITORY / "deploy" / "elk" / "kibana"
RECORDS = "___records___"
BUCKETS = {"date_histogram", "terms"}
METRICS = {"count", "unique_count", "sum", "min", "max", "average"}
CALCULATED = {"formula", "math"}
KNOWN_PARAMS = {
    "date_histogram": {"interval", "includeEmptyRows", "dropPartials"},
    "terms": {
        "size", "orderBy", "orderDirection", "otherBucket", "missingBucket", "parentFormat", "include", "exclude",
        "includeIsRegex", "excludeIsRegex",
    },
    "formula": {"formula", "isFormulaBroken", "format"},
    "math": {"tinymathAst"},
    **{metric: {"emptyAsNull", "format"} for metric in METRICS},
}  # fmt: skip
COLUMN_KEYS = {
    "label", "customLabel", "dataType", "isBucketed", "scale", "operationType", "sourceField", "params", "filter",
    "references",
}  # fmt: skip


class UnknownError(AssertionError):
    """A panel says something that nothing here knows how to check."""


@dataclass(frozen=True)
class Column:
    """What a Lens panel asks for: a bucket, a metric, or a calculation with other columns."""

    label: str
    operation: str
    source: str
    params: dict[str, Any]
    kql: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class LensPanel:
    """A panel that draws aggregations; `shown` are the columns that it draws, in its order."""

    title: str
    kind: str
    data_view: str
    kql: str
    columns: dict[str, Column]
    shown: tuple[str, ...]


@dataclass(frozen=True)
class SearchPanel:
    """A panel that lists what a saved search finds."""

    title: str
    search: str


@dataclass(frozen=True)
class Search:
    """A saved search: the newest by `sort` first."""

    title: str
    data_view: str
    kql: str
    columns: tuple[str, ...]
    sort: str


@dataclass(frozen=True)
class DataView:
    """An index as Kibana knows it."""

    index: str
    time_field: str
    formatted: tuple[str, ...]


@dataclass(frozen=True)
class Control:
    """A field that a dashboard lets choose values of."""

    title: str
    data_view: str
    field: str


@dataclass
class Dashboard:
    """What one file holds."""

    title: str = ""
    panels: dict[str, LensPanel | SearchPanel] = field(default_factory=dict)
    controls: list[Control] = field(default_factory=list)
    searches: dict[str, Search] = field(default_factory=dict)
    data_views: dict[str, DataView] = field(default_factory=dict)


def saved_objects(file: Path) -> list[dict[str, Any]]:
    """The objects as they stand in a file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def dashboard(name: str) -> Dashboard:
    """What NAME.ndjson holds."""
    return read_dashboard(saved_objects(KIBANA / f"{name}.ndjson"))


def read_dashboard(objects: list[dict[str, Any]]) -> Dashboard:
    """The one dashboard among saved objects, with all that it needs."""
    found = Dashboard()
    for item in objects:
        attributes, references = item["attributes"], {each["name"]: each for each in item["references"]}
        if item["type"] == "index-pattern":
            formatted = tuple(json.loads(attributes["fieldFormatMap"]))
            found.data_views[item["id"]] = DataView(attributes["title"], attributes["timeFieldName"], formatted)
        elif item["type"] == "search":
            found.searches[item["id"]] = _search(attributes, references)
        elif item["type"] == "dashboard":
            assert not found.title, "one dashboard a file"
            found.title = attributes["title"]
            assert _query(json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])) == ""
            for panel in json.loads(attributes["panelsJSON"]):
                read = _panel(panel, references)
                assert read.title not in found.panels, f"two panels are called {read.title}"
                found.panels[read.title] = read
            controls = json.loads(attributes["controlGroupInput"]["panelsJSON"])
            found.controls = [_control(each, references) for each in controls.values()]
        else:
            raise UnknownError(f"saved object of the type {item['type']}")
    assert found.title, "no dashboard"
    return found


def _search(attributes: dict[str, Any], references: dict[str, Any]) -> Search:
    source = json.loads(attributes["kibanaSavedObjectMeta"]["searchSourceJSON"])
    ((sort, direction),) = attributes["sort"]
    assert direction == "desc"
    view = references[source["indexRefName"]]["id"]
    return Search(attributes["title"], view, _query(source), tuple(attributes["columns"]), sort)


def _control(control: dict[str, Any], references: dict[str, Any]) -> Control:
    if control["type"] != "optionsListControl":
        raise UnknownError(f"control of the type {control['type']}")
    given = control["explicitInput"]
    view = references[f"controlGroup_{given['id']}:optionsListDataView"]["id"]
    assert view == given["dataViewId"]
    return Control(given["title"], view, given["fieldName"])


def _query(source: dict[str, Any]) -> str:
    """The KQL of a search source, a panel's state or a column's filter."""
    if source.get("filter") or source.get("filters"):
        raise UnknownError("a filter beside the query")
    query = source["query"]
    if query["language"] != "kuery":
        raise UnknownError(f"a query in {query['language']}")
    return str(query["query"])


def _panel(panel: dict[str, Any], references: dict[str, Any]) -> LensPanel | SearchPanel:
    index, config = panel["panelIndex"], panel["embeddableConfig"]
    if panel["type"] == "search":
        # As Kibana does it: the panel's prefix goes off the references' names, then the name must be there.
        own = {name.removeprefix(f"{index}:"): each for name, each in references.items() if name.startswith(index)}
        found = own[panel["panelRefName"]]
        assert (found["type"], found["id"]) == ("search", config["savedObjectId"])
        return SearchPanel(config["title"], found["id"])
    if panel["type"] != "lens":
        raise UnknownError(f"panel of the type {panel['type']}")
    attributes = config["attributes"]
    state, title = attributes["state"], attributes["title"]
    try:
        sources = state["datasourceStates"]
        ((layer_id, layer),) = sources["formBased"]["layers"].items()
        if sources["textBased"]["layers"] or sources["indexpattern"]["layers"] or state["adHocDataViews"]:
            raise UnknownError("layers of another kind")
        name = f"indexpattern-datasource-layer-{layer_id}"
        (view,) = (each["id"] for each in attributes["references"] if each["name"] == name)
        assert references[f"{index}:{name}"]["id"] == view
        columns = {each: _column(layer["columns"][each]) for each in layer["columnOrder"]}
        assert columns.keys() == layer["columns"].keys()
        kql = _query(state)
        assert _query(config) == ""
        shown = _shown(attributes["visualizationType"], state["visualization"], layer_id)
    except (UnknownError, ValueError, KeyError) as error:
        raise UnknownError(f"panel {title}: {error}") from error
    assert set(shown) <= columns.keys(), f"panel {title} shows columns that it doesn't have"
    parts = {part for each in columns.values() for part in each.references}
    assert columns.keys() == parts | set(shown), f"panel {title} doesn't show all that it asks for"
    return LensPanel(title, attributes["visualizationType"], view, kql, columns, shown)


def _column(column: dict[str, Any]) -> Column:
    operation, params = column["operationType"], column["params"]
    if operation not in KNOWN_PARAMS:
        raise UnknownError(f"column {column['label']} is a {operation}")
    unknown = sorted((column.keys() - COLUMN_KEYS) | (params.keys() - KNOWN_PARAMS[operation]))
    if unknown:
        raise UnknownError(f"column {column['label']} has {', '.join(unknown)}")
    assert column["isBucketed"] is (operation in BUCKETS)
    if operation == "terms":
        plain = params["parentFormat"]["id"] == "terms" and not (params["include"] or params["exclude"])
        if not plain or params["otherBucket"] or params["missingBucket"]:
            raise UnknownError(f"column {column['label']} counts other values, missing ones, or several fields")
    if operation == "formula":
        assert params["isFormulaBroken"] is False
    return Column(
        column["label"],
        operation,
        column.get("sourceField", ""),
        params,
        _query({"query": column["filter"]}) if "filter" in column else "",
        tuple(column.get("references", ())),
    )


def _shown(kind: str, drawn: dict[str, Any], layer_id: str) -> tuple[str, ...]:
    """The columns that a visualization draws, dimensions first."""
    if kind in ("lnsXY", "lnsPie"):
        (layer,) = drawn["layers"]
        assert (layer["layerId"], layer["layerType"]) == (layer_id, "data")
        if kind == "lnsPie":
            return (*layer["primaryGroups"], *layer["metrics"])
        dimensions = [layer[name] for name in ("xAccessor", "splitAccessor") if name in layer]
        return (*dimensions, *layer["accessors"])
    if kind not in ("lnsDatatable", "lnsMetric"):
        raise UnknownError(f"a visualization of the type {kind}")
    assert (drawn["layerId"], drawn["layerType"]) == (layer_id, "data")
    if kind == "lnsDatatable":
        return tuple(column["columnId"] for column in drawn["columns"])
    others = sorted(name for name in drawn if name.endswith("Accessor") and name != "metricAccessor")
    if others:
        raise UnknownError(f"a metric with {', '.join(others)}")
    return (drawn["metricAccessor"],)
