"""The command line of ``python -m logcore.dlq``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from logcore.dlq.parsers import INPUT_TOPIC, PARSERS, STATUS_TOPIC, action_parser
from logcore.dlq.place import Place
from logcore.kafka_options import kafka_config
from logcore.one_line_parser import OneLineParser
from logcore.reason_filter import ReasonFilter

__all__ = ["Options", "parse"]


@dataclass(frozen=True)
class Options:
    """What was asked for; `since` in ms since 1970. Each action has its part of them."""

    action: str
    brokers: str
    topic: str = STATUS_TOPIC
    config: Mapping[str, str] = field(default_factory=dict, repr=False)  # perhaps with a password
    status: str = "bad"
    reasons: tuple[ReasonFilter, ...] = ()
    since: int | None = None
    json: bool = False
    keys: tuple[Place, ...] = ()
    output: str = "-"
    source: str | None = None
    inputs: tuple[str, ...] = (INPUT_TOPIC,)
    to: str | None = None
    contract: str | None = None
    skip_missing: bool = False
    again: bool = False
    replays: bool = False
    dry_run: bool = False
    yes: bool = False


def parse(arguments: Sequence[str] | None = None, *, terminal: Callable[[], bool] | None = None) -> Options:
    """The options in `arguments` (the command line's if None). A wrong one ends the program with status 2.

    `terminal` says whether somebody is there to be asked; unless given, whether standard input is a terminal.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    action = action_parser().parse_args(given[:1]).action
    parser = PARSERS[action]()
    parsed = vars(parser.parse_args(given[1:]))
    config = kafka_config(parser, parsed["config"])
    if action == "replay":
        _check_replay(parser, parsed, terminal or _somebody_there)
    if parsed.get("since") == "latest":
        parser.error("--since latest: that is nothing; a time in the past is wanted")
    for many in ("reasons", "keys"):
        parsed[many] = tuple(parsed.get(many) or ())
    parsed["inputs"] = tuple(parsed.get("inputs") or (INPUT_TOPIC,))
    if parsed.get("since") == "earliest":
        parsed["since"] = None
    return Options(**{**parsed, "action": action, "config": config})


def _check_replay(parser: OneLineParser, parsed: dict[str, Any], terminal: Callable[[], bool]) -> None:
    if not (parsed["reasons"] or parsed["keys"] or parsed["source"] or parsed["since"] is not None):
        parser.error("say which logs: --reason, --key, --from or --since; --since earliest means all that are bad")
    if parsed["to"] == parsed["topic"]:
        parser.error(f"--to {parsed['to']} is the status topic; logs go to a topic of logs")
    if parsed["topic"] in (parsed["inputs"] or ()):
        parser.error(f"--input {parsed['topic']} is the status topic; logs come from a topic of logs")
    if parsed["source"] is not None and parsed["status"] is not None:
        parser.error("--status says nothing about --from: each log that the file names is sent")
    parsed["status"] = parsed["status"] or "bad"
    for name, path in (("--from", parsed["source"]), ("--contract", parsed["contract"])):
        # What a shell's <(...) gives is no regular file.
        if path is not None and (not Path(path).exists() or Path(path).is_dir()):
            parser.error(f"{name} {path}: no such file")
    if not parsed["yes"] and not parsed["dry_run"] and not terminal():
        parser.error("nobody is there to be asked: give --yes, or --dry-run to see what would be sent")


def _somebody_there() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()
