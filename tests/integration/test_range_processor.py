"""RangeProcessor on real Kafka: a range is moved once, whoever is asked for it, and when."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from logcore import Classifier, Contract, Users
from logcore._core import KafkaError, RangeProcessor, ensure_topic, topic_offsets
from services import Stack
from verdict_hops import produce, read

Ranges = list[tuple[int, int, int]]


@pytest.fixture
def classifier(users_file: Path) -> Classifier:
    return Classifier(Contract.server_logs(), Users.from_csv(users_file))


@pytest.fixture
def topics(stack: Stack, topic: Callable[[str], str]) -> tuple[str, str, Ranges]:
    """An input of 1,000 logs, an empty status topic, and the ranges that hold all logs."""
    source, target = topic("logs"), topic("status")
    produce(stack, source, 1000)
    ensure_topic(stack.brokers, target, partitions=2, replication=1)
    offsets = topic_offsets(stack.brokers, source)
    return source, target, [(partition, *ends) for partition, ends in sorted(offsets.items())]


def processor(stack: Stack, source: str, target: str) -> RangeProcessor:
    return RangeProcessor(brokers=stack.brokers, input=source, output=target, id=f"logcore-{target}-0", config={})


def times(stack: Stack, topic: str) -> Counter[int]:
    """How many keys a reader of committed records sees how often."""
    return Counter(Counter(record["key"] for record in read(stack, topic)).values())


def test_a_plan_that_is_done_is_counted_and_not_done_again(
    stack: Stack, topics: tuple[str, str, Ranges], classifier: Classifier
) -> None:
    source, target, ranges = topics
    done = processor(stack, source, target).process(classifier, 3, "plan", ranges)
    assert sum(sum(row[3:6]) for row in done) == 1000
    assert processor(stack, source, target).process(classifier, 3, "plan", ranges) == done
    assert times(stack, target) == {1: 1000}


def test_a_try_of_a_batch_that_is_over_does_nothing(
    stack: Stack, topics: tuple[str, str, Ranges], classifier: Classifier
) -> None:
    source, target, ranges = topics
    first = [(partition, start, start + (until - start) // 2) for partition, start, until in ranges]
    rest = [(partition, middle, until) for (partition, _, middle), (_, _, until) in zip(first, ranges)]
    frozen = processor(stack, source, target)
    frozen.process(classifier, 3, "plan", first)
    processor(stack, source, target).process(classifier, 4, "next", rest)
    # It comes back, as a worker whose host stood still does: its clients are shut out, and it takes the id anew.
    with pytest.raises(KafkaError, match="batch 3 comes too late, batch 4 of the same query has been moved"):
        frozen.process(classifier, 3, "plan", first)
    assert times(stack, target) == {1: 1000}


def test_clients_are_not_used_in_a_forked_process(
    stack: Stack, topics: tuple[str, str, Ranges], classifier: Classifier
) -> None:
    source, target, ranges = topics
    own = processor(stack, source, target)
    (first, *others) = [[each] for each in ranges]
    own.process(classifier, 0, "first", first)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            for number, each in enumerate(others, 1):
                own.process(classifier, number, f"in-the-child-{number}", each)
            del own
            status = 0
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    # The parent's own clients were shut out by the child's, and are replaced.
    last = own.process(classifier, len(others), f"in-the-child-{len(others)}", others[-1])
    assert sum(sum(row[3:6]) for row in last) == others[-1][0][2] - others[-1][0][1]
    assert times(stack, target) == {1: 1000}
