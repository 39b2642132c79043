"""In Spark: mapInArrow with logcore, against one that returns the same columns precomputed, and against Spark's own
from_json, casts and broadcast join."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from benches.compare.allowed import COUNTRIES, DEVICES, EVENT_TYPES
from benches.compare.logs import Logs
from benches.compare.report import Comparison, report
from logcore import Classifier, Contract, Users

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

__all__ = ["compare_spark", "judged_by_own_functions"]

_SCHEMA = (
    "event_id string, account_id int, event_type string, device string, location_country string, "
    "event_timestamp timestamp, status string, reasons array<struct<path: string, code: string>>"
)


def compare_spark(logs: Logs, rounds: int) -> Comparison:
    """Runs each once for warm-up and `rounds` times in turns over cached logs into nothing (the sink `noop`)."""
    session = _session()
    try:
        # As Kafka gives them: binary. Cached, so that reading them costs all the same.
        table = pa.table({"value": logs.batch["value"].cast(pa.binary())})
        values = _from_arrow(session, table).cache()
        count = values.count()
        own = (logs.contract.field_names, logs.pairs)
        rivals: dict[str, DataFrame] = {
            "mapInArrow with logcore": values.mapInArrow(_judging(logs.contract.text, logs.users.csv), _SCHEMA),
            "mapInArrow, precomputed": values.mapInArrow(
                _precomputed(Classifier(logs.contract, logs.users).classify(logs.batch.slice(0, 20_000))), _SCHEMA
            ),
            "Spark's own functions": judged_by_own_functions(session, values, *own),
            "  the same, no reasons": judged_by_own_functions(session, values, *own, reasons=False),
        }
        for name in rivals.keys() - {"mapInArrow, precomputed"}:
            rows = rivals[name].groupBy("status").count().collect()
            counts = {row["status"]: row["count"] for row in rows}
            if counts != logs.counts:
                sys.exit(f"bench: {name} counts {counts}, the logs were made as {logs.counts}")
        return _measure({name: _into_nothing(frame) for name, frame in rivals.items()}, count, rounds, session)
    finally:
        session.stop()


def _measure(rivals: dict[str, Callable[[], None]], rows: int, rounds: int, session: SparkSession) -> Comparison:
    seconds: dict[str, list[float]] = {name: [] for name in rivals}
    for turn in range(rounds + 1):
        for name, run in rivals.items():
            started = time.perf_counter()
            run()
            # The first turn warms the JVM and the Python workers up.
            if turn:
                seconds[name].append(time.perf_counter() - started)
    title = f"\nSpark {session.version}, {session.sparkContext.master}, {rows:,} logs, {rounds} rounds in turns"
    return report(title, rows, seconds)


def _session() -> SparkSession:
    from pyspark.sql import SparkSession

    # The workers' Python, which is otherwise the first python3 on the PATH.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder: Any = SparkSession.builder
    for name, value in {
        "spark.master": "local[2]",
        "spark.driver.memory": "3g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    }.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.appName("logcore bench").getOrCreate()
    return session


def _from_arrow(session: SparkSession, table: pa.Table) -> DataFrame:
    """A DataFrame of the table, over a file: createDataFrame would send a million Python objects."""
    import tempfile
    from pathlib import Path

    import pyarrow.parquet as pq

    folder = Path(tempfile.mkdtemp(prefix="logcore-bench-"))
    pq.write_table(table, folder / "logs.parquet", row_group_size=250_000)
    return session.read.parquet(str(folder)).repartition(4)


def _judging(contract: str, users: str) -> Callable[[Iterable[Any]], Iterable[Any]]:
    def judge(batches: Iterable[Any]) -> Iterator[Any]:
        classifier = Classifier(Contract.parse(contract), Users.parse(users), threads=1)
        for batch in batches:
            yield classifier.classify(batch)

    return judge


def _precomputed(judged: Any) -> Callable[[Iterable[Any]], Iterable[Any]]:
    def answer(batches: Iterable[Any]) -> Iterator[Any]:
        for batch in batches:
            yield judged.slice(0, batch.num_rows)

    return answer


def judged_by_own_functions(
    session: SparkSession,
    values: DataFrame,
    field_names: Sequence[str],
    pairs: Sequence[tuple[int, str]],
    *,
    reasons: bool = True,
    kept: Sequence[str] = (),
) -> DataFrame:
    """The rows of `values`, whose column `value` holds logs of the server's contract, judged as far as Spark's own
    functions can; the columns `kept` stay."""
    from pyspark.sql import functions as f

    fields = ", ".join(f"{name} string" for name in field_names)
    users = f.broadcast(session.createDataFrame(pairs, "user_account int, user_device string"))
    # ANSI mode, on in Spark 4, makes a failing cast an error.
    number = "try_cast({} as {})" if session.version >= "4" else "cast({} as {})"
    decoded = values.select(f.from_json(f.col("value").cast("string"), fields).alias("log"), *kept).select(
        "log.*", *kept
    )
    typed = decoded.withColumn("account_id", f.expr(number.format("account_id", "int"))).withColumn(
        "seconds", f.expr(number.format("event_timestamp", "bigint"))
    )

    def reason(path: str, broken: Column, code: str) -> Column:
        null = f.when(f.col(path).isNull(), "null")
        return f.when(
            f.col(path).isNull() | broken,
            f.struct(f.lit(path).alias("path"), null.when(broken, code).alias("code")),
        )

    # As far as from_json can tell: null and missing are one, and a string of the wrong type is its text.
    found = f.filter(
        f.array(
            reason("event_id", ~f.col("event_id").rlike("^[0-9a-fA-F]{32}$"), "pattern_mismatch"),
            reason("account_id", ~f.col("account_id").between(1, 10_000), "out_of_range"),
            reason("event_type", ~f.col("event_type").isin(*EVENT_TYPES), "not_allowed"),
            reason("device", ~f.col("device").isin(*DEVICES), "not_allowed"),
            reason("location_country", ~f.col("location_country").isin(*COUNTRIES), "not_allowed"),
            reason("seconds", ~f.col("seconds").between(1_000_000_000, 9_999_999_999), "out_of_range"),
        ),
        lambda item: item.isNotNull(),
    )
    bad = f.size("reasons") > 0
    if not reasons:
        good = (
            f.col("event_id").rlike("^[0-9a-fA-F]{32}$")
            & f.col("account_id").between(1, 10_000)
            & f.col("event_type").isin(*EVENT_TYPES)
            & f.col("device").isin(*DEVICES)
            & f.col("location_country").isin(*COUNTRIES)
            & f.col("seconds").between(1_000_000_000, 9_999_999_999)
        )
        found, bad = f.array().cast("array<struct<path: string, code: string>>"), ~f.coalesce(good, f.expr("false"))
    joined = typed.withColumn("reasons", found).join(
        users, (f.col("account_id") == f.col("user_account")) & (f.col("device") == f.col("user_device")), "left"
    )
    status = f.when(bad, "bad").when(f.col("user_account").isNull(), "suspicious").otherwise("good")
    return joined.select(
        "event_id", "account_id", "event_type", "device", "location_country",
        f.timestamp_seconds("seconds").alias("event_timestamp"), status.alias("status"), "reasons", *kept,
    )  # fmt: skip


def _into_nothing(frame: DataFrame) -> Callable[[], None]:
    def run() -> None:
        frame.write.format("noop").mode("overwrite").save()

    return run
