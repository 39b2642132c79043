"""MariaDB, which stands in for MySQL: same protocol, same SQL as far as the pipeline goes."""

from __future__ import annotations

import configparser
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from stack.artifacts import Artifacts
from stack.error import StackError
from stack.layout import Layout, shown, write_private
from stack.ports import HOST
from stack.process import Command
from stack.service import Service

__all__ = ["USER", "MariaDB", "accounts_sql", "socket_path"]

USER = "logcore"
_LONGEST_SOCKET_PATH = 107  # bytes: struct sockaddr_un has 108, one of them the final zero


class MariaDB(Service):
    """One server whose only account with a password is :data:`USER`.

    root has none: it is let in over the local socket alone, and only to the operating-system user that made the data.
    """

    name = "mariadb"

    def __init__(self, layout: Layout, artifacts: Artifacts, port: int) -> None:
        super().__init__(layout, port)
        self._artifacts = artifacts

    @property
    def _data(self) -> Path:
        return self.home / "data"

    @property
    def _configuration_path(self) -> Path:
        return self.home / "my.cnf"

    @property
    def _accounts_path(self) -> Path:
        return self.home / "accounts.sql"

    def prepare(self) -> None:
        if not self.initialised_marker.exists() and self._data.exists():
            shutil.rmtree(self._data)
        self.home.mkdir(exist_ok=True)
        socket_path(self.layout).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._configuration_path.write_text(self._configuration(), encoding="utf-8")
        password = _stored_password(self.layout.mysql_defaults) or secrets.token_hex(16)
        write_private(
            self.layout.mysql_defaults,
            f"[client]\nhost = {HOST}\nport = {self.port}\nuser = {USER}\npassword = {password}\n"
            # For MariaDB's own client, which insists on TLS over TCP since 11.4; others don't read this section.
            "\n[client-mariadb]\nssl = 0\n",
        )
        # The server runs this at every start: a lost mysql.cnf costs a new password, not the data.
        write_private(self._accounts_path, accounts_sql(password))

    def initialisation(self) -> Command | None:
        if self.initialised_marker.exists():
            return None
        base = self._artifacts.mariadb
        argv = [
            "sh",  # Maven's copy of the script is not executable
            str(base / "scripts" / "mariadb-install-db"),
            "--no-defaults",
            f"--basedir={base}",
            f"--datadir={self._data}",
            "--auth-root-authentication-method=socket",
            "--skip-name-resolve",
            "--skip-test-db",
            *self._as_root(),
        ]
        return Command(argv, cwd=self.home, environment=self._environment())

    def server(self) -> Command:
        program = self._artifacts.mariadb / "bin" / "mariadbd"
        argv = [str(program), f"--defaults-file={self._configuration_path}", *self._as_root()]
        return Command(argv, cwd=self.home, environment=self._environment())

    def _as_root(self) -> list[str]:
        return ["--user=root"] if os.geteuid() == 0 else []

    def _environment(self) -> dict[str, str]:
        return {"LD_LIBRARY_PATH": str(self._artifacts.mariadb / "libs")}

    def _configuration(self) -> str:
        base = self._artifacts.mariadb
        return f"""\
# Written anew by every `python -m stack up`.
[mariadbd]
basedir = {base}
datadir = {self._data}
socket = {socket_path(self.layout)}
pid-file = {self.home / "mariadbd.pid"}
init-file = {self._accounts_path}
bind-address = {HOST}
port = {self.port}
# Else the server makes itself an RSA key of 4096 bits at every start: 4 to 14 seconds for a loopback that needs none.
skip-ssl
skip-name-resolve
skip-log-bin

default-time-zone = +00:00
character-set-server = utf8mb4
# MariaDB's own default collation has a number that MySQL's clients do not know.
collation-server = utf8mb4_general_ci
character-set-collations = utf8mb4=utf8mb4_general_ci

innodb-buffer-pool-size = 256M
innodb-log-file-size = 128M
max-allowed-packet = 64M
# `status` greets the server and leaves; that is no news.
log-warnings = 1
"""


def accounts_sql(password: str) -> str:
    """Makes :data:`USER` if missing, gives it `password` (no quotes in it) and its rights; takes nameless users away.

    Its databases are `logs` and `dim_users`, and those whose names begin so for tests, `logs_…` and `dim_users_…`; an
    underscore is a wildcard in GRANT unless escaped.
    """
    account = f"'{USER}'@'%'"
    grants = [rf"GRANT ALL PRIVILEGES ON `{name}`.* TO {account};" for name in _DATABASES]
    return "\n".join(
        [
            "DELETE FROM mysql.global_priv WHERE User = '';",
            "FLUSH PRIVILEGES;",
            f"CREATE USER IF NOT EXISTS {account};",
            f"ALTER USER {account} IDENTIFIED BY '{password}';",
            *grants,
            "",
        ]
    )


_DATABASES = ("logs", r"logs\_%", r"dim\_users", r"dim\_users\_%")


def socket_path(layout: Layout) -> Path:
    """The server's socket: in the stack's folder, or in a short temporary one if that path is too long for a socket."""
    path = layout.run / "mariadb.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"logcore-stack-{os.geteuid()}-{layout.key}" / "mariadb.sock"


def _stored_password(path: Path) -> str | None:
    if not path.exists():
        return None
    parser = configparser.ConfigParser(interpolation=None, allow_no_value=True)
    try:
        parser.read(path, encoding="utf-8")
        password = parser.get("client", "password")
    except (configparser.Error, UnicodeDecodeError) as error:
        raise StackError(f"{shown(path)} is not a MySQL defaults file any more: delete it and run up again") from error
    return password if password.isalnum() else None
