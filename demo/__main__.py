"""Logs through the whole pipeline, and what arrived where: `make demo`."""

from __future__ import annotations

import signal
import sys
import time

from demo.command import run_command
from demo.examples import examples
from demo.pipeline import Pipeline, kafka_package
from demo.services import Services
from demo.step import run
from stack.layout import shown


def _demo(services: Services, count: int) -> int:
    # A checkpoint holds offsets of this Kafka, so it lives and goes with Kafka's data.
    pipeline = Pipeline(
        services=services,
        input="server-logs",
        output="server-logs-status",
        index="server-logs",
        group="logcore-demo",
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
    return 0


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
watch it:             .venv/bin/python -m logcore.dashboard {services.brokers}   (a page in the browser)
read it:              .venv/bin/python -m logcore.tail {services.brokers} --since 10m --status bad,suspicious
judge it as it comes: .venv/bin/python -m logcore.processor {services.brokers} --group logcore-demo-processor \\
                        --users mysql {mysql}
the same on Spark:    . .venv/bin/activate && spark-submit --packages {kafka_package()} \\
                        spark/processor.py {services.brokers} --checkpoint {checkpoint} --data-plane rust \\
                        --output server-logs-status-spark --users mysql --no-tables {mysql}
a million logs:       make e2e
"""


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run_command("demo", __doc__, 100_000, _demo))
