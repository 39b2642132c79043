"""One step: a command that runs in front of the person, or into a log file with its own lines shown."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO

from stack.layout import shown

__all__ = ["Interrupted", "Step", "StepFailedError", "install_signals", "run"]

_GRACE_S = 30.0


class StepFailedError(Exception):
    """A command ended with another status than 0. One line that says which, and where to look."""


class Interrupted(Exception):
    """Ctrl-C, or a signal that asks for the end."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(f"signal {signal_number}")
        self.signal_number = signal_number


@dataclass(frozen=True)
class Step:
    """A command. With `log` its output goes to that file, and only lines that begin with `prefix` are shown."""

    title: str
    command: list[str]
    log: Path | None = None
    prefix: str = ""
    environment: dict[str, str] = field(default_factory=dict)


def install_signals() -> None:
    """SIGINT, SIGTERM and SIGHUP end the running step and raise `Interrupted`."""

    def interrupt(signal_number: int, _frame: FrameType | None) -> None:
        raise Interrupted(signal_number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupt)


def run(step: Step) -> float:
    """Runs the step to its end; the seconds that it took. Raises StepFailedError, and Interrupted after it ended."""
    print(f"\n— {step.title}", flush=True)
    started = time.monotonic()
    output: IO[bytes] | None = None
    if step.log is not None:
        step.log.parent.mkdir(parents=True, exist_ok=True)
        output = step.log.open("wb")
    # A session of its own: the whole family can be signalled, and a terminal's Ctrl-C reaches it once, from here.
    process = subprocess.Popen(
        step.command,
        stdout=output,
        stderr=output,
        env={**os.environ, **step.environment},
        start_new_session=True,
    )
    try:
        if step.log is None:
            process.wait()
        else:
            _follow(process, step.log, step.prefix, started)
    finally:
        _end(process)
        if output is not None:
            output.close()
    if process.returncode != 0:
        raise StepFailedError(_failure(step, process.returncode))
    return time.monotonic() - started


def _follow(process: subprocess.Popen[bytes], log: Path, prefix: str, started: float) -> None:
    """Shows the log's lines that begin with `prefix` as they come; on a terminal also the seconds gone by."""
    live = sys.stdout.isatty()
    with log.open(encoding="utf-8", errors="replace") as lines:
        rest = ""
        while True:
            ended = process.poll() is not None
            *whole, rest = (rest + lines.read()).split("\n")
            for line in whole:
                if line.startswith(prefix):
                    print(f"\r\x1b[K{line}" if live else line, flush=True)
            if ended:
                break
            if live:
                print(f"\r\x1b[K  {time.monotonic() - started:.0f} s (log {shown(log)})", end="", flush=True)
            time.sleep(0.2)
    if live:
        print("\r\x1b[K", end="", flush=True)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Asks a step that still runs to end, waits, and kills what is left of its family."""
    if process.poll() is None:
        print("\nwaiting for what is under way; Ctrl-C again kills it", file=sys.stderr)
        _signal(process, signal.SIGINT)
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            pass
        except Interrupted:
            print("\nkilling it", file=sys.stderr)
    _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        return


def _failure(step: Step, status: int) -> str:
    command = re.sub(r"\s+", " ", shlex.join(step.command))
    where = f"; its log is {shown(step.log)}" if step.log is not None else ""
    return f"{step.title}: exit status {status}{where}; the command was: {command}"
