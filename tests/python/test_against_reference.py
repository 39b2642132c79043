"""The Rust core beside the reference: any bytes, any neighbours, any cut of a batch, for several contracts."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logcore import Classifier, Contract, Users
from reference import FieldValue, Judgement, UsersTable, judge
from reference_rules import Field, load_rules
from strategies import FRAGMENTS, Subject, damaged, logs, odd_values, rows, valid_values

Rows = list[bytes | None]

# One example here is hundreds of logs.
few_examples = settings(max_examples=max(4, settings().max_examples // 5))
ODD_BYTES = [bytes([byte]) for byte in b'\x00\n "\\,:[]{}-+.0e/u\x7f\x80\xff'] + [b"", b"\\u", b"\xc3\xa9"]


@cache
def core_of(path: Path, users: UsersTable | None) -> Classifier:
    """The Rust classifier for this contract and these users."""
    return Classifier(Contract.load(str(path)), Users(list(users.rows), columns=users.columns) if users else None)


def core(subject: Subject) -> Classifier:
    return core_of(subject.path, subject.users)


def batch_of(values: Rows, value_type: pa.DataType | None = None) -> pa.RecordBatch:
    return pa.record_batch({"value": pa.array(values, value_type or pa.binary())})


def column(judged: pa.RecordBatch, field: Field) -> list[FieldValue]:
    """A field's column as the reference has it: a timestamp in microseconds, since datetime ends in the year 9999."""
    values = judged[field.name]
    found: list[FieldValue] = (values.cast(pa.int64()) if pa.types.is_timestamp(values.type) else values).to_pylist()
    return found


def core_judgements(subject: Subject, judged: pa.RecordBatch) -> list[Judgement]:
    fields = subject.rules.fields
    columns = [column(judged, field) for field in fields]
    verdicts = judged["status"].to_pylist(), judged["reasons"].to_pylist()
    return [
        (
            status,
            [(reason["path"], reason["code"]) for reason in reasons],
            {field.name: values[row] for field, values in zip(fields, columns, strict=True)},
        )
        for row, (status, reasons) in enumerate(zip(*verdicts, strict=True))
    ]


def assert_agreement(subject: Subject, values: Rows) -> None:
    """Fails with the bytes and both judgements of the first log that the two do not agree on."""
    judged = pa.record_batch(core(subject).classify(batch_of(values)))
    assert judged.num_rows == len(values)
    for value, by_core in zip(values, core_judgements(subject, judged), strict=True):
        by_reference = judge(value, subject.rules, subject.users)
        assert by_core == by_reference, f"contract {subject.path.name}, value {value!r}"


@given(data=st.data())
def test_agrees_on_mixed_batches(subject: Subject, data: st.DataObject) -> None:
    assert_agreement(subject, data.draw(st.lists(rows(subject), max_size=12)))


@few_examples
@given(data=st.data())
def test_agrees_on_hundreds_of_damaged_logs(subject: Subject, data: st.DataObject) -> None:
    log = data.draw(st.one_of(logs(subject, spoilt=False), logs(subject, spoilt=True)))
    chance = data.draw(st.randoms(use_true_random=True))
    assert_agreement(subject, [damaged(log, chance) for _ in range(300)])


@few_examples
@given(seed=st.integers(0, 2**64 - 1))
def test_agrees_on_hundreds_of_rubbish_values(subject: Subject, seed: int) -> None:
    chance = random.Random(seed)
    soups = [b"".join(chance.choices(FRAGMENTS, k=chance.randint(0, 12))) for _ in range(300)]
    noise = [chance.randbytes(chance.randint(0, 40)) for _ in range(100)]
    members = [b'{"a":' + soup + b"}" for soup in soups[:150]]
    assert_agreement(subject, [*soups, *noise, *members])


@few_examples
@given(data=st.data())
def test_agrees_on_every_odd_value_in_every_field(subject: Subject, data: st.DataObject) -> None:
    names = [field.name for field in subject.rules.fields]
    others = {field.name: data.draw(valid_values(field)) for field in subject.rules.fields}
    values: Rows = []
    for field in subject.rules.fields:
        for odd in odd_values(field):
            members = [f'"{name}":{odd if name == field.name else others[name]}' for name in names]
            values.append(f"{{{','.join(members)}}}".encode())
    assert_agreement(subject, values)


def test_agrees_on_every_byte_of_a_good_log_damaged(conformance_users: UsersTable, server_logs_path: Path) -> None:
    subject = Subject(server_logs_path, load_rules(server_logs_path), conformance_users)
    good = (
        b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1f\\u0061","account_id":"684","event_type":"log-out","extra":[-1.5e+3,'
        b'{"\xc3\xa9":null}],"device":"ANDROID","location_country":"FR","event_timestamp":1619724510}'
    )
    cut = [good[:at] for at in range(len(good))]
    replaced = [good[:at] + odd + good[at + 1 :] for at in range(len(good)) for odd in ODD_BYTES]
    assert_agreement(subject, [*cut, *replaced])


def test_agrees_at_the_limit_in_bytes(subject: Subject) -> None:
    limit = subject.rules.max_bytes
    head, tail = b'{"x":"', b'"}'
    padded = [head + b"x" * (limit + step - len(head) - len(tail)) + tail for step in (-1, 0, 1)]
    beside = [b" " * (limit + 1), b" " * limit + b"0", b" " * (limit - 1) + b"0", b"\xff" * (limit + 1), b"[" * limit]
    assert_agreement(subject, [*padded, *beside])


