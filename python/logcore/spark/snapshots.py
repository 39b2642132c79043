"""Which contract and users each micro-batch was judged by, kept beside the checkpoint.

    CHECKPOINT/logcore/contracts/VERSION.yaml   named by their content
    CHECKPOINT/logcore/users/VERSION.csv
    CHECKPOINT/logcore/batches/BATCH_ID.json    {"contract_version": …, "users_version": …, "plan": …}: the pin

The pin is written after the files that it names and before anything leaves the batch. So a batch with a pin may have
been written in part and must be judged by the same snapshot again; a batch without one, or with one that broke off, has
written nothing and may be judged by the present snapshot.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from logcore._core import Contract, LogcoreError, Users
from logcore.spark.adapter import Snapshot, Versions
from logcore.spark.errors import CheckpointError
from logcore.spark.files import BrokenFileError

__all__ = ["KEPT_BATCHES", "Files", "Plan", "Snapshots"]

KEPT_BATCHES = 100
"""As many as Spark keeps of its own log, so a checkpoint that is set back within it still has its pins."""


Plan = dict[str, Any]
"""What a data plane has planned for a batch, as JSON."""

_Content = TypeVar("_Content", Contract, Users)


class Files(Protocol):
    """Where snapshots live: see `logcore.spark.files.TextFiles`."""

    root: str

    def read(self, name: str) -> str | None: ...
    def write(self, name: str, text: str) -> None: ...
    def names(self, folder: str) -> list[str]: ...
    def delete(self, name: str) -> None: ...


class Snapshots:
    """Pins snapshots to batches. One driver at a time uses a checkpoint; Spark sees to that."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._stored: set[str] = set()
        self._pinned_since_pruning = KEPT_BATCHES - 1

    def pinned(self, batch_id: int) -> Snapshot | None:
        """The snapshot that `batch_id` was pinned to before; None for a batch of which nothing was written.

        Raises CheckpointError where the pin names a file that is gone or has other content.
        """
        versions = self._read_pin(batch_id)
        if versions is None:
            return None
        contract_version, users_version = versions
        contract = self._read_snapshot_file(f"contracts/{contract_version}.yaml", batch_id, Contract.parse)
        if not users_version:
            return Snapshot(contract, None)
        return Snapshot(contract, self._read_snapshot_file(f"users/{users_version}.csv", batch_id, Users.parse))

    def plan(self, batch_id: int) -> Plan | None:
        """The plan that `batch_id` was pinned with; None without one. Raises CheckpointError."""
        plan = (self._read_pin_file(batch_id) or {}).get("plan")
        return plan if isinstance(plan, dict) else None

    def pin(self, batch_id: int, snapshot: Snapshot, plan: Plan | None = None) -> None:
        """Binds `batch_id` to `snapshot` and `plan`, before anything of it is written. Raises CheckpointError."""
        contract_version, users_version = snapshot.versions
        _, contract, users = snapshot.texts
        self._store(f"contracts/{contract_version}.yaml", contract)
        if users is not None:
            self._store(f"users/{users_version}.csv", users)
        pin: dict[str, Any] = {"contract_version": contract_version, "users_version": users_version}
        if plan is not None:
            pin["plan"] = plan
        self._files.write(_pin_name(batch_id), json.dumps(pin) + "\n")
        self._pinned_since_pruning += 1
        if self._pinned_since_pruning >= KEPT_BATCHES:
            self._prune(batch_id)
            self._pinned_since_pruning = 0

    def _store(self, name: str, text: str) -> None:
        if name in self._stored:
            return
        try:
            present = self._files.read(name)
        except BrokenFileError:
            present = None
        if present != text:
            self._files.write(name, text)
        self._stored.add(name)

    def _read_pin_file(self, batch_id: int) -> dict[str, Any] | None:
        try:
            text = self._files.read(_pin_name(batch_id))
            pin = None if text is None else json.loads(text)
        except (BrokenFileError, json.JSONDecodeError):
            return None
        return pin if isinstance(pin, dict) else None

    def _read_pin(self, batch_id: int) -> Versions | None:
        pin = self._read_pin_file(batch_id)
        if pin is None:
            return None
        contract, users = pin.get("contract_version"), pin.get("users_version")
        # The contract's version is never empty, so a pin cut short is none.
        return (contract, users) if isinstance(contract, str) and contract and isinstance(users, str) else None

    def _read_snapshot_file(self, name: str, batch_id: int, parse: Callable[[str], _Content]) -> _Content:
        """The parsed file, whose name is its content's version. Raises CheckpointError."""
        try:
            text = self._files.read(name)
            content = None if text is None else parse(text)
        except (BrokenFileError, LogcoreError):
            content = None
        if content is None or content.version != name.rpartition("/")[2].partition(".")[0]:
            raise CheckpointError(
                f"{self._files.root}/{name} is missing or changed, but batch {batch_id} was begun by it; "
                "put it back, or start from a new --checkpoint"
            )
        return content

    def _prune(self, batch_id: int) -> None:
        """Drops pins that Spark can't replay, then snapshots that no pin names, then what broke off."""
        kept: set[str] = set()
        for name in self._files.names("batches"):
            number = name.partition(".")[0]
            if not number.isdecimal() or int(number) <= batch_id - KEPT_BATCHES:
                self._files.delete(f"batches/{name}")
                continue
            versions = self._read_pin(int(number))
            if versions is not None:
                kept.update((f"contracts/{versions[0]}.yaml", f"users/{versions[1]}.csv"))
        for folder in ("contracts", "users"):
            for name in self._files.names(folder):
                if f"{folder}/{name}" not in kept:
                    self._files.delete(f"{folder}/{name}")
        self._stored &= kept


def _pin_name(batch_id: int) -> str:
    return f"batches/{batch_id}.json"
