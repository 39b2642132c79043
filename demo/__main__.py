"""`make demo`: logs through the whole pipeline, and what arrived where."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

from demo.examples import examples
from demo.pipeline import Pipeline, kafka_package
from demo.services import Services
from demo.step import Interrupted, StepFailedError, install_signals, run
from logcore import LogcoreError
from stack.layout import shown

__all__ = ["main"]

_EXAMPLE = """\
example:
  python -m demo --count 20000
"""


def main() -> int:
    """0 done; 1 a step failed; 2 a wrong option; 128 + N stopped by signal N."""
    parser = argparse.ArgumentParser(
        prog="python -m demo",
        description=__doc__,
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=100_000, metavar="N", help="logs to send (default 100,000)")
    parser.add_argument("--dir", type=Path, help="the stack's folder (default .stack)")
    args = parser.parse_args()
    services = Services.of(args.dir)
    install_signals()
    try:
        services.up()
        _pipeline(services, args.count)
    except Interrupted as error:
        print("\ndemo: stopped", file=sys.stderr)
        services.stop_started()
        return 128 + error.signal_number
    except (StepFailedError, LogcoreError) as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    return 0


def _pipeline(services: Services, count: int) -> None:
    # The checkpoint holds offsets of this Kafka, so it lives and goes with Kafka's data.
    pipeline = Pipeline(
        services=services,
        input="server-logs",
        output="server-logs-status",
        index="server-logs",
        group="logcore-indexer",
        checkpoint=services.directory / "kafka" / "checkpoint-demo",
    )
    run(pipeline.users())
    run(pipeline.produce(count, seed=int(time.time())))
    run(pipeline.process())
    run(pipeline.index_records())
    run(pipeline.verify(services.directory / "logs" / "verify.json"))
    print("\n— one of each\n")
    print(examples(services.brokers, pipeline.output))
    print(_next(services))


def _next(services: Services) -> str:
    search = f"{services.elasticsearch_url}/server-logs/_search?q=status:bad&size=1&pretty"
    mysql = f"--mysql-defaults-file {shown(services.mysql_defaults_file)}"
    checkpoint = shown(services.directory / "kafka" / "checkpoint-demo")
    stop = f"python -m stack down --dir {services.directory}" if services.asked else "make down"
    return f"""
— the services are still up

stop them:            {stop}
look for bad logs:    curl '{search}'
a steady stream:      .venv/bin/python -m logcore.producer {services.brokers} server-logs --rate 1000 --truth \\
                        --users mysql {mysql}
judge it as it comes: . .venv/bin/activate && spark-submit --packages {kafka_package()} \\
                        spark/processor.py {services.brokers} --checkpoint {checkpoint} \\
                        --users mysql {mysql}
a million logs:       make e2e
"""


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
