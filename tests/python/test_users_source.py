"""Users read again, and what happens where they can't be."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from logcore import MysqlError, Users, UsersError
from logcore.users_source import RefreshedUsers, csv_reader


class Source:
    """A table that can be changed and taken away, and a clock."""

    def __init__(self) -> None:
        self.account = 1
        self.error: Exception | None = None
        self.reads = 0
        self.now = 100.0
        self.said: list[str] = []

    def read(self) -> Users:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return Users([(self.account, "IOS")])

    def refreshed(self, ttl_s: float) -> RefreshedUsers:
        return RefreshedUsers(self.read, ttl_s=ttl_s, say=self.said.append, clock=lambda: self.now)


def accounts(users: RefreshedUsers) -> list[str]:
    return [pair[0] for pair in users.current().pairs()]


def test_each_batch_reads_and_the_first_uses_what_the_start_read() -> None:
    source = Source()
    users = source.refreshed(0.0)
    assert (accounts(users), source.reads) == (["1"], 1)
    source.account = 2
    assert (accounts(users), source.reads) == (["2"], 2)
    assert (accounts(users), source.reads) == (["2"], 3)


def test_within_the_time_to_live_nothing_is_read() -> None:
    source = Source()
    users = source.refreshed(60.0)
    accounts(users)
    source.account = 2
    source.now += 59.9
    assert (accounts(users), source.reads) == (["1"], 1)
    source.now += 0.1
    assert (accounts(users), source.reads) == (["2"], 2)
    assert (accounts(users), source.reads) == (["2"], 2)


@pytest.mark.parametrize("error", [MysqlError("it is away"), UsersError("it is away"), OSError("it is away")])
def test_away_at_a_refresh_is_the_last_users_and_one_warning(error: Exception) -> None:
    source = Source()
    users = source.refreshed(0.0)
    accounts(users)
    version = users.current().version
    source.error = error
    assert [accounts(users) for _ in range(3)] == [["1"]] * 3
    (warning,) = source.said
    assert warning == f"warning: users can't be read again, going on with version {version}: it is away"
    source.error = None
    source.account = 2
    assert accounts(users) == ["2"]
    assert source.said[1].startswith("users can be read again: version ")
    source.error = error
    assert accounts(users) == ["2"]
    assert len(source.said) == 3


def test_away_at_the_start_is_an_error() -> None:
    source = Source()
    source.error = MysqlError("it is away")
    with pytest.raises(MysqlError, match="it is away"):
        source.refreshed(0.0)


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("account_id,device\n1,IOS\n", "utf-8")
    return path


def test_a_csv_is_parsed_again_only_where_it_changed(csv: Path) -> None:
    read: Callable[[], Users] = csv_reader(str(csv))
    first = read()
    assert read() is first
    csv.write_text("account_id,device\n1,IOS\n2,IOS\n", "utf-8")
    assert len(read()) == 2
    status = csv.stat()
    csv.write_text("account_id,device\n1,IOS\n3,IOS\n", "utf-8")
    os.utime(csv, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    assert read().pairs()[1] == ("3", "IOS")


def test_a_csv_that_goes_or_breaks_raises_what_refreshing_survives(csv: Path) -> None:
    said: list[str] = []
    users = RefreshedUsers(csv_reader(str(csv)), ttl_s=0.0, say=said.append)
    users.current()
    csv.unlink()
    assert users.current().pairs() == [("1", "IOS")]
    csv.write_text("account_id,device\n1,IOS,too many\n", "utf-8")
    assert users.current().pairs() == [("1", "IOS")]
    assert len(said) == 1
    csv.write_text("account_id,device\n9,IOS\n", "utf-8")
    assert users.current().pairs() == [("9", "IOS")]
