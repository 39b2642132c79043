"""The command line of ``python -m logcore.tail``."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from logcore._core import STATUSES
from logcore.kafka_options import add_brokers, add_config, kafka_config
from logcore.one_line_parser import OneLineParser, topic_name
from logcore.option_values import positive
from logcore.reason_filter import REASON_FORMS, ReasonFilter, reason_filter
from logcore.since import FORMS, Since, since

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.tail 127.0.0.1:9092
      every verdict from now on, until Ctrl-C
  python -m logcore.tail 127.0.0.1:9092 --status bad,suspicious --since 10m
      what was not good in the last ten minutes, and goes on
  python -m logcore.tail 127.0.0.1:9092 --reason device:null --count 3 --wide
      the next three logs whose device is null, in whole lines
  python -m logcore.tail 127.0.0.1:9092 --status bad --until-end --json | jq -r .raw
      the bad logs that are there now, as they came
  python -m logcore.tail b-1:9098,b-2:9098 --config kafka.properties
      with any properties of librdkafka (TLS, SASL)

A line has the time at which the verdict was written (UTC), the status, the log's place (topic:partition:offset), the
reasons, then the log's fields, or of a bad log what it was. Characters that can't be seen are shown as escapes.

exit status: 0 done, stopped by Ctrl-C, or nobody reads any more; 1 Kafka is missing or refuses; 2 a wrong option;
130 stopped before the end with --until-end or --count
"""


@dataclass(frozen=True)
class Options:
    """What was asked for. No `statuses` and no `reasons` mean all records."""

    brokers: str
    topic: str = "server-logs-status"
    statuses: frozenset[str] = frozenset()
    reasons: tuple[ReasonFilter, ...] = ()
    since: Since = "latest"
    until_end: bool = False
    count: int | None = None
    json: bool = False
    wide: bool = False
    color: str = "auto"
    config: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def endless(self) -> bool:
        """True if only a person, or whoever reads, ends it."""
        return not self.until_end and self.count is None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options in `arguments` (those of the process unless given). A wrong one ends the process with status 2."""
    parser = _parser()
    args = parser.parse_args(arguments)
    statuses, reasons = frozenset(args.status), tuple(args.reason)
    if reasons and statuses == {"good"}:
        parser.error("a good log has no reasons; give --status good or --reason, not both")
    return Options(
        brokers=args.brokers,
        topic=args.topic,
        # Their records say so in a header, so the good ones need not be looked into.
        statuses=(statuses or frozenset(STATUSES)) - {"good"} if reasons else statuses,
        reasons=reasons,
        since=args.since if args.since is not None else "earliest" if args.until_end else "latest",
        until_end=args.until_end,
        count=args.count,
        json=args.json,
        wide=args.wide,
        color=args.color,
        config=kafka_config(parser, args.config),
    )


def _statuses(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in STATUSES:
            near = difflib.get_close_matches(name.lower(), STATUSES, 1)
            meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(STATUSES)}"
            raise argparse.ArgumentTypeError(f"'{name}' is no status; {meant}")
    return names


def _parser() -> OneLineParser:
    defaults = Options("")
    parser = OneLineParser(
        "tail", description="Shows the verdicts on a status topic as they come, one a line.", epilog=_EXAMPLES
    )
    add = parser.add_argument
    add_brokers(parser)
    add(
        "--topic",
        type=topic_name,
        default=defaults.topic,
        metavar="NAME",
        help="the status topic (default %(default)s)",
    )
    add(
        "--status",
        type=_statuses,
        action="extend",
        default=[],
        metavar="STATUS[,STATUS]",
        help=f"only these: {', '.join(STATUSES)}; may be given again",
    )
    add(
        "--reason",
        type=reason_filter,
        action="append",
        default=[],
        metavar="REASON",
        help=f"only logs with this reason, {REASON_FORMS}; given again, with any of them",
    )
    add("--since", type=since, metavar="WHEN", help=f"{FORMS} (default: from now on; with --until-end earliest)")
    add("--until-end", action="store_true", help="stop when what is on the topic now has been shown")
    add("--count", type=positive, metavar="N", help="stop after N records have been shown")
    add("--json", action="store_true", help="each record's JSON as it is on the topic, one a line")
    add("--wide", action="store_true", help="on a terminal, do not cut lines to its width")
    add(
        "--color",
        choices=("auto", "always", "never"),
        default=defaults.color,
        help="auto (default) colours lines on a terminal, unless NO_COLOR is set",
    )
    add_config(parser)
    return parser
