"""``python -m logcore.dlq``: bad logs found, shown, exported and sent again."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence

from logcore._core import LogcoreError
from logcore.dlq import listing
from logcore.dlq.counted import counted
from logcore.dlq.export import STDOUT, ExportError, write_export
from logcore.dlq.options import Options, parse
from logcore.dlq.progress import Progress
from logcore.dlq.replaying import ReplayError, replay
from logcore.dlq.selection import Criteria, Selection, select
from logcore.dlq.showing import show
from logcore.standard_output import OutputError, give_up, write_line

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; the exit status, as ``--help`` lists them."""
    # A terminal that can't show a character gets its escape.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    options = parse(arguments)
    progress = Progress()
    try:
        return _ACTIONS[options.action](options, progress)
    except ExportError as error:
        progress.note(f"--from {error}")
        return 2
    except (LogcoreError, OutputError, ReplayError) as error:
        progress.note(" ".join(str(error).split()))
        return 1
    except KeyboardInterrupt:
        progress.note("stopped before the end")
        return 130


def _list(options: Options, progress: Progress) -> int:
    found = _select(options, progress)
    if options.json:
        write_line(listing.as_json(found, options.topic, options.status))
    else:
        write_line(listing.as_text(found, options.topic, options.status, _columns()))
    return 0


def _columns() -> int | None:
    """The width of the terminal that standard output is; None where it is none, or doesn't know."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    except (OSError, AttributeError):
        # AttributeError: closed. io.UnsupportedOperation, of what is no file, is an OSError.
        return None


def _show(options: Options, progress: Progress) -> int:
    (place,) = options.keys
    shown = show(options.brokers, options.topic, place, options.config, progress)
    progress.line.end()
    if shown is None:
        progress.note(f"{options.topic} has no record of {place}: it is not judged yet, or retention took the record")
        return 1
    write_line(shown)
    return 0


def _export(options: Options, progress: Progress) -> int:
    found = _select(options, progress)
    try:
        written, lost = write_export(options.brokers, options.topic, found, options.output, options.config, progress)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        if options.output == STDOUT:
            give_up()
        progress.note(f"--output {options.output}: {error.strerror or error}")
        return 1
    progress.note(f"wrote {counted(written, 'log')}" + (f" to {options.output}" if options.output != STDOUT else ""))
    if lost:
        progress.note(f"retention took the records of {counted(lost, 'log')} meanwhile")
    return 1 if lost else 0


def _select(options: Options, progress: Progress) -> Selection:
    criteria = Criteria(options.status, options.reasons, options.since)
    progress.line.waits(f"asking Kafka at {options.brokers} …")
    found = select(options.brokers, options.topic, criteria, options.config, progress, start=None)
    progress.line.end()
    return found


_ACTIONS = {"list": _list, "show": _show, "export": _export, "replay": replay}


if __name__ == "__main__":
    try:
        status = main()
    except BrokenPipeError:
        # The reader left; export writes its lines itself.
        give_up()
        status = 1
    sys.exit(status)
