"""The command line of ``python -m logcore.processor``."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logcore.judging_options import (
    USERS_FROM_MYSQL,
    add_judging_arguments,
    check_judging_arguments,
    judging_mysql,
)
from logcore.kafka_options import add_config, kafka_config
from logcore.metrics.options import MetricsOptions, add_metrics_arguments, metrics_options
from logcore.one_line_parser import OneLineParser
from logcore.option_values import AVAILABLE_NOW, positive

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.processor localhost:9092 --users mysql --tables --mysql-defaults-file .stack/mysql.cnf
      judge logs as they come, until Ctrl-C or SIGTERM
  python -m logcore.processor localhost:9092 --users users.csv --no-tables --trigger available-now
      judge what is on the topic now, then stop
  python -m logcore.processor b-1:9098,b-2:9098 --config kafka.properties --users users.csv --no-tables \\
      --group judges --instance judge-1
      one of several; with a name of its own it goes on at once when it is started again
  python -m logcore.processor localhost:9092 --users users.csv --no-tables --metrics-port 9402
      with figures for Prometheus at http://127.0.0.1:9402/metrics

Readers of the status topic see each log once if they read what is committed (isolation.level=read_committed).

exit status: 0 done, or stopped as asked; 1 a service is missing or refuses; 2 a wrong option;
130 stopped before the end with --trigger available-now
"""


@dataclass(frozen=True)
class Options:
    """What the person asked for. `mysql` holds the arguments of `logcore.Mysql`, None where nothing needs MySQL."""

    brokers: str
    input: str
    output: str
    group: str
    instance: str | None
    users: str | None
    users_ttl_s: float
    tables: bool
    mysql: Mapping[str, Any] | None = field(repr=False)  # with the password
    interval_s: float
    until_end: bool
    starting_offsets: str
    most: int
    threads: int
    contract: str | None
    config: Mapping[str, str] = field(repr=False)
    metrics: MetricsOptions = field(default_factory=MetricsOptions)

    @property
    def users_from_mysql(self) -> bool:
        """True for `--users mysql`."""
        return self.users == USERS_FROM_MYSQL


def parse(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> Options:
    """The options in `arguments` (those of the process unless given). A wrong one ends the process with status 2."""
    parser = _parser()
    args = parser.parse_args(arguments)
    check_judging_arguments(parser, args)
    config = kafka_config(parser, args.config)
    until_end = args.trigger == AVAILABLE_NOW
    return Options(
        brokers=args.brokers,
        input=args.input,
        output=args.output,
        group=args.group,
        instance=args.instance,
        users=args.users,
        users_ttl_s=args.users_ttl,
        tables=args.tables,
        mysql=judging_mysql(parser, args, environment),
        interval_s=0.0 if until_end else args.trigger,
        until_end=until_end,
        starting_offsets=args.starting_offsets,
        most=args.max_offsets_per_trigger,
        threads=args.threads,
        contract=args.contract,
        config=config,
        metrics=metrics_options(parser, args),
    )


def _interval(text: str) -> float | str:
    """`available-now`, or an interval as Spark writes it, in seconds."""
    if text == AVAILABLE_NOW:
        return text
    found = re.fullmatch(r"([0-9]{1,7}) (millisecond|second)s?", text)
    interval = int(found[1]) * (0.001 if found[2] == "millisecond" else 1.0) if found else -1.0
    if not 0.0 <= interval <= 30.0:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither {AVAILABLE_NOW} nor an interval up to 30 seconds such as '100 milliseconds'"
        )
    return interval


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,200}", text):
        raise argparse.ArgumentTypeError(f"'{text}' is not a name of letters, digits, '.', '_' and '-'")
    return text


def _parser() -> OneLineParser:
    parser = OneLineParser(
        "processor",
        description="Judges each log of a Kafka topic against a data contract, in one process; the verdicts go to a "
        "status topic, exactly once, and to MySQL. Past one machine, spark/processor.py does the same on Spark.",
        epilog=_EXAMPLES,
    )
    add_judging_arguments(
        parser,
        users_ttl_s=5.0,
        users_ttl_help="how old users may become before they are read again (default %(default)g)",
    )
    parser.add_argument(
        "--group",
        type=_name,
        default="logcore-processor",
        metavar="NAME",
        help="the consumer group whose committed offsets say how far it is (default %(default)s); processors of one "
        "group share the partitions",
    )
    parser.add_argument(
        "--instance",
        type=_name,
        metavar="NAME",
        help="a name that this process keeps when it is started again, so that it goes on at once after kill -9, "
        "without waiting for timeouts; each process of the group has its own",
    )
    parser.add_argument(
        "--trigger",
        type=_interval,
        default=0.01,
        metavar="available-now|'N milliseconds'",
        help="what is there now and then end, or on and on, each transaction collecting logs for so long (default "
        "'10 milliseconds')",
    )
    parser.add_argument(
        "--starting-offsets",
        choices=("earliest", "latest"),
        default="earliest",
        help="where a new group begins; a partition that comes later begins at its first log (default %(default)s)",
    )
    parser.add_argument(
        "--max-offsets-per-trigger",
        type=positive,
        default=500_000,
        metavar="N",
        help="most logs of a transaction (default %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=positive,
        default=1,
        metavar="N",
        help="threads, each with a consumer and a producer (default %(default)s, which keeps two cores busy)",
    )
    add_config(parser)
    add_metrics_arguments(parser, example=9402, documents="one document every 10 s")
    return parser
