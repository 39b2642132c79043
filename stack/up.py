"""``python -m stack up``: fetch once, start what does not run yet, wait until all of it answers."""

from __future__ import annotations

import os
import platform
import re
import resource
import sys

from stack.artifacts import POM, Artifacts, fetch
from stack.elasticsearch import Elasticsearch
from stack.error import StackError
from stack.interrupt import Interrupt
from stack.java import Java, find_java
from stack.kafka import Kafka
from stack.layout import Layout, shown
from stack.lock import locked
from stack.mariadb import USER, MariaDB
from stack.options import DIRECTORY_VARIABLE, Options
from stack.ports import HOST, any_free_port, require_free
from stack.probe import PROBES
from stack.process import Record, group_alive, read_record
from stack.progress import report
from stack.service import Service
from stack.startup import Startup, await_all
from stack.stop import stop_all

__all__ = ["up"]

_OPEN_FILES = 65_536
# MariaDB's installer does not quote its paths, and a colon parts the entries of Java's class path.
_UNQUOTED = re.compile(r"[^\w./+@%=-]")


def up(options: Options, interrupt: Interrupt) -> int:
    """Runs the command and returns its exit status.

    Raises :class:`StackError` or :class:`Interrupted` after it stopped whatever it had started itself; services that
    ran before are left alone.
    """
    _require_support(options)
    layout = Layout(options.directory)
    layout.create()
    with locked(layout, interrupt):
        running = _running(options, layout, interrupt)
        missing = [name for name in options.services if name not in running]
        for name, record in running.items():
            state = "already running" if PROBES[name](record.port) else "not answering"
            report(name, f"{state} (pid {record.pid})")
        startups = [Startup(name, layout.log(name), record.port, record=record) for name, record in running.items()]
        if missing:
            startups += [Startup.of(service) for service in _services(options, layout, missing, interrupt)]
        await_all(startups, options.timeout_s, layout, interrupt)
        _print_addresses({startup.name: startup.port for startup in startups}, options, layout)
    return 0


def _require_support(options: Options) -> None:
    if sys.platform != "linux":
        raise StackError("the stack runs on Linux only")
    if "mariadb" in options.services and platform.machine() != "x86_64":
        raise StackError(
            f"the MariaDB that is fetched runs on x86_64 only, and this machine is {platform.machine()}:"
            " start a MySQL server by other means, and `python -m stack up kafka elasticsearch` here"
        )
    if _UNQUOTED.search(str(options.directory)):
        raise StackError(
            f"the folder {str(options.directory)!r} has a space or another character that the services cannot take:"
            f" choose another with --dir or {DIRECTORY_VARIABLE}"
        )


def _running(options: Options, layout: Layout, interrupt: Interrupt) -> dict[str, Record]:
    """The asked services that run, on the ports asked for; remains of those that died are stopped and forgotten."""
    running, remains = {}, {}
    for name in options.services:
        record = read_record(layout.record(name))
        if record is None:
            continue
        if record.initialising or not record.alive():
            if group_alive(record):  # the command that started it was killed, or only a part of the service was
                remains[name] = record
            continue
        port, number = options.ports_of(name)[0]
        if port.option in options.asked_ports and number != record.port:
            raise StackError(
                f"{name} runs on port {record.port} already, not on {number}:"
                f" stop it first with `{_command('down', options)} {name}`"
            )
        running[name] = record
    if remains:
        left = stop_all(remains, interrupt, lambda _name, _how: None)
        if left:
            raise StackError(f"what is left of a dead {left[0]} (pid {remains[left[0]].pid}) does not end: kill it")
    return running


def _services(options: Options, layout: Layout, names: list[str], interrupt: Interrupt) -> list[Service]:
    """The services to start, all their needs checked and their files in place."""
    java = None
    if "kafka" in names or "elasticsearch" in names:
        java = find_java(elasticsearch="elasticsearch" in names)
    for name in names:
        for port, number in options.ports_of(name):
            if number is not None:
                require_free(number, port.purpose, port.option, port.variable)
    others_running = any(
        record is not None and record.alive() for record in map(read_record, layout.run.glob("*.json"))
    )
    artifacts = fetch(layout, POM, interrupt, others_running)
    services = [_service(name, options, layout, artifacts, java) for name in names]
    for service in services:
        service.prepare()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted, hard)
        )  # each partition and each index segment is open files
    return services


def _service(name: str, options: Options, layout: Layout, artifacts: Artifacts, java: Java | None) -> Service:
    if name == "mariadb":
        return MariaDB(layout, artifacts, options.ports["--mysql-port"])
    if java is None:
        raise AssertionError(f"{name} needs java")
    if name == "elasticsearch":
        return Elasticsearch(layout, artifacts, java, options.ports["--elasticsearch-port"])
    controller_port = options.ports.get("--kafka-controller-port") or any_free_port()
    return Kafka(layout, artifacts, java, options.ports["--kafka-port"], controller_port, options.partitions)


def _print_addresses(ports: dict[str, int], options: Options, layout: Layout) -> None:
    rows = {
        "kafka": lambda port: f"{HOST}:{port}",
        "mariadb": lambda port: f"{HOST}:{port}   user {USER}, password in {shown(layout.mysql_defaults)}",
        "elasticsearch": lambda port: f"http://{HOST}:{port}",
    }
    for name in options.services:
        print(f"{name:<14} {rows[name](ports[name])}")
    print(f"{'logs':<14} {shown(layout.logs)}{os.sep}")
    print(f"{'stop':<14} {_command('down', options)}")


def _command(name: str, options: Options) -> str:
    return f"python -m stack {name}" + (f" --dir {options.directory}" if options.directory_asked else "")
