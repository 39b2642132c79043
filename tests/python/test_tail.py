"""logcore.tail without Kafka: what it chooses, when it ends, and what it writes where."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import termios
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from fake_kafka import FakeConsumer, Record, record_batch
from logcore import KafkaError
from logcore.standard_output import give_up
from logcore.tail import __main__ as command
from logcore.tail.loop import run
from logcore.tail.options import Options, parse
from logcore.tail.output import Output
from logcore.tail.printing import Printer
from logcore.tail.records import Page

NULL = ("device", "null")
MISSING = ("account_id", "missing")


def status_record(
    offset: int, status: str, *reasons: tuple[str, str], header: bool = True, partition: int = 0, **more: Any
) -> Record:
    listed = [{"path": path, "code": code} for path, code in reasons]
    value = json.dumps({"device": "IOS", "status": status, "reasons": listed, **more}, separators=(",", ":"))
    headers = (("other", b"bad"), ("logcore.status", status.encode())) if header else ()
    return Record(partition, offset, value.encode(), f"logs:{partition}:{offset}".encode(), headers)


def foreign(offset: int, value: bytes | None, **more: Any) -> Record:
    return Record(0, offset, value, **more)


MIXED = [
    status_record(0, "good"),
    status_record(1, "bad", NULL, raw="{}"),
    status_record(2, "suspicious", ("device", "device_mismatch")),
    foreign(3, b"\xff"),
    status_record(4, "bad", NULL, MISSING, raw="{}"),
    foreign(5, b'{"a":1}'),
    status_record(6, "bad", MISSING, raw="{}", header=False),
    foreign(7, None),
]

Main = Callable[..., int]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Main:
    """Runs the command on these records, and leaves the signals of the tests alone."""

    def call(topic: Sequence[Record] | FakeConsumer, *arguments: str, stopped: bool = False) -> int:
        consumer = topic if isinstance(topic, FakeConsumer) else FakeConsumer(topic)
        stop = threading.Event()
        if stopped:
            stop.set()
        monkeypatch.setattr(command, "Consumer", lambda **_: consumer)
        monkeypatch.setattr(command, "on_signals", lambda _: None)
        monkeypatch.setattr(command, "stop_on_signals", lambda: stop)
        status = command.main(["k:9092", *arguments])
        assert consumer.closed
        return status

    return call


def offsets(shown: str) -> list[int]:
    """Those of the records in lines of any form."""
    return [int(line.split("logs:0:")[1].split()[0]) for line in shown.splitlines() if "logs:0:" in line]


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        ([], [0, 1, 2, 4, 6]),
        (["--status", "bad"], [1, 4, 6]),
        (["--status", "good,suspicious"], [0, 2]),
        (["--reason", "null"], [1, 4]),
        (["--reason", "account_id:missing"], [4, 6]),
        (["--reason", "device"], [1, 2, 4]),
        (["--reason", "device", "--status", "bad"], [1, 4]),
        (["--reason", "device_mismatch", "--reason", "missing"], [2, 4, 6]),
        (["--count", "2"], [0, 1]),
        (["--status", "bad", "--count", "3"], [1, 4, 6]),
    ],
)
def test_it_shows_what_is_asked_for(
    arguments: list[str], chosen: list[int], main: Main, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(MIXED, "--until-end", *arguments) == 0
    shown, said = capfd.readouterr()
    assert offsets(shown) == chosen
    assert said == ""


def test_what_is_no_status_record_is_shown_as_such(main: Main, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(MIXED, "--until-end") == 0
    lines = [line.split("  foreign     ")[1] for line in capfd.readouterr().out.splitlines() if "foreign" in line]
    assert lines == [
        r"-  no status record at server-logs-status:0:3: the value is not UTF-8  \xff",
        '-  no status record at server-logs-status:0:5: the value has no status  {"a":1}',
        "-  no status record at server-logs-status:0:7: the value is null",
    ]


def test_json_is_as_on_the_topic_and_what_is_none_is_told_of(main: Main, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(MIXED, "--until-end", "--json") == 0
    shown, said = capfd.readouterr()
    values = [record.value for record in MIXED if record.offset not in (3, 7)]
    assert shown.encode().split(b"\n") == [*values, b""]
    assert said.splitlines() == [
        "logcore-tail: server-logs-status:0:3 is left out: the value is not UTF-8",
        "logcore-tail: server-logs-status:0:7 is left out: the value is null",
    ]


def test_many_records_that_are_no_json_do_not_flood_the_terminal(main: Main, capfd: pytest.CaptureFixture[str]) -> None:
    assert main([foreign(offset, b"{") for offset in range(2000)], "--until-end", "--json") == 0
    shown, said = capfd.readouterr()
    assert shown == ""
    lines = said.splitlines()
    assert len(lines) == 6
    assert lines[4] == "logcore-tail: server-logs-status:0:4 is left out: the value is not JSON; others will be counted"
    assert lines[5] == "logcore-tail: 2,000 records were left out: their values are no JSON"


def test_a_header_decides_without_a_look_into_the_value() -> None:
    twice = foreign(2, b"z", headers=(("logcore.status", b"bad"), ("logcore.status", b"good")))
    odd = [foreign(3, b"u", headers=(("logcore.status", value),)) for value in (b"fine", b"\xff", None)]
    batch = record_batch([status_record(0, "good"), foreign(1, b"x"), twice, *odd, status_record(4, "bad")])
    assert Page(batch, frozenset()).statuses == ["good", None, "good", None, None, None, "bad"]
    chosen = list(Page(batch, frozenset(["bad"])).records())
    assert [(record.offset, record.status) for record in chosen] == [(1, None), *[(3, None)] * 3, (4, "bad")]
    assert Page(record_batch([status_record(0, "good")] * 3), frozenset(["bad"])).values == []
    page = Page(batch.slice(6), frozenset())
    assert page.statuses == ["bad"]
    assert [page.record(0)] == list(page.records())


def test_only_what_is_before_the_ends_is_of_interest() -> None:
    places = [(0, 4), (0, 5), (1, 0), (7, 0), (2, 9)]
    batch = record_batch([foreign(offset, b"x")._replace(partition=partition) for partition, offset in places])
    page = Page(batch, frozenset(), {0: 5, 1: 0, 2: 10})
    assert [(record.partition, record.offset) for record in page.records()] == [(0, 4), (2, 9)]
    assert Page(batch, frozenset(), {}).values == []


def test_records_that_come_after_the_end_that_was_asked_for_are_not_shown(
    main: Main, capfd: pytest.CaptureFixture[str]
) -> None:
    topic = [status_record(0, "good"), status_record(1, "good"), status_record(0, "good", partition=1)]
    assert main(FakeConsumer(topic, ends={0: 1}), "--until-end") == 0
    assert offsets(capfd.readouterr().out) == [0]


class TestEnds:
    def test_ctrl_c_is_how_one_ends_it(self, main: Main, capfd: pytest.CaptureFixture[str]) -> None:
        assert main(MIXED, stopped=True) == 0
        assert capfd.readouterr() == ("", "")

    @pytest.mark.parametrize("option", [["--until-end"], ["--count", "3"]])
    def test_ctrl_c_before_an_end_that_was_asked_for_is_not_that_end(self, option: list[str], main: Main) -> None:
        assert main(MIXED, *option, stopped=True) == 130

    def test_an_end_that_does_not_come_is_an_error(
        self, main: Main, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Stuck(FakeConsumer):
            def at_end(self, ends: dict[int, int]) -> bool:
                return False

        monkeypatch.setattr("logcore.tail.loop._PATIENCE_S", 0.0)
        assert main(Stuck(MIXED), "--until-end", "--status", "suspicious") == 1
        shown, said = capfd.readouterr()
        assert offsets(shown) == [2]
        assert said == "logcore-tail: kafka: nothing came from topic server-logs-status for 0 s, short of its end\n"

    def test_a_service_that_is_missing_is_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def refuse(**_: Any) -> FakeConsumer:
            raise KafkaError("kafka: no broker answers\nat k:9092")

        monkeypatch.setattr(command, "Consumer", refuse)
        monkeypatch.setattr(command, "on_signals", lambda _: None)
        assert command.main(["k:9092"]) == 1
        assert capfd.readouterr() == ("", "logcore-tail: kafka: no broker answers at k:9092\n")


class TestPartitions:
    class Asked(FakeConsumer):
        """Counts questions for ends; stops the loop after so many polls, each a second after the other."""

        def __init__(self, polls: int, stop: threading.Event, fault: Exception | None = None) -> None:
            super().__init__([])
            self.asked = 0
            self.now = 0.0
            self._polls, self._stop, self._fault = polls, stop, fault

        def poll(self, max_records: int, timeout: float) -> Any | None:
            self.now += 1.0
            if self.now >= self._polls:
                self._stop.set()
            return None

        def end_offsets(self) -> dict[int, int]:
            self.asked += 1
            if self._fault is not None:
                raise self._fault
            return {}

    @pytest.mark.parametrize("fault", [None, KafkaError("kafka: no answer")])
    def test_new_ones_are_looked_for_now_and_then(
        self, fault: Exception | None, monkeypatch: pytest.MonkeyPatch, output: Output
    ) -> None:
        stop = threading.Event()
        consumer = self.Asked(100, stop, fault)
        monkeypatch.setattr("logcore.tail.loop.time.monotonic", lambda: consumer.now)
        options = Options("k:9092")
        assert not run(consumer, options, Printer(options, output, print), output, stop)  # type: ignore[arg-type]
        assert consumer.asked == 3


@pytest.fixture
def output(tmp_path: Path) -> Iterator[Output]:
    with (tmp_path / "out").open("w", encoding="utf-8") as stream:
        yield Output(stream)


@pytest.fixture
def terminal() -> Iterator[tuple[int, Output]]:
    """The reading end of a terminal 60 columns wide, and its Output."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield ours, Output(stream)
    os.close(ours)