def test_agrees_around_the_limit_in_levels(subject: Subject) -> None:
    limit = subject.rules.max_depth
    values: Rows = []
    for levels in range(limit - 1, limit + 3):
        arrays, objects = b"[" * levels, b'{"a":' * levels
        values += [arrays, objects, objects[:-4], arrays + b"]" * levels, objects + b"0" + b"}" * levels]
        values += [b'{"x":' + arrays + b"x", b"[1 " + arrays, b'["\\ud800",' + arrays, b"[[]," + arrays, b"{" + arrays]
        values += [arrays + b"{x", arrays + b'"\x00[[', b"{}" + arrays, arrays + b"\xff", b"[{}," * levels]
    assert_agreement(subject, values)


@given(data=st.data())
def test_verdicts_depend_on_no_neighbour_slice_or_batch(subject: Subject, data: st.DataObject) -> None:
    values = data.draw(st.lists(rows(subject), min_size=1, max_size=8))
    classifier, batch = core(subject), batch_of(values)
    whole = pa.record_batch(classifier.classify(batch))
    cuts = sorted({0, len(values), *data.draw(st.lists(st.integers(0, len(values)), max_size=3))})
    for start, stop in [*pairwise(cuts), (0, 0)]:
        piece = pa.record_batch(classifier.classify(batch.slice(start, stop - start)))
        assert piece.equals(whole.slice(start, stop - start)), values
    order = data.draw(st.permutations(range(len(values))))
    shuffled = pa.record_batch(classifier.classify(batch_of([values[row] for row in order])))
    assert core_judgements(subject, shuffled) == [core_judgements(subject, whole)[row] for row in order]
    for row, value in enumerate(values):
        assert pa.record_batch(classifier.classify(batch_of([value]))).equals(whole.slice(row, 1)), value


@given(data=st.data())
def test_all_value_types_give_the_same(subject: Subject, data: st.DataObject) -> None:
    values = data.draw(st.lists(rows(subject), max_size=8))
    expected = pa.record_batch(core(subject).classify(batch_of(values)))
    for value_type in (pa.large_binary(), pa.binary_view()):
        assert pa.record_batch(core(subject).classify(batch_of(values, value_type))).equals(expected)
    texts = [None if value is None else value.decode("utf-8", "replace") for value in values]
    expected = pa.record_batch(
        core(subject).classify(batch_of([None if text is None else text.encode() for text in texts]))
    )
    for value_type in (pa.string(), pa.large_string(), pa.string_view()):
        batch = pa.record_batch({"value": pa.array(texts, value_type)})
        assert pa.record_batch(core(subject).classify(batch)).equals(expected)
        assert pa.record_batch(core(subject).classify(batch.slice(1))).equals(expected.slice(1))


def test_bytes_beneath_a_null_are_not_read(subject: Subject) -> None:
    values = pa.array([b'{"a":1}', b"[", b"{}"], pa.binary())
    hidden = pa.Array.from_buffers(pa.binary(), 3, [pa.py_buffer(b"\x04"), *values.buffers()[1:]])
    judged = pa.record_batch(core(subject).classify(pa.record_batch({"value": hidden})))
    expected = [judge(value, subject.rules, subject.users) for value in (None, None, b"{}")]
    assert core_judgements(subject, judged) == expected


def test_columns_and_their_types(subject: Subject) -> None:
    offsets, keys = pa.array([5, 7], pa.int64()), pa.array(["k", None])
    batch = pa.record_batch({"offset": offsets, "value": pa.array([b"{}", None]), "key": keys})
    judged = pa.record_batch(core(subject).classify(batch))
    names = [field.name for field in subject.rules.fields]
    assert judged.schema.names == [*names, "status", "reasons", "offset", "key"]
    assert judged["offset"].equals(offsets)
    assert judged["key"].equals(keys)
    integers = {32: pa.int32(), 64: pa.int64()}
    for field in subject.rules.fields:
        expected = pa.timestamp("us", tz="UTC") if field.epoch_seconds else integers[field.bits]
        assert judged[field.name].type == (pa.string() if field.kind == "string" else expected)
    assert judged["status"].type == pa.string()
    reasons = judged["reasons"].type
    assert pa.types.is_list(reasons)
    members = [reasons.value_type.field(at) for at in range(reasons.value_type.num_fields)]
    assert [(member.name, member.type) for member in members] == [("path", pa.string()), ("code", pa.string())]


@pytest.mark.parametrize("value_type", [pa.binary(), pa.string(), pa.binary_view()], ids=str)
def test_no_rows(subject: Subject, value_type: pa.DataType) -> None:
    judged = pa.record_batch(core(subject).classify(batch_of([], value_type)))
    assert judged.num_rows == 0
    assert judged.schema.names[-2:] == ["status", "reasons"]


def test_agrees_without_any_user(server_logs_path: Path) -> None:
    subject = Subject(server_logs_path, load_rules(server_logs_path), UsersTable(("account_id", "device"), ()))
    log = (
        b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":684,"event_type":"other","device":"IOS",'
        b'"location_country":"FR","event_timestamp":1619724510}'
    )
    assert_agreement(subject, [log, b"{}", None])
