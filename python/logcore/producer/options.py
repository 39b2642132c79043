"""The producer's command line."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from logcore.kafka_options import add_brokers, add_config, kafka_config
from logcore.metrics.port import Address, add_metrics_port
from logcore.mysql_options import MysqlOptionsError, add_mysql_arguments, mysql_connection, mysql_requested
from logcore.one_line_parser import OneLineParser, topic_name, whole_number

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.producer 127.0.0.1:9092 server-logs
      1,000 logs a second until Ctrl-C
  python -m logcore.producer 127.0.0.1:9092 server-logs --rate max --count 1000000 --truth
      a million as fast as can be, each saying in a header what verdict it should get
  python -m logcore.producer b-1:9098,b-2:9098 server-logs --config kafka.properties --users mysql \\
      --mysql db.example:3306 --mysql-user logcore
      over TLS and SASL as the properties have it, with the accounts and devices of the users table
  python -m logcore.producer 127.0.0.1:9092 server-logs --rate 50000 --start 1700000000 --shard 1/2
      one of two processes that make one stream of 50,000 logs a second; the other gets --shard 2/2
  python -m logcore.producer 127.0.0.1:9092 server-logs --metrics-port 9401
      with figures for Prometheus at http://127.0.0.1:9401/metrics

exit status: 0 every log was acknowledged, also when it was stopped by Ctrl-C or SIGTERM (both flush; a second one
aborts), 1 one was not or a service is missing, 2 a wrong option
"""

_SEEDS = 2**64 - 1
_DEFAULT_SEED = 1
_DEFAULT_ACCOUNTS = 1000
_MOST_SHARDS = 1_000_000


