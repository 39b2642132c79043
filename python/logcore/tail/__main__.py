"""``python -m logcore.tail``: shows verdicts as they come."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from typing import TextIO, cast

from logcore._core import Consumer, LogcoreError
from logcore.live_line import LiveLine
from logcore.since import Since
from logcore.standard_output import give_up
from logcore.stop_signals import on_signals, stop_on_signals
from logcore.tail.lines import shown_time
from logcore.tail.loop import run
from logcore.tail.options import Options, parse
from logcore.tail.output import Output
from logcore.tail.printing import Printer

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    options = parse(arguments)
    line = LiveLine("logcore-tail")
    # None where the shell was told to close it.
    stdout = cast("TextIO | None", sys.stdout)
    if stdout is None:
        line.note("standard output is closed")
        return 1
    output = Output(stdout)
    try:
        return _tail(options, line, output)
    except LogcoreError as error:
        line.note(" ".join(str(error).split()))
    except BrokenPipeError:
        give_up(stdout)
        return 0
    except OSError as error:
        give_up(stdout)
        line.note(f"standard output: {error.strerror or error}")
    return 1


def _tail(options: Options, line: LiveLine, output: Output) -> int:
    # Nothing is under way yet that a Ctrl-C could break, and the waits below don't come back to Python for it.
    on_signals(signal.SIG_DFL)
    line.waits(f"asking Kafka at {options.brokers} …")
    # Fetched ahead of what is shown; a partition's 32 MiB took twice the memory and no less time.
    defaults = {"queued.max.messages.kbytes": "2048"}
    if options.until_end:
        # A question for end offsets waits behind a fetch that waits for records: 500 ms, if left alone, twice.
        defaults["fetch.wait.max.ms"] = "50"
    consumer = Consumer(
        brokers=options.brokers, topic=options.topic, start=options.since, config={**defaults, **options.config}
    )
    try:
        stop = stop_on_signals()
        if sys.stderr.isatty():
            ends = "until the end as it is now" if options.until_end else "Ctrl-C stops"
            line.note(f"{options.topic} {_beginning(options.since)}; {ends}")
        printer = Printer(options, output, line.note)
        complete = run(consumer, options, printer, output, stop)
        printer.finish()
        # A script that goes on with what it got must not take the half for the whole.
        return 0 if complete or options.endless else 130
    finally:
        consumer.close()


def _beginning(since: Since) -> str:
    if since == "latest":
        return "from now on"
    return "from its beginning" if since == "earliest" else f"since {shown_time(since)}"


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)
