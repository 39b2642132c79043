"""What each command exports: read from what it counts for itself anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from logcore._core import STATUSES, __version__
from logcore.metrics import figures as f

if TYPE_CHECKING:
    from logcore._core import Contract
    from logcore.metrics.figures import Reading, Source
    from logcore.users_source import RefreshedUsers

__all__ = ["build_source", "indexer_source", "processor_source", "producer_source", "users_source"]

_QUANTILES = (("0.5", "lag_p50"), ("0.99", "lag_p99"), ("1", "lag_max"))


def build_source(contract: Contract) -> Source:
    """The versions of logcore and of the contract."""
    return lambda: [f.BUILD_INFO.reading(1, __version__, contract.version)]


def producer_source(stats: Callable[[], Mapping[str, Any]], target_rate: float | None) -> Source:
    """`stats` is `Producer.stats`, `target_rate` the logs a second asked of this process."""

    def read() -> Iterator[Reading]:
        now = stats()
        yield f.PRODUCER_GENERATED.reading(now["generated"])
        for outcome in ("acknowledged", "failed"):
            yield f.PRODUCER_LOGS.reading(now[outcome], outcome)
        yield f.PRODUCER_SENT_BYTES.reading(now["bytes"])
        for quantile, name in _QUANTILES:
            if now[name] is not None:
                yield f.PRODUCER_SEND_DELAY.reading(now[name], quantile)
        if target_rate is not None:
            yield f.PRODUCER_TARGET_RATE.reading(target_rate)

    return read


def processor_source(stats: Callable[[], Mapping[str, Any]]) -> Source:
    """`stats` is `Processor.stats`, of the one process."""

    def read() -> Iterator[Reading]:
        now = stats()
        for status in STATUSES:
            yield f.PROCESSOR_LOGS.reading(now[status], f.PROCESS, status)
        yield f.PROCESSOR_READ_BYTES.reading(now["bytes"], f.PROCESS)
        yield f.PROCESSOR_TRANSACTIONS.reading(now["transactions"], f.PROCESS, "committed")
        yield f.PROCESSOR_TRANSACTIONS.reading(now["retries"], f.PROCESS, "retried")
        if now["lag"] is not None:
            yield f.PROCESSOR_LAG.reading(now["lag"], f.PROCESS)

    return read


def users_source(users: RefreshedUsers) -> Source:
    """The users that logs are judged by, and how old they are."""

    def read() -> Iterator[Reading]:
        last = users.last
        yield f.USERS_AGE.reading(users.age_s)
        yield f.USERS_ROWS.reading(len(last))
        yield f.USERS_INFO.reading(1, last.version)
        yield f.USERS_READ_FAILURES.reading(users.failures)

    return read


def indexer_source(settled: Callable[[], tuple[int, int, int]], lag: Callable[[], int | None]) -> Source:
    """`settled` says how many records were indexed, there already and rejected, `lag` how many are left, if known."""

    def read() -> Iterator[Reading]:
        for outcome, count in zip(("indexed", "replayed", "rejected"), settled()):
            yield f.INDEXER_DOCUMENTS.reading(count, outcome)
        left = lag()
        if left is not None:
            yield f.INDEXER_LAG.reading(max(left, 0))

    return read
