"""What must be there before a processor starts: the contract, the users, and MySQL's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from logcore._core import Contract, ContractError, Mysql, Users
from logcore.users_source import RefreshedUsers, csv_reader, mysql_reader

__all__ = ["Needs", "PreparationError", "Prepared", "prepare"]

_GENERATED_ACCOUNTS = 1000


class PreparationError(Exception):
    """Options that don't fit each other or the contract, as far as it takes more than the command line to see it."""


class Needs(Protocol):
    """The options of a processor that say what must be there."""

    @property
    def contract(self) -> str | None: ...
    @property
    def users(self) -> str | None: ...
    @property
    def users_ttl_s(self) -> float: ...
    @property
    def users_from_mysql(self) -> bool: ...
    @property
    def tables(self) -> bool: ...
    @property
    def mysql(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Prepared:
    """The contract, and the users where it looks any up."""

    contract: Contract
    users: RefreshedUsers | None

    def current_users(self) -> Users | None:
        """The users for what begins now."""
        return None if self.users is None else self.users.current()


def prepare(options: Needs, say: Callable[[str], None]) -> Prepared:
    """Loads the contract, creates in MySQL what is missing, reads the users; `say` gets a line about anything created.

    Raises PreparationError or LogcoreError where one of them can't be had.
    """
    contract = _load_contract(options.contract)
    looks_up = contract.lookup is not None
    if looks_up and options.users is None:
        raise PreparationError("the contract looks users up; give --users FILE.csv or --users mysql")
    if not looks_up and options.users is not None:
        raise PreparationError("the contract looks no users up; leave --users out")
    mysql = None if options.mysql is None else Mysql(**options.mysql)
    if mysql is not None:
        mysql.ping()
        if options.tables:
            mysql.create_log_tables(contract)
    if options.users is None:
        return Prepared(contract, None)
    if options.users_from_mysql and mysql is not None:
        _provide_users_table(mysql, contract, say)
        read = mysql_reader(mysql, contract)
    else:
        read = csv_reader(options.users)
    return Prepared(contract, RefreshedUsers(read, ttl_s=options.users_ttl_s, say=say))


def _load_contract(path: str | None) -> Contract:
    if path is None:
        return Contract.server_logs()
    try:
        return Contract.load(path)
    except ContractError as error:
        raise PreparationError(f"--contract {path}: {error}") from error


def _provide_users_table(mysql: Mysql, contract: Contract, say: Callable[[str], None]) -> None:
    """Creates and fills the users table where there is none. One that is there is left alone, even empty."""
    if mysql.users_table_exists(contract):
        return
    mysql.create_users_table(contract)
    users = Users.generate(contract, seed=0, accounts=_GENERATED_ACCOUNTS)
    added = mysql.fill_users(users, contract)
    say(f"created the users table in MySQL and filled it with {added:,} rows, version {users.version}")
