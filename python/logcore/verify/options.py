"""The command line of verify."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from logcore.elk.connection import add_elasticsearch_arguments
from logcore.kafka_options import add_brokers, add_config, kafka_config
from logcore.mysql_options import MysqlOptionsError, add_mysql_arguments, mysql_connection, mysql_requested
from logcore.one_line_parser import OneLineParser, index_name, topic_name

__all__ = ["Options", "parse"]

_EXAMPLES = """\
examples:
  python -m logcore.verify 127.0.0.1:9092 --mysql-defaults-file .stack/mysql.cnf --elasticsearch http://127.0.0.1:9200
      every log in the status topic, in MySQL and in Elasticsearch
  python -m logcore.verify 127.0.0.1:9092 --json verified.json
      the status topic alone; the figures go to a file as well

Run it when the pipeline has come to rest: a log still on its way is missing at the hops that it has not reached.

exit status: 0 clean; 1 something is missing, doubled, changed or extra, or a verdict is not the expected one;
2 a wrong option, or a service, a topic or an index is missing: nothing was verified
"""


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    brokers: str
    input: str | None
    output: str
    contract: str | None
    kafka: dict[str, str]
    mysql: dict[str, Any] | None
    elasticsearch: str | None
    elasticsearch_user: str | None
    elasticsearch_ca: str | None
    index: str
    rejected_index: str
    json: str | None


def parse(arguments: Sequence[str] | None = None) -> Options:
    """The options in `arguments` (the command line's if None). A wrong one ends the program with status 2."""
    parser = _parser()
    args = parser.parse_args(arguments)
    kafka = kafka_config(parser, args.config)
    try:
        mysql = mysql_connection(args) if mysql_requested(args) else None
    except MysqlOptionsError as error:
        parser.error(str(error))
    if args.json not in (None, "-") and (Path(args.json).is_dir() or not Path(args.json).parent.is_dir()):
        parser.error(f"--json {args.json}: no file can be written there")
    rejected_index = args.rejected_index or f"{args.index}-rejected"
    if rejected_index == args.index:
        parser.error("--index and --rejected-index are the same")
    return Options(
        brokers=args.brokers,
        input=args.input,
        output=args.output,
        contract=args.contract,
        kafka=kafka,
        mysql=mysql,
        elasticsearch=args.elasticsearch,
        elasticsearch_user=args.elasticsearch_user,
        elasticsearch_ca=args.elasticsearch_ca,
        index=args.index,
        rejected_index=rejected_index,
        json=args.json,
    )


def _parser() -> OneLineParser:
    parser = OneLineParser(
        "verify",
        description="Accounts for every log: is it at each hop, once, unchanged, and with the verdict that its "
        "producer holds true (the header that the producer's --truth adds)?",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add_brokers(parser)
    add("--input", type=topic_name, metavar="TOPIC", help="topic of the logs (default: the contract's, server-logs)")
    add(
        "--output",
        type=topic_name,
        metavar="TOPIC",
        default="server-logs-status",
        help="the status topic (default %(default)s)",
    )
    add("--contract", metavar="FILE", help="contract of the logs (default: the one that logcore ships)")
    add_config(parser)
    add("--json", metavar="FILE", help="write all figures as JSON; - is standard output, instead of the table")
    add_mysql_arguments(parser)
    add_elasticsearch_arguments(parser, required=False)
    add("--index", type=index_name, default="server-logs", metavar="NAME", help="(default %(default)s)")
    add("--rejected-index", type=index_name, metavar="NAME", help="(default INDEX-rejected)")
    return parser
