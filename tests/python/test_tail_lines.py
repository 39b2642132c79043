"""How logcore.tail shows a record: for people as a line, for programs as JSON."""

from __future__ import annotations

import json
import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore import Classifier, Contract, Users
from logcore.tail.documents import NotJson, are_objects, document_of
from logcore.tail.json_lines import json_line, terminal_json_line
from logcore.tail.lines import foreign_line, shown_time, verdict_line
from logcore.tail.records import Record
from logcore.tail.verdict import NoVerdict, fields_text, verdict_of
from logcore.terminal_text import width

GOOD = {
    "event_id": "141b3ff2a92111ebbfae367ddad5b1fa", "account_id": "684", "event_type": "log-out",
    "device": "ANDROID", "location_country": "FR", "event_timestamp": "1619724510",
}  # fmt: skip
TIME = 1_700_000_000_123
NO_JSON = [
    (None, "is null"),
    (b"", "is not JSON"),
    (b"\xff", "is not UTF-8"),
    (b"{", "is not JSON"),
    (b"\xef\xbb\xbf{}", "is not JSON"),
    (b"NaN", "is not JSON"),
    (b"{} {}", "is not JSON"),
    (b'"a\nb"', "is not JSON"),
    ('{"a":1}'.encode("utf-16-le"), "is not JSON"),
    (b"[" * 100_000, "is nested too deep"),
]
NO_RECORD = Record(3, 7, TIME, b"k", None, None)


def status_record(payload: bytes | None) -> Record:
    """The record that the processor writes for this log."""
    batch = pa.record_batch(
        {
            "value": pa.array([payload], pa.binary()),
            "topic": ["server-logs"],
            "partition": pa.array([2], pa.int32()),
            "offset": pa.array([19], pa.int64()),
            "timestamp": pa.array([TIME], pa.timestamp("ms", "UTC")),
        }
    )
    judged = Classifier(Contract.server_logs(), Users([(684, "ANDROID")])).judge(batch).to_pylist()[0]
    return Record(
        0, 5, TIME, judged["record_key"].encode(), judged["record_value"].encode(), judged["status"]
    )  # fmt: skip


def line_of(record: Record, *, color: bool = False, columns: int | None = None) -> str:
    return verdict_line(record, verdict_of(document_of(record.value), record.status), color=color, columns=columns)


def log(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}, ensure_ascii=False).encode()


def _object_with(text: str) -> bytes:
    return b'{"a":"%s"}' % text.encode(errors="replace")


