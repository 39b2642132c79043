"""Reasons on a command line."""

from __future__ import annotations

import argparse
from typing import Any

import pytest

from logcore.reason_filter import reason_filter


def reason(path: Any, code: Any) -> dict[str, Any]:
    return {"path": path, "code": code}


@pytest.mark.parametrize(
    ("text", "meant", "not_meant"),
    [
        ("null", [("device", "null"), ("a.b", "null")], [("null", "missing"), ("device", "wrong_type")]),
        ("device:null", [("device", "null")], [("device", "missing"), ("devices", "null"), ("a.device", "null")]),
        ("device", [("device", "null"), ("device", "missing")], [("devices", "null"), ("$", "empty")]),
        ("user", [("user", "null"), ("user.home.zip", "null"), ("user[2]", "null")], [("username", "null")]),
        ("tags[3]", [("tags[3]", "null")], [("tags[31]", "null"), ("tags", "null"), ("tags3", "null")]),
        ("tags[]:null", [("tags[3]", "null"), ("tags[30].name", "null")], [("tags", "null"), ("tags[3]", "missing")]),
        ("a.b", [("a.b", "null"), ("a.b.c", "null")], [("axb", "null"), ("a", "null")]),
        ("$:malformed_json", [("$", "malformed_json")], [("$", "empty")]),
        ("missing:", [("missing", "null")], [("device", "missing")]),
        ("missing:missing", [("missing", "missing")], [("missing", "null"), ("device", "missing")]),
        ("a:b:null", [("a:b", "null")], [("a", "null"), ("b", "null")]),
        ("a:b:", [("a:b", "null")], [("a", "null")]),
        ("(.*)", [("(.*)", "null")], [("device", "null")]),
        ("line\nbreak", [("line\nbreak", "null"), ("line\nbreak.\n", "null")], [("line", "null")]),
    ],
)
def test_what_is_meant(text: str, meant: list[tuple[str, str]], not_meant: list[tuple[str, str]]) -> None:
    only = reason_filter(text)
    for path, code in meant:
        assert only.matches([reason("other", "too_long"), reason(path, code)]), (path, code)
    for path, code in not_meant:
        assert not only.matches([reason(path, code)]), (path, code)


@pytest.mark.parametrize(
    "reasons",
    [None, 5, "null", {}, {"path": "device", "code": "null"}, [], [None], ["null"], [{}], [{"path": "device"}],
     [reason(None, "null")], [reason(["device"], "null")], [reason("device", {"null": 1})], [["device", "null"]]],
)  # fmt: skip
def test_reasons_of_no_known_form_are_never_meant(reasons: Any) -> None:
    for text in ("null", "device", "device:null"):
        assert not reason_filter(text).matches(reasons)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wrong_tpye", "there is no code 'wrong_tpye'; did you mean wrong_type? (for a field of that name, write"),
        ("Wrong-Type", "did you mean wrong_type?"),
        ("nul", "write 'nul:'"),
        ("device:wrong_tpye", "'device:wrong_tpye': there is no code 'wrong_tpye'; did you mean wrong_type?"),
        ("device:blue", "there is no code 'blue'; the codes are empty, too_large, "),
        (":null", "':null' is not of the form CODE, PATH or PATH:CODE"),
        (":", "is not of the form"),
        ("", "is not of the form"),
    ],
)
def test_what_is_neither_code_nor_path(text: str, said: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as error:
        reason_filter(text)
    assert said in str(error.value)
