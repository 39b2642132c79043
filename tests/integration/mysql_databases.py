"""A user's and an administrator's way to the tests' MariaDB, and judged batches to put there."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa
import pymysql

from logcore import Classifier
from logcore._core import Mysql
from logcore.mysql_options import add_mysql_arguments, mysql_connection
from services import Stack
from stack.layout import Layout
from stack.mariadb import socket_path

TIME = datetime(2024, 5, 6, 7, 8, 9, 123000, tzinfo=timezone.utc)


class Databases:
    """A logs and a users database of this test's own."""

    def __init__(self, stack: Stack, suffix: str) -> None:
        parser = argparse.ArgumentParser()
        add_mysql_arguments(parser)
        self.login = mysql_connection(parser.parse_args(["--mysql-defaults-file", str(stack.mysql_defaults_file)]))
        self.logs = f"logs_{suffix}"
        self.users = f"dim_users_{suffix}"
        self._socket = str(socket_path(Layout(stack.directory)))

    def server(self, **other: Any) -> Mysql:
        """The server as our code sees it."""
        return Mysql(**{**self.login, "logs_database": self.logs, "users_database": self.users, **other})

    @contextmanager
    def connection(self, *, autocommit: bool = True) -> Iterator[pymysql.cursors.Cursor]:
        """The same user by another client."""
        login = {name: self.login[name] for name in ("host", "port", "user", "password")}
        with closing(pymysql.connect(**login, autocommit=autocommit)) as server, server.cursor() as cursor:
            yield cursor

    def query(self, statement: str, *arguments: object) -> list[tuple[Any, ...]]:
        with self.connection() as cursor:
            cursor.execute(statement, arguments)
            return list(cursor.fetchall())

    @contextmanager
    def global_variables(self, **variables: object) -> Iterator[None]:
        """Sets what only root may, for new sessions; afterwards it is as it was."""
        with closing(pymysql.connect(unix_socket=self._socket, user="root")) as server, server.cursor() as cursor:
            before: dict[str, object] = {}
            for name in variables:
                cursor.execute(f"SELECT @@global.{name}")
                before[name] = cursor.fetchall()[0][0]
            try:
                for name, value in variables.items():
                    cursor.execute(f"SET GLOBAL {name} = %s", (value,))
                yield
            finally:
                for name, value in before.items():
                    cursor.execute(f"SET GLOBAL {name} = %s", (value,))

    def drop(self) -> None:
        for name in (self.logs, self.users):
            self.query(f"DROP DATABASE IF EXISTS `{name}`")


def judged(
    classifier: Classifier, logs: Sequence[bytes | None], *, topic: str = "t", partition: int = 0, first: int = 0
) -> pa.RecordBatch:
    """These logs judged as if they had come from a partition's offsets `first` and on."""
    count = len(logs)
    return classifier.judge(
        pa.record_batch(
            {
                "value": pa.array(logs, pa.binary()),
                "topic": pa.array([topic] * count, pa.string()),
                "partition": pa.array([partition] * count, pa.int32()),
                "offset": pa.array(range(first, first + count), pa.int64()),
                "timestamp": pa.array([TIME] * count, pa.timestamp("us", "UTC")),
            }
        )
    )


def stored_form(batch: pa.RecordBatch) -> pa.Table:
    """The batch as it should come back from MySQL: without its record's columns."""
    table = pa.Table.from_batches([batch])
    return table.select([name for name in table.column_names if not name.startswith("record_")])
