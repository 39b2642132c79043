"""The logs and users that every rival gets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from logcore import Contract, Generator, Users

__all__ = ["Logs", "make_logs"]


@dataclass(frozen=True)
class Logs:
    """`made` is a pyarrow RecordBatch of what the generator yields: `value`, `expected_status`, `expected_reasons`."""

    contract: Contract
    users: Users
    made: Any

    @property
    def batch(self) -> Any:
        """The logs alone, a RecordBatch with the column `value` (string)."""
        return self.made.select(["value"])

    @property
    def counts(self) -> dict[str, int]:
        """The logs of each status, as they were made."""
        return {pair["values"]: pair["counts"] for pair in self.made["expected_status"].value_counts().to_pylist()}

    @property
    def pairs(self) -> list[tuple[int, str]]:
        """The users."""
        return [(int(row[0]), row[1]) for row in self.users.pairs()]

    def first(self, count: int) -> Logs:
        """The first `count` logs."""
        return Logs(self.contract, self.users, self.made.slice(0, count))

    def without(self, codes: Iterable[str]) -> Logs:
        """The logs that have no reason of these codes."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        reasons = self.made["expected_reasons"]
        hit = pc.is_in(pc.list_flatten(reasons).field("code"), value_set=pa.array(list(codes)))
        keep = np.ones(len(reasons), dtype=bool)
        keep[pc.list_parent_indices(reasons).filter(hit).to_numpy()] = False
        return Logs(self.contract, self.users, self.made.filter(pa.array(keep)))


def make_logs(count: int) -> Logs:
    """`count` logs of the natural mix, without three rare faults that the rivals can't judge.

    They stop at the first torn log, can't see a field given twice, and take 0684 or +684 for a number.
    """
    text = Contract.server_logs().text
    for fault in ("cutShort", "duplicateField", "textForNumber"):
        text = text.replace(f"{fault}: 0.0002", f"{fault}: 0")
    contract = Contract.parse(text)
    users = Users.generate(contract, seed=1)
    return Logs(contract, users, Generator(contract, users, seed=1).batch(count))
