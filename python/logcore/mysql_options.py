"""How every command is told which MySQL to use.

Host, port and user come from the command line or a MySQL option file; the password only from the variable
LOGCORE_MYSQL_PASSWORD or that file, because a command line shows in the list of processes.

    parser = argparse.ArgumentParser()
    add_mysql_arguments(parser)
    args = parser.parse_args()
    if mysql_requested(args):
        mysql = Mysql(**mysql_connection(args))
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

from logcore.mysql_option_file import OptionFileError, read_client_options

__all__ = ["PASSWORD_VARIABLE", "MysqlOptionsError", "add_mysql_arguments", "mysql_connection", "mysql_requested"]

PASSWORD_VARIABLE = "LOGCORE_MYSQL_PASSWORD"  # noqa: S105 - the variable's name
DEFAULT_PORT = 3306

# Modes of MySQL's own clients that refuse to go on unencrypted. PREFERRED and DISABLED promise nothing.
_TLS_MODES = frozenset({"required", "verify_ca", "verify_identity"})
_TRUE = frozenset({"", "1", "on", "true"})


class MysqlOptionsError(ValueError):
    """Options that name no MySQL server or contradict each other. One line, fit for `parser.error`."""


def add_mysql_arguments(parser: argparse.ArgumentParser) -> None:
    """Adds --mysql, --mysql-user, --mysql-defaults-file, --mysql-tls and --mysql-tls-ca to `parser`, as a group."""
    group = parser.add_argument_group(
        "MySQL",
        f"The password comes from the variable {PASSWORD_VARIABLE}, else from the defaults file; never from an option.",
    )
    group.add_argument(
        "--mysql",
        type=_host_and_port,
        metavar="HOST:PORT",
        help=f"the server (port {DEFAULT_PORT} if left out); wins over the defaults file",
    )
    group.add_argument("--mysql-user", metavar="NAME", help="the user; wins over the defaults file")
    group.add_argument(
        "--mysql-defaults-file",
        metavar="FILE",
        help="a MySQL option file; of its section [client] host, port, user, password, ssl-ca and ssl-mode are read",
    )
    group.add_argument("--mysql-tls", action="store_true", help="refuse to talk without TLS")
    group.add_argument(
        "--mysql-tls-ca", metavar="FILE", help="PEM file of the authorities to trust; implies --mysql-tls"
    )


def mysql_requested(args: argparse.Namespace) -> bool:
    """True where the command line names a server, itself or by a defaults file."""
    return args.mysql is not None or args.mysql_defaults_file is not None


def mysql_connection(args: argparse.Namespace, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The keyword arguments of `logcore.Mysql` that `args` ask for: host, port, user, password, tls, tls_ca.

    `environment` is `os.environ` unless given. Raises MysqlOptionsError where host or user is missing, or the defaults
    file can't be read.
    """
    environment = os.environ if environment is None else environment
    client = _client_options(args.mysql_defaults_file)
    # The file's port belongs to the file's host: another host on the command line gets the usual port.
    host, port = args.mysql or (client.get("host"), _file_port(client, args.mysql_defaults_file))
    if not host:
        raise MysqlOptionsError("no MySQL server is named; give --mysql HOST:PORT or a --mysql-defaults-file with host")
    user = args.mysql_user or client.get("user")
    if not user:
        raise MysqlOptionsError("no MySQL user is named; give --mysql-user NAME or a --mysql-defaults-file with user")
    tls_ca = args.mysql_tls_ca or client.get("ssl-ca") or None
    return {
        "host": host,
        "port": port,
        "user": user,
        "password": environment.get(PASSWORD_VARIABLE, client.get("password")),
        "tls": bool(args.mysql_tls or tls_ca is not None or _file_wants_tls(client)),
        "tls_ca": tls_ca,
    }


def _client_options(path: str | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        return read_client_options(path)
    except OptionFileError as error:
        raise MysqlOptionsError(f"--mysql-defaults-file {error}") from error


def _file_port(client: Mapping[str, str], path: str | None) -> int:
    try:
        return _port(client.get("port", str(DEFAULT_PORT)))
    except argparse.ArgumentTypeError as error:
        raise MysqlOptionsError(f"--mysql-defaults-file {path}: port {error}") from error


def _file_wants_tls(client: Mapping[str, str]) -> bool:
    # `ssl` is the older spelling, and MariaDB's only one.
    ssl = client.get("ssl")
    return client.get("ssl-mode", "").lower() in _TLS_MODES or (ssl is not None and ssl.lower() in _TRUE)


def _host_and_port(text: str) -> tuple[str, int]:
    """`HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`."""
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise argparse.ArgumentTypeError(f"'{text}' is not [ADDRESS]:PORT")
        port_text = rest[1:] if rest else str(DEFAULT_PORT)
    elif text.count(":") > 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT; an IPv6 address goes in brackets, [::1]:3306")
    else:
        host, colon, port_text = text.partition(":")
        port_text = port_text if colon else str(DEFAULT_PORT)
    if not host or "@" in host or "/" in host:
        raise argparse.ArgumentTypeError(f"'{text}' is not HOST:PORT")
    return host, _port(port_text)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a port (1 to 65535)")
    return int(text)
