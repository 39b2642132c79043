"""``python -m logcore.users``, as a person types it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from logcore import Contract, Users
from mysql_databases import Databases
from services import REPOSITORY, Stack

CONTRACT = Contract.server_logs()
NO_LOOKUP = REPOSITORY / "tests" / "conformance" / "contracts" / "sensor_readings.odcs.yaml"
THOUSAND = Users.generate(CONTRACT, seed=1, accounts=1000)
TEN = Users.generate(CONTRACT, seed=3, accounts=10)


def run(*arguments: object, **environment: str) -> tuple[int, str, str]:
    """Exit status, what it said, what it complained of."""
    command = [sys.executable, "-m", "logcore.users", *map(str, arguments)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, env={**os.environ, **environment}
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def defaults_file(stack: Stack) -> Path:
    return stack.mysql_defaults_file


@pytest.fixture
def databases(stack: Stack) -> Databases:
    return Databases(stack, uuid.uuid4().hex[:10])


@pytest.fixture
def own_table(databases: Databases) -> Iterator[str]:
    """The command knows one database; a contract with a table of its own keeps this test out of others' way."""
    name = f"users_{uuid.uuid4().hex[:10]}"
    yield name
    databases.query(f"DROP TABLE IF EXISTS dim_users.{name}")


@pytest.fixture
def contract(own_table: str, tmp_path: Path) -> Path:
    path = tmp_path / "contract.yaml"
    text = CONTRACT.text.replace("users.account_id, users.device", f"{own_table}.account_id, {own_table}.device")
    assert own_table in text
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_is_written_once_and_replaced_only_on_request(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    assert run("--csv", path) == (0, f"{path}: wrote 1,000 users, version {THOUSAND.version}\n", "")
    assert Users.from_csv(path).version == THOUSAND.version
    again = f"{path}: these 1,000 users are there already, version {THOUSAND.version}\n"
    assert run("--csv", path) == (0, again, "")
    other = ("--csv", path, "--accounts", 10, "--users-seed", 3)
    refused = f"logcore-users: {path} holds other users; give --replace to write over it\n"
    assert run(*other) == (1, "", refused)
    assert Users.from_csv(path).version == THOUSAND.version
    assert run(*other, "--replace") == (0, f"{path}: wrote 10 users, version {TEN.version}\n", "")
    assert Users.from_csv(path).version == TEN.version
    assert [entry.name for entry in tmp_path.iterdir()] == ["users.csv"]


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "users.csv"
    assert run("--csv", path) == (1, "", f"logcore-users: {path}: No such file or directory\n")


def test_mysql_is_filled_and_keeps_what_is_there(
    defaults_file: Path, contract: Path, own_table: str, databases: Databases, tmp_path: Path
) -> None:
    there = ("--mysql-defaults-file", defaults_file, "--contract", contract)
    place = f"dim_users.{own_table} at 127.0.0.1:{databases.login['port']}"
    status, said, complained = run(*there, "--accounts", 10, "--users-seed", 3)
    assert (status, complained) == (0, "")
    assert said == f"created {place}: 10 rows added; it holds 10, version {TEN.version}\n"
    assert run(*there, "--accounts", 10, "--users-seed", 3)[1] == (
        f"{place}: nothing to change; it holds 10, version {TEN.version}\n"
    )
    source = tmp_path / "mine.csv"
    source.write_text("device,account_id\nIOS,684\n", encoding="utf-8")
    both = Users([*TEN.pairs(), ("684", "IOS")])
    assert run(*there, "--from", source)[1] == f"{place}: 1 row added; it holds 11, version {both.version}\n"
    mine = Users([(684, "IOS")])
    assert run(*there, "--from", source, "--replace")[1] == (
        f"{place}: 10 rows changed; it holds 1, version {mine.version}\n"
    )
    assert databases.query(f"SELECT * FROM dim_users.{own_table}") == [(684, "IOS")]


def test_the_password_comes_from_the_environment(databases: Databases, contract: Path) -> None:
    login = databases.login
    there = ("--mysql", f"127.0.0.1:{login['port']}", "--mysql-user", login["user"], "--contract", contract)
    assert run(*there, LOGCORE_MYSQL_PASSWORD=login["password"])[0] == 0
    status, said, complained = run(*there, LOGCORE_MYSQL_PASSWORD="very hidden")
    assert (status, said) == (1, "")
    assert complained.startswith(f"logcore-users: mysql: user logcore is refused at 127.0.0.1:{login['port']}: ")
    assert complained.count("\n") == 1
    assert "hidden" not in complained


def test_nobody_there_is_one_line() -> None:
    status, said, complained = run("--mysql", "127.0.0.1:1", "--mysql-user", "me")
    assert (status, said) == (1, "")
    assert complained.startswith("logcore-users: mysql: can't reach 127.0.0.1:1: Connection refused")
    assert complained.count("\n") == 1


def test_ctrl_c_ends_it_while_the_server_says_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        command = [sys.executable, "-m", "logcore.users", "--mysql", address, "--mysql-user", "me"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            silent.settimeout(60)
            with silent.accept()[0]:
                process.send_signal(signal.SIGINT)
                assert process.wait(timeout=10) == -signal.SIGINT
            assert process.communicate() == ("", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say where the users go"),
        (("--csv", "x", "--mysql", "h"), "say where the users go"),
        (("--csv", "x", "--from", "y"), "--from FILE goes to MySQL"),
        (("--mysql", "h", "--mysql-user", "me", "--from", "y", "--accounts", "5"), "--from FILE has its users"),
        (("--mysql", "h"), "no MySQL user is named"),
        (("--csv", "x", "--accounts", "0"), "'0' is not a number of accounts"),
        (("--csv", "x", "--users-seed", "-1"), "--users-seed"),
        (("--csv", "x", "--contract", str(NO_LOOKUP)), "contract 'sensor_readings' looks no users up"),
    ],
)
def test_wrong_options_are_one_line_and_status_2(arguments: tuple[str, ...], message: str) -> None:
    status, said, complained = run(*arguments)
    assert (status, said) == (2, "")
    assert complained.startswith("logcore-users: ")
    assert message in complained
    assert complained.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("--contract", "/nowhere.yaml", "--csv", "x"), ("--mysql", "h", "--mysql-user", "me", "--from", "/nowhere.csv")],
)
def test_a_file_that_cannot_be_read_is_one_line(arguments: tuple[str, ...]) -> None:
    status, said, complained = run(*arguments)
    assert (status, said) == (1, "")
    assert complained.startswith("logcore-users: ")
    assert "/nowhere" in complained
    assert complained.count("\n") == 1


def test_help_has_an_example() -> None:
    status, said, _ = run("--help")
    assert status == 0
    assert "python -m logcore.users --csv users.csv" in said
