"""The console script ``logcore``: all commands under one name, ``logcore tail …`` for ``python -m logcore.tail …``."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

from logcore._core import __version__
from logcore.standard_output import OutputError, write_line

__all__ = ["COMMANDS", "main"]

# What is needed for one command only is imported when it is known: `logcore` answers at once.

COMMANDS = {
    "users": "make the users table that decides which logs are suspicious",
    "contract": "check a data contract, explain it, export it as JSON Schema",
    "producer": "send generated logs to a topic, each with the verdict that it should get",
    "processor": "judge the logs of a topic, on one machine",
    "indexer": "bring verdicts into Elasticsearch",
    "verify": "account for every log at every hop",
    "tail": "show verdicts as they come",
    "dlq": "list, show, export and replay bad logs",
    "dashboard": "watch the pipeline in a browser",
}
"""Each command and what it does, in the order in which a log meets them."""

_DISTRIBUTION = "logcore-streaming"


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command that `arguments` (those of the process unless given) begin with; its exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    first = given[0] if given else "--help"
    try:
        if first in ("-h", "--help"):
            return _print(_help())
        if first == "--version":
            return _print(f"logcore {__version__}")
        if first not in _available():
            return _wrong(first)
        return _run(first, given[1:])
    except KeyboardInterrupt:
        return 130


def _available() -> list[str]:
    """The commands that are part of this package as it is installed."""
    folder = os.path.dirname(__file__)  # noqa: PTH120 - pathlib takes 5 ms to import
    forms = (".py", "/__main__.py")
    return [name for name in COMMANDS if any(os.path.exists(f"{folder}/{name}{form}") for form in forms)]  # noqa: PTH110


def _run(name: str, arguments: list[str]) -> int:
    """Runs it as ``python -m`` does."""
    import runpy

    from logcore.one_line_parser import say_logcore

    say_logcore()
    sys.argv[1:] = arguments
    try:
        runpy.run_module(f"logcore.{name}", run_name="__main__", alter_sys=True)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "logcore"):
            raise
        return _say(f"{name} needs the package {package}, which is not installed{_how_to_install(package)}", 1)
    return 0


def _how_to_install(package: str) -> str:
    """What to type for it, as far as this distribution's own requirements name it."""
    from importlib import metadata

    try:
        requirements = metadata.requires(_DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        requirements = []
    found = _requirement(package, requirements)
    return f": {found}" if found else ""


def _requirement(package: str, requirements: Iterable[str]) -> str | None:
    """`pip install 'PACKAGE>=1' (the extra 'NAME' of …)`, from lines such as ``PACKAGE>=1 ; extra == 'NAME'``."""
    import re

    for requirement in requirements:
        wanted, _, condition = requirement.partition(";")
        name = re.match(r"[A-Za-z0-9._-]*[A-Za-z0-9]", wanted)
        if name is None or re.sub(r"[-_.]+", "_", name[0]).lower() != package.lower():
            continue
        extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)['\"]", condition)
        of = f" (the extra '{extra[1]}' of {_DISTRIBUTION})" if extra else ""
        return f"pip install '{wanted.strip()}'{of}"
    return None


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = "\n".join(f"  {name.ljust(width)}  {COMMANDS[name]}" for name in _available())
    return f"""\
usage: logcore COMMAND ...
       logcore --help | --version

Judges JSON logs on Kafka against a data contract.

commands:
{lines}

logcore COMMAND --help says more about each, with examples; python -m logcore.COMMAND is the same."""


def _print(text: str) -> int:
    try:
        write_line(text)
    except BrokenPipeError:
        # The reader has seen enough.
        return 0
    except OutputError as error:
        return _say(str(error), 1)
    return 0


def _wrong(given: str) -> int:
    import difflib

    is_option = given.startswith("-")
    what = f"option {given}" if is_option else f"command '{given}'"
    near = difflib.get_close_matches(given, ["--help", "--version"] if is_option else _available(), 1)
    return _say(f"there is no {what}{f'; did you mean {near[0]}?' if near else ''}; see logcore --help", 2)


def _say(text: str, status: int) -> int:
    print(f"logcore: {' '.join(text.split())}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