class TestOutput:
    @pytest.mark.parametrize(
        ("wish", "environment", "piped", "on_terminal"),
        [
            ("auto", {}, False, True),
            ("auto", {"NO_COLOR": "1"}, False, False),
            ("auto", {"NO_COLOR": ""}, False, True),
            ("auto", {"TERM": "dumb"}, False, False),
            ("always", {"NO_COLOR": "1"}, True, True),
            ("never", {}, False, False),
        ],
    )
    def test_colours(
        self, wish: str, environment: dict[str, str], piped: bool, on_terminal: bool, output: Output,
        terminal: tuple[int, Output],
    ) -> None:  # fmt: skip
        assert output.colored(wish, environment) is piped
        assert terminal[1].colored(wish, environment) is on_terminal

    def test_a_terminal_has_columns_and_may_be_resized(self, output: Output, terminal: tuple[int, Output]) -> None:
        ours, screen = terminal
        assert output.columns() is None
        assert screen.columns() == 60
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        assert screen.columns() == 100
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
        assert screen.columns() == 80

    @pytest.mark.parametrize(("wide", "longest"), [(False, 60), (True, 1100)])
    def test_lines_are_cut_on_a_terminal_unless_wide(
        self, wide: bool, longest: int, terminal: tuple[int, Output]
    ) -> None:
        ours, screen = terminal
        options = Options("k:9092", wide=wide, color="never")
        batch = record_batch([status_record(0, "bad", NULL, raw="x" * 1020)])
        screen.write(Printer(options, screen, print).lines(batch))
        shown = os.read(ours, 10_000).decode().rstrip("\r\n")
        assert shown.startswith("2023-11-14T22:13:20.000Z  bad         logs:0:0  device")
        assert longest - 40 < len(shown) <= longest

    def test_json_can_not_drive_a_terminal_either(self, terminal: tuple[int, Output]) -> None:
        ours, screen = terminal
        value = '{"a":"\x9b2J\u202e"}'.encode()
        printer = Printer(Options("k:9092", json=True), screen, print)
        screen.write(printer.lines(record_batch([foreign(0, value)])))
        assert os.read(ours, 1000) == b'{"a":"\\u009b2J\\u202e"}\r\n'

    def test_what_an_encoding_lacks_is_escaped(self, tmp_path: Path) -> None:
        with (tmp_path / "latin").open("w", encoding="latin-1") as stream:
            assert Output(stream).encoded("é☃") == b"\xe9\\u2603"

    def test_a_reader_that_leaves_is_noticed_without_a_line(self) -> None:
        reading, writing = os.pipe()
        with os.fdopen(writing, "w") as stream:
            output = Output(stream)
            assert not output.reader_left()
            os.close(reading)
            assert output.reader_left()
            with pytest.raises(BrokenPipeError):
                output.write([b"x"])
            give_up(stream)

    def test_a_reader_that_has_left_ends_it(self) -> None:
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as stream:
            output, options = Output(stream), parse(["k:9092"])
            consumer: Any = FakeConsumer([])
            assert run(consumer, options, Printer(options, output, print), output, threading.Event())
