"""``python -m logcore.producer``: generated logs into a Kafka topic."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Sequence
from typing import Any

from logcore._core import Contract, Generator, LogcoreError, Producer, Users
from logcore.metrics.port import Expose, MetricsError, exposed
from logcore.producer.options import Options, parse
from logcore.producer.progress import Progress, summary
from logcore.stop_signals import on_signals, stop_on_signals

__all__ = ["main"]

_WATCH_S = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status: 0 every log was acknowledged, 1 one was not or a service is missing."""
    options = parse(arguments)
    progress = Progress()
    try:
        with exposed(options.metrics_port, progress.note) as expose:
            stats = _produce(options, progress, expose)
    except (LogcoreError, MetricsError, OSError) as error:
        progress.note(" ".join(str(error).split()))
        return 1
    progress.tell_failure(stats)
    progress.note(summary(stats))
    return 0 if stats["failed"] == 0 and stats["error"] is None else 1


def _produce(options: Options, progress: Progress, expose: Expose) -> dict[str, Any]:
    contract = Contract.load(options.contract) if options.contract is not None else Contract.server_logs()
    users = _users(contract, options)
    config = dict(options.config)
    start = int(time.time()) if options.start is None else options.start
    # What can't be generated is an error now, not after Kafka was asked for a topic.
    Generator(
        contract,
        users,
        seed=options.seed,
        start=start,
        rate=options.rate or 1000.0,
        bad_rate=options.bad_rate,
        suspicious_rate=options.suspicious_rate,
    )
    # Nothing is under way yet that a Ctrl-C could break, and the waits below don't come back to Python for it.
    on_signals(signal.SIG_DFL)
    progress.line.waits(f"asking Kafka at {options.brokers} …")
    producer = Producer(
        contract,
        users,
        brokers=options.brokers,
        topic=options.topic,
        rate=options.rate,
        count=options.logs,
        duration=options.duration,
        threads=options.threads,
        seed=options.seed,
        start=start,
        bad_rate=options.bad_rate,
        suspicious_rate=options.suspicious_rate,
        truth=options.truth,
        config=config,
        shard=options.shard,
        partitions=options.partitions,
    )
    if options.metrics_port is not None:
        from logcore.metrics.sources import build_source, producer_source

        expose(build_source(contract))
        expose(producer_source(producer.stats, options.own_rate))
    if producer.created_topic:
        progress.note(f"made the topic {options.topic} with {options.partitions} partitions")
    stop = stop_on_signals()
    rate = "as fast as can be" if options.rate is None else f"{options.rate:,g}/s"
    known = "" if users is None else f", {len(users):,} users (version {users.version})"
    part, parts = options.shard
    if parts > 1:
        rate += f" in all, part {part + 1} of {parts}"
    progress.note(f"to {options.topic} at {options.brokers}, {rate}; seed {options.seed}, start {start}{known}")
    return _watch(producer, progress, stop)


def _watch(producer: Producer, progress: Progress, stop: threading.Event) -> dict[str, Any]:
    """Shows how far it is until all is acknowledged or failed."""
    stopping = False
    while not producer.join(_WATCH_S):
        stats = producer.stats()
        progress.show(stats)
        if stop.is_set() and not stopping:
            stopping = True
            producer.stop()
            waiting = stats["sent"] - stats["acknowledged"]
            progress.note(f"stopping; waiting for some {max(waiting, 0):,} logs in flight, Ctrl-C aborts")
    return producer.stats()


def _users(contract: Contract, options: Options) -> Users | None:
    if options.users == "mysql":
        from logcore._core import Mysql

        return Mysql(**(options.mysql or {})).read_users(contract)
    if options.users is not None:
        return Users.from_csv(options.users)
    if contract.lookup is None:
        return None
    return Users.generate(contract, seed=options.users_seed, accounts=options.accounts)


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
