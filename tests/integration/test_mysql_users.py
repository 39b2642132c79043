"""The users table in a real MariaDB."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from logcore import Contract, MysqlError, Users, UsersError
from mysql_databases import Databases
from services import REPOSITORY, Stack

CONTRACT = Contract.server_logs()
CONTRACTS = REPOSITORY / "tests" / "conformance" / "contracts"
PAYMENTS = Contract.load(CONTRACTS / "payments.odcs.yaml")
VISITS = Contract.load(CONTRACTS / "visits.odcs.yaml")
NO_LOOKUP = Contract.load(CONTRACTS / "sensor_readings.odcs.yaml")


@pytest.fixture
def databases(stack: Stack) -> Iterator[Databases]:
    made = Databases(stack, uuid.uuid4().hex[:10])
    yield made
    made.drop()


def test_made_filled_and_replaced(databases: Databases) -> None:
    server = databases.server()
    assert not server.users_table_exists(CONTRACT)
    with pytest.raises(MysqlError, match=rf"no users table {databases.users}\.users; create it first"):
        server.read_users(CONTRACT)
    server.create_users_table(CONTRACT)
    server.create_users_table(CONTRACT)
    assert server.users_table_exists(CONTRACT)
    assert len(server.read_users(CONTRACT)) == 0
    first = Users([(684, "ANDROID"), (7, "IOS")])
    assert server.fill_users(first, CONTRACT) == 2
    assert server.fill_users(first, CONTRACT) == 0
    assert server.read_users(CONTRACT).version == first.version
    second = Users([(7, "IOS"), (8, "IOS"), (9, "IOS")])
    assert server.fill_users(second, CONTRACT) == 2
    assert server.read_users(CONTRACT).pairs() == [("7", "IOS"), ("8", "IOS"), ("9", "IOS"), ("684", "ANDROID")]
    assert server.fill_users(second, CONTRACT, replace=True) == 1
    assert server.read_users(CONTRACT).version == second.version
    assert server.fill_users(Users([]), CONTRACT, replace=True) == 3
    assert len(server.read_users(CONTRACT)) == 0


def test_many_users_go_in_and_out(databases: Databases) -> None:
    server = databases.server()
    server.create_users_table(CONTRACT)
    many = Users([(number, device) for number in range(1, 30_001) for device in ("IOS", "ANDROID")])
    assert server.fill_users(many, CONTRACT) == 60_000
    assert server.read_users(CONTRACT).version == many.version
    half = Users([(number, "IOS") for number in range(1, 30_001)])
    assert server.fill_users(half, CONTRACT, replace=True) == 30_000
    assert server.read_users(CONTRACT).version == half.version


def test_columns_in_another_order_and_of_other_names(databases: Databases) -> None:
    server = databases.server()
    server.create_users_table(CONTRACT)
    server.fill_users(Users([("IOS", 7)], columns=("device", "account_id")), CONTRACT)
    assert server.read_users(CONTRACT).pairs() == [("7", "IOS")]
    with pytest.raises(
        UsersError, match="the users have the columns id, device, the contract looks up account_id, dev"
    ):
        server.fill_users(Users([(7, "IOS")], columns=("id", "device")), CONTRACT)


def test_text_in_the_lookup(databases: Databases) -> None:
    server = databases.server()
    server.create_users_table(PAYMENTS)
    rows = [
        ("m_acme", "web"),
        ("M_ACME", "web"),
        ("m_été", "☎"),
        ("m_ete", "☎"),
        ("it's", "\\'"),
        ("m_7", ""),
        ("m", "a "),
    ]
    users = Users(rows, columns=("code", "channel"))
    assert server.fill_users(users, PAYMENTS) == len(rows)
    assert server.read_users(PAYMENTS).version == users.version
    with pytest.raises(UsersError, match="twice but for trailing spaces"):
        server.fill_users(Users([("m", "a"), ("m", "a ")], columns=("code", "channel")), PAYMENTS)
    fewer = Users(rows[1:3], columns=("code", "channel"))
    assert server.fill_users(fewer, PAYMENTS, replace=True) == len(rows) - 2
    assert server.read_users(PAYMENTS).version == fewer.version


def test_one_integer_in_the_lookup(databases: Databases) -> None:
    server = databases.server()
    server.create_users_table(VISITS)
    cards = Users([(2**63 - 1,), (-(2**63),), (0,)], columns=("id",))
    assert server.fill_users(cards, VISITS) == 3
    assert server.read_users(VISITS).version == cards.version
    assert server.fill_users(Users([(5,)], columns=("id",)), VISITS, replace=True) == 4
    with pytest.raises(MysqlError, match="Incorrect integer value"):
        server.fill_users(Users([("x",)], columns=("id",)), VISITS)
    assert server.read_users(VISITS).pairs() == [("5",)]


def test_a_table_that_somebody_else_made(databases: Databases) -> None:
    server = databases.server()
    databases.query(f"CREATE DATABASE `{databases.users}`")
    table = f"`{databases.users}`.users"
    databases.query(f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, account_id BIGINT, device TEXT)")
    databases.query(f"INSERT INTO {table} (account_id, device) VALUES (7, 'IOS'), (7, 'IOS'), (8, 'IOS')")
    assert server.read_users(CONTRACT).pairs() == [("7", "IOS"), ("8", "IOS")]
    assert server.fill_users(Users([(9, "IOS"), (7, "IOS")]), CONTRACT, replace=True) == 2
    assert server.read_users(CONTRACT).pairs() == [("7", "IOS"), ("9", "IOS")]
    databases.query(f"INSERT INTO {table} (account_id, device) VALUES (684, NULL)")
    with pytest.raises(UsersError, match=r'users: row 4 \(account_id "684", device NULL\) holds a null'):
        server.read_users(CONTRACT)


def test_a_table_that_cannot_hold_the_users_stays_as_it_was(databases: Databases) -> None:
    server = databases.server()
    databases.query(f"CREATE DATABASE `{databases.users}`")
    table = f"`{databases.users}`.users"
    # Takes ios for IOS: replacing one by the other would lose it.
    databases.query(f"CREATE TABLE {table} (account_id INT, device VARCHAR(7) COLLATE utf8mb4_general_ci)")
    databases.query(f"INSERT INTO {table} VALUES (7, 'ios'), (7, 'IOS')")
    with pytest.raises(MysqlError, match=r"can't hold these users as they are.*nothing was changed"):
        server.fill_users(Users([(7, "IOS")]), CONTRACT, replace=True)
    assert server.read_users(CONTRACT).pairs() == [("7", "IOS"), ("7", "ios")]


def test_a_contract_without_a_lookup_has_no_users(databases: Databases) -> None:
    server = databases.server()
    for ask in (server.create_users_table, server.read_users, server.users_table_exists):
        with pytest.raises(UsersError, match="contract 'sensor_readings' looks no users up"):
            ask(NO_LOOKUP)


def test_users_from_mysql(databases: Databases) -> None:
    server = databases.server()
    server.create_users_table(CONTRACT)
    users = Users([(684, "ANDROID")])
    server.fill_users(users, CONTRACT)
    login = {name: databases.login[name] for name in ("host", "port", "user", "password")}
    assert Users.from_mysql(CONTRACT, **login, users_database=databases.users).version == users.version
    with pytest.raises(MysqlError, match="can't reach"):
        Users.from_mysql(CONTRACT, **{**login, "port": 1})
