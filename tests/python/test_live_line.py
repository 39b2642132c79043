"""The live line stays one line, whatever else is said."""

from __future__ import annotations

import io
import os

import pytest

from logcore.live_line import LiveLine


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(os, "get_terminal_size", lambda _fd: os.terminal_size((30, 24)))
    return Terminal()


def test_on_a_terminal_it_is_cut_to_the_width(terminal: Terminal) -> None:
    line = LiveLine("name", terminal)
    line.show("0123456789" * 4)
    assert terminal.getvalue() == "\rname: 0123456789012345678901…"
    assert len(terminal.getvalue()) == 30


def test_what_follows_covers_the_live_line_and_stays_whole(terminal: Terminal) -> None:
    line = LiveLine("name", terminal)
    line.waits("asking for a while …")
    line.note("no")
    line.note("0123456789" * 4)
    assert terminal.getvalue().split("\r")[2] == f"name: no{' ' * 18}\nname: {'0123456789' * 4}\n"


def test_it_can_be_taken_away(terminal: Terminal) -> None:
    line = LiveLine("name", terminal)
    line.end()
    assert terminal.getvalue() == ""
    line.show("x")
    line.end()
    assert terminal.getvalue() == f"\rname: x\r{' ' * 7}\r"


def test_in_a_log_each_line_stays_and_nothing_is_waited_for_aloud() -> None:
    log = io.StringIO()
    line = LiveLine("name", log)
    line.waits("asking")
    line.show("0123456789" * 10)
    line.note("done")
    line.end()
    assert log.getvalue() == f"name: {'0123456789' * 10}\nname: done\n"


def test_it_is_due_after_its_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    line = LiveLine("name", io.StringIO(), log_every_s=5.0)
    asked = []
    for _ in range(100):
        now[0] += 0.25
        asked.append(line.due())
    assert asked.count(True) == 5
