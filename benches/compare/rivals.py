"""One rival a function: logs in, typed columns, a status and reasons out, on one thread; the statuses.

DuckDB does the same job. Polars does less: it can't tell a number from a string that holds one, nor null from missing,
so it gives no reasons. Each yields the column of statuses; what else it made was made, and is let go. logcore works
batch by batch, as it does in Spark: unless the statuses are asked for, a batch is let go before the next is judged.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benches.compare.allowed import COUNTRIES, DEVICES, EVENT_TYPES
from benches.compare.logs import Logs
from logcore import Classifier

__all__ = ["Rival", "duckdb_rival", "logcore_pool_rival", "logcore_rival", "polars_rival"]

Rival = Callable[[bool], Any]
"""Runs, and with True yields the statuses."""

# As many rows as Spark puts into one Arrow batch.
_BATCH = 10_000


def logcore_rival(logs: Logs, *, threads: int = 1) -> Rival:
    """Classify, batch by batch; with several threads, batches that are worth as many."""
    import pyarrow as pa

    classifier = Classifier(logs.contract, logs.users, threads=threads)
    size = _BATCH if threads == 1 else 10 * threads * _BATCH
    parts = [logs.batch.slice(start, size) for start in range(0, logs.batch.num_rows, size)]

    def run(wanted: bool) -> Any:
        statuses = []
        for part in parts:
            judged = classifier.classify(part)
            if wanted:
                statuses.append(judged["status"])
        return pa.chunked_array(statuses) if wanted else None

    return run


def logcore_pool_rival(logs: Logs, *, threads: int) -> Rival:
    """One classifier for several Python threads, each with a batch of its own, none of them holding the GIL."""
    import pyarrow as pa

    classifier = Classifier(logs.contract, logs.users, threads=1)
    parts = [logs.batch.slice(start, _BATCH) for start in range(0, logs.batch.num_rows, _BATCH)]

    def statuses(part: Any) -> Any:
        return classifier.classify(part)["status"]

    def run(wanted: bool) -> Any:
        with ThreadPoolExecutor(threads) as pool:
            done = pool.map(statuses, parts)
            if wanted:
                return pa.chunked_array(list(done))
            for _ in done:
                pass
        return None

    return run


def polars_rival(logs: Logs) -> Rival:
    """Polars' JSON decoder, expressions and join. POLARS_MAX_THREADS=1 must be set before it is imported."""
    import polars as pl

    values = pl.DataFrame(pl.from_arrow(logs.batch))
    users = pl.DataFrame(
        {"account_id": [account for account, _ in logs.pairs], "device": [device for _, device in logs.pairs]}
    ).with_columns(pl.lit(value=True).alias("known"))
    fields = pl.Struct(dict.fromkeys(logs.contract.field_names, pl.String))

    def run(_wanted: bool) -> Any:
        account = pl.col("account_id").cast(pl.Int64, strict=False)
        seconds = pl.col("event_timestamp").cast(pl.Int64, strict=False)
        good = (
            pl.col("event_id").str.contains(r"^[0-9a-fA-F]{32}$")
            & account.is_between(1, 10_000)
            & pl.col("event_type").is_in(EVENT_TYPES)
            & pl.col("device").is_in(DEVICES)
            & pl.col("location_country").is_in(COUNTRIES)
            & seconds.is_between(1_000_000_000, 9_999_999_999)
        ).fill_null(value=False)
        judged = (
            values.lazy()
            .select(pl.col("value").str.json_decode(fields).struct.unnest())
            .with_columns(
                good.alias("good"), account.alias("account_id"), (seconds * 1_000_000).cast(pl.Datetime("us"))
            )
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
        return judged["status"].to_arrow()

    return run


def duckdb_rival(logs: Logs, *, reasons: bool = True) -> Rival:
    """DuckDB's JSON functions and join, the result an Arrow table; without `reasons` it does as much as Polars."""
    import duckdb
    import pyarrow as pa

    connection = duckdb.connect(config={"threads": 1})
    connection.register("logs", pa.Table.from_batches([logs.batch]))
    connection.register(
        "users",
        pa.table(
            {
                "account_id": pa.array([account for account, _ in logs.pairs], pa.int32()),
                "device": [device for _, device in logs.pairs],
            }
        ),
    )
    names = logs.contract.field_names
    fields = ", ".join(f'"{name}": "VARCHAR"' for name in names)
    paths = ", ".join(f"'$.{name}'" for name in names)
    checks = {
        "event_id": _text(1, "NOT regexp_full_match(event_id, '[0-9a-fA-F]{32}')", "pattern_mismatch"),
        "account_id": _integer(2, "account_id", "number NOT BETWEEN 1 AND 10000"),
        "event_type": _text(3, f"event_type NOT IN {EVENT_TYPES}", "not_allowed"),
        "device": _text(4, f"device NOT IN {DEVICES}", "not_allowed"),
        "location_country": _text(5, f"location_country NOT IN {COUNTRIES}", "not_allowed"),
        "event_timestamp": _integer(6, "event_timestamp", "number NOT BETWEEN 1000000000 AND 9999999999"),
    }
    found = ", ".join(f"{{'path': '{name}', 'code': {check}}}" for name, check in checks.items())
    statement = f"""
        WITH decoded AS (
            SELECT unnest(from_json(value, '{{{fields}}}')), json_type(value, [{paths}]) AS types FROM logs
        ),
        judged AS (
            SELECT *, list_filter([{found}], lambda reason: reason.code IS NOT NULL) AS reasons FROM decoded
        ),
        typed AS (
            SELECT * EXCLUDE (types) REPLACE (
                if(reasons = [], account_id, NULL)::INTEGER AS account_id,
                make_timestamp(if(reasons = [], event_timestamp, NULL)::BIGINT * 1000000) AS event_timestamp
            ) FROM judged
        )
        SELECT typed.* REPLACE (
                CASE
                    WHEN reasons <> [] THEN reasons
                    WHEN users.account_id IS NOT NULL THEN reasons
                    WHEN typed.account_id IN (SELECT account_id FROM users)
                        THEN [{{'path': 'device', 'code': 'device_mismatch'}}]
                    ELSE [{{'path': 'account_id', 'code': 'unknown_account'}}]
                END AS reasons
            ),
            CASE WHEN reasons <> [] THEN 'bad' WHEN users.account_id IS NULL THEN 'suspicious' ELSE 'good' END AS status
        FROM typed LEFT JOIN users ON typed.account_id = users.account_id AND typed.device = users.device
    """  # noqa: S608 - the names are the contract's

    if not reasons:
        statement = f"""
            WITH decoded AS (SELECT unnest(from_json(value, '{{{fields}}}')) FROM logs),
            typed AS (
                SELECT * REPLACE (
                    TRY_CAST(account_id AS INTEGER) AS account_id,
                    TRY_CAST(event_timestamp AS BIGINT) AS event_timestamp
                ) FROM decoded
            )
            SELECT typed.* REPLACE (make_timestamp(event_timestamp * 1000000) AS event_timestamp),
                CASE
                    WHEN NOT coalesce(
                        regexp_full_match(event_id, '[0-9a-fA-F]{{32}}') AND typed.account_id BETWEEN 1 AND 10000
                        AND event_type IN {EVENT_TYPES} AND typed.device IN {DEVICES}
                        AND location_country IN {COUNTRIES}
                        AND event_timestamp BETWEEN 1000000000 AND 9999999999,
                        false
                    ) THEN 'bad'
                    WHEN users.account_id IS NULL THEN 'suspicious'
                    ELSE 'good'
                END AS status
            FROM typed LEFT JOIN users ON typed.account_id = users.account_id AND typed.device = users.device
        """  # noqa: S608 - the names are the contract's

    def run(_wanted: bool) -> Any:
        return connection.sql(statement).to_arrow_table()["status"]

    return run


def _text(place: int, breaks: str, code: str) -> str:
    """The code of a string field, the rule's condition given; NULL where there is nothing wrong."""
    return f"""CASE
        WHEN types[{place}] IS NULL THEN 'missing' WHEN types[{place}] = 'NULL' THEN 'null'
        WHEN types[{place}] <> 'VARCHAR' THEN 'wrong_type' WHEN {breaks} THEN '{code}' END"""


def _integer(place: int, name: str, breaks: str) -> str:
    """The same for an integer, which may be a string in canonical form; `number` stands for it in the condition."""
    return f"""CASE
        WHEN types[{place}] IS NULL THEN 'missing' WHEN types[{place}] = 'NULL' THEN 'null'
        WHEN types[{place}] NOT IN ('UBIGINT', 'BIGINT')
            AND NOT (types[{place}] = 'VARCHAR' AND regexp_full_match({name}, '0|-?[1-9][0-9]*')) THEN 'wrong_type'
        WHEN {breaks.replace("number", f"TRY_CAST({name} AS BIGINT)")} THEN 'out_of_range' END"""
