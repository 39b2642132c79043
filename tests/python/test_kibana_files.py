"""The compiled dashboards, without services: what they refer to is there, in a form that Kibana 8.11 takes."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from conformance import REPOSITORY
from kibana_fields import fault, templates, uses
from kibana_objects import (
    KIBANA,
    LensPanel,
    SearchPanel,
    UnknownError,
    dashboard,
    read_dashboard,
    saved_objects,
)
from kibana_query import QueryError, query_dsl, query_fields

NAMES = ["pipeline-health", "server-logs"]
# A newer version of an object than Kibana knows is refused; these are the ones that 8.11 knows.
MIGRATIONS = {"dashboard": "8.9.0", "index-pattern": "8.0.0", "search": "8.0.0"}


def test_each_yaml_is_compiled_and_nothing_else_lies_there() -> None:
    assert sorted(file.stem for file in KIBANA.glob("*.yaml")) == NAMES
    assert sorted(file.stem for file in KIBANA.glob("*.ndjson")) == NAMES


def test_no_two_objects_are_the_same_so_that_all_files_can_be_imported_at_once() -> None:
    counted = Counter((item["type"], item["id"]) for name in NAMES for item in saved_objects(KIBANA / f"{name}.ndjson"))
    assert set(counted.values()) == {1}


@pytest.mark.parametrize("name", NAMES)
def test_kibana_8_11_knows_every_object_and_finds_all_that_it_refers_to(name: str) -> None:
    objects = saved_objects(KIBANA / f"{name}.ndjson")
    there = {(item["type"], item["id"]) for item in objects}
    for item in objects:
        assert item.keys() == {
            "type", "id", "attributes", "references", "managed", "coreMigrationVersion", "typeMigrationVersion",
        }  # fmt: skip
        assert (item["coreMigrationVersion"], item["typeMigrationVersion"]) == ("8.8.0", MIGRATIONS[item["type"]])
        assert {(each["type"], each["id"]) for each in item["references"]} <= there
        assert len({each["name"] for each in item["references"]}) == len(item["references"])
        # Mapped from 8.14 on only, in an index that refuses what it doesn't map.
        assert "showApplySelections" not in item["attributes"].get("controlGroupInput", {})


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_in_its_index_template_and_can_be_used_so(name: str) -> None:
    read, known = dashboard(name), templates()
    faults = {}
    for use in uses(read):
        wrong = fault(use, known[read.data_views[use.data_view].index])
        if wrong is not None:
            faults[f"{use.where}: {use.field}"] = wrong
    assert faults == {}


@pytest.mark.parametrize("name", NAMES)
def test_searches_are_shown_and_data_views_used(name: str) -> None:
    read = dashboard(name)
    panels = read.panels.values()
    assert {panel.search for panel in panels if isinstance(panel, SearchPanel)} == read.searches.keys()
    assert {use.data_view for use in uses(read) if not use.where.startswith("data view")} == read.data_views.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_panels_fill_the_grid_and_none_lies_on_another(name: str) -> None:
    (board,) = (item for item in saved_objects(KIBANA / f"{name}.ndjson") if item["type"] == "dashboard")
    taken: Counter[tuple[int, int]] = Counter()
    for panel in json.loads(board["attributes"]["panelsJSON"]):
        grid = panel["gridData"]
        cells = [
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        ]
        taken.update(cells)
    assert set(taken.values()) == {1}
    assert set(taken) == {(x, y) for x in range(48) for y in range(max(y for _, y in taken) + 1)}


@pytest.mark.parametrize("name", NAMES)
def test_the_documentation_says_what_each_panel_shows(name: str) -> None:
    told = set(re.findall(r"^\| ([^|]+?) \|", (REPOSITORY / "docs" / "kibana.md").read_text("utf-8"), re.MULTILINE))
    assert dashboard(name).panels.keys() <= told


class TestWhatMustBeNoticed:
    """Each of these edits makes the dashboard wrong; reading it or looking at its fields has to say so."""

    def edited(self, edit: Callable[[dict[str, Any]], None]) -> list[str]:
        """The faults of the fields after an edit of the panel `Logs by status`."""
        objects = copy.deepcopy(saved_objects(KIBANA / "server-logs.ndjson"))
        (board,) = (item for item in objects if item["type"] == "dashboard")
        panels = json.loads(board["attributes"]["panelsJSON"])
        titles = [panel["embeddableConfig"].get("attributes", {}).get("title") for panel in panels]
        edit(panels[titles.index("Logs by status")])
        board["attributes"]["panelsJSON"] = json.dumps(panels)
        template = templates()["server-logs"]
        return sorted({use.field for use in uses(read_dashboard(objects)) if fault(use, template) is not None})

    def test_nothing_in_what_is_there(self) -> None:
        assert self.edited(lambda panel: None) == []

    @pytest.mark.parametrize(("field", "instead"), [("status", "state"), ("status", "raw"), ("@timestamp", "device")])
    def test_a_field_that_is_not_there_or_can_not_be_counted(self, field: str, instead: str) -> None:
        def edit(panel: dict[str, Any]) -> None:
            for column in columns(panel).values():
                if column.get("sourceField") == field:
                    column["sourceField"] = instead

        assert self.edited(edit) == [instead]

    def test_a_field_in_a_query(self) -> None:
        def edit(panel: dict[str, Any]) -> None:
            panel["embeddableConfig"]["attributes"]["state"]["query"]["query"] = 'statsu: "bad"'

        assert self.edited(edit) == ["statsu"]

    @pytest.mark.parametrize(
        ("edit", "said"),
        [
            (lambda panel: panel.update(type="visualization"), "panel of the type visualization"),
            (
                lambda panel: panel["embeddableConfig"]["attributes"].update(visualizationType="lnsHeatmap"),
                "panel Logs by status: a visualization of the type lnsHeatmap",
            ),
            (
                lambda panel: first_column(panel).update(operationType="last_value"),
                "panel Logs by status: column Time is a last_value",
            ),
            (
                lambda panel: first_column(panel)["params"].update(reducedTimeRange="1m"),
                "panel Logs by status: column Time has reducedTimeRange",
            ),
            (
                lambda panel: panel["embeddableConfig"]["attributes"]["state"].update(filters=[{"meta": {}}]),
                "panel Logs by status: a filter beside the query",
            ),
        ],
    )
    def test_a_kind_that_no_test_knows(self, edit: Callable[[dict[str, Any]], None], said: str) -> None:
        with pytest.raises(UnknownError, match=re.escape(said)):
            self.edited(edit)

    def test_an_axis_without_its_column(self) -> None:
        def edit(panel: dict[str, Any]) -> None:
            (layer,) = panel["embeddableConfig"]["attributes"]["state"]["visualization"]["layers"]
            layer["splitAccessor"] = "another"

        with pytest.raises(AssertionError, match="shows columns that it doesn't have"):
            self.edited(edit)


def columns(panel: dict[str, Any]) -> dict[str, Any]:
    """The columns of a panel with one layer."""
    layers = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]
    (layer,) = layers.values()
    found: dict[str, Any] = layer["columns"]
    return found


def first_column(panel: dict[str, Any]) -> dict[str, Any]:
    """The time axis."""
    found: dict[str, Any] = next(column for column in columns(panel).values() if column["label"] == "Time")
    return found


class TestQueries:
    @pytest.mark.parametrize(
        ("kql", "dsl"),
        [
            ("", {"match_all": {}}),
            ('status: "bad"', {"match_phrase": {"status": "bad"}}),
            ("replayed: true", {"match": {"replayed": "true"}}),
            ("a.b: *", {"exists": {"field": "a.b"}}),
            (
                'a: ("x" or y)',
                {"bool": {"should": [{"match_phrase": {"a": "x"}}, {"match": {"a": "y"}}], "minimum_should_match": 1}},
            ),
            (
                "a: 1 AND NOT b: 2",
                {"bool": {"filter": [{"match": {"a": "1"}}, {"bool": {"must_not": [{"match": {"b": "2"}}]}}]}},
            ),
            (r'a: "say \"no\""', {"match_phrase": {"a": 'say "no"'}}),
        ],
    )
    def test_what_elasticsearch_gets(self, kql: str, dsl: dict[str, Any]) -> None:
        assert query_dsl(kql) == dsl

    def test_their_fields(self) -> None:
        assert query_fields('(a: "x" or b: *) and not c: (1 or 2)') == {"a", "b", "c"}

    @pytest.mark.parametrize("kql", ["status", "status:", 'status: "bad', "a: (x or)", "a: x b: y", "a > 5", 'a: "x")'])
    def test_what_is_no_query_or_too_much(self, kql: str) -> None:
        with pytest.raises(QueryError):
            query_dsl(kql)


def test_lens_panels_and_searches_are_all_there_is() -> None:
    kinds = {type(panel) for name in NAMES for panel in dashboard(name).panels.values()}
    assert kinds == {LensPanel, SearchPanel}
