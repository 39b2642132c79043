"""The processor: a streaming query from Kafka to the status topic and MySQL, from start to stop."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from logcore._core import LogcoreError, __version__
from logcore.elk.connection import ElasticsearchError
from logcore.kafka_properties import KafkaPropertiesError, read_kafka_properties
from logcore.metrics.figures import SPARK
from logcore.metrics.monitoring import Monitoring, monitoring
from logcore.metrics.port import MetricsError
from logcore.metrics.sources import build_source, users_source
from logcore.option_values import AVAILABLE_NOW
from logcore.preparation import PreparationError, Prepared, prepare
from logcore.spark.adapter import Snapshot, judged_schema
from logcore.spark.batch import BatchProcessor, BatchReport, Plane
from logcore.spark.checkpoint import require_same_topic
from logcore.spark.errors import OptionsError, ProcessorError, root_cause
from logcore.spark.files import TextFiles
from logcore.spark.kafka_options import read_properties, sink_options, source_options
from logcore.spark.librdkafka import librdkafka_properties
from logcore.spark.listener import ProgressListener
from logcore.spark.options import RUST, Options, parse
from logcore.spark.query import quietly, run_query
from logcore.spark.rust_plane import RustPlane
from logcore.spark.session import require_kafka_source, start_session
from logcore.spark.sinks import write_mysql, write_status_topic
from logcore.spark.snapshots import Snapshots
from logcore.spark.spark_plane import Sink, SparkPlane
from logcore.spark.stopping import Interrupted, StopRequest
from logcore.spark.topics import prepare_topics
from logcore.spark.workers import Workers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["main"]

_PROGRESS_PATIENCE_S = 3.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the processor; the exit status: 0 done, 1 a failure, 2 a wrong option, 130 stopped by Ctrl-C."""
    # py4j logs with its stack what it raises anyway.
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    options = parse(arguments)
    stop = StopRequest()
    stop.install()
    try:
        return _run(options, stop)
    except (Interrupted, KeyboardInterrupt):
        return stop.exit_status
    except (OptionsError, PreparationError) as error:
        _say(f"{error}; see --help")
        return 2
    except (ProcessorError, LogcoreError, ElasticsearchError, MetricsError) as error:
        _say(str(error))
    except (PySparkException, Py4JError, OSError) as error:
        # Ctrl-C ends the JVM too while it starts, and everything that Python asks of it.
        if stop.asked:
            return stop.exit_status
        _say(f"failed: {root_cause(error)}")
    return 1


def _run(options: Options, stop: StopRequest) -> int:
    with monitoring(options.metrics, _say) as figures:
        prepared = prepare(options, _say)
        session = start_session(stop)
        try:
            return _stream(session, options, prepared, stop, figures)
        finally:
            quietly(session.stop)


def _stream(session: SparkSession, options: Options, prepared: Prepared, stop: StopRequest, figures: Monitoring) -> int:
    jvm: Any = session._jvm
    require_kafka_source(session)
    workers = Workers(session, session.sparkContext.defaultParallelism)
    properties = read_properties(jvm, options.kafka_config) if options.kafka_config else {}
    configuration = session._jsc.hadoopConfiguration()
    checkpoint = options.checkpoint.rstrip("/")
    begun = require_same_topic(TextFiles(jvm, configuration, checkpoint), options.input)
    _say(f"asking Kafka at {options.brokers}")
    target = prepare_topics(jvm, options.brokers, properties, options.input, options.output)
    if target.created:
        _say(f"created topic {options.output}")
    elif target.holds_records and not begun:
        _say(
            f"the checkpoint is new and {options.output} holds records: what was judged before is judged again, from "
            f"the {options.starting_offsets} offsets on, under the same keys"
        )
    # Users that don't fit the contract are an error now, not in the first batch.
    judged_schema(_snapshot(prepared))
    files = TextFiles(jvm, configuration, f"{checkpoint}/logcore")
    listener = _listener(session, options, prepared, figures)

    def report(batch: BatchReport) -> None:
        _say(str(batch))
        listener.batch(batch)

    processor = BatchProcessor(
        snapshots=Snapshots(files),
        current=lambda: _snapshot(prepared),
        plane=_plane(session, options, properties),
        report=report,
        stop_asked=lambda: stop.asked,
    )
    workers.require_wheel()
    stop.finish_batches()
    source = session.readStream.format("kafka").options(**source_options(options, properties)).load()
    writer = source.writeStream.foreachBatch(processor).option("checkpointLocation", options.checkpoint)
    writer = writer.trigger(**options.trigger_arguments).queryName("logcore")
    ends = "ends with what is there now" if options.trigger == AVAILABLE_NOW else "Ctrl-C stops"
    plane = ", moved by Rust" if options.data_plane == RUST else ""
    _say(f"{options.input} → {options.output}{' and MySQL' if options.tables else ''}{plane}; {ends}")
    try:
        return run_query(session, writer.start, processor, stop, _say)
    finally:
        if figures.asked_for and not stop.urgent:
            # Spark tells of a batch in a thread of its own, after it.
            listener.settle(processor.finished_batch, _PROGRESS_PATIENCE_S)


def _listener(session: SparkSession, options: Options, prepared: Prepared, figures: Monitoring) -> ProgressListener:
    """Follows the query where anybody wants figures, which costs some calls from the JVM a micro-batch."""
    about = {
        "engine": SPARK,
        "data_plane": options.data_plane,
        "input": options.input,
        "output": options.output,
        "version": __version__,
        "contract": prepared.contract.version,
    }
    listener = ProgressListener(say=_say, judges=True, write=figures.write, about=about, users=prepared.users)
    if figures.asked_for:
        figures.expose(build_source(prepared.contract))
        figures.expose(listener.readings)
        if prepared.users is not None:
            figures.expose(users_source(prepared.users))
        session.streams.addListener(listener)
    return listener


def _snapshot(prepared: Prepared) -> Snapshot:
    return Snapshot(prepared.contract, prepared.current_users())


def _plane(session: SparkSession, options: Options, properties: dict[str, str]) -> Plane:
    if options.data_plane != RUST:
        return SparkPlane(_sinks(options, sink_options(options, properties)))
    jvm: Any = session._jvm
    if options.librdkafka_config is None:
        config = librdkafka_properties(properties)
    else:
        try:
            config = read_kafka_properties(options.librdkafka_config)
        except KafkaPropertiesError as error:
            raise OptionsError(f"--librdkafka-config {error}") from error
    return RustPlane(
        checkpoint=TextFiles(jvm, session._jsc.hadoopConfiguration(), options.checkpoint.rstrip("/")),
        brokers=options.brokers,
        input=options.input,
        output=options.output,
        tasks=session.sparkContext.defaultParallelism,
        config=config,
        mysql=options.mysql if options.tables else None,
    )


def _sinks(options: Options, kafka: dict[str, str]) -> list[Sink]:
    sinks: list[Sink] = [lambda judged: write_status_topic(judged, options.output, kafka)]
    if options.tables and options.mysql is not None:
        connection = options.mysql
        sinks.append(lambda judged: write_mysql(judged, connection))
    return sinks


def _say(message: str) -> None:
    print(f"processor: {message}", file=sys.stderr, flush=True)
