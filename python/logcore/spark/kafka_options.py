"""Options of Spark's Kafka source and sink."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logcore.spark.errors import JAVA_ERRORS, OptionsError, root_cause

if TYPE_CHECKING:
    from logcore.spark.options import Options

__all__ = ["SINK_DEFAULTS", "read_properties", "sink_options", "source_options"]

SINK_DEFAULTS = {
    "acks": "all",
    "enable.idempotence": "true",
    "compression.type": "lz4",
    # A record has up to 1,000,000 bytes, and one request may carry several partitions' batches.
    "max.request.size": "4194304",
    # A task waits for its last acknowledgement anyway; fuller batches compress better.
    "linger.ms": "20",
    "batch.size": "131072",
}
"""Producer properties that --kafka-config may override."""


def read_properties(jvm: Any, path: str) -> dict[str, str]:
    """The Java properties in the file `path`, as Java reads them. Raises OptionsError.

    The brokers are an argument of their own, so they may not stand here as well.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise OptionsError(f"--kafka-config {path}: {getattr(error, 'strerror', None) or 'not UTF-8'}") from error
    properties = jvm.java.util.Properties()
    try:
        properties.load(jvm.java.io.StringReader(text))
    except JAVA_ERRORS as error:
        raise OptionsError(f"--kafka-config {path}: {root_cause(error)}") from error
    found = {str(name): str(properties.getProperty(name)) for name in properties.stringPropertyNames()}
    if "bootstrap.servers" in found:
        raise OptionsError(f"--kafka-config {path}: bootstrap.servers is given by BROKERS; remove it from the file")
    return found


def source_options(options: Options, properties: Mapping[str, str]) -> dict[str, str]:
    """For `readStream.format("kafka")`."""
    source = {
        # Logs of a transaction that was aborted were never sent.
        "kafka.isolation.level": "read_committed",
        **_connection(options.brokers, properties),
        "subscribe": options.input,
        "startingOffsets": options.starting_offsets,
        "failOnDataLoss": "true",
    }
    if options.max_offsets_per_trigger is not None:
        source["maxOffsetsPerTrigger"] = str(options.max_offsets_per_trigger)
    if options.min_partitions is not None:
        source["minPartitions"] = str(options.min_partitions)
    return source


def sink_options(options: Options, properties: Mapping[str, str]) -> dict[str, str]:
    """For `write.format("kafka")`."""
    return _connection(options.brokers, {**SINK_DEFAULTS, **properties})


def _connection(brokers: str, properties: Mapping[str, str]) -> dict[str, str]:
    return {"kafka.bootstrap.servers": brokers, **{f"kafka.{name}": value for name, value in properties.items()}}
