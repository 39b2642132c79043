"""What both commands have in common: their options, the services around the work, and errors in one line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from demo.services import Services
from demo.step import Interrupted, StepFailedError, install_signals
from logcore import LogcoreError
from logcore.one_line_parser import OneLineParser, whole_number

__all__ = ["run_command"]


def run_command(module: str, description: str | None, count: int, work: Callable[[Services, int], int]) -> int:
    """Starts the services and does `work` with them and the number of logs; its exit status.

    1 a step failed; 2 a wrong option; 128 + N stopped by signal N, and then what was started here is stopped as well.
    """
    name = module.rpartition(".")[2]
    parser = OneLineParser(
        name,
        prog=f"python -m {module}",
        says=name,
        description=description or "",
        epilog=f"example:\n  python -m {module} --count 20000\n",
    )
    help_count = f"logs to send (default {count:,})"
    parser.add_argument("--count", type=whole_number(1, 2**63 - 1), default=count, metavar="N", help=help_count)
    parser.add_argument("--dir", type=Path, metavar="DIR", help="the services' folder (default .stack)")
    args = parser.parse_args()
    services = Services.of(args.dir)
    install_signals()
    try:
        if not services.up():
            return 1
        return work(services, args.count)
    except Interrupted as error:
        print(f"\n{name}: stopped", file=sys.stderr)
        services.stop_started()
        return 128 + error.signal_number
    except (StepFailedError, LogcoreError) as error:
        print(f"\n{name}: {error}", file=sys.stderr)
        return 1
