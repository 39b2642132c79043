"""Batches that other writers of Arrow make, and pyarrow alone would not."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest

from logcore import BatchError, Classifier, Contract, Users

CLASSIFIER = Classifier(Contract.server_logs(), Users([(684, "ANDROID")]))


def no_strings() -> pa.Array:
    """As Java's Arrow writes an empty string array: its one offset is whatever the memory held."""
    offsets = pa.py_buffer(struct.pack("<i", -189_153_672))
    return pa.Array.from_buffers(pa.string(), 0, [None, offsets, pa.py_buffer(b"")])


def test_an_empty_batch_of_spark_has_no_offsets() -> None:
    judged = CLASSIFIER.classify(pa.RecordBatch.from_arrays([no_strings()], ["value"]))
    assert judged.num_rows == 0
    assert "status" in judged.schema.names


def test_lists_without_an_item_have_no_offsets_inside() -> None:
    items = pa.StructArray.from_arrays([no_strings(), no_strings()], ["path", "code"])
    lists = pa.ListArray.from_arrays(pa.array([0, 0, 0], pa.int32()), items)
    judged = CLASSIFIER.classify(pa.RecordBatch.from_arrays([pa.array(["{", "[]"]), lists], ["value", "tags"]))
    assert judged["status"].to_pylist() == ["bad", "bad"]
    assert judged["tags"].to_pylist() == [[], []]


@pytest.mark.parametrize("thing", [None, 7, {"value": ["{}"]}, pa.array(["{}"])])
def test_what_is_no_batch_is_said_to_be_none(thing: object) -> None:
    with pytest.raises(BatchError, match="a RecordBatch is wanted, not"):
        CLASSIFIER.classify(thing)
