"""An index as a dashboard in deploy/elk/kibana asks it, and what its answers must be like."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any, NamedTuple

import pytest
from elasticsearch import Elasticsearch

from kibana_aggregations import request, rows
from kibana_fields import uses
from kibana_objects import Dashboard, LensPanel, Search
from kibana_query import query_dsl


class Index(NamedTuple):
    """An index that holds what was sent, which the dashboards know under another name; times as Elasticsearch has
    them."""

    client: Elasticsearch
    name: str
    first: str
    last: str

    def ask(self, board: Dashboard, title: str, interval: str) -> list[Any]:
        """What a panel shows of this index."""
        panel = board.panels[title]
        assert isinstance(panel, LensPanel)
        body = request(panel, board.data_views[panel.data_view], interval=interval, first=self.first, last=self.last)
        return rows(panel, self.client.search(index=self.name, **body).body)

    def find(self, search: Search) -> list[dict[str, Any]]:
        """What a saved search lists."""
        newest = [{search.sort: "desc"}]
        found = self.client.search(index=self.name, query=query_dsl(search.kql), sort=newest, size=10_000)
        return list(found["hits"]["hits"])


def lens_panels(board: Dashboard, *data_views: str) -> list[str]:
    """Titles of the panels that draw these data views, or of all."""
    panels = [panel for panel in board.panels.values() if isinstance(panel, LensPanel)]
    return [panel.title for panel in panels if not data_views or panel.data_view in data_views]


def is_table(board: Dashboard, title: str) -> bool:
    """Whether the panel shows rows in an order."""
    panel = board.panels[title]
    return isinstance(panel, LensPanel) and panel.kind == "lnsDatatable"


def at(milliseconds: int) -> str:
    """A time in ms since 1970 as Elasticsearch's documents have it."""
    moment = datetime.fromtimestamp(milliseconds / 1000, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def compare(shown: list[Any], expected: Any, *, ordered: bool) -> None:
    """Rows that a panel shows with those that it should; a table's order counts."""
    assert expected, "a panel that shows nothing proves nothing"
    assert len(shown) == len({keys for keys, _ in shown})
    assert {keys for keys, _ in shown} == expected.keys()
    for keys, numbers in shown:
        assert numbers == pytest.approx(expected[keys]), keys
    if ordered:
        assert [keys for keys, _ in shown] == list(expected)


def newest_first(hits: list[dict[str, Any]]) -> None:
    """What a saved search lists, in its order."""
    times = [hit["_source"]["@timestamp"] for hit in hits]
    assert times == sorted(times, reverse=True)


def every_column_has_a_value(search: Search, hits: list[dict[str, Any]]) -> None:
    """In one of the documents at least: a column that is always empty is misspelt."""
    empty = {column for column in search.columns if not any(_has_value(hit["_source"], column) for hit in hits)}
    assert empty == set()


def _has_value(source: Any, path: str) -> bool:
    if isinstance(source, list):
        return any(_has_value(item, path) for item in source)
    if not path:
        return source is not None
    first, _, rest = path.partition(".")
    return isinstance(source, dict) and first in source and _has_value(source[first], rest)


def can_aggregate(index: Index, board: Dashboard, data_view: str) -> None:
    """Whether Elasticsearch itself says so, of every field that the dashboard takes from this data view."""
    fields = {
        use.field for use in uses(board) if use.data_view == data_view and use.purpose in ("bucket", "time", "number")
    }
    assert fields
    known = index.client.field_caps(index=index.name, fields=sorted(fields))["fields"]
    assert fields <= known.keys()
    assert [name for name in fields if not all(kind["aggregatable"] for kind in known[name].values())] == []
