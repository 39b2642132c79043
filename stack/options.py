"""The command line and the environment, checked."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn

from stack.layout import REPOSITORY, SERVICE_NAMES

__all__ = ["DIRECTORY_VARIABLE", "PORTS", "Options", "PortOption", "parse"]

DIRECTORY_VARIABLE = "LOGCORE_STACK_DIR"


@dataclass(frozen=True)
class PortOption:
    """A port that can be set: by option, else by variable, else `default`; None means that any free one will do."""

    service: str
    purpose: str
    option: str
    variable: str
    default: int | None


PORTS = (
    PortOption("kafka", "Kafka", "--kafka-port", "LOGCORE_KAFKA_PORT", 9092),
    PortOption("kafka", "Kafka's controller", "--kafka-controller-port", "LOGCORE_KAFKA_CONTROLLER_PORT", default=None),
    PortOption("mariadb", "MariaDB", "--mysql-port", "LOGCORE_MYSQL_PORT", 3306),
    PortOption("elasticsearch", "Elasticsearch", "--elasticsearch-port", "LOGCORE_ELASTICSEARCH_PORT", 9200),
)
"""All ports; a service's first one is its clients'."""

_EXAMPLES = {
    None: """\
examples:
  python -m stack up                     fetch (once) and start all three services
  python -m stack status                 what runs, and on which port
  python -m stack down                   stop them and keep their data
  python -m stack up --help              how to set ports and folder
""",
    "up": """\
examples:
  python -m stack up
  python -m stack up kafka --partitions 8
  python -m stack up --dir /tmp/other --kafka-port 19092 --mysql-port 13306 --elasticsearch-port 19200
""",
    "down": """\
examples:
  python -m stack down
  python -m stack down mariadb
  python -m stack down --purge           stop all and start from nothing next time
""",
    "status": """\
examples:
  python -m stack status
  python -m stack status --json kafka
""",
}


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    `ports` maps an option's name (``--kafka-port``) to its number, and lacks a port that any free one may be.
    `asked_ports` names those set by option or variable. `directory_asked`: the folder came from the command line, so it
    has to be typed again next time.
    """

    command: str
    services: tuple[str, ...]
    directory: Path
    directory_asked: bool = False
    timeout_s: float = 180.0
    partitions: int = 4
    ports: Mapping[str, int] = field(default_factory=dict)
    asked_ports: frozenset[str] = frozenset()
    purge: bool = False
    json: bool = False

    def ports_of(self, service: str) -> list[tuple[PortOption, int | None]]:
        """The ports of `service` with their numbers, the clients' first; None for any free one."""
        return [(port, self.ports.get(port.option)) for port in PORTS if port.service == service]


class _OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def parse(arguments: Sequence[str], environment: Mapping[str, str] = os.environ) -> Options:
    """The options in `arguments`, completed from `environment`. A wrong one ends the program with status 2."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    options = Options(
        command=parsed.command,
        # In our order, each once, whatever the order on the command line.
        services=tuple(name for name in SERVICE_NAMES if not parsed.services or name in parsed.services),
        directory=_directory(parsed.dir, environment),
        directory_asked=parsed.dir is not None,
    )
    if parsed.command == "down":
        return replace(options, purge=parsed.purge)
    if parsed.command == "status":
        return replace(options, json=parsed.json)
    ports: dict[str, int] = {}
    asked: set[str] = set()
    for port in PORTS:
        given = _given_port(parser, parsed, port, environment)
        if given is not None:
            asked.add(port.option)
        number = port.default if given is None else given
        if number is not None:
            ports[port.option] = number
    options = replace(
        options, ports=ports, asked_ports=frozenset(asked), timeout_s=parsed.timeout, partitions=parsed.partitions
    )
    _require_different(parser, options)
    return options


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="python -m stack",
        description="Kafka, MariaDB and Elasticsearch on this machine, reachable from this machine only.",
        epilog=_EXAMPLES[None],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="up|down|status", required=True)
    up = _command(commands, "up", "fetch the services once, start them and wait until they answer")
    up.add_argument(
        "--timeout",
        type=_seconds,
        default=180.0,
        metavar="SECONDS",
        help="longest wait for a service to answer, fetching not counted (default 180)",
    )
    up.add_argument(
        "--partitions",
        type=_partitions,
        default=4,
        metavar="N",
        help="partitions of a Kafka topic made on first use (default 4)",
    )
    for port in PORTS:
        default = "any free one" if port.default is None else str(port.default)
        up.add_argument(
            port.option,
            type=_port,
            dest=port.option,
            metavar="PORT",
            help=f"{port.purpose}'s port (default {port.variable}, else {default})",
        )
    down = _command(commands, "down", "stop the services; their data stay")
    down.add_argument("--purge", action="store_true", help="delete their data as well (what was fetched stays)")
    status = _command(commands, "status", "show the services; exit status 0 only if all of them run")
    status.add_argument("--json", action="store_true", help="print JSON, a list with one object a service")
    return parser


def _command(commands: argparse._SubParsersAction[_OneLineParser], name: str, purpose: str) -> _OneLineParser:
    command = commands.add_parser(
        name,
        help=purpose,
        description=purpose[0].upper() + purpose[1:] + ".",
        epilog=_EXAMPLES[name],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument(
        "services",
        nargs="*",
        type=_service,
        metavar="SERVICE",
        help=f"one or more of {', '.join(SERVICE_NAMES)} (default all)",
    )
    command.add_argument(
        "--dir",
        type=Path,
        metavar="DIR",
        help=f"folder of data and logs (default {DIRECTORY_VARIABLE}, else .stack in the repository)",
    )
    return command


def _directory(given: Path | None, environment: Mapping[str, str]) -> Path:
    variable = environment.get(DIRECTORY_VARIABLE)
    if given is None:
        given = Path(variable) if variable else REPOSITORY / ".stack"
    return given.resolve()


def _given_port(
    parser: argparse.ArgumentParser, parsed: argparse.Namespace, port: PortOption, environment: Mapping[str, str]
) -> int | None:
    given: int | None = getattr(parsed, port.option)
    if given is None and environment.get(port.variable):
        try:
            given = _port(environment[port.variable])
        except argparse.ArgumentTypeError as error:
            parser.error(f"{port.variable}: {error}")
    return given


def _require_different(parser: argparse.ArgumentParser, options: Options) -> None:
    seen: dict[int, str] = {}
    for service in options.services:
        for port, number in options.ports_of(service):
            if number is None:
                continue
            if number in seen:
                parser.error(f"{seen[number]} and {port.option} are both {number}")
            seen[number] = port.option


def _service(text: str) -> str:
    if text not in SERVICE_NAMES:
        raise argparse.ArgumentTypeError(f"no service is called '{text}', choose from {', '.join(SERVICE_NAMES)}")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (1 to 65535)")
    return int(text)


def _partitions(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of partitions (1 to 1000)")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds <= 86_400.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return seconds
