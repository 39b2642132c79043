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
    from collections.abc import Iterator, Sequence

__all__ = ["NO_TIME", "Records", "read"]

NO_TIME = -1
"""Of a log whose Kafka timestamp is unknown."""
_FEW = 32
_ONE_LINE = r"^\{[^\n]*\}$"
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
    parts = list(_parts(values, 0, layout, rows))
    if len(parts) == 1:
        return parts[0]
    starts = np.cumsum([0, *(len(part) for part in parts)])
    return Records(
        places=np.concatenate([part.places for part in parts]),
        milliseconds=np.concatenate([part.milliseconds for part in parts]),
        statuses=np.concatenate([part.statuses for part in parts]),
        columns=[np.concatenate([part.columns[place] for part in parts]) for place in range(len(layout.dimensions))],
        reasons=np.concatenate([part.reasons for part in parts]),
        reason_of=np.concatenate([part.reason_of + start for part, start in zip(parts, starts)]),
        unreadable=sum(part.unreadable for part in parts),
    )


def _parts(values: pa.Array, first: int, layout: Layout, rows: Rows) -> Iterator[Records]:
    """Those in `values`, which begin at `first` in the batch. Halves where one is odd, so that it costs few others."""
    try:
        yield _columns(_table(values, layout), np.arange(first, first + len(values)), layout, rows, 0)
    except (pa.ArrowException, ValueError):
        if len(values) <= _FEW:
            yield _one_by_one(values, first, layout, rows)
            return
        half = len(values) // 2
        yield from _parts(values[:half], first, layout, rows)
        yield from _parts(values[half:], first + half, layout, rows)


def _schema(layout: Layout) -> pa.Schema:
    dimensions = [(dimension.name, pa.string()) for dimension in layout.dimensions]
    return pa.schema(
        [("status", pa.string()), ("@timestamp", pa.string()), ("reasons", pa.list_(_REASON)), *dimensions]
    )


def _table(values: pa.Array, layout: Layout) -> pa.Table:
    """Raises ArrowInvalid or ValueError where one isn't an object in one line with fields of these types."""
    # Arrow reads them as one stream, in which two halves in neighbours could make one record, and one value be two.
    # What begins and ends as an object does, in one line, gives a row or an error: as many rows are the same ones.
    if values.null_count or not pc.all(pc.match_substring_regex(values, _ONE_LINE)).as_py():
        raise ValueError("a value is no object in one line")
    all_values = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
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
    """Raises ValueError for a status that doesn't exist or a reason that is none, ArrowInvalid for such a time."""
    statuses = _mapped(table["status"], {status: place for place, status in enumerate(STATUSES)}, None)
    times = table["@timestamp"].cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).fill_null(NO_TIME)
    columns = [_mapped(table[dimension.name], dimension.columns(), dimension.other) for dimension in layout.dimensions]
    reasons = table["reasons"].combine_chunks()
    if isinstance(reasons, pa.ChunkedArray):  # pyarrow before 13 keeps the chunks of an empty column
        reasons = pa.concat_arrays(reasons.chunks) if reasons.num_chunks else pa.array([], reasons.type)
    flat = reasons.flatten()
    if flat.null_count:
        raise ValueError("a reason is no object")
    reason_of, found = _once(_numbers(pc.list_parent_indices(reasons)), flat, statuses, rows)
    return Records(
        places=places,
        milliseconds=_numbers(times),
        statuses=statuses,
        columns=columns,
        reasons=found,
        reason_of=reason_of,
        unreadable=unreadable,
    )


def _one_by_one(values: pa.Array, first: int, layout: Layout, rows: Rows) -> Records:
    schema = _schema(layout)
    found: list[dict[str, Any]] = []
    places: list[int] = []
    for place, value in enumerate(values.to_pylist()):
        record = _status_record(value, layout.dimensions)
        if record is not None:
            found.append(record)
            places.append(first + place)
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


def _once(
    of: npt.NDArray[np.int64], reasons: pa.Array, statuses: npt.NDArray[np.int64], rows: Rows
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each reason of each record the record and the row; what a record has twice is there once."""
    if len(reasons) == 0:
        return of, np.zeros(0, np.int64)
    paths, codes = (reasons.field(name).fill_null("").dictionary_encode() for name in ("path", "code"))
    kinds = (_numbers(paths.indices) * len(codes.dictionary) + _numbers(codes.indices)) * len(STATUSES) + statuses[of]
    known, inverse = np.unique(kinds, return_inverse=True)
    names, words = paths.dictionary.to_pylist(), codes.dictionary.to_pylist()
    table = []
    for kind in known.tolist():
        pair, status = divmod(kind, len(STATUSES))
        path, code = divmod(pair, len(words))
        table.append(rows.row(names[path], words[code], STATUSES[status]))
    width = len(rows)
    # Two paths may be one row: items of an array are.
    both = np.unique(of * width + np.array(table, np.int64)[inverse.reshape(-1)])
    return both // width, both % width


def _numbers(array: Any) -> npt.NDArray[np.int64]:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return np.asarray(array.to_numpy(zero_copy_only=False)).astype(np.int64)
