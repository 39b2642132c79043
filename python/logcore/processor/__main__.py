"""``python -m logcore.processor``: the pipeline's middle in one process."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Sequence
from typing import Any

from logcore._core import LogcoreError, Processor, __version__, ensure_topic, topic_offsets
from logcore.elk.connection import ElasticsearchError
from logcore.metrics.documents import ProcessDocuments
from logcore.metrics.figures import PROCESS
from logcore.metrics.monitoring import Monitoring, monitoring
from logcore.metrics.port import MetricsError
from logcore.metrics.sources import build_source, processor_source, users_source
from logcore.preparation import PreparationError, Prepared, prepare
from logcore.processor.options import Options, parse
from logcore.processor.progress import Progress, summary
from logcore.stop_signals import stop_on_signals

__all__ = ["main"]

_WATCH_S = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    options = parse(arguments)
    progress = Progress()
    try:
        with monitoring(options.metrics, progress.note) as figures:
            return _process(options, progress, figures)
    except PreparationError as error:
        progress.note(f"{error}; see --help")
        return 2
    except (LogcoreError, ElasticsearchError, MetricsError, OSError) as error:
        progress.note(" ".join(str(error).split()))
    return 1


def _process(options: Options, progress: Progress, figures: Monitoring) -> int:
    prepared = prepare(options, progress.note)
    progress.line.waits(f"asking Kafka at {options.brokers} …")
    config = dict(options.config)
    offsets = topic_offsets(options.brokers, options.input, config=config)
    # As many copies as the brokers make by themselves.
    if ensure_topic(options.brokers, options.output, partitions=len(offsets), replication=-1, config=config):
        progress.note(f"created topic {options.output}")
    users = prepared.current_users()
    run = uuid.uuid4().hex[:12]
    processor = Processor(
        prepared.contract,
        users,
        brokers=options.brokers,
        input=options.input,
        output=options.output,
        group=options.group,
        run=run,
        instance=options.instance,
        start=options.starting_offsets,
        threads=options.threads,
        interval=options.interval_s,
        most=options.most,
        until_end=options.until_end,
        config=config,
        mysql=dict(options.mysql) if options.tables and options.mysql is not None else None,
    )
    figures.expose(build_source(prepared.contract))
    figures.expose(processor_source(processor.stats))
    if prepared.users is not None:
        figures.expose(users_source(prepared.users))
    documents = ProcessDocuments(figures.write, _about(prepared, options, run), prepared.users)
    stop = stop_on_signals()
    known = "" if users is None else f"; {len(users):,} users (version {users.version})"
    sinks = " and MySQL" if options.tables else ""
    ends = "ends with what is there now" if options.until_end else "Ctrl-C stops"
    progress.note(f"{options.input} → {options.output}{sinks}, group {options.group}{known}; {ends}")
    _watch(processor, prepared, options, progress, documents, stop)
    stats = processor.stats()
    documents.finish(stats)
    if stats["error"] is not None:
        progress.note(stats["error"])
    progress.note(summary(stats))
    if stats["error"] is not None:
        return 1
    # A script that goes on with what is judged must not take the half for the whole.
    return 130 if stop.is_set() and options.until_end else 0


def _about(prepared: Prepared, options: Options, run: str) -> dict[str, Any]:
    """What stands in each document about this process."""
    return {
        "engine": PROCESS,
        "group": options.group,
        "run": run,
        "input": options.input,
        "output": options.output,
        "version": __version__,
        "contract": prepared.contract.version,
    }


def _watch(
    processor: Processor,
    prepared: Prepared,
    options: Options,
    progress: Progress,
    documents: ProcessDocuments,
    stop: threading.Event,
) -> None:
    """Shows how far it is and keeps the users new, until it ends or is stopped."""
    version = None if prepared.users is None else prepared.users.current().version
    # Without a time to live they are still read only so often.
    every = max(options.users_ttl_s, 0.5)
    refreshed = time.monotonic()
    stopping = False
    while not processor.join(_WATCH_S):
        stats = processor.stats()
        progress.show(stats)
        documents.tick(stats)
        if stop.is_set() and not stopping:
            stopping = True
            processor.stop()
        if prepared.users is not None and not stopping and time.monotonic() - refreshed >= every:
            users = prepared.users.current()
            refreshed = time.monotonic()
            if users.version != version:
                processor.set_users(prepared.contract, users)
                version = users.version
                progress.note(f"{len(users):,} users from here on (version {version})")


def _exit_status() -> Any:
    try:
        return main()
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(_exit_status())
