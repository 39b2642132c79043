"""pyarrow's JSON reader and compute functions.

It reads files, not columns: the logs are joined with line feeds, in memory, before the clock starts. It gives no
reasons: null and missing are one to it. A field has one type for the whole file: a string for a number is read where
the schema says decimal, but one value of another type, or a string that is no number, fails the whole file. So it gets
the logs without those whose verdict is `wrong_type`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benches.compare.allowed import COUNTRIES, DEVICES, EVENT_TYPES

if TYPE_CHECKING:
    from benches.compare.logs import Logs
    from benches.compare.rivals import Rival

__all__ = ["arrow_json_rival"]


def arrow_json_rival(logs: Logs) -> Rival:
    """Reads, applies the rules, and looks the users up by one number for account and device; on one thread."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import json

    number = pa.decimal128(38, 0)
    types = {"account_id": number, "event_timestamp": number}
    schema = pa.schema([(name, types.get(name, pa.string())) for name in logs.contract.field_names])
    joined = pa.py_buffer("\n".join(logs.batch["value"].to_pylist()).encode())
    read = json.ReadOptions(use_threads=False, block_size=1 << 20)
    parse = json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    users = pa.array([account * 2 + DEVICES.index(device) for account, device in logs.pairs], pa.int64())
    sets = {
        "event_type": pa.array(EVENT_TYPES),
        "device": pa.array(DEVICES),
        "location_country": pa.array(COUNTRIES),
    }

    def between(values: Any, low: int, high: int) -> Any:
        return pc.and_(pc.greater_equal(values, low), pc.less_equal(values, high))

    def run(_wanted: bool) -> Any:
        log = json.read_json(pa.BufferReader(joined), read_options=read, parse_options=parse)
        account = log["account_id"].cast(pa.int32())
        seconds = log["event_timestamp"].cast(pa.int64())
        good = pc.and_(between(account, 1, 10_000), between(seconds, 1_000_000_000, 9_999_999_999))
        good = pc.and_(good, pc.match_substring_regex(log["event_id"], "^[0-9a-fA-F]{32}$"))
        for name, allowed in sets.items():
            good = pc.and_(good, pc.is_in(log[name], value_set=allowed))
        device = pc.index_in(log["device"], value_set=sets["device"])
        known = pc.is_in(pc.add(pc.multiply(account.cast(pa.int64()), 2), device), value_set=users)
        status = pc.if_else(pc.fill_null(good, False), pc.if_else(known, "good", "suspicious"), "bad")
        times = seconds.cast(pa.timestamp("s", "UTC")).cast(pa.timestamp("us", "UTC"))
        for name, column in {"account_id": account, "event_timestamp": times}.items():
            log = log.set_column(log.schema.get_field_index(name), name, column)
        return log.append_column("status", status)["status"]

    return run
