"""How commands are told which MySQL to use."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from logcore.mysql_options import MysqlOptionsError, add_mysql_arguments, mysql_connection, mysql_requested

NO_TLS = {"tls": False, "tls_ca": None}


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="command")
    add_mysql_arguments(parser)
    return parser.parse_args(arguments)


def connection(*arguments: str, **environment: str) -> dict[str, Any]:
    return mysql_connection(parse(*arguments), environment)


@pytest.fixture
def option_file(tmp_path: Path) -> Path:
    file = tmp_path / "my.cnf"
    file.write_text("[client]\nhost = db.example\nport=3307\nuser=loader\npassword = 'p#1 \\'x'\n", encoding="utf-8")
    return file


def test_options_and_the_password_variable() -> None:
    assert connection("--mysql", "db:3310", "--mysql-user", "me", LOGCORE_MYSQL_PASSWORD="s3cret") == {
        "host": "db", "port": 3310, "user": "me", "password": "s3cret", **NO_TLS
    }  # fmt: skip


def test_everything_from_the_file(option_file: Path) -> None:
    assert connection("--mysql-defaults-file", str(option_file)) == {
        "host": "db.example", "port": 3307, "user": "loader", "password": "p#1 'x", **NO_TLS
    }  # fmt: skip


def test_the_command_line_wins_over_the_file_and_another_host_does_not_get_the_files_port(option_file: Path) -> None:
    got = connection("--mysql-defaults-file", str(option_file), "--mysql", "other", "--mysql-user", "me")
    assert (got["host"], got["port"], got["user"], got["password"]) == ("other", 3306, "me", "p#1 'x")


def test_the_variable_wins_over_the_files_password(option_file: Path) -> None:
    assert connection("--mysql-defaults-file", str(option_file), LOGCORE_MYSQL_PASSWORD="")["password"] == ""


def test_no_password_at_all_is_none() -> None:
    assert connection("--mysql", "db", "--mysql-user", "me")["password"] is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("db", ("db", 3306)),
        ("db:1", ("db", 1)),
        ("10.0.0.7:65535", ("10.0.0.7", 65535)),
        ("[::1]", ("::1", 3306)),
        ("[fe80::1]:3307", ("fe80::1", 3307)),
    ],
)
def test_host_and_port(text: str, expected: tuple[str, int]) -> None:
    got = connection("--mysql", text, "--mysql-user", "me")
    assert (got["host"], got["port"]) == expected


@pytest.mark.parametrize(
    "text", ["", ":3306", "db:", "db:0", "db:65536", "db:x", "db:٣", "::1", "[::1", "[::1]x", "me@db:1", "mysql://db:1"]
)
def test_a_wrong_address_is_one_line_and_status_2(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse("--mysql", text)
    assert stopped.value.code == 2
    assert "--mysql" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no MySQL server is named"),
        (("--mysql-user", "me"), "no MySQL server is named"),
        (("--mysql", "db"), "no MySQL user is named"),
        (("--mysql-defaults-file", "/nowhere/my.cnf"), "--mysql-defaults-file /nowhere/my.cnf: No such file"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(MysqlOptionsError, match=message):
        connection(*arguments)


def test_there_is_no_option_for_a_password() -> None:
    with pytest.raises(SystemExit):
        parse("--mysql-password", "x")


@pytest.mark.parametrize(
    ("arguments", "lines", "expected"),
    [
        (("--mysql-tls",), "", (True, None)),
        (("--mysql-tls-ca", "ca.pem"), "", (True, "ca.pem")),
        ((), "ssl-ca=/etc/ca.pem", (True, "/etc/ca.pem")),
        ((), "ssl_mode = VERIFY_IDENTITY", (True, None)),
        ((), "ssl-mode=preferred", (False, None)),
        ((), "ssl", (True, None)),
        ((), "ssl=0", (False, None)),
        (("--mysql-tls-ca", "mine.pem"), "ssl-ca=theirs.pem", (True, "mine.pem")),
    ],
)
def test_tls(arguments: tuple[str, ...], lines: str, expected: tuple[bool, str | None], tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(f"[client]\nhost=db\nuser=me\n{lines}\n", encoding="utf-8")
    got = connection("--mysql-defaults-file", str(file), *arguments)
    assert (got["tls"], got["tls_ca"]) == expected


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("plain", "plain"),
        ("cut # comment", "cut"),
        ('"kept # inside"  # comment', "kept # inside"),
        (r"a\tb\sc\\d\q", "a\tb c\\d\\q"),
        ("'  spaces  '", "  spaces  "),
        ("a=b", "a=b"),
        ("pässwörd", "pässwörd"),
        ("", ""),
    ],
)
def test_values_are_read_as_mysql_reads_them(written: str, password: str, tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    other = "# head\n; head\n[mysqld]\nhost=wrong\n\n"
    ours = f"[client] # ours\nhost=db\nuser=me\npassword={written}\n"
    file.write_text(f"{other}{ours}[mysql]\nuser=no\n", encoding="utf-8")
    got = connection("--mysql-defaults-file", str(file))
    assert (got["host"], got["user"], got["password"]) == ("db", "me", password)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("password=hidden\n", "line 1: an option before"),
        ("[client\npassword=hidden\n", "line 1: a section's"),
        ("[client]\n!includedir /hidden\n", "line 2: !include"),
        ("[client]\nhost=db\nuser=me\nport=hidden\n", "port 'hidden' is not a port"),
    ],
)
def test_a_broken_file_names_itself_and_the_line(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MysqlOptionsError, match=message) as error:
        connection("--mysql-defaults-file", str(file))
    assert str(file) in str(error.value)
    assert "password" not in str(error.value)


def test_a_file_that_is_not_utf8_is_said_without_its_content(tmp_path: Path) -> None:
    file = tmp_path / "my.cnf"
    file.write_bytes(b"[client]\npassword=\xff\xfe\n")
    with pytest.raises(MysqlOptionsError, match=r"it is not UTF-8$"):
        connection("--mysql-defaults-file", str(file))


def test_requested_is_a_server_or_a_file(option_file: Path) -> None:
    assert not mysql_requested(parse("--mysql-user", "me"))
    assert mysql_requested(parse("--mysql", "db"))
    assert mysql_requested(parse("--mysql-defaults-file", str(option_file)))
