"""The reference itself, without the Rust core: the conformance cases, its JSON reader, its patterns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance import ConformanceCase
from reference import UsersTable, judge
from reference_json import JsonValue, Malformed, NotUtf8, Number, Object, TooDeep, read
from reference_pattern import compile_whole
from reference_rules import load_rules, parse_rules
from strategies import FRAGMENTS, Subject, damaged, logs, odd_values, rows

PATTERNS = [
    (r"[A-Z]{2}-\d{4,6}", ["AB-1234", "ZZ-123456"], ["xAB-1234", "AB-1234 ", "AB-1234\n", "AB-123", "AB-١٢٣٤"]),
    (r"^a|b$", ["a", "b"], ["ab", "aa", "a\n", "b\n", ""]),
    (r"(a|ab)(c|bcd)(d*)", ["abcd", "acdd", "abcdd"], ["ab", "abce"]),
    (r"\w+", ["aZ_9"], ["é", "", "a-b", "٣", "ß"]),
    (r"\s+", [" \t\n\v\f\r\u00a0\ufeff\u2028\u2029\u3000\u1680\u202f\u205f"], ["\x85", "\u200b", "\x1c", "\u180e", ""]),
    (r".{2}", ["é😀", "\x85\x0b"], ["a", "a\n", "\u2028a", "\r\r"]),
    (r"[^\d\s]", ["a", "٣", "😀"], ["1", "\u00a0", "\ufeff"]),
    (r"[\W-]+", ["-é!"], ["a", "_"]),
    (r"[\u4e00-\u9fff]|\x41|\.\$\/", ["一", "A", ".$/"], ["a", ".$", "鿿x"]),
    (r"\bfoo\b.*", ["foo", "foo bar", "fooé"], ["foobar", "foo\n"]),
    (r"a+?b*?(?:c{2,3}?)", ["acc", "aabccc"], ["ac", "acccc"]),
    (r"[]|x", ["x"], [""]),
    (r"[^]", ["\n", "😀"], ["", "ab"]),
]
UNSUPPORTED_PATTERNS = ["a++", "a{,3}", "(?i)a", "(?<n>a)", r"(a)\1", r"\p{L}", "[a", "[z-a]", r"[\d-z]", "*", r"\e"]


def test_every_conformance_case(
    conformance_case: ConformanceCase, server_logs_path: Path, conformance_users: UsersTable
) -> None:
    status, reasons, _ = judge(conformance_case.value, load_rules(server_logs_path), conformance_users)
    assert (status, reasons) == (conformance_case.status, conformance_case.reasons)


def test_typed_values_of_the_original_example(server_logs_path: Path, conformance_users: UsersTable) -> None:
    log = (
        b'{"event_id":"141b3ff2a92111ebbfae367ddad5b1fa","account_id":"684","event_type":"other","device":"ANDROID",'
        b'"location_country":"FR","event_timestamp":"1619724510"}'
    )
    assert judge(log, load_rules(server_logs_path), conformance_users) == (
        "good",
        [],
        {
            "event_id": "141b3ff2a92111ebbfae367ddad5b1fa",
            "account_id": 684,
            "event_type": "other",
            "device": "ANDROID",
            "location_country": "FR",
            "event_timestamp": 1_619_724_510_000_000,
        },
    )


@given(data=st.data())
def test_a_log_made_to_be_good_has_no_reason_but_the_users(subject: Subject, data: st.DataObject) -> None:
    status, reasons, _ = judge(data.draw(logs(subject, spoilt=False)), subject.rules, subject.users)
    codes = {code for _, code in reasons}
    assert codes <= {"unknown_account", "device_mismatch", "too_large"}
    assert status == ("bad" if "too_large" in codes else "suspicious" if codes else "good")


@given(data=st.data())
def test_any_bytes_are_judged(subject: Subject, data: st.DataObject) -> None:
    status, reasons, values = judge(data.draw(rows(subject)), subject.rules, subject.users)
    assert (status == "good") == (not reasons)
    assert list(values) == [field.name for field in subject.rules.fields]


def test_odd_values_reach_every_code(subject: Subject) -> None:
    """Guards the strategies: a code that no generated value gives would be a rule that nothing tests."""
    reached = {
        code
        for field in subject.rules.fields
        for value in odd_values(field)
        for _, code in judge(json.dumps({field.name: 0}).replace("0", value).encode(), subject.rules, subject.users)[1]
    }
    expected = {"missing", "null", "wrong_type", "out_of_range"}
    expected |= {"pattern_mismatch"} if any(field.pattern for field in subject.rules.fields) else set()
    expected |= {"not_allowed"} if any(field.allowed for field in subject.rules.fields) else set()
    expected |= {"too_short"} if any((field.shortest or 0) > 0 for field in subject.rules.fields) else set()
    expected |= {"too_long"} if any(field.longest for field in subject.rules.fields) else set()
    expected |= {"not_multiple"} if any(field.multiple for field in subject.rules.fields) else set()
    assert expected <= reached


def _without_source(value: JsonValue) -> Any:
    """The reader's value in the shape that `json.loads` gives with members as pairs."""
    if isinstance(value, Number):
        return float(value.source)
    if isinstance(value, Object):
        return ("object", [(name, _without_source(member)) for name, member in value.members])
    return [_without_source(item) for item in value] if isinstance(value, list) else value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def _by_json_module(source: bytes) -> Any:
    value = json.loads(
        source.decode("utf-8"),
        parse_constant=_refuse,
        parse_int=float,
        parse_float=float,
        object_pairs_hook=lambda pairs: ("object", pairs),
    )
    json.dumps(value, ensure_ascii=False).encode("utf-8")  # UnicodeEncodeError, a ValueError: a lone surrogate
    return value


texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=12).map(b"".join),
    st.tuples(
        st.sampled_from([b'{"a": [1, -0.5e+3, "\\u00e9\\ud83d\\ude00\\n"], "a": null, "": {"b": [true, false, {}]}}']),
        st.randoms(use_true_random=True),
    ).map(lambda drawn: damaged(*drawn)),
)


@given(texts)
def test_reader_agrees_with_the_json_module(source: bytes) -> None:
    try:
        expected = _by_json_module(source)
    except ValueError:
        with pytest.raises((NotUtf8, Malformed)):
            read(source, max_depth=1000)
    else:
        assert _without_source(read(source, max_depth=1000)) == expected


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (b"[[[1]]]", None),
        (b"[[[[", TooDeep),
        (b"[[{[", Malformed),
        (b'{"a":{"b":[{}]}}', TooDeep),
        (b"[[],[],[[]],[[],[]]]", None),
        (b"[[[]]][", Malformed),
        (b'["\\ud800",[[[', Malformed),
        (b"[0,[0,[0,[", TooDeep),
        (b"[0,[0,[0 [", Malformed),
        (b"[[[\xff[", NotUtf8),
        (b"[[[[\xff", NotUtf8),
    ],
)
def test_first_of_depth_and_syntax(source: bytes, error: type[Exception] | None) -> None:
    if error is None:
        read(source, max_depth=3)
    else:
        with pytest.raises(error):
            read(source, max_depth=3)


@pytest.mark.parametrize(("pattern", "whole", "other"), PATTERNS, ids=[pattern for pattern, *_ in PATTERNS])
def test_pattern_over_the_whole_string(pattern: str, whole: list[str], other: list[str]) -> None:
    compiled = compile_whole(pattern)
    assert [text for text in whole if not compiled.fullmatch(text)] == []
    assert [text for text in other if compiled.fullmatch(text)] == []


@pytest.mark.parametrize("pattern", UNSUPPORTED_PATTERNS)
def test_pattern_that_is_not_understood(pattern: str) -> None:
    with pytest.raises(ValueError, match="of pattern"):
        compile_whole(pattern)


@pytest.mark.parametrize("option", ["minimun: 1", "maxLength: 3", "format: u8"])
def test_unknown_rule_is_refused(server_logs_path: Path, option: str) -> None:
    contract = server_logs_path.read_text(encoding="utf-8").replace("maximum: 10000, format: i32", option)
    with pytest.raises((ValueError, KeyError)):
        parse_rules(contract)
