"""One rival a function: logs in, typed columns and a status out, on one thread; the counts per status.

Polars and DuckDB do less than logcore: they give no reasons, take a number for a string of the same text, and let null
and missing be one. The statuses come out the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benches.compare.logs import Logs
from logcore import Classifier

__all__ = ["Rival", "duckdb_rival", "logcore_rival", "polars_rival"]

Rival = Callable[[], dict[str, int]]

# As many rows as Spark puts into one Arrow batch.
_BATCH = 10_000
_EVENT_TYPES = (
    "click", "purchase", "login", "log-out", "delete-account", "create-account", "update-settings", "other",
)  # fmt: skip
_COUNTRIES = ("US", "IN", "UK", "CA", "AU", "DE", "ES", "FR", "NL", "SG", "RU", "JP", "BR", "CN", "OT")
_DEVICES = ("ANDROID", "IOS")


def _counted(statuses: Any) -> dict[str, int]:
    return {pair["values"]: pair["counts"] for pair in statuses.value_counts().to_pylist()}


def logcore_rival(logs: Logs) -> Rival:
    """Classify, batch by batch."""
    import pyarrow as pa

    classifier = Classifier(logs.contract, logs.users)
    parts = [logs.batch.slice(start, _BATCH) for start in range(0, logs.batch.num_rows, _BATCH)]

    def run() -> dict[str, int]:
        judged = [classifier.classify(part) for part in parts]
        return _counted(pa.chunked_array([part["status"] for part in judged]))

    return run


def polars_rival(logs: Logs) -> Rival:
    """Polars' JSON decoder, expressions and join. POLARS_MAX_THREADS=1 must be set before it is imported."""
    import polars as pl

    values = pl.DataFrame(pl.from_arrow(logs.batch))
    users = pl.DataFrame(
        {"account_id": [int(row[0]) for row in logs.users.pairs()], "device": [row[1] for row in logs.users.pairs()]}
    ).with_columns(pl.lit(value=True).alias("known"))
    fields = pl.Struct(dict.fromkeys(logs.contract.field_names, pl.String))

    def run() -> dict[str, int]:
        account = pl.col("account_id").cast(pl.Int64, strict=False)
        seconds = pl.col("event_timestamp").cast(pl.Int64, strict=False)
        good = (
            pl.col("event_id").str.contains(r"^[0-9a-fA-F]{32}$")
            & account.is_between(1, 10_000)
            & pl.col("event_type").is_in(_EVENT_TYPES)
            & pl.col("device").is_in(_DEVICES)
            & pl.col("location_country").is_in(_COUNTRIES)
            & seconds.is_between(1_000_000_000, 9_999_999_999)
        ).fill_null(value=False)
        judged = (
            values.lazy()
            .select(pl.col("value").str.json_decode(fields).struct.unnest())
            .with_columns(good.alias("good"), account.alias("account_id"), (seconds * 1_000_000).cast(pl.Datetime("us")))
            .join(users.lazy(), on=["account_id", "device"], how="left", maintain_order="left")
            .with_columns(
                pl.when(~pl.col("good"))
                .then(pl.lit("bad"))
                .when(pl.col("known").is_null())
                .then(pl.lit("suspicious"))
                .otherwise(pl.lit("good"))
                .alias("status")
            )
            .collect()
        )
        return {str(row[0]): int(row[1]) for row in judged["status"].value_counts().rows()}

    return run


def duckdb_rival(logs: Logs) -> Rival:
    """DuckDB's JSON functions and join, the result taken as an Arrow table."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": 1})
    connection.register("logs", pa.Table.from_batches([logs.batch]))
    connection.register(
        "users",
        pa.table(
            {
                "account_id": pa.array([int(row[0]) for row in logs.users.pairs()], pa.int32()),
                "device": [row[1] for row in logs.users.pairs()],
            }
        ),
    )
    fields = ", ".join(f'"{name}": "VARCHAR"' for name in logs.contract.field_names)
    statement = f"""
        WITH decoded AS (SELECT unnest(from_json(value, '{{{fields}}}')) FROM logs),
        typed AS (
            SELECT * REPLACE (
                TRY_CAST(account_id AS INTEGER) AS account_id, TRY_CAST(event_timestamp AS BIGINT) AS event_timestamp
            ) FROM decoded
        )
        SELECT typed.* REPLACE (make_timestamp(event_timestamp * 1000000) AS event_timestamp),
            CASE
                WHEN NOT coalesce(
                    regexp_full_match(event_id, '[0-9a-fA-F]{{32}}') AND typed.account_id BETWEEN 1 AND 10000
                    AND event_type IN {_EVENT_TYPES} AND typed.device IN {_DEVICES}
                    AND location_country IN {_COUNTRIES}
                    AND event_timestamp BETWEEN 1000000000 AND 9999999999,
                    false
                ) THEN 'bad'
                WHEN users.account_id IS NULL THEN 'suspicious'
                ELSE 'good'
            END AS status
        FROM typed LEFT JOIN users ON typed.account_id = users.account_id AND typed.device = users.device
    """  # noqa: S608 - the names are the contract's

    def run() -> dict[str, int]:
        return _counted(connection.execute(statement).to_arrow_table()["status"])

    return run
