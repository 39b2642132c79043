"""The users as the driver reads them: a CSV or the MySQL table, again after a time to live."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from logcore._core import LogcoreError, Users

if TYPE_CHECKING:
    from logcore._core import Contract, Mysql

__all__ = ["RefreshedUsers", "csv_reader", "mysql_reader"]


class RefreshedUsers:
    """Users that are read again once they are older than a time to live; `failures` counts how often they couldn't be.

    A source that fails once it has answered means the last users and one warning for as long as it fails: stale users
    make some logs suspicious that are good, a stopped pipeline keeps all of them back.
    """

    def __init__(
        self,
        read: Callable[[], Users],
        *,
        ttl_s: float,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Reads at once and raises what `read` raises: at the start there are no last users to go on with."""
        self._read = read
        self._ttl_s = ttl_s
        self._say = say
        self._clock = clock
        self._users = read()
        self._read_at = clock()
        self._succeeded_at = self._read_at
        self._failing = False
        self.failures = 0
        # What was just read serves the first batch, whatever the time to live.
        self._fresh = True

    def current(self) -> Users:
        """The users for a batch that begins now."""
        if not self._fresh and self._clock() - self._read_at >= self._ttl_s:
            self._refresh()
        self._fresh = False
        return self._users

    @property
    def last(self) -> Users:
        """The users as they were read last, however old."""
        return self._users

    @property
    def age_s(self) -> float:
        """Seconds since they were read, or found unchanged."""
        return self._clock() - self._succeeded_at

    def _refresh(self) -> None:
        self._read_at = self._clock()
        try:
            self._users = self._read()
        except (LogcoreError, OSError) as error:
            if not self._failing:
                self._say(f"warning: users can't be read again, going on with version {self._users.version}: {error}")
            self._failing = True
            self.failures += 1
            return
        self._succeeded_at = self._read_at
        if self._failing:
            self._say(f"users can be read again: version {self._users.version}")
        self._failing = False


def csv_reader(path: str) -> Callable[[], Users]:
    """Reads the file where it has changed since the last call. Raises UsersError, OSError."""
    last: tuple[tuple[int, int, int], Users] | None = None

    def read() -> Users:
        nonlocal last
        # Before reading: a change while reading shows at the next call.
        status = Path(path).stat()
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if last is None or last[0] != stamp:
            last = (stamp, Users.from_csv(path))
        return last[1]

    return read


def mysql_reader(mysql: Mysql, contract: Contract) -> Callable[[], Users]:
    """Reads the table. Raises MysqlError."""
    return lambda: mysql.read_users(contract)
