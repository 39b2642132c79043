"""How long a log takes from its producer's timestamp to a reader of what is committed on the status topic."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benches.pipeline.runs import Bench
from logcore._core import Consumer
from stack.layout import REPOSITORY

__all__ = ["latency"]


def latency(bench: Bench, command: Sequence[str], environment: dict[str, str], rate: int, seconds: int) -> list[float]:
    """p50, p99 and p99.9 in milliseconds. `command` judges the topic `{source}` into `{target}` until SIGTERM."""
    source, target = bench.topic(4), bench.topic(4)
    words = [word.format(source=source, target=target, users=bench.users) for word in command]
    processor = subprocess.Popen(
        words, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        reader = Consumer(brokers=bench.brokers, topic=target, config={"fetch.wait.max.ms": "50"})
        # Until the first logs have come through, whatever starts slowly is still starting.
        bench.produce(source, 1000)
        seen = 0
        while seen < 1000:
            batch = reader.poll(10_000, 1.0)
            seen += 0 if batch is None else batch.num_rows
        logs = rate * seconds
        producer = subprocess.Popen(
            [sys.executable, "-m", "logcore.producer", bench.brokers, source, "--rate", str(rate), "--count", str(logs),
             "--users", str(bench.users)],
            cwd=REPOSITORY, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        waits: list[Any] = []
        seen = 0
        while seen < logs:
            batch = reader.poll(20_000, 5.0)
            if batch is None:
                if producer.poll() is not None and processor.poll() is not None:
                    sys.exit(f"bench: the processor ended with {processor.returncode}")
                continue
            arrived = time.time() * 1000
            seen += batch.num_rows
            waits.append(arrived - _written(batch))
        producer.wait()
        reader.close()
    finally:
        processor.send_signal(signal.SIGTERM)
        processor.wait()
    # The first second is the producer's own start.
    all_waits = np.concatenate(waits)[rate:]
    return [float(quantile) for quantile in np.percentile(all_waits, [50, 99, 99.9])]


def _written(batch: Any) -> Any:
    """When each record's log was written to the input, milliseconds since 1970."""
    texts = pc.extract_regex(batch.column("value").cast(pa.string()), r'"@timestamp":"(?P<time>[^"]+)"').field("time")
    return pc.cast(texts, pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False)
