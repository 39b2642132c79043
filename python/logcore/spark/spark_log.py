"""Spark's own log, kept to what a person running the processor needs."""

from __future__ import annotations

from typing import Any

__all__ = ["quiet_what_we_report", "set_logger_level"]

# Failures that the processor reports itself, in one line; here they come with stacks, and some of them thrice.
_REPORTED_BY_US = (
    "org.apache.spark.TaskContextImpl",
    "org.apache.spark.executor.Executor",
    "org.apache.spark.scheduler.TaskSetManager",
    "org.apache.spark.sql.execution.streaming.MicroBatchExecution",
    "org.apache.spark.sql.execution.streaming.runtime.MicroBatchExecution",
    "org.apache.spark.storage.BlockManager",
    "org.apache.spark.util.Utils",
    # Spark 3.5 feeds Python from a thread that Kafka's reader warns about at each of its fetches. It could hang where a
    # task is killed in mid-fetch, and the fetch has a time limit.
    "org.apache.spark.sql.kafka010.consumer.KafkaDataConsumer",
    # Spark gives its admin client the consumer's settings, which that client finds unknown.
    "org.apache.kafka.clients.admin.AdminClientConfig",
)


def quiet_what_we_report(jvm: Any) -> None:
    """Turns off the loggers whose errors end in the processor's own message, and two that warn of nothing."""
    for logger in _REPORTED_BY_US:
        set_logger_level(jvm, logger, "OFF")


def set_logger_level(jvm: Any, logger: str, level: str) -> None:
    """Sets a log4j 2 logger of the driver to `level`, such as "WARN" or "OFF"."""
    log4j = jvm.org.apache.logging.log4j
    log4j.core.config.Configurator.setLevel(logger, log4j.Level.toLevel(level))
