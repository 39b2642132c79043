"""Services on their way up, side by side: initialise, start, answer."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from stack.error import Interrupted, StackError
from stack.interrupt import Interrupt
from stack.layout import Layout, shown
from stack.logs import reason, rotate
from stack.probe import PROBES
from stack.process import Command, Record, start
from stack.progress import report
from stack.service import Service
from stack.stop import stop_all

__all__ = ["Startup", "await_all"]

_PROGRESS_S = 5.0


class Startup:
    """A service that is to answer soon: ours to start (`service`), or started by somebody else (`record` alone)."""

    def __init__(
        self, name: str, log: Path, port: int, service: Service | None = None, record: Record | None = None
    ) -> None:
        self.name = name
        self.log = log
        self.port = port
        self.state = "waiting"
        self.record = record
        self._service = service
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def of(cls, service: Service) -> Startup:
        return cls(service.name, service.log, service.port, service=service)

    @property
    def ours(self) -> bool:
        return self._service is not None

    @property
    def ready(self) -> bool:
        return self.state == "ready"

    def begin(self) -> None:
        """Starts the first program of a service of ours."""
        if self._service is None:
            return
        rotate(self.log)
        initialisation = self._service.initialisation()
        if initialisation is None:
            self._run("starting", self._service.server())
        else:
            self._run("initialising", initialisation)

    def advance(self) -> None:
        """Looks at the process and takes the next step. Raises :class:`StackError` if the service has died."""
        code = self._exit_status()
        if code is not None:
            if self.state != "initialising" or code != 0 or self._service is None:
                raise StackError(self._died(code))
            self._service.initialised_marker.touch()
            self._run("starting", self._service.server())
        elif self.state in ("starting", "waiting") and PROBES[self.name](self.port):
            self.state = "ready"

    def _run(self, state: str, command: Command) -> None:
        if self._service is None:
            raise AssertionError("only a service of ours is run")
        self._process = start(command, self.log)
        self.state = state
        self.record = Record.of(self._process.pid, self.port, initialising=state == "initialising")
        self.record.write(self._service.layout.record(self.name))

    def _exit_status(self) -> int | None:
        if self._process is not None:
            return self._process.poll()
        if self.record is not None and not self.record.alive():
            return 1  # not our child, so its true status is not to be had
        return None

    def _died(self, code: int) -> str:
        how = f"exit status {code}" if code >= 0 else f"killed by signal {-code}"
        if code == -9:
            how += ", perhaps for want of memory"
        return f"{self.name} died while {self.state} ({how})"


def await_all(startups: list[Startup], timeout_s: float, layout: Layout, interrupt: Interrupt) -> None:
    """Starts those that are ours and waits until all answer, each at most `timeout_s` seconds.

    On any failure, and on Ctrl-C, stops those that are ours, all of them, and raises.
    """
    begin = told = time.monotonic()
    shown_states: dict[str, str] = {}
    try:
        for startup in startups:
            interrupt.check()
            startup.begin()
        while True:
            for startup in startups:
                _advance(startup)
                if startup.ours and shown_states.get(startup.name) != startup.state:
                    shown_states[startup.name] = startup.state
                    report(startup.name, startup.state, time.monotonic() - begin)
            waiting = [startup for startup in startups if not startup.ready]
            if not waiting:
                return
            elapsed = time.monotonic() - begin
            if elapsed > timeout_s:
                raise StackError(_late(waiting[0], timeout_s))
            if time.monotonic() - told >= _PROGRESS_S:
                told = time.monotonic()
                for startup in waiting:
                    report(startup.name, startup.state, elapsed)
            interrupt.pause()
    except (StackError, Interrupted, OSError):
        _stop_ours(startups, layout, interrupt)
        raise


def _advance(startup: Startup) -> None:
    try:
        startup.advance()
    except StackError as error:
        raise StackError(
            f"{error}: {reason(startup.log)}; see {shown(startup.log)};"
            f" `down --purge {startup.name}` makes it start from nothing, without its data"
        ) from None


def _late(startup: Startup, timeout_s: float) -> str:
    return (
        f"{startup.name} is still {startup.state} after {timeout_s:.0f} s: {reason(startup.log)};"
        f" see {shown(startup.log)}; give it longer with --timeout SECONDS"
    )


def _stop_ours(startups: list[Startup], layout: Layout, interrupt: Interrupt) -> None:
    records = {startup.name: startup.record for startup in startups if startup.ours and startup.record is not None}
    left = stop_all(records, interrupt, report)
    for name, record in records.items():
        if name in left:
            report(name, f"does not end even when killed (pid {record.pid})")
        else:
            layout.record(name).unlink(missing_ok=True)
