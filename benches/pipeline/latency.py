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

_WARM_UP_S = 5


def latency(
    bench: Bench, command: Sequence[str] | None, environment: dict[str, str], rate: int, seconds: int
) -> list[float]:
    """p50, p99 and p99.9 in milliseconds. `command` judges the topic `{source}` into `{target}` until SIGTERM; without
    one the logs are read from the topic that they were sent to."""
    source, target = bench.topic(4), bench.topic(4)
    processor = None
    if command is not None:
        words = [word.format(source=source, target=target) for word in command]
        quiet = subprocess.DEVNULL
        processor = subprocess.Popen(
            words, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=quiet, stderr=quiet
        )
    try:
        reader = Consumer(brokers=bench.brokers, topic=target if processor else source)
        # Until the first logs have come through, whatever starts slowly is still starting.
        bench.produce(source, 1000)
        _read(reader, 1000, processor)
        logs = rate * (seconds + _WARM_UP_S)
        options = ["--rate", str(rate), "--count", str(logs), "--users", str(bench.users)]
        producer = subprocess.Popen(
            [sys.executable, "-m", "logcore.producer", bench.brokers, source, *options],
            cwd=REPOSITORY,
            stderr=subprocess.DEVNULL,
        )
        waits = _read(reader, logs, processor)
        producer.wait()
        reader.close()
    finally:
        if processor is not None:
            processor.send_signal(signal.SIGTERM)
            processor.wait()
        bench.drop(source, target)
    return [float(quantile) for quantile in np.percentile(waits[rate * _WARM_UP_S :], [50, 99, 99.9])]


def _read(reader: Consumer, logs: int, processor: subprocess.Popen[bytes] | None) -> Any:
    """How many milliseconds each log took, in the order in which they came."""
    waits: list[Any] = []
    seen = 0
    while seen < logs:
        batch = reader.poll(20_000, 1.0)
        if batch is not None:
            arrived = time.time() * 1000
            seen += batch.num_rows
            waits.append(arrived - (_sent(batch) if processor is None else _written(batch)))
        elif processor is not None and processor.poll() is not None:
            sys.exit(f"bench: the processor ended with {processor.returncode}")
    return np.concatenate(waits)


def _sent(batch: Any) -> Any:
    """When each log was written, milliseconds since 1970."""
    return batch.column("timestamp").cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()


def _written(batch: Any) -> Any:
    """The same of the log that a status record is of."""
    texts = pc.extract_regex(batch.column("value").cast(pa.string()), r'"@timestamp":"(?P<time>[^"]+)"').field("time")
    return pc.cast(texts, pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy(zero_copy_only=False)
