"""numpy arrays of verdicts and generated logs: the same as Arrow's columns, and no copies."""

from __future__ import annotations

import doctest

import numpy as np
import pyarrow as pa
import pytest

import logcore.arrays
from logcore import BatchError, Classifier, Contract, Generator, Users
from logcore.arrays import CODES, STATUSES, generated, judged

CONTRACT = Contract.server_logs()
USERS = Users.generate(CONTRACT, seed=1)


@pytest.mark.parametrize("count", [0, 1, 64, 20_000])
def test_verdicts_are_those_of_classify(count: int) -> None:
    batch = Generator(CONTRACT, USERS, seed=1).batch(count)
    classifier = Classifier(CONTRACT, USERS, threads=2)
    verdicts = judged(classifier, batch)
    columns = classifier.classify(batch.select(["value"]))
    assert [STATUSES[place] for place in verdicts.statuses] == columns["status"].to_pylist()
    names = [*CONTRACT.field_names, "$"]
    paths = [names[min(int(place), 6)] for place in verdicts.fields]
    found = list(zip(paths, (CODES[place] for place in verdicts.codes)))
    parts = [found[start:end] for start, end in zip(verdicts.reasons_end, verdicts.reasons_end[1:])]
    expected = [[(reason["path"], reason["code"]) for reason in row] for row in columns["reasons"].to_pylist()]
    assert parts == expected
    assert verdicts.counts.sum() == sum(map(len, expected))
    assert len(verdicts.counts) == len(CODES)


def test_generated_logs_are_views() -> None:
    logs = generated(Generator(CONTRACT, USERS, seed=1), 1_000)
    batch = Generator(CONTRACT, USERS, seed=1).batch(1_000)
    texts = [bytes(logs.text[start:end]).decode() for start, end in zip(logs.offsets, logs.offsets[1:])]
    assert texts == batch["value"].to_pylist()
    assert [STATUSES[place] for place in logs.expected_statuses] == batch["expected_status"].to_pylist()
    _, offsets, text = logs.batch["value"].buffers()
    assert logs.text.__array_interface__["data"] == (text.address, True)
    assert logs.offsets.__array_interface__["data"] == (offsets.address, True)
    assert generated(Generator(CONTRACT, USERS, seed=1), 0).offsets.tolist() == [0]


def test_verdicts_show_arrows_memory() -> None:
    classifier = Classifier(CONTRACT, USERS)
    arrays = classifier.codes(pa.record_batch({"value": ["{}"] * 10}))
    for array in arrays:
        assert np.shares_memory(array.to_numpy(zero_copy_only=True), np.asarray(array))
    assert not judged(classifier, pa.record_batch({"value": ["{}"]})).statuses.flags.writeable
    with pytest.raises(BatchError, match="one column 'log' is wanted"):
        judged(classifier, pa.record_batch({"value": ["{}"]}), column="log")


def test_the_example() -> None:
    assert doctest.testmod(logcore.arrays).failed == 0
