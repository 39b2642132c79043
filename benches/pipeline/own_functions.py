"""The rival under spark-submit: Spark's Kafka source, from_json, casts, a broadcast join, to_json, Spark's Kafka sink.

It tells good, bad and suspicious apart as far as Spark's functions can, and writes records of the same keys and fields
as the processor does, but for the payload of bad logs and for headers. Prints the seconds that its micro-batch took to
plan and to run, without what Spark notes before and after.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from pyspark.sql import functions as f

# spark-submit puts this file's own folder on the path, and the repository is the folder it is started in.
sys.path.insert(0, str(Path.cwd()))

from benches.compare.spark import judged_by_own_functions
from logcore import Contract


def main() -> None:
    """Judges what is on the topic, then ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("brokers", "input", "output", "checkpoint", "users"):
        parser.add_argument(name)
    args = parser.parse_args()
    session = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    with Path(args.users).open(encoding="utf-8", newline="") as file:
        users = [(int(row["account_id"]), row["device"]) for row in csv.DictReader(file)]
    source = session.readStream.format("kafka").option("kafka.bootstrap.servers", args.brokers)
    source = source.option("subscribe", args.input).option("startingOffsets", "earliest")
    logs = source.option("kafka.isolation.level", "read_committed").load()
    fields = Contract.server_logs().field_names
    place = ("topic", "partition", "offset", "timestamp")
    judged = judged_by_own_functions(session, logs.select("value", *place), fields, users, kept=place)
    key = f.concat_ws(":", "topic", f.col("partition").cast("string"), f.col("offset").cast("string"))
    value = f.struct(
        *fields,
        "status",
        "reasons",
        f.struct("topic", "partition", "offset").alias("source"),
        f.col("timestamp").alias("@timestamp"),
    )
    records: Any = judged.select(key.alias("key"), f.to_json(value).alias("value"))
    writer = records.writeStream.format("kafka").option("kafka.bootstrap.servers", args.brokers)
    for name, setting in {
        "acks": "all", "enable.idempotence": "true", "compression.type": "lz4", "linger.ms": "20",
        "batch.size": "131072",
    }.items():  # fmt: skip
        writer = writer.option(f"kafka.{name}", setting)
    writer = writer.option("topic", args.output).option("checkpointLocation", args.checkpoint)
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    rows = sum(int(progress["numInputRows"]) for progress in query.recentProgress)
    phases = ("queryPlanning", "addBatch")
    seconds = sum(progress["durationMs"].get(phase, 0) for progress in query.recentProgress for phase in phases) / 1000
    print(f"own functions: {rows} rows in {seconds} s", flush=True)


if __name__ == "__main__":
    main()
