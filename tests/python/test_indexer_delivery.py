"""Every document is settled, whatever Elasticsearch answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from typing import Any

import elastic_transport
import pytest

from fake_elasticsearch import FakeElasticsearch
from logcore.elk.connection import ElasticsearchError
from logcore.indexer.delivery import Delivery, Settled
from logcore.indexer.documents import Document
from logcore.indexer.outage import Outage, Stopped


class Ticking:
    """A stop that is never asked for, or after so many waits; remembers how long was waited."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.waits: list[float] = []
        self._stop_after = stop_after

    def wait(self, seconds: float) -> bool:
        self.waits.append(seconds)
        return self._stop_after is not None and len(self.waits) >= self._stop_after


def documents(count: int, value: bytes = b'{"a":1}') -> list[Document]:
    keys = [b"logs:0:%d" % number for number in range(count)]
    return [Document(key, 2, number, key, value) for number, key in enumerate(keys)]


@pytest.fixture
def server() -> FakeElasticsearch:
    return FakeElasticsearch()


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def ticking() -> Ticking:
    return Ticking()


@pytest.fixture
def delivery(server: FakeElasticsearch, ticking: Ticking, warnings: list[str]) -> Delivery:
    return delivery_to(server, ticking, warnings)


def delivery_to(server: FakeElasticsearch, stop: Any, warnings: list[str]) -> Delivery:
    outage = Outage(stop, warnings.append, clock=lambda: 0.0, chance=lambda: 1.0)
    return Delivery(
        server.client(), outage, topic="status", index="logs", rejected_index="logs-rejected", largest=1_000_000
    )


def test_documents_are_created_once_and_a_replay_is_counted(server: FakeElasticsearch, delivery: Delivery) -> None:
    assert delivery.settle(documents(3)) == Settled(indexed=3)
    assert delivery.settle(documents(5)) == Settled(indexed=2, replayed=3)
    assert server.documents("logs") == {f"logs:0:{number}": {"a": 1} for number in range(5)}
    assert delivery.settle([]) == Settled()


def test_values_go_out_as_they_came(server: FakeElasticsearch, delivery: Delivery) -> None:
    value = b'{"n": 1.50,  "n2":1e400 ,"s":"\\u00e9"}'
    delivery.settle(documents(1, value))
    assert server.indices["logs"]["logs:0:0"] == value


@pytest.mark.parametrize(
    "fault",
    [
        429,
        500,
        502,
        503,
        504,
        elastic_transport.ConnectionError("reset"),
        elastic_transport.ConnectionTimeout("slow"),
        elastic_transport.TlsError("broken"),
    ],
)
def test_what_may_pass_is_tried_again_ever_later(
    fault: int | Exception, server: FakeElasticsearch, delivery: Delivery, ticking: Ticking, warnings: list[str]
) -> None:
    server.faults = [fault] * 9
    assert delivery.settle(documents(2)) == Settled(indexed=2)
    assert ticking.waits == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert warnings[0].startswith("Elasticsearch: ")
    assert "trying again" in warnings[0]
    assert warnings[-1] == "Elasticsearch takes documents again after 0 s"


def test_single_documents_that_are_too_many_are_sent_again_alone(server: FakeElasticsearch, delivery: Delivery) -> None:
    busy = ["logs:0:1", "logs:0:3", "logs:0:1"]

    def refuse(index: str, identity: str, document: bytes) -> tuple[int, str, str] | None:
        if identity in busy:
            busy.remove(identity)
            return (429, "es_rejected_execution_exception", "queue full")
        return None

    server.refuse = refuse
    assert delivery.settle(documents(5)) == Settled(indexed=5)
    assert [body.count(b'"create"') for _, body in server.bulks] == [5, 2, 1]


def test_a_document_that_was_created_although_the_connection_broke_counts_as_a_replay(
    server: FakeElasticsearch, delivery: Delivery
) -> None:
    delivery.settle(documents(2))
    server.faults = [elastic_transport.ConnectionError("reset after the work was done")]
    assert delivery.settle(documents(2)) == Settled(replayed=2)


def mapping_error(index: str, identity: str, document: bytes) -> tuple[int, str, str] | None:
    wrong = index == "logs" and identity == "logs:0:1"
    return (400, "document_parsing_exception", "failed to parse field [account_id]") if wrong else None


