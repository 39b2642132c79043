"""Hypothesis strategies for the logs of any contract: good ones, spoilt ones, damaged bytes and plain rubbish."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from reference import UsersTable
from reference_rules import Field, Rules

__all__ = ["FRAGMENTS", "Subject", "damaged", "logs", "odd_values", "rows", "valid_values"]


@dataclass(frozen=True)
class Subject:
    """A contract to judge by: its file, the reference's reading of it, and the users table if it looks users up."""

    path: Path
    rules: Rules
    users: UsersTable | None

    def __hash__(self) -> int:
        return hash(self.path)


BOUNDS = [edge + step for edge in (0, -(2**31), 2**31, -(2**63), 2**63, 2**64, 2**53) for step in (-1, 0, 1)]
NUMBERS = [str(bound) for bound in BOUNDS] + ["-0", "9" * 40, "-" + "9" * 25, "10", "100", "1" + "0" * 400]
NOT_INTEGERS = ["1.0", "6.84e2", "684e0", "1E400", "-1e-400", "0.0", "-0.0", "684.5", "1E+2"]
NOT_CANONICAL = ["", "-", "-0", "+1", "01", "-01", " 1", "1 ", "1\n", "1_0", "1,000", "0x1", "N/A"]
NOT_CANONICAL += ["null", "true", "٦٨٤", "\uff11", "\ufeff1", "1\x00", "--1", "NaN", "Infinity", "1\u00a0"]
STRUCTURES = ["[]", "{}", "[1]", '{"v": 1}', '["x"]', "[[]]", '{"": null}', "true", "false", "null"]
FRAGMENTS = [
    b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\uDC00", b"\\ud83d\\ude00", b"\\u0000",
    b"\\q", b"null", b"true", b"false", b"nul", b"True", b"NaN", b"-", b"-0", b"0", b"01", b"1.", b".5", b"1e",
    b"1e5", b"1E+3", b"+1", b" ", b"\t", b"\n", b"\r", b"\x00", b"\x0b", b"\x0c", b"\x1f", b"\x7f", b"/", b"//",
    b"/* */", b"'", b'""', b"{}", b"[]", b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\xc3", b"\xc3\xa9", b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b'"a":1', b',"a":1', b"[[[[", b'{"a":', b"]]]]",
]  # fmt: skip
WRAPPINGS = ["\ufeff", "\x00", " x", "{}", ",", "[", "]", "}", '"', "\u00a0", "\x0b", "null", "[" * 70]

gaps = st.sampled_from(["", "", " ", "\n", "\t", "\r\n  "])
# Which of the first 64 characters are escaped: mostly none, sometimes all, sometimes a few.
escape_masks = st.one_of(st.sampled_from([0, 0, 0, 0, -1]), st.integers(0, 2**64 - 1))


@st.composite
def spelled(draw: DrawFn, text: str) -> str:
    """A JSON string that means `text`, with some characters escaped that need not be."""
    mask = draw(escape_masks)
    if mask == 0:
        return json.dumps(text, ensure_ascii=False)
    parts = []
    for index, character in enumerate(text):
        if mask >> index & 1 or character in '"\\' or character < " ":
            units = character.encode("utf-16-be")
            escapes = "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
            short = json.dumps(character)[1:-1] if mask % 3 else escapes
            parts.append("\\/" if character == "/" and mask % 2 else short if short[0] == "\\" else escapes)
        else:
            parts.append(character)
    return f'"{"".join(parts)}"'


