"""``python -m logcore.dashboard``: the live page."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial

from logcore._core import Consumer, Contract, LogcoreError
from logcore.dashboard.options import Options, parse
from logcore.stop_signals import on_signals, stop_on_signals

__all__ = ["main"]

_HOUR_MS = 3_600_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    options = parse(arguments)
    try:
        return _serve(options)
    except ModuleNotFoundError as error:
        if error.name not in ("numpy", "prometheus_client"):
            raise
        _say(f"{error.name} is missing; install the wheel with its extra: 'logcore_streaming-….whl[dashboard]'")
    except LogcoreError as error:
        _say(" ".join(str(error).split()))
    return 1


def _serve(options: Options) -> int:
    from logcore.dashboard.board import Board, Source
    from logcore.dashboard.dimensions import dimensions_of
    from logcore.dashboard.health import Health
    from logcore.dashboard.reader import Reader
    from logcore.dashboard.server import Server

    contract = Contract.load(options.contract) if options.contract is not None else Contract.server_logs()
    board = Board(dimensions_of(contract), Source(options.topic))
    health = Health(options.metrics)
    try:
        server = Server(board, partial(health.view, options.topic), options.host, options.port, options.names)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        _say(f"{options.host}:{options.port} can't be served: {reason}; choose another with --host or --port")
        return 1
    try:
        start = options.since if options.since is not None else int(time.time() * 1000) - _HOUR_MS
        # A page is no reason to keep much of a topic in memory: by itself the client fetches 32 MiB a partition ahead.
        # And each question for the topic's ends waits behind a fetch that waits for records, by itself 500 ms, twice.
        config = {"queued.max.messages.kbytes": "8192", "fetch.wait.max.ms": "50", **dict(options.kafka)}
        # Python's handlers can't run while the client waits for a broker: until it is there, a signal ends all at once.
        on_signals(signal.SIG_DFL)
        consumer = Consumer(brokers=options.brokers, topic=options.topic, start=start, config=config)
        stop = stop_on_signals()
        reader = Reader(consumer, board, _say)
        serving = threading.Thread(target=server.serve, name="logcore-server", daemon=True)
        serving.start()
        _say(f"{options.topic} is shown at {server.url}; Ctrl-C stops")
        # A wait without a limit would keep a signal's handler from running on some platforms.
        while not stop.wait(1.0):
            pass
        server.stop()
        serving.join()
        reader.close()
        return 0
    finally:
        health.close()
        server.close()


def _say(message: str) -> None:
    print(f"logcore-dashboard: {message}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 128 + signal.SIGINT
    sys.exit(status)
