"""The pipeline's figures as documents in Elasticsearch, and a server that is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

import elastic_transport
import pytest

from fake_elasticsearch import FakeElasticsearch
from logcore import Users
from logcore.elk.pipeline_template import pipeline_template
from logcore.metrics.documents import ProcessDocuments
from logcore.metrics.pipeline_index import PipelineIndex
from logcore.users_source import RefreshedUsers

NOON = datetime(2026, 11, 25, 12, 0, 0, 4_000, timezone.utc)
INDEX = "logcore-pipeline"


def unmapped(document: dict[str, Any], fields: dict[str, Any], path: str = "") -> list[str]:
    """The fields of a document that the template doesn't map, or maps as an object where they are none."""
    found: list[str] = []
    for name, value in document.items():
        field = fields.get(name)
        if field is None or isinstance(value, dict) != ("properties" in field):
            found.append(path + name)
        elif isinstance(value, dict):
            found += unmapped(value, field["properties"], f"{path}{name}.")
        elif field["type"] == "long":
            assert type(value) is int, path + name
    return found


FIELDS = pipeline_template()["template"]["mappings"]["properties"]


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "waited 20 s in vain"
        time.sleep(0.005)


class TestTemplate:
    def test_a_field_that_is_not_known_makes_no_column(self) -> None:
        template = pipeline_template("mine", shards=2, replicas=1)
        assert template["index_patterns"] == ["mine"]
        assert template["template"]["mappings"]["dynamic"] is False
        assert template["template"]["settings"]["index"] == {"number_of_shards": 2, "number_of_replicas": 1}
        assert template["_meta"]["managed_by"] == "logcore.processor"


class TestProcessDocuments:
    def stats(self, judged: int, lag: int) -> dict[str, Any]:
        return {
            "good": judged, "bad": 2 * judged, "suspicious": 0, "bytes": 100 * judged, "transactions": judged // 10,
            "retries": 1, "lag": lag, "elapsed": 1.0, "done": False, "error": None,
        }  # fmt: skip

    def test_every_ten_seconds_what_these_came_to(self) -> None:
        clock = 50.0
        written: list[tuple[str, dict[str, Any]]] = []
        users = RefreshedUsers(lambda: Users([(1, "IOS")]), ttl_s=0, say=print, clock=lambda: clock)
        documents = ProcessDocuments(
            lambda identity, document: written.append((identity, dict(document))),
            {"engine": "process", "run": "r1", "group": "g", "input": "in", "output": "out"},
            users,
            clock=lambda: clock,
            now=lambda: NOON,
        )
        clock += 9.9
        documents.tick(self.stats(10, 5000))
        assert written == []
        clock += 0.1
        documents.tick(self.stats(100, 4000))
        clock += 20
        documents.tick(self.stats(300, 4800))
        documents.tick(self.stats(301, 4800))
        clock += 5
        documents.finish(self.stats(300, 0))
        assert [identity for identity, _ in written] == ["r1-0", "r1-1", "r1-2"]
        first, second, last = (document for _, document in written)
        assert first == {
            "@timestamp": "2026-11-25T12:00:00.004Z", "engine": "process", "run": "r1", "group": "g", "input": "in",
            "output": "out", "input_logs": 300, "input_bytes": 10_000,
            "logs": {"good": 100, "bad": 200, "suspicious": 0}, "transactions": 10, "retries": 1,
            "interval_s": 10.0, "processed_rate": 30.0, "lag": 4000,
            "users_version": users.last.version, "users_rows": 1, "users_age_s": 10.0,
        }  # fmt: skip
        assert (second["input_logs"], second["processed_rate"]) == (600, 30.0)
        # 600 were judged and 800 more wait than before.
        assert second["input_rate"] == 70.0
        assert (last["input_logs"], last["input_rate"], last["retries"]) == (0, 0.0, 0)
        assert [unmapped(document, FIELDS) for _, document in written] == [[], [], []]

    def test_a_lag_that_is_not_known_is_left_out(self) -> None:
        clock = 0.0
        written: list[dict[str, Any]] = []
        documents = ProcessDocuments(
            lambda _, document: written.append(dict(document)),
            {"run": "r1"},
            None,
            clock=lambda: clock,
            now=lambda: NOON,
        )
        for lag in (None, 40, 30, None, 5):
            clock += 10
            documents.finish({**self.stats(0, 0), "lag": lag})
        assert [document.get("lag", "left out") for document in written] == ["left out", 40, 30, "left out", 5]
        assert ["input_rate" in document for document in written] == [False, False, True, False, False]

    def test_without_users_none_are_told(self) -> None:
        written: list[Any] = []
        documents = ProcessDocuments(lambda _, document: written.append(document), {"run": "r"}, None)
        documents.finish(self.stats(0, 0))
        assert not any(name.startswith("users") for name in written[0])