@cache
def valid_texts(field: Field) -> SearchStrategy[str]:
    """Texts, not yet JSON, that break no rule of the field."""
    if field.kind == "integer":
        step = field.multiple or 1
        low, high = -(-field.low // step), field.high // step
        return st.one_of(st.integers(low, high), st.sampled_from([low, high])).map(lambda count: str(count * step))
    if field.allowed is not None:
        return st.sampled_from(field.allowed)
    shortest, longest = field.shortest or 0, field.longest or 40
    if field.pattern is None:
        return st.text(min_size=shortest, max_size=longest)
    shaped = st.from_regex(field.pattern, fullmatch=True)
    return shaped.filter(lambda text: shortest <= len(text) <= longest)


@st.composite
def json_texts(draw: DrawFn, field: Field, text: str) -> str:
    """`text` as a JSON value of the field's type, as a string too where the field takes both."""
    bare = field.kind == "integer" and not (field.text_accepted and draw(st.booleans()))
    return text if bare else draw(spelled(text))


def valid_values(field: Field) -> SearchStrategy[str]:
    """JSON texts that break no rule of the field."""
    return valid_texts(field).flatmap(lambda text: json_texts(field, text))


@cache
def odd_values(field: Field) -> tuple[str, ...]:
    """JSON texts that are mostly, but not all, against the field's rules: wrong types, bounds, near misses."""
    digits = [str(bound + step) for bound in (field.low, field.high) for step in (-2, -1, 0, 1, 2)]
    numbers = NUMBERS + (digits if field.kind == "integer" else [])
    allowed = [f(text) for text in (field.allowed or ())[:3] for f in (str.upper, str.lower, lambda text: text + " ")]
    strings = NOT_CANONICAL + allowed + numbers + NOT_INTEGERS + ["a", "é" * 16, "😀" * 10, "0" * 32, "F" * 32 + "\n"]
    return tuple(STRUCTURES + numbers + NOT_INTEGERS + [json.dumps(text) for text in strings])


@st.composite
def near_misses(draw: DrawFn, field: Field) -> str:
    """A valid text changed a little, as a JSON string or bare."""
    text = draw(valid_texts(field))
    suffixed = [text + end for end in ("\n", " ", "\x00", "é", text)]
    prefixed = [start + text for start in (" ", "\ufeff", "-", "0")]
    return draw(spelled(draw(st.sampled_from([*suffixed, *prefixed, text[:-1], text.swapcase()]))))


@st.composite
def deep_values(draw: DrawFn, max_depth: int) -> str:
    """Arrays or objects nested about as deep as a log may be, now and then with an error inside or never closed."""
    opening, closing = draw(st.sampled_from([("[", "]"), ('{"a":', "}"), ('[{"b": ', "}]"), ("[1, [", "]]")]))
    levels = draw(st.integers(max(0, max_depth - 4), max_depth + 2)) // max(1, opening.count("[") + opening.count("{"))
    core = draw(st.sampled_from(["0", "0", "[]", "{}", "", "x", "[x", "]", '"\\ud800"', "{[", "[,"]))
    return opening * levels + core + draw(st.sampled_from([closing * levels, closing * levels, "", closing]))


leaves = st.one_of(
    st.sampled_from([*STRUCTURES, *NUMBERS, *NOT_INTEGERS]),
    st.sampled_from(["\u2028", "\x7f", "\ud7ff\ue000", "\uffff", "a/b", "\x00\x1f", "😀", 'q"\\']).flatmap(spelled),
)
small_values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(st.sampled_from(['"a"', '""', '"\\u0061"']), inner), max_size=3).map(
            lambda members: "{" + ",".join(f"{name} :{value}" for name, value in members) + "}"
        ),
    ),
    max_leaves=4,
)


@st.composite
def extra_members(draw: DrawFn, rules: Rules) -> tuple[str, str]:
    """A member that the contract does not name, though the name may look much like one of its own."""
    name = draw(st.sampled_from([field.name for field in rules.fields]))
    names = ["", "x", name + " ", name[:-1], name.upper(), name + "\x00", f"$.{name}", "é", "status", "😀"]
    key = draw(st.sampled_from([other for other in names if other != name]).flatmap(spelled))
    return key, draw(st.one_of(small_values, small_values, deep_values(rules.max_depth)))