# A named tuple: dataclasses would cost a run of the producer 10 ms of start-up, for the modules that they import.
class Options(NamedTuple):
    """What was asked for; `rate` in logs a second (None: as fast as can be), `duration` in seconds.

    `shard` is the part of the stream, counted from 0, and how many there are; `rate` and `logs`, how many, are the
    stream's. `users` is a CSV file, ``mysql``, or None for users generated from `users_seed` and `accounts`; `mysql`
    holds the arguments of `logcore.Mysql` with ``mysql``.
    """

    brokers: str
    topic: str
    rate: float | None = 1000.0
    logs: int | None = None
    duration: float | None = None
    threads: int = 1
    shard: tuple[int, int] = (0, 1)
    seed: int = _DEFAULT_SEED
    start: int | None = None
    bad_rate: float | None = None
    suspicious_rate: float | None = None
    users: str | None = None
    users_seed: int = _DEFAULT_SEED
    accounts: int = _DEFAULT_ACCOUNTS
    truth: bool = False
    contract: str | None = None
    partitions: int = 4
    config: tuple[tuple[str, str], ...] = ()
    mysql: dict[str, Any] | None = None
    metrics_port: Address | None = None

    @property
    def own_rate(self) -> float | None:
        """The part of `rate` that is this process's."""
        return None if self.rate is None else self.rate / self.shard[1]


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options in `arguments` (the command line's if None). A wrong one ends the program with status 2."""
    parser = _parser()
    args = parser.parse_args(arguments)
    if (args.bad_rate or 0.0) + (args.suspicious_rate or 0.0) > 1.0:
        parser.error("--bad-rate and --suspicious-rate add to more than 1")
    if args.shard[1] > 1 and args.start is None:
        parser.error("--shard makes parts of one stream; say by --start when it starts, the same for all")
    if args.users is not None and (args.users_seed is not None or args.accounts is not None):
        parser.error("--users-seed and --accounts generate users; --users already says where they come from")
    config = kafka_config(parser, args.config)
    mysql = None
    try:
        if args.users == "mysql":
            mysql = mysql_connection(args)
        elif mysql_requested(args):
            parser.error("a MySQL server is named, and no use for it; add --users mysql")
    except MysqlOptionsError as error:
        parser.error(str(error))
    return Options(
        brokers=args.brokers,
        topic=args.topic,
        rate=args.rate,
        logs=args.count,
        duration=args.duration,
        threads=args.threads,
        shard=args.shard,
        seed=args.seed,
        start=args.start,
        bad_rate=args.bad_rate,
        suspicious_rate=args.suspicious_rate,
        users=args.users,
        users_seed=_DEFAULT_SEED if args.users_seed is None else args.users_seed,
        accounts=_DEFAULT_ACCOUNTS if args.accounts is None else args.accounts,
        truth=args.truth,
        contract=args.contract,
        partitions=args.partitions,
        config=tuple(config.items()),
        mysql=mysql,
        metrics_port=args.metrics_port,
    )


def _parser() -> OneLineParser:
    parser = OneLineParser(
        "producer",
        description="Generates logs, the same for the same seed, and sends them to Kafka; makes a missing topic.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add_brokers(parser)
    add("topic", type=topic_name, metavar="TOPIC", help="the topic to send to")
    add(
        "--rate", type=_rate, default=1000.0, metavar="N|max", help="logs a second (default 1000), or as fast as can be"
    )
    add("--count", type=whole_number(1, 2**63 - 1), metavar="N", help="stop after N logs")
    add("--duration", type=_seconds, metavar="S", help="stop after S seconds")
    add(
        "--threads", type=whole_number(1, 64), default=1, metavar="N", help="threads that generate and send (default 1)"
    )
    add(
        "--shard",
        type=_shard,
        default=(0, 1),
        metavar="I/N",
        help="send part I of N of the stream, from 1/N to N/N; seed, start, rate, count and users are the stream's",
    )
    add(
        "--seed",
        type=whole_number(0, _SEEDS),
        default=_DEFAULT_SEED,
        metavar="N",
        help=f"decides the logs (default {_DEFAULT_SEED})",
    )
    add("--start", type=whole_number(0, 2**40), metavar="T", help="epoch second of the first log (default: now)")
    add("--bad-rate", type=_share, metavar="R", help="share of bad logs, 0 to 1 (default: the contract's mix)")
    add(
        "--suspicious-rate",
        type=_share,
        metavar="R",
        help="share of suspicious logs, 0 to 1 (default: the contract's mix)",
    )
    add(
        "--users",
        metavar="FILE.csv|mysql",
        help="the users table (default: generated from --users-seed and --accounts)",
    )
    add("--users-seed", type=whole_number(0, _SEEDS), metavar="N", help=f"decides the users (default {_DEFAULT_SEED})")
    add(
        "--accounts",
        type=whole_number(1, 10_000_000),
        metavar="N",
        help=f"how many users to generate (default {_DEFAULT_ACCOUNTS})",
    )
    add("--truth", action="store_true", help="say in each log's header logcore.expected what verdict it should get")
    add_config(parser)
    add("--contract", metavar="FILE", help="generate logs of this contract (default: the one that logcore ships)")
    add(
        "--partitions",
        type=whole_number(1, 10_000),
        default=4,
        metavar="N",
        help="partitions of a topic that is made (default 4)",
    )
    add_metrics_port(parser, example=9401)
    add_mysql_arguments(parser)
    return parser


def _rate(text: str) -> float | None:
    if text == "max":
        return None
    rate = _number(text)
    if not 1e-6 <= rate <= 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is neither a number of logs a second nor max")
    return rate


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not all(number.isascii() and number.isdigit() for number in (part, parts)) or not 1 <= int(part) <= int(parts):
        raise argparse.ArgumentTypeError(f"'{text}' is not I/N with I from 1 to N, such as 1/2")
    if int(parts) > _MOST_SHARDS:
        raise argparse.ArgumentTypeError(f"'{text}' is more than {_MOST_SHARDS:,} parts")
    return int(part) - 1, int(parts)


def _seconds(text: str) -> float:
    seconds = _number(text)
    if not 0.0 < seconds <= 1e9:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0")
    return seconds


def _share(text: str) -> float:
    share = _number(text)
    if not 0.0 <= share <= 1.0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 1")
    return share


def _number(text: str) -> float:
    try:
        return float(text) if text.isascii() else math.nan
    except ValueError:
        return math.nan
