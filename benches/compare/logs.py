"""The logs and users that every rival gets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from logcore import Contract, Generator, Users

__all__ = ["Logs", "make_logs"]


@dataclass(frozen=True)
class Logs:
    """`batch` is a pyarrow RecordBatch with the column `value` (string); `counts` has the logs of each status."""

    contract: Contract
    users: Users
    batch: Any
    counts: dict[str, int]


def make_logs(count: int) -> Logs:
    """`count` logs of the natural mix, without three rare faults that the rivals can't judge.

    They stop at the first torn log, can't see a field given twice, and take 0684 or +684 for a number.
    """
    text = Contract.server_logs().text
    for fault in ("cutShort", "duplicateField", "textForNumber"):
        text = text.replace(f"{fault}: 0.0002", f"{fault}: 0")
    contract = Contract.parse(text)
    users = Users.generate(contract, seed=1)
    batch = Generator(contract, users, seed=1).batch(count)
    counted = batch["expected_status"].value_counts().to_pylist()
    return Logs(contract, users, batch.select(["value"]), {pair["values"]: pair["counts"] for pair in counted})
