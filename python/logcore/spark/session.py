"""The Spark session that the processor runs in."""

from __future__ import annotations

from typing import Any

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from logcore.spark.errors import ProcessorError
from logcore.spark.spark_log import quiet_what_we_report
from logcore.spark.stopping import StopRequest

__all__ = ["SETTINGS", "require_kafka_source", "start_session"]

# Verdicts don't depend on the zone, but Spark would hand Kafka's timestamps to Python in the session's.
_REQUIRED = {"spark.sql.session.timeZone": "UTC"}

SETTINGS = {
    "spark.log.level": "WARN",
    "spark.ui.showConsoleProgress": "false",
    # A stream runs without it anyway, after a warning.
    "spark.sql.adaptive.enabled": "false",
    # Rows have up to 1 MiB, and Arrow's offsets reach 2 GiB: Spark's own 10,000 can't hold as many large ones.
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1000",
    # Spark's own pattern misses what stands in a Kafka login beside the password.
    "spark.redaction.regex": "(?i)secret|password|token|access[.]?key|jaas|credential|keystore[.]key",
}
"""Settings that `spark-submit --conf` may override."""


def start_session(stop: StopRequest) -> SparkSession:
    """A session with our settings, and those of spark-submit before ours; `stop` hears of signals from here on."""
    # SparkConf knows spark-submit's settings only once the JVM is there.
    SparkContext._ensure_initialized()
    given = SparkConf()
    quiet = not given.contains("spark.log.level")
    settings = given.setAppName("logcore processor")
    for name, value in SETTINGS.items():
        settings.setIfMissing(name, value)
    settings.setAll(list(_REQUIRED.items()))
    context = SparkContext.getOrCreate(settings)
    # The context took SIGINT for itself.
    stop.install()
    session = SparkSession(context)
    if quiet:
        quiet_what_we_report(session._jvm)
    stop.install_in_jvm(context._gateway)
    return session


def require_kafka_source(session: SparkSession) -> None:
    """Raises ProcessorError, with the option that helps, where spark-submit was not given Spark's Kafka source."""
    jvm: Any = session._jvm
    loader = jvm.java.lang.Thread.currentThread().getContextClassLoader()
    if loader.getResource("org/apache/spark/sql/kafka010/KafkaSourceProvider.class") is None:
        scala = ".".join(jvm.scala.util.Properties.versionNumberString().split(".")[:2])
        package = f"org.apache.spark:spark-sql-kafka-0-10_{scala}:{session.version}"
        raise ProcessorError(f"Spark's Kafka source is missing; give spark-submit --packages {package}")
