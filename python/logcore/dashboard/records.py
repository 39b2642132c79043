"""Status records as columns: a batch of the status topic read at once, or record by record where one of them is odd."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from logcore._core import STATUSES
from logcore.dashboard.dimensions import Dimension, Layout
from logcore.dashboard.reasons import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["NO_TIME", "Records", "read"]

NO_TIME = -1
"""Of a log whose Kafka timestamp is unknown."""
_REASON = pa.struct([("path", pa.string()), ("code", pa.string())])


class Records(NamedTuple):
    """`n` status records. Arrays of length n unless said otherwise."""

    places: npt.NDArray[np.int64]
    """Where each is in the batch."""
    milliseconds: npt.NDArray[np.int64]
    """The log's Kafka timestamp since 1970, or NO_TIME."""
    statuses: npt.NDArray[np.int64]
    """The place in STATUSES."""
    columns: list[npt.NDArray[np.int64]]
    """For each dimension the column that each is counted in."""
    reasons: npt.NDArray[np.int64]
    """The row of each reason of each record, one after the other."""
    reason_of: npt.NDArray[np.int64]
    """The record (0 to n - 1) that each reason is of; as long as `reasons`."""
    unreadable: int
    """How many of the batch are no status records."""

    def __len__(self) -> int:
        return len(self.statuses)


def read(values: pa.Array, layout: Layout, rows: Rows) -> Records:
    """The records in `values`, a binary array; what is no status record is counted, and otherwise passed over."""
    try:
        return _columns(_table(values, layout), np.arange(len(values)), layout, rows, 0)
    except (pa.ArrowException, ValueError):
        return _one_by_one(values, layout, rows)


def _schema(layout: Layout) -> pa.Schema:
    dimensions = [(dimension.name, pa.string()) for dimension in layout.dimensions]
    return pa.schema(
        [("status", pa.string()), ("@timestamp", pa.string()), ("reasons", pa.list_(_REASON)), *dimensions]
    )


def _table(values: pa.Array, layout: Layout) -> pa.Table:
    """Raises ArrowInvalid or ValueError where one isn't an object in one line with fields of these types."""
    all_values = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values.fill_null(b""))
    lines = pc.binary_join(all_values, b"\n")[0].as_buffer()
    table = pyarrow.json.read_json(
        pa.BufferReader(lines),
        read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=lines.size + 1),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=_schema(layout), unexpected_field_behavior="ignore"),
    )
    if table.num_rows != len(values):
        raise ValueError("a record is not one line")
    return table.combine_chunks()


def _columns(table: pa.Table, places: npt.NDArray[np.int64], layout: Layout, rows: Rows, unreadable: int) -> Records:
    """Raises ValueError for a status that doesn't exist, ArrowInvalid for a time that is none."""
    statuses = _mapped(table["status"], {status: place for place, status in enumerate(STATUSES)}, None)
    times = table["@timestamp"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).fill_null(NO_TIME)
    columns = [_mapped(table[dimension.name], dimension.columns(), dimension.other) for dimension in layout.dimensions]
    reasons = table["reasons"].combine_chunks()
    if isinstance(reasons, pa.ChunkedArray):  # pyarrow before 13 keeps the chunks of an empty column
        reasons = pa.concat_arrays(reasons.chunks) if reasons.num_chunks else pa.array([], reasons.type)
    flat = reasons.flatten()
    return Records(
        places=places,
        milliseconds=_numbers(times),
        statuses=statuses,
        columns=columns,
        reasons=_reason_rows(flat, rows),
        reason_of=_numbers(pc.list_parent_indices(reasons)),
        unreadable=unreadable,
    )


def _one_by_one(values: pa.Array, layout: Layout, rows: Rows) -> Records:
    schema = _schema(layout)
    found: list[dict[str, Any]] = []
    places: list[int] = []
    for place, value in enumerate(values.to_pylist()):
        record = _status_record(value, layout.dimensions)
        if record is not None:
            found.append(record)
            places.append(place)
    table = pa.Table.from_pylist(found, schema=schema)
    return _columns(table, np.array(places, np.int64), layout, rows, len(values) - len(places))


def _status_record(value: bytes | None, dimensions: Sequence[Dimension]) -> dict[str, Any] | None:
    """What is counted of one record, None where it is no status record."""
    try:
        record = json.loads(value or b"")
        if not isinstance(record, dict) or record.get("status") not in STATUSES:
            return None
        reasons = [
            {"path": _encodable(str(each["path"])), "code": _encodable(str(each["code"]))}
            for each in record.get("reasons") or []
        ]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    texts = {each.name: record.get(each.name) for each in dimensions}
    return {
        "status": record["status"],
        "@timestamp": _time(record.get("@timestamp")),
        "reasons": reasons,
        **{name: _encodable(text) if isinstance(text, str) else None for name, text in texts.items()},
    }


def _time(text: Any) -> str | None:
    """A time that Arrow can read, or None."""
    try:
        pa.scalar(text, pa.string()).cast(pa.timestamp("ms", "UTC"))
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return str(text) if text is not None else None


def _encodable(text: str) -> str:
    """A lone surrogate, which JSON may escape, is no UTF-8."""
    return text.encode("utf-8", "replace").decode()


def _mapped(column: pa.ChunkedArray, numbers: dict[Any, int], otherwise: int | None) -> npt.NDArray[np.int64]:
    """The number of each value; ValueError where there is none and no `otherwise`."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    found = [numbers.get(value, otherwise) for value in encoded.dictionary.to_pylist()]
    none = numbers.get(None, otherwise)
    if None in found or (none is None and encoded.null_count):
        raise ValueError("a status record has no status that exists")
    table = np.array([*found, none if none is not None else 0], np.int64)
    mapped: npt.NDArray[np.int64] = table[_numbers(encoded.indices.fill_null(len(found)))]
    return mapped


def _reason_rows(reasons: pa.Array, rows: Rows) -> npt.NDArray[np.int64]:
    if len(reasons) == 0:
        return np.zeros(0, np.int64)
    paths, codes = (reasons.field(name).fill_null("").dictionary_encode() for name in ("path", "code"))
    width = len(codes.dictionary)
    pairs, inverse = np.unique(_numbers(paths.indices) * width + _numbers(codes.indices), return_inverse=True)
    names, kinds = paths.dictionary.to_pylist(), codes.dictionary.to_pylist()
    known = np.array([rows.row(names[pair // width], kinds[pair % width]) for pair in pairs], np.int64)
    found: npt.NDArray[np.int64] = known[inverse.reshape(-1)]
    return found


def _numbers(array: Any) -> npt.NDArray[np.int64]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return np.asarray(array.to_numpy(zero_copy_only=False)).astype(np.int64)
