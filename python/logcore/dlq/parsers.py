"""The parsers of ``python -m logcore.dlq`` and its actions, with their help."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable
from typing import Any

from logcore.dlq.place import place
from logcore.kafka_options import add_brokers, add_config
from logcore.one_line_parser import OneLineParser, topic_name
from logcore.option_values import not_empty
from logcore.reason_filter import REASON_FORMS, reason_filter
from logcore.since import FORMS, since

__all__ = ["ACTIONS", "INPUT_TOPIC", "PARSERS", "STATUS_TOPIC", "action_parser"]

ACTIONS = ("list", "show", "export", "replay")
STATUS_TOPIC = "server-logs-status"
INPUT_TOPIC = "server-logs"
_EXIT_STATUS = """
exit status: 0 done; 1 a service is missing or refuses, or a log can't be had; 2 a wrong option; 130 stopped before
the end, or not confirmed
"""
_EXAMPLES = """\
examples:
  python -m logcore.dlq list localhost:9092 --since 2h
      how many logs of the last two hours are bad for which reasons
  python -m logcore.dlq show localhost:9092 server-logs:2:19
      everything about one of them
  python -m logcore.dlq replay localhost:9092 --reason device:not_allowed --contract mended.odcs.yaml
      send those again that the mended contract doesn't find bad

python -m logcore.dlq ACTION --help says more.
"""
_LIST_EXAMPLES = """\
examples:
  python -m logcore.dlq list localhost:9092
      every reason on the status topic, the most frequent first
  python -m logcore.dlq list localhost:9092 --since 2h --reason device
      the logs of the last two hours at whose field device anything is wrong
  python -m logcore.dlq list localhost:9092 --status suspicious --json
      the same figures of suspicious logs, for a program
"""
_SHOW_EXAMPLES = """\
examples:
  python -m logcore.dlq show localhost:9092 server-logs:2:19
      the log at offset 19 of partition 2; logcore.dlq list has an example for each reason
"""
_EXPORT_EXAMPLES = """\
examples:
  python -m logcore.dlq export localhost:9092 --reason malformed_json --output bad.jsonl
      a line of JSON for each log that is no JSON
  python -m logcore.dlq export localhost:9092 --since 1d | jq -r .key
      keys of yesterday's and today's bad logs
"""
_REPLAY_EXAMPLES = """\
examples:
  python -m logcore.dlq replay localhost:9092 --reason device:not_allowed --dry-run
      keys of the logs that would be sent
  python -m logcore.dlq replay localhost:9092 --reason device:not_allowed --contract mended.odcs.yaml
      ask, then send those again that the mended contract doesn't find bad
  python -m logcore.dlq replay localhost:9092 --key server-logs:2:19 --key server-logs:0:7 --yes
      send these two again
  python -m logcore.dlq replay localhost:9092 --from bad.jsonl --to server-logs-replayed --yes --json
      send the logs of an export to another topic; where each went, as JSON

