"""ECMA-262 patterns said in Python's `re`, so that the reference can match a whole string by them.

Patterns are read with the meaning of the `u` flag: a character is a code point. Every class becomes a set of code point
ranges, because `\\d`, `\\w`, `\\s` and `.` of the two languages differ. What is not understood raises ValueError.
"""

from __future__ import annotations

import re

__all__ = ["compile_whole"]

Ranges = list[tuple[int, int]]

LAST = 0x10FFFF
DIGITS: Ranges = [(0x30, 0x39)]
WORD: Ranges = [(0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)]
# WhiteSpace and LineTerminator of ECMA-262: U+FEFF is one of them, U+0085 and U+180E are not.
SPACE: Ranges = [
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
]  # fmt: skip
LINE_ENDS: Ranges = [(0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029)]
CONTROL_ESCAPES = {"t": 0x09, "n": 0x0A, "v": 0x0B, "f": 0x0C, "r": 0x0D}
SYNTAX_CHARACTERS = "^$\\.*+?()[]{}|/"
COUNTED = re.compile(r"\{([0-9]+)(,([0-9]*))?\}")
GROUP = re.compile(r"\(\?(:|=|!|<=|<!)")
NUMBERED = re.compile(r"u\{([0-9a-fA-F]+)\}|u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})")


def compile_whole(pattern: str) -> re.Pattern[str]:
    """`pattern` compiled so that `fullmatch` says whether a whole string has its shape."""
    return re.compile(_Translator(pattern).translate(), re.ASCII)


def _complement(ranges: Ranges) -> Ranges:
    outside: Ranges = []
    first = 0
    for low, high in sorted(ranges):
        if first < low:
            outside.append((first, low - 1))
        first = max(first, high + 1)
    if first <= LAST:
        outside.append((first, LAST))
    return outside


def _only_code_point(ranges: Ranges) -> int | None:
    return ranges[0][0] if len(ranges) == 1 and ranges[0][0] == ranges[0][1] else None


def _class(ranges: Ranges) -> str:
    """The class in `re`: said by what is outside where that is less, since hypothesis walks through every member."""
    if not ranges:
        return "(?!)"
    outside = _complement(ranges)
    if not outside:
        return "(?s:.)"
    if outside[-1][1] == LAST:
        return f"[{_members(ranges)}]"
    return f"[^{_members(outside)}]"


def _members(ranges: Ranges) -> str:
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in ranges)


class _Translator:
    """One pass over the pattern; `at` is the next character."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def unsupported(self, what: str) -> ValueError:
        return ValueError(f"{what} at character {self.at} of pattern {self.pattern!r}")

    def translate(self) -> str:
        parts: list[str] = []
        repeatable = False
        while self.at < len(self.pattern):
            character = self.pattern[self.at]
            counted = COUNTED.match(self.pattern, self.at)
            if character in "*+?" or counted:
                if not repeatable:
                    raise self.unsupported("nothing to repeat")
                parts.append(self.quantifier(counted))
                repeatable = False
            elif character == "(":
                parts.append(self.group())
                repeatable = False
            elif character in "|^$":
                parts.append({"|": "|", "^": r"\A", "$": r"\Z"}[character])
                self.at += 1
                repeatable = False
            elif self.pattern.startswith(("\\b", "\\B"), self.at):
                parts.append(self.pattern[self.at : self.at + 2])
                self.at += 2
                repeatable = False
            else:
                parts.append(self.atom(character))
                repeatable = True
        return "".join(parts)

    def quantifier(self, counted: re.Match[str] | None) -> str:
        start = self.at
        self.at = counted.end() if counted else start + 1
        if self.pattern.startswith("?", self.at):
            self.at += 1
        return self.pattern[start : self.at]

    def group(self) -> str:
        special = GROUP.match(self.pattern, self.at)
        if special:
            self.at = special.end()
            return special.group()
        if self.pattern.startswith("(?", self.at):
            raise self.unsupported("a named group or flags")
        self.at += 1
        return "("

    def atom(self, character: str) -> str:
        if character == "[":
            return _class(self.character_class())
        if character == "\\":
            return _class(self.escape(in_class=False))
        if character in "]{}":
            raise self.unsupported(f"a bare {character}")
        self.at += 1
        if character == ".":
            return _class(_complement(LINE_ENDS))
        return ")" if character == ")" else re.escape(character)

    def character_class(self) -> Ranges:
        self.at += 1
        negated = self.pattern.startswith("^", self.at)
        self.at += negated
        ranges: Ranges = []
        while not self.pattern.startswith("]", self.at):
            low = self.class_atom()
            hyphen = self.pattern.startswith("-", self.at) and not self.pattern.startswith("-]", self.at)
            if not hyphen:
                ranges += low
                continue
            self.at += 1
            first, last = _only_code_point(low), _only_code_point(self.class_atom())
            if first is None or last is None or first > last:
                raise self.unsupported("a range without two single ends in order")
            ranges.append((first, last))
        self.at += 1
        return _complement(ranges) if negated else ranges

    def class_atom(self) -> Ranges:
        if self.at >= len(self.pattern):
            raise self.unsupported("an open class")
        character = self.pattern[self.at]
        if character == "\\":
            return self.escape(in_class=True)
        self.at += 1
        return [(ord(character), ord(character))]

    def escape(self, *, in_class: bool) -> Ranges:
        self.at += 1
        numbered = NUMBERED.match(self.pattern, self.at)
        if numbered:
            self.at = numbered.end()
            code = int(next(digits for digits in numbered.groups() if digits), 16)
            return [(code, code)]
        letter = self.pattern[self.at : self.at + 1]
        self.at += 1
        for name, ranges in (("d", DIGITS), ("w", WORD), ("s", SPACE)):
            if letter == name:
                return ranges
            if letter == name.upper():
                return _complement(ranges)
        if letter in CONTROL_ESCAPES:
            return [(CONTROL_ESCAPES[letter], CONTROL_ESCAPES[letter])]
        if letter == "0" and not self.pattern[self.at : self.at + 1].isdigit():
            return [(0, 0)]
        if letter and (letter in SYNTAX_CHARACTERS or (in_class and letter == "-")):
            return [(ord(letter), ord(letter))]
        if in_class and letter == "b":
            return [(0x08, 0x08)]
        raise self.unsupported(f"an escape \\{letter}")
