"""Snapshots pinned beside a real checkpoint folder, through Hadoop's local file system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from logcore import Contract, Users
from logcore.spark.adapter import Snapshot
from logcore.spark.errors import CheckpointError
from logcore.spark.files import BrokenFileError, TextFiles
from logcore.spark.snapshots import KEPT_BATCHES, Snapshots


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint" / "logcore"


def users_of(account: int) -> Users:
    return Users([(account, "ANDROID")])


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".crc"))


def overwrite(path: Path, content: bytes) -> None:
    """As something other than Hadoop would: without its checksum."""
    path.write_bytes(content)
    (path.parent / f".{path.name}.crc").unlink(missing_ok=True)


def test_a_new_batch_has_no_pin(files: TextFiles) -> None:
    assert Snapshots(files).pinned(0) is None


def test_a_pinned_batch_is_replayed_by_the_same_snapshot(files: TextFiles, contract: Contract, folder: Path) -> None:
    first = Snapshot(contract, users_of(1))
    Snapshots(files).pin(7, first)
    again = Snapshots(files).pinned(7)
    assert again is not None
    assert again.versions == first.versions
    assert again.users is not None
    assert again.users.pairs() == [("1", "ANDROID")]
    assert again.contract.text == contract.text
    pin = json.loads((folder / "batches" / "7.json").read_text("utf-8"))
    assert pin == {"contract_version": contract.version, "users_version": users_of(1).version}
    assert visible(folder / "users") == [f"{users_of(1).version}.csv"]
    assert visible(folder / "contracts") == [f"{contract.version}.yaml"]


def test_nothing_unfinished_is_left(files: TextFiles, contract: Contract, folder: Path) -> None:
    Snapshots(files).pin(0, Snapshot(contract, users_of(1)))
    assert not [path for path in folder.rglob("*") if path.name.endswith(".tmp")]


def test_batches_of_one_snapshot_share_its_files(files: TextFiles, contract: Contract, folder: Path) -> None:
    snapshots = Snapshots(files)
    for batch_id in range(3):
        snapshots.pin(batch_id, Snapshot(contract, users_of(1)))
    snapshots.pin(3, Snapshot(contract, users_of(2)))
    assert len(visible(folder / "users")) == 2
    assert visible(folder / "batches") == ["0.json", "1.json", "2.json", "3.json"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"contract_version": "0123', b"null", b"[]", b'{"contract_version": "x"}', b"\xff\xfe"]
)
def test_a_pin_that_broke_off_counts_as_none_and_is_written_anew(
    content: bytes, files: TextFiles, contract: Contract, folder: Path
) -> None:
    snapshots = Snapshots(files)
    snapshots.pin(0, Snapshot(contract, users_of(1)))
    overwrite(folder / "batches" / "0.json", content)
    assert Snapshots(files).pinned(0) is None
    Snapshots(files).pin(0, Snapshot(contract, users_of(2)))
    again = Snapshots(files).pinned(0)
    assert again is not None
    assert again.versions[1] == users_of(2).version


def test_a_pin_with_a_wrong_checksum_counts_as_none(files: TextFiles, contract: Contract, folder: Path) -> None:
    Snapshots(files).pin(0, Snapshot(contract, users_of(1)))
    path = folder / "batches" / "0.json"
    path.write_bytes(path.read_bytes().replace(b"{", b"["))
    with pytest.raises(BrokenFileError, match=r"0\.json"):
        files.read("batches/0.json")
    assert Snapshots(files).pinned(0) is None


def test_a_half_written_snapshot_is_completed(files: TextFiles, contract: Contract, folder: Path) -> None:
    users = users_of(1)
    path = folder / "users" / f"{users.version}.csv"
    path.parent.mkdir(parents=True)
    path.write_text(users.csv[:9], "utf-8")
    (path.parent / f".{path.name}.0123.tmp").write_text("acc", "utf-8")
    Snapshots(files).pin(0, Snapshot(contract, users))
    assert path.read_text("utf-8") == users.csv
    assert Snapshots(files).pinned(0) is not None


@pytest.mark.parametrize("damage", ["missing", "changed", "unreadable"])
@pytest.mark.parametrize("kind", ["users", "contracts"])
def test_a_pin_to_a_snapshot_that_is_gone_stops_the_query(
    damage: str, kind: str, files: TextFiles, contract: Contract, folder: Path
) -> None:
    Snapshots(files).pin(4, Snapshot(contract, users_of(1)))
    (path,) = [path for path in (folder / kind).iterdir() if not path.name.endswith(".crc")]
    if damage == "missing":
        path.unlink()
    elif damage == "changed":
        text = path.read_bytes()
        overwrite(path, text + (b"2,IOS\n" if kind == "users" else b"# changed\n"))
    else:
        overwrite(path, b"\xff\xfe\x00")
    with pytest.raises(CheckpointError, match=rf"{path.name} is missing or changed, but batch 4 was begun by it"):
        Snapshots(files).pinned(4)


def test_without_users(files: TextFiles, contract: Contract, folder: Path) -> None:
    Snapshots(files).pin(0, Snapshot(contract, None))
    again = Snapshots(files).pinned(0)
    assert again is not None
    assert again.users is None
    assert not (folder / "users").exists()


def test_old_pins_go_with_the_snapshots_that_only_they_name(files: TextFiles, contract: Contract, folder: Path) -> None:
    snapshots = Snapshots(files)
    last = 2 * KEPT_BATCHES + 1
    for batch_id in range(last):
        # One version for the first batches, one for the rest.
        snapshots.pin(batch_id, Snapshot(contract, users_of(1 if batch_id < KEPT_BATCHES else 2)))
    numbers = sorted(int(name.partition(".")[0]) for name in visible(folder / "batches"))
    assert numbers[-1] == last - 1
    assert KEPT_BATCHES <= len(numbers) <= 2 * KEPT_BATCHES
    assert visible(folder / "users") == [f"{users_of(2).version}.csv"]
    assert visible(folder / "contracts") == [f"{contract.version}.yaml"]
    # What is gone can be pinned again by the same process.
    snapshots.pin(last, Snapshot(contract, users_of(1)))
    again = Snapshots(files).pinned(last)
    assert again is not None
    assert again.versions[1] == users_of(1).version


def test_a_start_clears_what_broke_off(files: TextFiles, contract: Contract, folder: Path) -> None:
    for name in ("users/.x.csv.12.tmp", "batches/.1.json.12.tmp", "contracts/.y.yaml.12.tmp"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("half", "utf-8")
    Snapshots(files).pin(5, Snapshot(contract, users_of(1)))
    assert not list(folder.rglob("*.tmp"))
    assert visible(folder / "batches") == ["5.json"]


def test_no_listing_each_batch(files: TextFiles, contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    listed: list[str] = []
    snapshots = Snapshots(files)
    snapshots.pin(0, Snapshot(contract, users_of(1)))
    monkeypatch.setattr(files, "names", lambda folder: listed.append(folder) or [])
    for batch_id in range(1, KEPT_BATCHES):
        snapshots.pin(batch_id, Snapshot(contract, users_of(1)))
    assert listed == []


def test_files_read_write_replace_list_delete(files: TextFiles) -> None:
    assert files.read("a/b.txt") is None
    assert files.names("a") == []
    files.write("a/b.txt", "ä\n")
    assert files.read("a/b.txt") == "ä\n"
    files.write("a/b.txt", "")
    assert files.read("a/b.txt") == ""
    assert files.names("a") == ["b.txt"]
    files.delete("a/b.txt")
    files.delete("a/b.txt")
    assert files.names("a") == []


def test_a_file_system_that_is_not_there_is_named(spark: SparkSession) -> None:
    with pytest.raises(CheckpointError, match=r"nosuchfs://x/y: .*nosuchfs"):
        TextFiles(spark._jvm, spark._jsc.hadoopConfiguration(), "nosuchfs://x/y")


def test_a_folder_that_can_not_be_made_is_named(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    files = TextFiles(spark._jvm, spark._jsc.hadoopConfiguration(), f"{tmp_path}/file/logcore")
    with pytest.raises(CheckpointError, match=r"a/b\.txt can't be written: "):
        files.write("a/b.txt", "x")


def test_a_plan_is_pinned_with_its_batch(files: TextFiles, contract: Contract) -> None:
    snapshots = Snapshots(files)
    plan = {"id": "a1", "ranges": [[0, 5, 9]], "starts": {}, "tasks": [[[0, 5, 9]]]}
    snapshots.pin(3, Snapshot(contract, users_of(1)), plan)
    assert Snapshots(files).plan(3) == plan
    # A data plane without plans pins none, and finds none.
    snapshots.pin(4, Snapshot(contract, users_of(1)))
    assert snapshots.plan(4) is None
    assert snapshots.plan(5) is None
