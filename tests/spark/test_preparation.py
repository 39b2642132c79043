"""What the processor creates before it starts, and signals as a request to stop."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from logcore import Contract, MysqlError, Users, preparation
from logcore.preparation import PreparationError
from logcore.spark.options import Options, parse
from logcore.spark.stopping import Interrupted, StopRequest


class Server:
    """A MySQL without or with a users table. `calls` is what was asked of it."""

    calls: list[str] = []  # noqa: RUF012
    table: Users | None = None
    away = False

    def __init__(self, **connection: Any) -> None:
        assert connection["host"] == "db"

    def ping(self) -> None:
        self.calls.append("ping")
        if self.away:
            raise MysqlError("db:3306 is away; start it")

    def create_log_tables(self, contract: Contract) -> None:
        self.calls.append("create_log_tables")

    def users_table_exists(self, contract: Contract) -> bool:
        return type(self).table is not None

    def read_users(self, contract: Contract) -> Users:
        assert type(self).table is not None
        return type(self).table

    def create_users_table(self, contract: Contract) -> None:
        self.calls.append("create_users_table")
        type(self).table = Users([])

    def fill_users(self, users: Users, contract: Contract, *, replace: bool = False) -> int:
        self.calls.append("fill_users")
        type(self).table = users
        return len(users)


@pytest.fixture(autouse=True)
def server(monkeypatch: pytest.MonkeyPatch) -> type[Server]:
    monkeypatch.setattr(preparation, "Mysql", Server)
    Server.calls, Server.table, Server.away = [], None, False
    return Server


def options(*arguments: str) -> Options:
    return parse(["h:1", "--checkpoint", "cp", "--mysql", "db", "--mysql-user", "me", *arguments], {})


def test_a_missing_users_table_is_created_and_filled(server: type[Server], contract: Contract) -> None:
    said: list[str] = []
    users = preparation.prepare(options("--users", "mysql"), said.append).current_users()
    assert server.calls == ["ping", "create_log_tables", "create_users_table", "fill_users"]
    generated = Users.generate(contract, seed=0, accounts=1000)
    assert users is not None
    assert users.version == generated.version
    (line,) = said
    assert line == f"created the users table in MySQL and filled it with 1,000 rows, version {generated.version}"


@pytest.mark.parametrize("rows", [[], [(5, "IOS")]])
def test_a_users_table_that_is_there_is_left_alone(rows: list[tuple[int, str]], server: type[Server]) -> None:
    server.table = Users(rows)
    said: list[str] = []
    users = preparation.prepare(options("--users", "mysql", "--no-tables"), said.append).current_users()
    assert (server.calls, said) == (["ping"], [])
    assert users is not None
    assert len(users) == len(rows)


def test_mysql_away_at_the_start_is_an_error(server: type[Server]) -> None:
    server.away = True
    with pytest.raises(MysqlError, match="db:3306 is away; start it"):
        preparation.prepare(options("--users", "mysql"), print)
    assert server.calls == ["ping"]


def test_a_contract_that_looks_users_up_needs_users() -> None:
    with pytest.raises(PreparationError, match="give --users"):
        preparation.prepare(options("--no-tables"), print)


@pytest.fixture
def stop() -> Any:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield StopRequest()
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_a_signal_before_the_query_interrupts(stop: StopRequest, number: signal.Signals, status: int) -> None:
    stop.install()
    with pytest.raises(Interrupted):
        os.kill(os.getpid(), number)
    assert (stop.asked, stop.signal, stop.exit_status) == (True, number, status)


def test_a_signal_while_the_query_runs_only_asks_and_a_second_is_urgent(stop: StopRequest) -> None:
    stop.install()
    stop.finish_batches()
    assert not stop.asked
    os.kill(os.getpid(), signal.SIGINT)
    assert (stop.asked, stop.urgent) == (True, False)
    os.kill(os.getpid(), signal.SIGINT)
    assert stop.urgent


def test_a_signal_to_the_jvm_before_the_query_is_not_forgotten(stop: StopRequest) -> None:
    stop.ask(signal.SIGTERM)
    with pytest.raises(Interrupted):
        stop.finish_batches()
