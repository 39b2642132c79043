"""Poll, settle, commit: in that order, whatever goes wrong."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from typing import Any

import pytest

from fake_elasticsearch import FakeElasticsearch
from fake_kafka import FakeConsumer, Record
from logcore import KafkaError
from logcore.elk.connection import ElasticsearchError
from logcore.indexer.delivery import Delivery, Settled
from logcore.indexer.loop import run
from logcore.indexer.options import Options
from logcore.indexer.outage import Outage, Stopped
from logcore.indexer.progress import Progress

OPTIONS = Options("", "", topic="status", index="logs", rejected_index="logs-rejected", until_end=True, bulk_records=10)


def records(count: int, value: bytes = b"{}") -> list[Record]:
    return [
        Record(number % 2, number // 2, value, b"logs:%d:%d" % (number % 2, number // 2)) for number in range(count)
    ]


class Run:
    """One run of the loop against fakes."""

    def __init__(self, consumer: FakeConsumer, server: FakeElasticsearch, options: Options = OPTIONS) -> None:
        self.stop = threading.Event()
        self.output = io.StringIO()
        self.progress = Progress(self.output)
        outage = Outage(self.stop, self.progress.note)
        self.delivery = Delivery(
            server.client(), outage, topic="status", index="logs", rejected_index="logs-rejected", largest=1_000_000
        )
        self._arguments: Any = (consumer, self.delivery, options, self.progress, self.stop)

    def __call__(self) -> bool:
        return run(*self._arguments, largest=1_000_000)


def test_all_is_indexed_and_committed_only_once_it_is_settled() -> None:
    server = FakeElasticsearch()

    class Watching(FakeConsumer):
        def commit(self) -> None:
            assert len(server.indices["logs"]) == self.read
            super().commit()

    consumer = Watching(records(95))
    looped = Run(consumer, server)
    assert looped() is True
    assert looped.progress.total == Settled(indexed=95)
    assert consumer.committed == [20, 40, 60, 80, 95]
    assert max(body.count(b'"create"') for _, body in server.bulks) <= 10


def test_records_that_can_be_no_document_are_rejected_and_the_rest_goes_on() -> None:
    server = FakeElasticsearch()
    spoilt = [*records(4), Record(0, 2, b"[]", b"logs:0:2"), Record(1, 2, b"{}", None)]
    looped = Run(FakeConsumer(spoilt), server)
    assert looped() is True
    assert looped.progress.total == Settled(indexed=4, rejected=2)
    assert server.documents("logs-rejected").keys() == {"logs:0:2", "status:1:2"}


def test_a_refusal_of_both_indices_leaves_the_round_uncommitted() -> None:
    server = FakeElasticsearch()
    server.refuse = lambda index, identity, document: (400, "no", "never") if identity == "logs:1:12" else None
    consumer = FakeConsumer(records(60))
    with pytest.raises(ElasticsearchError, match="status:1:12"):
        Run(consumer, server)()
    assert consumer.committed == [20]


def test_stopped_while_elasticsearch_is_away_nothing_is_committed() -> None:
    server = FakeElasticsearch(faults=[503] * 1000)
    consumer = FakeConsumer(records(5))
    looped = Run(consumer, server)
    threading.Timer(0.3, looped.stop.set).start()
    with pytest.raises(Stopped):
        looped()
    assert consumer.committed == []


def test_asked_to_stop_it_ends_after_the_round_and_says_that_it_is_not_through() -> None:
    looped = Run(FakeConsumer(records(50)), FakeElasticsearch())

    class Stopping(FakeConsumer):
        def commit(self) -> None:
            super().commit()
            looped.stop.set()

    consumer = Stopping(records(50))
    looped._arguments = (consumer, *looped._arguments[1:])
    assert looped() is False
    assert consumer.committed == [20]


def test_a_commit_that_fails_is_covered_by_the_next() -> None:
    consumer = FakeConsumer(records(95), commit_faults=3)
    looped = Run(consumer, FakeElasticsearch())
    assert looped() is True
    assert consumer.committed == [80, 95]
    assert looped.output.getvalue().count("the next commit will cover this one") == 3


@pytest.mark.parametrize(("count", "faults"), [(1000, 5), (5, 1)])
def test_commits_that_keep_failing_and_the_last_one_are_errors(count: int, faults: int) -> None:
    consumer = FakeConsumer(records(count), commit_faults=faults)
    with pytest.raises(KafkaError, match="the commit got no answer"):
        Run(consumer, FakeElasticsearch())()
    assert consumer.committed == []


def test_a_topic_without_records_ends_at_once() -> None:
    consumer = FakeConsumer([])
    assert Run(consumer, FakeElasticsearch())() is True
    assert consumer.committed == []


def test_large_records_are_polled_in_few_and_sent_alone() -> None:
    server = FakeElasticsearch()
    value = b'{"raw":"' + b"x" * 90_000 + b'"}'
    looped = Run(FakeConsumer(records(30, value)), server, replace(OPTIONS, bulk_bytes=100_000))
    assert looped() is True
    assert looped.progress.total == Settled(indexed=30)
    assert max(len(body) for _, body in server.bulks) < 100_000


def test_progress_on_a_terminal_is_one_line_that_notes_do_not_garble(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    progress = Progress(terminal)
    now[0] = 100.0
    progress.lag = 1234
    progress.add(Settled(5_000_000, 2, 1))
    progress.show()
    progress.note("short")
    live, note = terminal.getvalue().split("\r")[1:]
    assert live == "logcore-indexer: 50,000/s  5,000,000 indexed  2 replayed  1 rejected  lag 1,234"
    assert note.rstrip() == "logcore-indexer: short"
    assert len(note.rstrip("\n")) == len(live) < 80
    assert progress.summary(2.0) == (
        "5,000,000 indexed  2 replayed (there already)  1 rejected  in 2.0 s (2,500,002/s)"
    )


def test_the_lag_is_what_was_not_read_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    consumer = FakeConsumer(records(95), ends={0: 48, 1: 50})
    looped = Run(consumer, FakeElasticsearch(), OPTIONS)
    lags: list[int | None] = []
    monkeypatch.setattr(looped.progress, "show", lambda: lags.append(looped.progress.lag))
    looped()
    assert lags == [78, 58, 38, 18]


def test_brokers_that_are_away_are_said_once_and_so_is_that_they_are_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logcore.indexer.loop._LAG_EVERY_S", 0.0)
    consumer = FakeConsumer(records(95), ends={0: 48, 1: 50})
    answers: list[Any] = [consumer.end_offsets(), KafkaError("kafka: no\nbroker"), KafkaError("kafka: no\nbroker")]

    def end_offsets() -> dict[int, int]:
        answer = answers.pop(0) if answers else {0: 48, 1: 50}
        if isinstance(answer, Exception):
            raise answer
        return dict(answer)

    monkeypatch.setattr(consumer, "end_offsets", end_offsets)
    looped = Run(consumer, FakeElasticsearch(), OPTIONS)
    lags: list[int | None] = []
    monkeypatch.setattr(looped.progress, "show", lambda: lags.append(looped.progress.lag))
    looped()
    assert lags == [None, None, 38, 18]
    said = looped.output.getvalue()
    assert said == "logcore-indexer: kafka: no broker; trying again\nlogcore-indexer: going on\n"
