"""TLS to MySQL: who is trusted, and that it is really used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore import Contract, MysqlError, Users
from logcore._core import Mysql
from logcore.mysql_option_file import read_client_options
from mariadb_with_tls import TlsServer, mariadb_with_tls
from services import Stack


@pytest.fixture(scope="module")
def server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsServer]:
    with mariadb_with_tls(stack, tmp_path_factory.mktemp("tls")) as running:
        yield running


@pytest.fixture
def login(server: TlsServer) -> dict[str, Any]:
    options = read_client_options(server.defaults_file)
    return {"host": "127.0.0.1", "port": server.port, "user": options["user"], "password": options["password"]}


def test_with_its_authority_the_server_is_trusted(server: TlsServer, login: dict[str, Any]) -> None:
    contract = Contract.server_logs()
    users = Users([(number, "IOS") for number in range(1, 20_001)])
    # Its user may not log in without TLS, so this is TLS.
    mysql = Mysql(**login, tls_ca=str(server.certificate))
    mysql.ping()
    mysql.create_users_table(contract)
    mysql.fill_users(users, contract, replace=True)
    assert Users.from_mysql(contract, **login, tls_ca=str(server.certificate)).version == users.version


def test_without_tls_the_login_is_refused(login: dict[str, Any]) -> None:
    with pytest.raises(MysqlError, match=r"^mysql: user logcore is refused at 127\.0\.0\.1:"):
        Mysql(**login).ping()


def test_a_server_that_nobody_vouches_for_is_not_talked_to(server: TlsServer, login: dict[str, Any]) -> None:
    for trusted in ({"tls": True}, {"tls_ca": str(server.other_authority)}):
        with pytest.raises(
            MysqlError, match=r"^mysql: can't reach 127\.0\.0\.1:\d+: no TLS connection \(.*verif"
        ) as error:
            Mysql(**login, **trusted).ping()
        assert "\n" not in str(error.value)


def test_a_certificate_for_another_name_is_refused(server: TlsServer, login: dict[str, Any]) -> None:
    with pytest.raises(MysqlError, match=r"^mysql: can't reach localhost:\d+: no TLS connection \(.*verif"):
        Mysql(**{**login, "host": "localhost"}, tls_ca=str(server.certificate)).ping()


def test_a_file_without_a_certificate_is_named(tmp_path: Path, login: dict[str, Any]) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(MysqlError, match=r"authorities .*empty\.pem: no certificate in PEM form is in it"):
        Mysql(**login, tls_ca=str(empty)).ping()
