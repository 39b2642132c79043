"""``python -m stack``: reads the command, runs it, and turns errors into one line and an exit status."""

from __future__ import annotations

import os
import signal
import sys

from stack.interrupt import Interrupt


def main() -> int:
    """0: done; 1: a service or tool is not as it should be; 2: a wrong option; 128 + N: stopped by signal N."""
    interrupt = Interrupt()
    interrupt.install()
    from stack.down import down
    from stack.error import Interrupted, StackError
    from stack.options import parse
    from stack.status import status
    from stack.up import up

    options = parse(sys.argv[1:])
    # Data stay readable for the user that Elasticsearch runs as; what is secret is written with a mode of its own.
    os.umask(0o022)
    try:
        if options.command == "up":
            return up(options, interrupt)
        if options.command == "down":
            return down(options, interrupt)
        return status(options)
    except Interrupted as error:
        rest = "; nothing that it started still runs" if options.command == "up" else ""
        print(f"stack: stopped by {signal.Signals(error.signal_number).name}{rest}", file=sys.stderr)
        return 128 + error.signal_number
    except StackError as error:
        print(f"stack: {error}", file=sys.stderr)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        advice = "check the folder's owner and the free space, or choose another with --dir"
        print(f"stack: {where}{error.strerror or error}; {advice}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
