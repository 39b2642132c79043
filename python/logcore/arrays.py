"""Verdicts and generated logs as numpy arrays, for Jupyter: views of Arrow's own memory, nothing is copied.

>>> from logcore import Classifier, Contract, Generator, Users
>>> from logcore.arrays import STATUSES, generated, judged
>>> contract = Contract.server_logs()
>>> users = Users.generate(contract, seed=1)
>>> logs = generated(Generator(contract, users, seed=1), 1000)
>>> verdicts = judged(Classifier(contract, users), logs.batch)
>>> bool((verdicts.statuses == logs.expected_statuses).all()), STATUSES[int(verdicts.statuses[0])]
(True, 'good')

numpy is not among what the wheel needs; install it beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from logcore._core import CODES, STATUSES

if TYPE_CHECKING:
    from logcore._core import Classifier, Generator

__all__ = ["CODES", "STATUSES", "Generated", "Judged", "generated", "judged"]

_STATUS_SET: Final = pa.array(STATUSES)


class Judged(NamedTuple):
    """What a batch of n logs got. Every array is read-only."""

    statuses: Any
    """uint8[n]: each log's place in STATUSES."""
    reasons_end: Any
    """int32[n + 1]: log i has the reasons from reasons_end[i] to reasons_end[i + 1]."""
    codes: Any
    """uint8: each reason's place in CODES."""
    fields: Any
    """uint16: each reason's field, counted as Contract.structure does, an object before what is within it; 65,535 for
    the log as a whole."""

    @property
    def counts(self) -> Any:
        """int64[len(CODES)]: how many reasons have each code."""
        return np.bincount(self.codes, minlength=len(CODES))


class Generated(NamedTuple):
    """n generated logs. Every array is read-only."""

    batch: Any
    """The RecordBatch of `Generator.batch`, whose memory the arrays show."""
    text: Any
    """uint8: the logs' UTF-8 end to end."""
    offsets: Any
    """int32[n + 1]: log i is text[offsets[i]:offsets[i + 1]]."""
    expected_statuses: Any
    """int32[n]: each log's place in STATUSES."""


def judged(classifier: Classifier, batch: Any, *, column: str = "value") -> Judged:
    """Judges the logs in `column` without a string for any verdict. Raises BatchError as `Classifier.classify`."""
    return Judged(*(array.to_numpy(zero_copy_only=True) for array in classifier.codes(batch, column=column)))


def generated(generator: Generator, n: int) -> Generated:
    """The next n logs of `generator`. Raises GeneratorError as `Generator.batch`."""
    batch = generator.batch(n)
    _, offsets, text = batch["value"].buffers()
    return Generated(
        batch,
        np.frombuffer(text, np.uint8) if text is not None else np.empty(0, np.uint8),
        np.frombuffer(offsets, np.int32, n + 1),
        pc.index_in(batch["expected_status"], _STATUS_SET).to_numpy(zero_copy_only=True),
    )