def test_a_document_that_does_not_fit_is_kept_as_text_under_its_id(
    server: FakeElasticsearch, delivery: Delivery
) -> None:
    server.refuse = mapping_error
    assert delivery.settle(documents(3)) == Settled(indexed=2, rejected=1)
    kept = server.documents("logs-rejected")
    assert kept.keys() == {"logs:0:1"}
    assert kept["logs:0:1"]["value"] == '{"a":1}'
    assert kept["logs:0:1"]["error"] == {
        "type": "document_parsing_exception", "reason": "failed to parse field [account_id]", "status": 400
    }  # fmt: skip
    assert kept["logs:0:1"]["source"] == {"topic": "status", "partition": 2, "offset": 1}
    assert delivery.settle(documents(3)) == Settled(replayed=2, rejected=1)
    assert server.documents("logs-rejected") == kept


def test_where_the_rejected_one_is_refused_too_it_stops_and_names_the_record(
    server: FakeElasticsearch, delivery: Delivery
) -> None:
    server.refuse = lambda index, identity, document: (400, "no", "not here") if identity == "logs:0:1" else None
    with pytest.raises(
        ElasticsearchError, match=r"^record status:2:1 was refused by index logs \(no: not here\) and"
    ) as e:
        delivery.settle(documents(3))
    assert str(e.value).endswith("stopped, its offset is not committed")


def test_a_rejected_record_that_is_too_large_is_kept_cut(server: FakeElasticsearch, delivery: Delivery) -> None:
    def refuse(index: str, identity: str, document: bytes) -> tuple[int, str, str] | None:
        if index == "logs":
            return (400, "no", "never")
        return (413, "too_large", "too large") if len(document) > 100_000 else None

    server.refuse = refuse
    assert delivery.settle(documents(1, b'{"a":"' + b"x" * 200_000 + b'"}')) == Settled(rejected=1)
    (kept,) = server.documents("logs-rejected").values()
    assert kept["value_truncated"] is True
    assert len(kept["value"]) == 16 * 1024


@pytest.mark.parametrize("status", [400, 413])
def test_a_request_refused_as_a_whole_is_halved_until_the_culprit_is_alone(
    status: int, server: FakeElasticsearch, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = server._bulk

    def bulk(index: str, body: bytes) -> Any:
        if index == "logs" and b"logs:0:5" in body:
            return status, {"error": {"type": "illegal", "reason": "malformed"}}
        return real(index, body)

    monkeypatch.setattr(server, "_bulk", bulk)
    assert delivery.settle(documents(8)) == Settled(indexed=7, rejected=1)
    assert server.documents("logs-rejected").keys() == {"logs:0:5"}


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_request_that_may_not_be_made_stops(status: int, server: FakeElasticsearch, delivery: Delivery) -> None:
    server.faults = [status]
    with pytest.raises(ElasticsearchError, match=r"^Elasticsearch refuses to index into logs: "):
        delivery.settle(documents(2))
    assert "logs" not in server.indices


def test_asked_to_stop_it_waits_no_longer(server: FakeElasticsearch, warnings: list[str]) -> None:
    server.faults = [503] * 100
    with pytest.raises(Stopped):
        delivery_to(server, Ticking(stop_after=3), warnings).settle(documents(1))


@pytest.mark.parametrize("answer", [{}, {"items": []}, {"items": [{"create": {"status": 201}}]}, []])
def test_an_answer_that_is_not_for_these_documents_is_no_answer(
    answer: Any, server: FakeElasticsearch, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = server._bulk
    answers = [(200, answer)]
    monkeypatch.setattr(server, "_bulk", lambda index, body: answers.pop() if answers else real(index, body))
    assert delivery.settle(documents(2)) == Settled(indexed=2)


class TestWarnings:
    def test_one_refusal_is_no_news_and_a_long_outage_is_told_ever_less_often(self) -> None:
        told: list[str] = []
        now = [0.0]
        outage = Outage(threading.Event(), told.append, clock=lambda: now[0], chance=lambda: 0.0)
        outage._stop = Ticking()  # type: ignore[assignment]
        outage.wait(1, "status 429")
        outage.over()
        assert told == []
        for second in range(400):
            now[0] = float(second)
            outage.wait(second + 1, "status 503")
        assert seconds_told(told) == [1, 6, 16, 36, 76, 156, 316]
        outage.over()
        assert told[-1] == "Elasticsearch takes documents again after 399 s"


def seconds_told(told: Sequence[str]) -> list[int]:
    return [int(line.rpartition("for ")[2].split()[0]) for line in told]


def test_a_body_is_no_json_of_ours_but_the_records_own_bytes(server: FakeElasticsearch, delivery: Delivery) -> None:
    delivery.settle(documents(2))
    ((index, body),) = server.bulks
    assert index == "logs"
    assert [json.loads(line) for line in body.splitlines()] == [
        {"create": {"_id": "logs:0:0"}}, {"a": 1}, {"create": {"_id": "logs:0:1"}}, {"a": 1}
    ]  # fmt: skip
