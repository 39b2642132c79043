"""``python -m logcore.users``: makes the users table, as a CSV or in MySQL.

The users are generated (`Users.generate`) or come from a CSV. In MySQL the database and the table are created where
they are missing; rows that are there stay unless --replace is given; they all come and go in one transaction.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from logcore._core import Contract, LogcoreError, Mysql, Users
from logcore.mysql_options import MysqlOptionsError, add_mysql_arguments, mysql_connection, mysql_requested
from logcore.one_line_parser import OneLineParser
from logcore.standard_output import OutputError, write_line

__all__ = ["main"]

_PROGRAM = "logcore-users"
_ACCOUNTS = 1000
_EXAMPLES = """\
examples:
  python -m logcore.users --csv users.csv
      accounts 1 to 1,000, each with one device, as a CSV
  LOGCORE_MYSQL_PASSWORD=... python -m logcore.users --mysql 127.0.0.1:3306 --mysql-user logcore --accounts 5000
      the same in MySQL, database dim_users, with accounts up to 5,000
  python -m logcore.users --mysql-defaults-file .stack/mysql.cnf --from users.csv --replace
      MySQL holds what the CSV holds, and nothing else

exit status: 0 done, 1 a service is missing or refuses, 2 a wrong option
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status: 0 done, 1 a service is missing or refuses. A wrong option exits with 2."""
    parser = _parser()
    options = parser.parse_args(arguments)
    to_mysql = mysql_requested(options)
    if to_mysql == (options.csv is not None):
        parser.error("say where the users go, either --csv FILE or --mysql HOST:PORT (or --mysql-defaults-file FILE)")
    if options.source is not None:
        if options.csv is not None:
            parser.error("--from FILE goes to MySQL; to copy a CSV no command of ours is needed")
        if options.accounts is not None or options.users_seed is not None:
            parser.error("--from FILE has its users; --accounts and --users-seed are for generated ones")
    try:
        login = mysql_connection(options) if to_mysql else {}
    except MysqlOptionsError as error:
        parser.error(str(error))
    try:
        contract = Contract.server_logs() if options.contract is None else Contract.load(options.contract)
        if contract.lookup is None:
            parser.error(f"contract '{contract.name}' looks no users up")
        users = _users(contract, options)
        if to_mysql:
            _die_at_once_on_interrupt()
            place = f"{login['host']}:{login['port']}"
            done = _fill(Mysql(**login), contract, users, place, replace=options.replace)
        else:
            done = _write(options.csv, users, replace=options.replace)
        write_line(done)
    except BrokenPipeError:
        return 0
    except OSError as error:
        return _failed(f"{options.csv}: {error.strerror or error}")
    except (LogcoreError, OutputError, _NotReplacedError) as error:
        return _failed(str(error))
    return 0


def _users(contract: Contract, options: argparse.Namespace) -> Users:
    if options.source is not None:
        return Users.from_csv(options.source)
    accounts = _ACCOUNTS if options.accounts is None else options.accounts
    return Users.generate(contract, seed=1 if options.users_seed is None else options.users_seed, accounts=accounts)


def _failed(message: str) -> int:
    print(f"{_PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
    return 1


class _NotReplacedError(Exception):
    """Something is there that only --replace may take away."""


def _fill(mysql: Mysql, contract: Contract, users: Users, place: str, *, replace: bool) -> str:
    """Brings the table to these users; what was done, in one line."""
    exists = mysql.users_table_exists(contract)
    mysql.create_users_table(contract)
    changed = mysql.fill_users(users, contract, replace=replace)
    now = mysql.read_users(contract)
    lookup = contract.lookup
    table = f"dim_users.{lookup[1] if lookup is not None else ''}"
    rows = "1 row" if changed == 1 else f"{changed:,} rows"
    done = f"{rows} {'changed' if replace else 'added'}" if changed else "nothing to change"
    return f"{'created ' if not exists else ''}{table} at {place}: {done}; it holds {len(now):,}, version {now.version}"


def _write(path: Path, users: Users, *, replace: bool) -> str:
    """Writes the CSV, whole or not at all; what was done, in one line."""
    if path.exists():
        if path.read_bytes() == users.csv.encode():
            return f"{path}: these {len(users):,} users are there already, version {users.version}"
        if not replace:
            raise _NotReplacedError(f"{path} holds other users; give --replace to write over it")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(users.csv)
        # mkstemp lets nobody else read; a CSV of users is no secret, so the person's own mask decides.
        mask = os.umask(0)
        os.umask(mask)
        unfinished.chmod(0o666 & ~mask)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink()
        raise
    return f"{path}: wrote {len(users):,} users, version {users.version}"


def _die_at_once_on_interrupt() -> None:
    """Python would see Ctrl-C only after the server's answer, which may take long; the server rolls back by itself."""
    # Started in the background of a script, a shell has Ctrl-C ignored on purpose.
    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def _parser() -> OneLineParser:
    parser = OneLineParser(
        "users",
        description="Makes the users table that decides which logs are suspicious: as a CSV, or in MySQL.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("--csv", type=Path, metavar="FILE", help="write them to this CSV")
    add("--from", dest="source", type=Path, metavar="FILE", help="take them from this CSV instead of generating them")
    add("--accounts", type=_accounts, metavar="N", help=f"generate accounts 1 to N (default {_ACCOUNTS})")
    add("--users-seed", type=_seed, metavar="N", help="seed of the generated devices (default 1)")
    add("--contract", type=Path, metavar="FILE", help="contract with the lookup (default: the one that logcore ships)")
    add("--replace", action="store_true", help="remove other users that are there; without it they stay")
    add_mysql_arguments(parser)
    return parser


def _accounts(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 10_000_000:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of accounts (1 to 10,000,000)")
    return int(text)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) >= 2**64:
        raise argparse.ArgumentTypeError(f"'{text}' is not a seed (0 to 2^64 - 1)")
    return int(text)


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