@st.composite
def logs(draw: DrawFn, subject: Subject, *, spoilt: bool) -> bytes:
    """A whole log in any order and spelling. Unless `spoilt`, no field has a reason, but it may be suspicious."""
    rules = subject.rules
    if spoilt:
        required_plans = optional_plans = ["valid"] * 12 + ["odd", "near", "missing", "null", "twice"]
    else:
        required_plans, optional_plans = ["valid"], ["valid", "valid", "valid", "null", "missing"]
    known = draw(st.sampled_from(subject.users.rows)) if subject.users else ()
    looked_up = dict(zip(rules.lookup.fields, known, strict=True)) if rules.lookup else {}
    members: list[tuple[str, str]] = []
    for field in rules.fields:
        plan = draw(st.sampled_from(required_plans if field.required else optional_plans))
        value = valid_values(field)
        if field.name in looked_up and draw(st.integers(0, 3)) and (spoilt or _fits(field, looked_up[field.name])):
            value = json_texts(field, str(looked_up[field.name]))
        if plan == "odd":
            value = st.sampled_from(odd_values(field))
        elif plan == "near":
            value = near_misses(field)
        elif plan == "null":
            value = st.just("null")
        copies = {"missing": 0, "twice": 2}.get(plan, 1)
        members += [(draw(spelled(field.name)), draw(value)) for _ in range(copies)]
    if spoilt:
        members += draw(st.lists(extra_members(rules), max_size=2))
    if draw(st.booleans()):
        members = draw(st.permutations(members))
    before, after, around = draw(gaps), draw(gaps), draw(gaps)
    body = ",".join(f"{before}{name}{after}:{before}{value}{after}" for name, value in members)
    text = f"{around}{{{body}{before}}}{around}"
    if spoilt and draw(st.integers(0, 9)) == 0:
        wrapping = draw(st.sampled_from(WRAPPINGS))
        text = draw(st.sampled_from([wrapping + text, text + wrapping, f"[{text}]"]))
    return text.encode()


def _fits(field: Field, value: str | int) -> bool:
    text = str(value)
    if field.kind == "integer":
        return text == "0" or (text.lstrip("-")[:1] not in "0" and field.low <= int(text) <= field.high)
    shortest, longest = field.shortest or 0, field.longest if field.longest is not None else len(text)
    return shortest <= len(text) <= longest and (field.pattern is None or bool(field.pattern.fullmatch(text)))


def damaged(log: bytes, chance: random.Random) -> bytes:
    """`log` with one to three wounds: a flipped bit, bytes lost, put in, moved, repeated or cut off."""
    value = bytearray(log)
    for _ in range(chance.randint(1, 3)):
        at, to = sorted(chance.randint(0, len(value)) for _ in range(2))
        wound = chance.choice(["flip", "flip", "delete", "insert", "insert", "replace", "splice", "truncate", "repeat"])
        if wound == "flip" and at < len(value):
            value[at] ^= 1 << chance.randrange(8)
        elif wound == "delete":
            del value[at : at + chance.randint(1, 4)]
        elif wound == "insert":
            value[at:at] = chance.choice(FRAGMENTS)
        elif wound == "replace":
            value[at : at + 1] = chance.choice(FRAGMENTS)
        elif wound == "splice":
            value[at:at] = log[min(at, to) : to]
        elif wound == "truncate" and chance.random() < 0.3:
            del value[at:]
        elif wound == "repeat":
            value[at:to] = value[at:to] * 2
    return bytes(value)


@st.composite
def damaged_logs(draw: DrawFn, subject: Subject) -> bytes:
    """A good log, damaged. hypothesis draws each wound, so a failure shrinks to the smallest one."""
    return damaged(draw(logs(subject, spoilt=False)), draw(st.randoms(use_true_random=False)))


@cache
def rows(subject: Subject) -> SearchStrategy[bytes | None]:
    """Values of messages of every kind: good, spoilt and damaged logs, JSON rubbish, plain bytes, none at all."""
    good, spoilt = logs(subject, spoilt=False), logs(subject, spoilt=True)
    soup = st.lists(st.sampled_from(FRAGMENTS), max_size=20).map(b"".join)
    blank = st.text(alphabet=" \t\n\r", max_size=3).map(str.encode)
    deep = deep_values(subject.rules.max_depth).map(str.encode)
    rubbish = st.one_of(soup, st.binary(max_size=60), blank, deep, small_values.map(str.encode), st.none())
    return st.one_of(good, good, spoilt, spoilt, spoilt, damaged_logs(subject), damaged_logs(subject), rubbish)
