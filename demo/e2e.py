"""Logs of their own through the whole pipeline, every one accounted for, with each stage's rate: `make e2e`."""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path

from demo.command import run_command
from demo.pipeline import Pipeline
from demo.services import Services
from demo.step import run


def _e2e(services: Services, count: int) -> int:
    seconds, figures = _stages(services, count)
    print(f"\n{'stage':<12}{'seconds':>10}{'logs/s':>12}   start-up counted")
    for stage, taken in seconds.items():
        print(f"{stage:<12}{taken:>10.1f}{count / taken:>12,.0f}")
    logs = json.loads(figures.read_text("utf-8"))["logs"]
    if logs != count:
        print(f"e2e: {logs:,} logs are on the topic, {count:,} were sent", file=sys.stderr)
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
        "processor": run(pipeline.process_on_spark()),
        "indexer": run(pipeline.index_records()),
        "verify": run(pipeline.verify(figures)),
    }
    return seconds, figures


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(run_command("demo.e2e", __doc__, 1_000_000, _e2e))
