"""``python -m stack status``: what runs, asked of the services themselves."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from stack.layout import Layout, shown
from stack.options import Options
from stack.probe import PROBES
from stack.process import read_record, uptime_s

__all__ = ["ServiceStatus", "status"]


@dataclass(frozen=True)
class ServiceStatus:
    """One service: `state` is running, not answering, died (without `down`) or stopped."""

    service: str
    state: str
    pid: int | None
    port: int | None
    uptime_s: int | None
    log: str


def status(options: Options) -> int:
    """Prints the table or JSON; 0 if every asked service runs, else 1."""
    layout = Layout(options.directory)
    rows = [_status(layout, name) for name in options.services]
    if options.json:
        print(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        _print_table(rows)
    return 0 if all(row.state == "running" for row in rows) else 1


def _status(layout: Layout, name: str) -> ServiceStatus:
    record = read_record(layout.record(name))
    log = shown(layout.log(name))
    if record is None:
        return ServiceStatus(name, "stopped", None, None, None, log)
    if not record.alive():
        return ServiceStatus(name, "died", None, None, None, log)
    state = "running" if PROBES[name](record.port) else "not answering"
    return ServiceStatus(name, state, record.pid, record.port, int(uptime_s(record)), log)


def _print_table(rows: list[ServiceStatus]) -> None:
    form = "{:<14} {:<14} {:>8} {:>6} {:>10}  {}"
    print(form.format("service", "state", "pid", "port", "uptime", "log"))
    for row in rows:
        uptime = None if row.uptime_s is None else _duration(row.uptime_s)
        cells = ["-" if cell is None else cell for cell in (row.pid, row.port, uptime)]
        print(form.format(row.service, row.state, *cells, row.log))


def _duration(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}"
