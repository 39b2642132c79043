"""Processes that outlive the command that started them, known again by pid and start time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import asdict, dataclass, field
from pathlib import Path

from stack.error import StackError

__all__ = ["Command", "Record", "group_alive", "read_record", "signal_group", "start", "uptime_s"]


@dataclass(frozen=True)
class Command:
    """What to run and how. `user` is a (uid, gid) to become first, for a program that refuses to run as root."""

    argv: list[str]
    cwd: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: tuple[int, int] | None = None


@dataclass(frozen=True)
class Record:
    """One running service, as the file ``run/NAME.json`` keeps it.

    A pid alone may belong to somebody else by now: the process is ours only if it also started at the same clock tick
    (`start_ticks`, since boot) of the same boot. `initialising`: it makes the service's data and will never answer.
    """

    pid: int
    start_ticks: int
    boot_id: str
    port: int
    initialising: bool = False

    @classmethod
    def of(cls, pid: int, port: int, initialising: bool = False) -> Record:
        """The record of a child that was just started and is not yet reaped."""
        stat = _stat(pid)
        if stat is None:
            raise ProcessLookupError(f"pid {pid} is gone")
        return cls(pid=pid, start_ticks=stat.start_ticks, boot_id=_boot_id(), port=port, initialising=initialising)

    def alive(self) -> bool:
        """Whether this very process still runs; a zombie does not."""
        stat = _stat(self.pid)
        return (
            stat is not None
            and stat.state not in "ZX"
            and stat.start_ticks == self.start_ticks
            and self.boot_id == _boot_id()
        )

    def write(self, path: Path) -> None:
        part = path.with_name(path.name + ".part")
        part.write_text(json.dumps(asdict(self)) + "\n", encoding="ascii")
        part.replace(path)


@dataclass(frozen=True)
class _Stat:
    state: str
    session: int
    start_ticks: int


def start(command: Command, log: Path) -> subprocess.Popen[bytes]:
    """Starts `command` as the leader of its own session, without a terminal, its output appended to `log`.

    The session keeps the terminal's Ctrl-C away from it, and names all its descendants when they are to be stopped.
    """
    with log.open("ab") as output:
        if command.user is None:
            return subprocess.Popen(
                command.argv,
                cwd=command.cwd,
                env={**os.environ, **command.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o022,
            )
        uid, gid = command.user
        return subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o022,
            user=uid,
            group=gid,
            extra_groups=[],
        )


def read_record(path: Path) -> Record | None:
    """The record in `path`; None if there is none or it is not whole."""
    try:
        return Record(**json.loads(path.read_text(encoding="ascii")))
    except (OSError, ValueError, TypeError):
        return None


def group_alive(record: Record) -> bool:
    """Whether any process of the session that `record` leads still runs.

    While one does, the kernel gives the leader's number to nobody else; so if the number has a new holder, none of
    ours is left.
    """
    if record.boot_id != _boot_id():
        return False
    leader = _stat(record.pid)
    if leader is not None and leader.start_ticks != record.start_ticks:
        return False
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            stat = _stat(int(entry.name))
            if stat is not None and stat.session == record.pid and stat.state not in "ZX":
                return True
    return False


def signal_group(record: Record, signal_number: signal.Signals) -> None:
    """Sends the signal to every process of the group that `record` leads, if it is still ours."""
    if group_alive(record):
        try:
            os.killpg(record.pid, signal_number)
        except ProcessLookupError:
            return  # it ended between the two lines
        except PermissionError as error:
            raise StackError(f"pid {record.pid} belongs to another user: stop it as that user") from error


def uptime_s(record: Record) -> float:
    """Seconds since the process started."""
    since_boot = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    return max(0.0, since_boot - record.start_ticks / os.sysconf("SC_CLK_TCK"))


def _stat(pid: int) -> _Stat | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    # The program's name stands in parentheses and may hold anything, so count from the last one: state is field 3.
    fields = text[text.rindex(")") + 1 :].split()
    return _Stat(state=fields[0], session=int(fields[3]), start_ticks=int(fields[19]))


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
