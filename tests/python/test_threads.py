"""Verdicts don't depend on the number of threads."""

from __future__ import annotations

import pyarrow as pa
import pytest

from logcore import BatchError, Classifier, Contract, Generator, Users

CONTRACT = Contract.server_logs()
USERS = Users.generate(CONTRACT, seed=1)
ENOUGH = 8192


@pytest.mark.parametrize("rows", [0, 1, ENOUGH, 2 * ENOUGH, 2 * ENOUGH + 1, 5 * ENOUGH - 63, 7 * ENOUGH + 65])
def test_each_number_of_threads_says_the_same(rows: int) -> None:
    logs = Generator(CONTRACT, USERS, seed=rows, bad_rate=0.2).batch(rows + 7).slice(7)
    logs = pa.record_batch({"value": logs["value"], "row": pa.array(range(rows), pa.int64())})
    judged = Classifier(CONTRACT, USERS, threads=1).classify(logs)
    for threads in (2, 3, 7, 1000):
        again = Classifier(CONTRACT, USERS, threads=threads).classify(logs)
        again.validate(full=True)
        assert again.equals(judged)
    assert Classifier(CONTRACT, USERS).classify(logs).equals(judged)


def test_without_any_log_or_value_in_a_part() -> None:
    logs = pa.record_batch({"value": pa.array([None] * (3 * ENOUGH) + ["{}"], pa.string())})
    judged = Classifier(CONTRACT, USERS, threads=3).classify(logs)
    judged.validate(full=True)
    assert judged.equals(Classifier(CONTRACT, USERS, threads=1).classify(logs))


def test_an_error_of_the_batch_is_the_same() -> None:
    logs = pa.record_batch({"value": pa.array(range(3 * ENOUGH), pa.int64())})
    with pytest.raises(BatchError, match="must hold strings or binary"):
        Classifier(CONTRACT, USERS, threads=3).classify(logs)


@pytest.mark.parametrize("threads", [0, -1])
def test_there_is_at_least_one_thread(threads: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        Classifier(CONTRACT, USERS, threads=threads)