class TestPipelineIndex:
    @pytest.fixture
    def server(self) -> FakeElasticsearch:
        return FakeElasticsearch()

    @pytest.fixture
    def said(self) -> list[str]:
        return []

    @pytest.fixture
    def start(self, server: FakeElasticsearch, said: list[str]) -> Iterator[Callable[..., PipelineIndex]]:
        started: list[PipelineIndex] = []

        def make(**more: Any) -> PipelineIndex:
            started.append(PipelineIndex(server.client(), INDEX, said.append, **{"retry_s": 0.01, **more}))
            return started[-1]

        yield make
        for index in started:
            index.close()

    def test_documents_are_there_once_under_their_ids_and_the_template_before_them(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        index = start()
        for number in (0, 1, 1):
            index.write(f"r-{number}", {"lag": number})
        index.close()
        assert server.documents(INDEX) == {"r-0": {"lag": 0}, "r-1": {"lag": 1}}
        assert server.templates[INDEX]["index_patterns"] == [INDEX]
        template = next(n for n, (_, path) in enumerate(server.requests) if path.startswith("/_index_template"))
        bulk = next(n for n, (_, path) in enumerate(server.requests) if path.endswith("_bulk"))
        assert template < bulk
        assert said == []

    def test_while_it_is_away_some_wait_the_oldest_go_and_it_is_said_once(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        back = threading.Event()
        answer = server.answer

        def away(method: str, path: str, body: bytes) -> Any:
            if not back.is_set():
                raise elastic_transport.ConnectionError("nobody\nthere")
            return answer(method, path, body)

        server.answer = away  # type: ignore[method-assign]
        index = start(kept=3)
        for number in range(10):
            began = time.monotonic()
            index.write(str(number), {"lag": number})
            assert time.monotonic() - began < 1.0
        eventually(lambda: bool(said))
        back.set()
        eventually(lambda: len(server.documents(INDEX)) == 3)
        index.write("10", {"lag": 10})
        index.close()
        assert list(server.documents(INDEX)) == ["7", "8", "9", "10"]
        assert len(said) == 2
        assert said[0].startswith("warning: the pipeline's figures can't be written to Elasticsearch: ")
        assert said[0].endswith("; going on without")
        assert "\n" not in said[0]
        assert said[1] == "the pipeline's figures are written to Elasticsearch again; 7 of that time are lost"

    def test_one_that_is_overloaded_is_asked_again(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        server.faults = [429, 503]
        index = start()
        index.write("1", {"lag": 1})
        eventually(lambda: len(said) == 2)
        assert server.documents(INDEX) == {"1": {"lag": 1}}
        assert said[1] == "the pipeline's figures are written to Elasticsearch again"

    def test_what_it_refuses_for_good_is_said_once_and_holds_nothing_up(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        server.refuse = lambda index, identity, _: (
            (400, "mapper_parsing_exception", "no\nlong") if identity != "3" else None
        )
        index = start()
        for number in (1, 2, 3):
            index.write(str(number), {})
        index.close()
        assert server.documents(INDEX).keys() == {"3"}
        assert said == [f"warning: {INDEX} refuses the pipeline's figures: no long"]

    def test_a_login_that_may_not_write_templates_writes_documents(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        answer = server.answer

        def guarded(method: str, path: str, body: bytes) -> Any:
            if path.startswith("/_index_template"):
                return 403, {"error": {"type": "security_exception", "reason": "unauthorized"}}
            return answer(method, path, body)

        server.answer = guarded  # type: ignore[method-assign]
        index = start()
        index.write("1", {"lag": 1})
        index.close()
        assert server.documents(INDEX) == {"1": {"lag": 1}}
        (line,) = said
        assert line.endswith("unauthorized; the index is taken as it is")

    def test_its_end_waits_for_no_server_that_is_away(
        self, start: Callable[..., PipelineIndex], server: FakeElasticsearch, said: list[str]
    ) -> None:
        def away(method: str, path: str, body: bytes) -> Any:
            raise elastic_transport.ConnectionError("nobody there")

        server.answer = away  # type: ignore[method-assign]
        index = start(retry_s=3600.0)
        index.write("1", {"lag": 1})
        eventually(lambda: bool(said))
        began = time.monotonic()
        index.close(patience_s=30.0)
        assert time.monotonic() - began < 10.0
