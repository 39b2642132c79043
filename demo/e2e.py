"""`make e2e`: logs of their own through the whole pipeline, every one accounted for, with each stage's rate."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from demo.pipeline import Pipeline
from demo.services import Services
from demo.step import Interrupted, StepFailedError, install_signals, run

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m demo.e2e --count 1000000
"""


def main() -> int:
    """0 all is accounted for; 1 a step failed or verify is not clean; 2 a wrong option; 128 + N stopped by signal N."""
    parser = argparse.ArgumentParser(
        prog="python -m demo.e2e",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=1_000_000, metavar="N", help="logs to send (default 1,000,000)")
    parser.add_argument("--dir", type=Path, help="the stack's folder (default .stack)")
    args = parser.parse_args()
    services = Services.of(args.dir)
    install_signals()
    try:
        services.up()
        seconds, figures = _stages(services, args.count)
    except Interrupted as error:
        print("\ne2e: stopped", file=sys.stderr)
        services.stop_started()
        return 128 + error.signal_number
    except StepFailedError as error:
        print(f"\ne2e: {error}", file=sys.stderr)
        return 1
    print(f"\n{'stage':<12}{'seconds':>10}{'logs/s':>12}   start-up counted")
    for stage, taken in seconds.items():
        print(f"{stage:<12}{taken:>10.1f}{args.count / taken:>12,.0f}")
    logs = json.loads(figures.read_text("utf-8"))["logs"]
    if logs != args.count:
        print(f"e2e: {logs:,} logs are on the topic, {args.count:,} were sent", file=sys.stderr)
        return 1
    print("\nthe services are still up; make down stops them")
    return 0


def _stages(services: Services, count: int) -> tuple[dict[str, float], Path]:
    name = f"e2e-{time.strftime('%Y%m%d-%H%M%S')}"
    pipeline = Pipeline(
        services=services,
        input=name,
        output=f"{name}-status",
        index=name,
        group=name,
        checkpoint=services.directory / "kafka" / f"checkpoint-{name}",
    )
    figures = services.directory / "logs" / f"{name}.json"
    run(pipeline.users())
    seconds = {
        "producer": run(pipeline.produce(count, seed=1)),
        "processor": run(pipeline.process()),
        "indexer": run(pipeline.index_records()),
        "verify": run(pipeline.verify(figures)),
    }
    return seconds, figures


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
