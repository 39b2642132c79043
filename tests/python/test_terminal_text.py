"""What strangers wrote stays on one line and does nothing to a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.terminal_text import cut, visible, visible_bytes, width

ANY_TEXT = st.text(st.characters())
HARMLESS = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"}
HARMLESS |= {"Sm", "Sc", "Sk", "So"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("plain text, 100 %", "plain text, 100 %"),
        ("é ☃ 日本 🙂", "é ☃ 日本 🙂"),
        ("a\tb\nc\rd", r"a\tb\nc\rd"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x00\x7f\x80\x9b31m", r"\x00\x7f\x80\x9b31m"),
        ("abc\u202edcb\u2066x\u2069", r"abc\u202edcb\u2066x\u2069"),
        ("one\u2028two\u2029three\x85four\vfive\ffive", r"one\u2028two\u2029three\x85four\x0bfive\x0cfive"),
        ("zero\u200bwidth\ufeff\xad", r"zero\u200bwidth\ufeff\xad"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("lone \ud800", r"lone \ud800"),
        ("private \ue000", r"private \ue000"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_what_can_not_be_seen_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_bytes_that_are_no_text_are_shown_as_bytes() -> None:
    assert visible_bytes(b"ok\xff\xc3(\x1b") == r"ok\xff\xc3(\x1b"
    assert visible_bytes("é".encode()) == "é"
    # A surrogate in UTF-8 is no UTF-8.
    assert visible_bytes(b"\xed\xa0\x80") == r"\xed\xa0\x80"


@given(ANY_TEXT)
def test_nothing_but_what_can_be_seen_gets_through(text: str) -> None:
    shown = visible(text)
    assert all(character == " " or unicodedata.category(character) in HARMLESS for character in shown)
    assert shown.splitlines() in ([shown], [])
    assert visible(shown) == shown
    assert len(shown) >= len(text)


@given(st.binary())
def test_any_bytes_can_be_shown(data: bytes) -> None:
    assert visible_bytes(data).isprintable()


@pytest.mark.parametrize(
    ("text", "columns"), [("", 0), ("abc", 3), ("é", 1), ("日本", 4), ("e\u0301", 1), ("🙂", 2), ("\uff57", 2)]
)
def test_width_counts_columns(text: str, columns: int) -> None:
    assert width(text) == columns


@pytest.mark.parametrize(
    ("text", "columns", "left"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdef", 5, "abcd…"),
        ("abcdef", 1, "…"),
        ("abcdef", 0, ""),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日…"),
        ("日本語", 1, "…"),
        ("e\u0301e\u0301e\u0301", 3, "e\u0301e\u0301e\u0301"),
        ("e\u0301e\u0301e\u0301", 2, "e\u0301…"),
    ],
)
def test_cut_keeps_to_the_columns(text: str, columns: int, left: str) -> None:
    assert cut(text, columns) == left


@given(ANY_TEXT, st.integers(0, 20))
def test_what_is_cut_fits_and_what_fits_is_not_cut(text: str, columns: int) -> None:
    shown = visible(text)
    left = cut(shown, columns)
    assert width(left) <= columns
    if width(shown) <= columns:
        assert left == shown
    else:
        assert shown.startswith(left.rstrip("…"))
