"""What both processors are asked for in the same words: topics, users, tables, the contract."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from logcore.kafka_options import add_brokers
from logcore.mysql_options import MysqlOptionsError, add_mysql_arguments, mysql_connection, mysql_requested
from logcore.one_line_parser import OneLineParser, topic_name
from logcore.option_values import not_empty, seconds

__all__ = ["USERS_FROM_MYSQL", "add_judging_arguments", "check_judging_arguments", "judging_mysql"]

USERS_FROM_MYSQL = "mysql"


def add_judging_arguments(parser: OneLineParser, *, users_ttl_s: float, users_ttl_help: str) -> None:
    """Adds BROKERS, --input, --output, --users, --users-ttl, --tables, --no-tables, --contract and those of MySQL."""
    add_brokers(parser)
    parser.add_argument("--input", type=topic_name, default="server-logs", metavar="TOPIC", help="default %(default)s")
    parser.add_argument(
        "--output",
        type=topic_name,
        default="server-logs-status",
        metavar="TOPIC",
        help="default %(default)s; created where missing, with as many partitions as the input",
    )
    parser.add_argument(
        "--users",
        type=not_empty,
        metavar="FILE.csv|mysql",
        help="what accounts are looked up in; needed unless the contract looks nothing up",
    )
    parser.add_argument("--users-ttl", type=seconds, default=users_ttl_s, metavar="SECONDS", help=users_ttl_help)
    tables = parser.add_mutually_exclusive_group()
    tables.add_argument(
        "--tables", action="store_true", default=True, help="write to MySQL, tables and views created (default)"
    )
    tables.add_argument("--no-tables", dest="tables", action="store_false", help="write to the status topic only")
    parser.add_argument("--contract", metavar="FILE", help="a data contract (default: the one for server logs)")
    add_mysql_arguments(parser)


def check_judging_arguments(parser: OneLineParser, args: argparse.Namespace) -> None:
    """Ends the process with status 2 for a file that is not there, or topics that are one."""
    if args.contract is not None and not Path(args.contract).is_file():
        parser.error(f"--contract {args.contract}: no such file")
    if args.users not in (None, USERS_FROM_MYSQL) and not Path(args.users).is_file():
        parser.error(f"--users {args.users}: no such file")
    if args.input == args.output:
        parser.error(f"--input and --output are both '{args.input}'")


def judging_mysql(
    parser: OneLineParser, args: argparse.Namespace, environment: Mapping[str, str]
) -> Mapping[str, Any] | None:
    """The arguments of `logcore.Mysql`; None where neither tables nor users need it. Status 2 where it is not named."""
    from_mysql = args.users == USERS_FROM_MYSQL
    if not args.tables and not from_mysql:
        return None
    if not mysql_requested(args):
        need, instead = ("--users mysql", "a CSV") if from_mysql else ("--tables", "--no-tables")
        parser.error(f"{need} needs --mysql HOST:PORT or --mysql-defaults-file FILE; or give {instead}")
    try:
        return mysql_connection(args, environment)
    except MysqlOptionsError as error:
        parser.error(str(error))