class TestLines:
    def test_a_good_log_is_shown_with_its_fields(self) -> None:
        assert line_of(status_record(log())) == (
            "2023-11-14T22:13:20.123Z  good        server-logs:2:19  event_id=141b3ff2a92111ebbfae367ddad5b1fa "
            "account_id=684 event_type=log-out device=ANDROID location_country=FR "
            'event_timestamp=2021-04-29T19:28:30.000Z'
        )  # fmt: skip

    def test_a_suspicious_log_is_shown_with_its_reason_and_fields(self) -> None:
        line = line_of(status_record(log(account_id=1)))
        assert "  suspicious  server-logs:2:19  account_id: unknown_account  event_id=" in line
        assert " account_id=1 " in line

    def test_a_bad_log_is_shown_with_every_reason_and_what_it_was(self) -> None:
        payload = log(device=None, account_id=True)
        assert line_of(status_record(payload)) == (
            "2023-11-14T22:13:20.123Z  bad         server-logs:2:19  account_id: wrong_type, device: null  "
            + payload.decode()
        )

    @pytest.mark.parametrize(
        ("payload", "shown"),
        [
            (b"", "$: empty"),
            (None, "$: empty"),
            (b"\xff\x1b[2J", r"$: invalid_utf8  \xff\x1b[2J"),
            (b"{\n\t}\x1b", r"$: malformed_json  {\n\t}\x1b"),
            ("{}\u202e\u2028\u009b31m".encode(), r"$: malformed_json  {}\u202e\u2028\x9b31m"),
            ('["🙂"]'.encode(), '$: not_an_object  ["🙂"]'),
        ],
    )
    def test_nothing_in_a_log_reaches_the_terminal_as_it_is(self, payload: bytes | None, shown: str) -> None:
        line = line_of(status_record(payload))
        assert line.endswith(f"  server-logs:2:19  {shown}")
        assert line.isprintable()

    def test_what_was_kept_of_a_large_log_is_marked(self) -> None:
        line = line_of(status_record(b"x" * 300_000))
        assert line.endswith("x… [truncated]")
        assert line.count("x") == 262_144
        assert line_of(status_record(b"\xff" * 300_000)).endswith(r"\xff… [truncated]")

    def test_on_a_terminal_it_has_its_width(self) -> None:
        record = status_record(("[" + "日本" * 1000).encode())
        assert width(line_of(record)) > 4000
        for columns in range(1, 200):
            assert columns - 1 <= width(line_of(record, columns=columns)) <= columns
        assert line_of(record, columns=86).endswith("$: malformed_json  [日本日本…")
        assert line_of(record, columns=24) == "2023-11-14T22:13:20.123Z"

    def test_colours_take_no_columns_and_end(self) -> None:
        for payload, code in ((log(), "32"), (log(account_id=1), "33"), (b"x" * 500, "31")):
            record = status_record(payload)
            for columns in (10, 40, 60, 120, None):
                colored = line_of(record, color=True, columns=columns)
                assert re.sub(r"\x1b\[[0-9]*m", "", colored) == line_of(record, columns=columns)
                assert colored.count("\x1b[") == 2 * colored.count("\x1b[0m")
            assert f"\x1b[{code}m" in colored

    def test_a_field_is_read_for_what_it_is(self) -> None:
        fields = {
            "word": "a-b.c:d/e@f+g", "empty": "", "number": 12, "text": "12", "float": "1e5", "null": None,
            "none": "null", "true": True, "truth": "true", "space": "a b", "equals": "a=b", "é": "é", "list": [1, "x"],
            "object": {"a": None}, "omitted": ["x"],
        }  # fmt: skip
        assert fields_text(fields) == (
            'word=a-b.c:d/e@f+g empty="" number=12 text="12" float="1e5" null=null none="null" true=true truth="true" '
            'space="a b" equals="a=b" é="é" list=[1,"x"] object={"a":null} omitted=["x"]'
        )

    @pytest.mark.parametrize(
        ("milliseconds", "shown"),
        [
            (None, "-"),
            (0, "1970-01-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
            (2**63 - 1, "9223372036854775807 ms"),
            (-(2**63), "-9223372036854775808 ms"),
        ],
    )
    def test_any_time(self, milliseconds: int | None, shown: str) -> None:
        assert shown_time(milliseconds) == shown

    def test_hostile_records_are_shown_as_escapes(self) -> None:
        value = json.dumps(
            {"x\x1b[2J": "\x1b]0;t\x07", "s": "\ud800\u202e", "status": "bad", "raw": "\x9b2J",
             "reasons": [{"path": "a\nb\x1b[31m", "code": "c\r"}]}
        ).encode()  # fmt: skip
        record = Record(0, 1, TIME, b"\x1b[2J\xff", value, "bad")
        assert line_of(record) == (
            r"2023-11-14T22:13:20.123Z  bad         \x1b[2J\xff  a\nb\x1b[31m: c\r  \x9b2J"
        )  # fmt: skip
        good = record._replace(value=value.replace(b'"bad"', b'"good"'), status=None)
        assert line_of(good).endswith(r'x\x1b[2J="\u001b]0;t\u0007" s="\ud800\u202e"')

    def test_a_record_that_is_none_of_ours_is_shown_as_such(self) -> None:
        record = Record(3, 7, None, None, b"\x1b[2J\xff{", None)
        assert foreign_line(record, "status:3:7", "is not UTF-8", color=False, columns=None) == (
            r"-  foreign     -  no status record at status:3:7: the value is not UTF-8  \x1b[2J\xff{"
        )
        assert foreign_line(NO_RECORD, "s:3:7", "is null", color=False, columns=None).endswith("the value is null")


class TestVerdicts:
    @pytest.mark.parametrize(
        ("value", "fault"),
        NO_JSON,
    )
    def test_what_is_no_json(self, value: bytes | None, fault: str) -> None:
        with pytest.raises(NotJson, match=f"^{fault}$"):
            document_of(value)

    def test_json_that_python_would_rather_not_read(self) -> None:
        assert document_of(b'{"n":' + b"9" * 10_000 + b"}") == {"n": float("inf")}
        assert document_of(b'"\\ud800"') == "\ud800"
        assert document_of(b' {"a":1e400}\n') == {"a": float("inf")}

    def test_what_the_core_calls_an_object_is_json(self) -> None:
        ours = status_record(log(device=None)).value
        objects = [ours, b"{}", b' {"status": "any", "other": [{}]}\n']
        values = [*objects, b"[]", b"1", *(value for value, _ in NO_JSON), *objects]
        assert are_objects(pa.array(values, pa.binary())) == [True] * 3 + [False] * (len(NO_JSON) + 2) + [True] * 3

    @given(st.binary() | st.text(st.characters(), max_size=8).map(_object_with))
    def test_nothing_is_an_object_to_the_core_that_python_can_not_read(self, value: bytes) -> None:
        (sure,) = are_objects(pa.array([value], pa.binary()))
        if sure:
            assert isinstance(document_of(value), dict)

    @pytest.mark.parametrize(
        ("document", "fault"),
        [
            ([], "is not a JSON object"),
            (None, "is not a JSON object"),
            ({}, "has no status"),
            ({"status": "fine", "reasons": []}, "has no status"),
            ({"status": ["bad"], "reasons": []}, "has no status"),
            ({"status": "bad"}, "has no reasons"),
            ({"status": "bad", "reasons": {}}, "has no reasons"),
            ({"status": "bad", "reasons": ["null"]}, "has reasons of another form"),
            ({"status": "bad", "reasons": [{"path": 1, "code": "null"}]}, "has reasons of another form"),
            ({"status": "good", "reasons": []}, "has another status, good, than its header, bad"),
            ({"status": "bad", "reasons": [], "raw_base64": "é"}, "has a raw_base64 that is not base64"),
        ],
    )
    def test_what_is_no_status_record(self, document: Any, fault: str) -> None:
        with pytest.raises(NoVerdict, match=f"^{fault}$"):
            verdict_of(document, None if "header" not in fault else "bad")

    def test_a_document_of_any_depth_that_can_be_read_can_be_shown(self) -> None:
        # Read and written by different code, each with a depth at which it gives up.
        for depth in range(800, 1100):
            value = b'{"status":"good","reasons":[],"x":' + b"[" * depth + b"]" * depth + b"}"
            try:
                document = document_of(value)
            except NotJson:
                continue
            assert fields_text(verdict_of(document, None).fields).startswith("x=")


class TestJsonLines:
    def test_bytes_stay_as_they_are(self) -> None:
        value = status_record(log(device="\u202e")).value
        assert value is not None
        assert json_line(value) is value

    def test_a_json_of_several_lines_becomes_one(self) -> None:
        value = json.dumps({"a": ["x\n", 1]}, indent=2).replace("\n", "\r\n").encode()
        line = json_line(value)
        assert b"\n" not in line
        assert b"\r" not in line
        assert json.loads(line) == json.loads(value)

    def test_on_a_terminal_what_it_might_act_on_is_escaped(self) -> None:
        value = '{"a":\t"\x7f\x9b2J\u202e\u2028é🙂\U000e0041"}'.encode()
        line = terminal_json_line(value)
        assert line == '{"a": "\\u007f\\u009b2J\\u202e\\u2028é🙂\\udb40\\udc41"}'
        assert json.loads(line) == json.loads(value)

    @given(st.recursive(st.none() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])), st.lists))
    def test_it_means_the_same(self, document: Any) -> None:
        value = json.dumps(document, ensure_ascii=False, indent=1).encode()
        for line in (json_line(value).decode(), terminal_json_line(value)):
            assert json.loads(line) == document
        assert terminal_json_line(value).isprintable()
