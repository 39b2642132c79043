"""``python -m stack down``: stop the services, and with ``--purge`` forget their data."""

from __future__ import annotations

import shutil

from stack.error import StackError
from stack.interrupt import Interrupt
from stack.layout import Layout
from stack.lock import locked
from stack.mariadb import socket_path
from stack.options import Options
from stack.process import group_alive, read_record
from stack.stop import stop_all
from stack.unprivileged import outside_folder

__all__ = ["down"]


def down(options: Options, interrupt: Interrupt) -> int:
    """Runs the command and returns its exit status. That nothing runs is no error."""
    layout = Layout(options.directory)
    if not layout.root.is_dir():
        print(f"there is no stack in {layout.root}")
        return 0
    layout.create()
    with locked(layout, interrupt):
        records = {}
        for name in options.services:
            record = read_record(layout.record(name))
            if record is not None and group_alive(record):
                records[name] = record
            else:
                layout.record(name).unlink(missing_ok=True)
                print(f"{name:<14} not running")
        left = stop_all(records, interrupt, lambda name, how: print(f"{name:<14} {how}", flush=True))
        for name in records:
            if name not in left:
                layout.record(name).unlink(missing_ok=True)
        if left:
            raise StackError(
                f"{left[0]} (pid {records[left[0]].pid}) does not end even when killed: look at it with ps"
            )
        if options.purge:
            for name in options.services:
                _purge(layout, name)
                print(f"{name:<14} data deleted")
        interrupt.check()
    return 0


def _purge(layout: Layout, name: str) -> None:
    folders = [layout.data(name)]
    if name == "mariadb":
        layout.mysql_defaults.unlink(missing_ok=True)
        socket_folder = socket_path(layout).parent
        if socket_folder != layout.run:
            folders.append(socket_folder)
    if name == "elasticsearch":
        folders.append(outside_folder(layout))
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)