A log is sent as it was, as a new log with the header logcore.replay_of. Run again, a replay sends only what it has not
sent yet.
"""


def action_parser() -> OneLineParser:
    """Takes the action alone, which has a parser of its own."""
    parser = OneLineParser(
        "dlq",
        description="Dead letters: finds bad logs by their reasons, shows them, exports them, and sends them again "
        "once what made them bad is mended.",
        epilog=_EXAMPLES + _EXIT_STATUS,
    )
    parser.add_argument(
        "action",
        type=_action,
        metavar="{" + ",".join(ACTIONS) + "}",
        help="list: reasons and how many logs have them; show: one log; export: logs as lines of JSON; "
        "replay: send logs again",
    )
    return parser


def _action(text: str) -> str:
    if text in ACTIONS:
        return text
    near = difflib.get_close_matches(text, ACTIONS, 1)
    meant = f"did you mean {near[0]}?" if near else f"give one of {', '.join(ACTIONS)}"
    raise argparse.ArgumentTypeError(f"there is no action '{text}'; {meant}")


def _parser_of(action: str, description: str, examples: str) -> OneLineParser:
    parser = OneLineParser(f"dlq {action}", description=description, epilog=examples + _EXIT_STATUS)
    add_brokers(parser)
    parser.add_argument(
        "--topic",
        type=topic_name,
        default=STATUS_TOPIC,
        metavar="TOPIC",
        help="the status topic (default %(default)s)",
    )
    add_config(parser)
    return parser


def _add_criteria(parser: OneLineParser, reasons: Any, *, status: str | None = "bad") -> None:
    """`reasons` is the parser, or the group of options of which one may be given; `status` what stands for bad where
    none is given."""
    reasons.add_argument(
        "--reason",
        dest="reasons",
        action="append",
        type=reason_filter,
        metavar=REASON_FORMS.replace(" or ", "|").replace(", ", "|"),
        help="only logs with this reason; several: with any of them. PATH means what is within it too",
    )
    parser.add_argument("--since", type=since, metavar="TIME", help=f"only logs since then: {FORMS}")
    parser.add_argument("--status", choices=("bad", "suspicious"), default=status, help="default bad")


def _list_parser() -> OneLineParser:
    parser = _parser_of("list", "Says how many bad logs there are, by reason.", _LIST_EXAMPLES)
    _add_criteria(parser, parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    return parser


def _show_parser() -> OneLineParser:
    parser = _parser_of("show", "Shows one log, its verdict, and the original if Kafka still has it.", _SHOW_EXAMPLES)
    parser.add_argument(
        "keys", nargs=1, type=place, metavar="KEY", help="topic:partition:offset of the log, the status record's key"
    )
    return parser


def _export_parser() -> OneLineParser:
    parser = _parser_of("export", "Writes bad logs as lines of JSON, with payload and reasons.", _EXPORT_EXAMPLES)
    _add_criteria(parser, parser)
    parser.add_argument(
        "--output",
        type=not_empty,
        default="-",
        metavar="FILE|-",
        help="a file, written whole or not at all, or - for standard output (default %(default)s)",
    )
    return parser


def _replay_parser() -> OneLineParser:
    parser = _parser_of(
        "replay", "Sends bad logs again, as they were, to the topic that they came from.", _REPLAY_EXAMPLES
    )
    which = parser.add_mutually_exclusive_group()
    _add_criteria(parser, which, status=None)
    which.add_argument(
        "--key",
        dest="keys",
        action="append",
        type=place,
        metavar="KEY",
        help="topic:partition:offset of a log; repeatable",
    )
    which.add_argument("--from", dest="source", metavar="FILE", help="the logs of an export")
    add = parser.add_argument
    add(
        "--input",
        dest="inputs",
        action="append",
        type=topic_name,
        metavar="TOPIC",
        help=f"topic whose logs may be sent, as the processor's (default {INPUT_TOPIC}); repeatable",
    )
    add("--to", type=topic_name, metavar="TOPIC", help="send to this topic (default: the one that each log came from)")
    add("--contract", metavar="FILE", help="send only logs that this data contract doesn't find bad")
    add(
        "--skip-missing",
        action="store_true",
        help="leave out logs that Kafka no longer has; without it they are an error",
    )
    add("--again", action="store_true", help="send what was replayed already once more")
    add("--replays", action="store_true", help="send logs that are replays themselves, and bad again, too")
    add("--dry-run", action="store_true", help="send nothing, print the keys of what would be sent")
    add("--yes", action="store_true", help="don't ask; needed where no terminal is there to ask at")
    add("--json", action="store_true", help="print where each log went as JSON")
    return parser


PARSERS: dict[str, Callable[[], OneLineParser]] = {
    "list": _list_parser,
    "show": _show_parser,
    "export": _export_parser,
    "replay": _replay_parser,
}
"""For each action what makes its parser."""
