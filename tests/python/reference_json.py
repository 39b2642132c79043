"""A strict reader of RFC 8259 texts: slow, plain, and written apart from the Rust core it is held against.

It keeps what the verdicts need and a usual JSON library throws away: every member of an object, repeated names
included, and each number as its source text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Union

__all__ = ["JsonValue", "Malformed", "NotUtf8", "Number", "Object", "TooDeep", "read"]


class NotUtf8(Exception):
    """The bytes are no UTF-8."""


class TooDeep(Exception):
    """One object or array too many is open, and no syntax error comes before it."""


class Malformed(Exception):
    """The bytes are not one JSON text from end to end."""


@dataclass(frozen=True)
class Number:
    """A number as it was written: `1.0` and `1` are two different things here."""

    source: str


@dataclass(frozen=True)
class Object:
    """An object's members in their order, names unescaped, repeated names kept."""

    members: list[tuple[str, JsonValue]]


JsonValue = Union[bool, str, Number, list["JsonValue"], Object, None]

WHITESPACE = " \t\n\r"
LITERALS: dict[str, bool | None] = {"null": None, "true": True, "false": False}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
PLAIN_CHARACTERS = re.compile(r'[^"\\\x00-\x1f]+')
FOUR_HEX_DIGITS = re.compile(r"[0-9a-fA-F]{4}")
SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


def read(source: bytes, max_depth: int) -> JsonValue:
    """The one value that `source` holds, with at most `max_depth` objects and arrays open at once.

    Raises NotUtf8 (whatever else is wrong), else TooDeep or Malformed, whichever comes first in the text.
    """
    try:
        text = source.decode("utf-8", "strict")
    except UnicodeDecodeError as error:
        raise NotUtf8(str(error)) from error
    reader = _Reader(text, max_depth)
    value = reader.element()
    if reader.at != len(text):
        raise reader.malformed("text after the value")
    return value


class _Reader:
    """A recursive descent over the text; `at` is the next character, `open` the objects and arrays not yet closed."""

    def __init__(self, text: str, max_depth: int) -> None:
        self.text = text
        self.max_depth = max_depth
        self.at = 0
        self.open = 0

    def malformed(self, what: str) -> Malformed:
        return Malformed(f"{what} at character {self.at}")

    def peek(self) -> str:
        """The next character, or an empty string at the end."""
        return self.text[self.at : self.at + 1]

    def take(self, character: str) -> bool:
        """Whether the next character is this one; if so it is passed."""
        if self.peek() != character:
            return False
        self.at += 1
        return True

    def skip_whitespace(self) -> None:
        while self.peek() and self.peek() in WHITESPACE:
            self.at += 1

    def element(self) -> JsonValue:
        """A value with the whitespace around it."""
        self.skip_whitespace()
        value = self.value()
        self.skip_whitespace()
        return value

    def value(self) -> JsonValue:
        if self.peek() == "{":
            return self.nested_object()
        if self.peek() == "[":
            return self.nested_array()
        if self.peek() == '"':
            return self.string()
        number = NUMBER.match(self.text, self.at)
        if number:
            self.at = number.end()
            return Number(number.group())
        for literal, value in LITERALS.items():
            if self.text.startswith(literal, self.at):
                self.at += len(literal)
                return value
        raise self.malformed("no value")

    def descend(self) -> None:
        """Passes an opening bracket that stands where a value may stand."""
        if self.open == self.max_depth:
            raise TooDeep(f"more than {self.max_depth} open at character {self.at}")
        self.open += 1
        self.at += 1

    def nested_object(self) -> Object:
        self.descend()
        members: list[tuple[str, JsonValue]] = []
        self.skip_whitespace()
        if not self.take("}"):
            while True:
                self.skip_whitespace()
                if self.peek() != '"':
                    raise self.malformed("no name")
                name = self.string()
                self.skip_whitespace()
                if not self.take(":"):
                    raise self.malformed("no colon")
                members.append((name, self.element()))
                if self.take("}"):
                    break
                if not self.take(","):
                    raise self.malformed("neither comma nor brace")
        self.open -= 1
        return Object(members)

    def nested_array(self) -> list[JsonValue]:
        self.descend()
        items: list[JsonValue] = []
        self.skip_whitespace()
        if not self.take("]"):
            while True:
                items.append(self.element())
                if self.take("]"):
                    break
                if not self.take(","):
                    raise self.malformed("neither comma nor bracket")
        self.open -= 1
        return items

    def string(self) -> str:
        self.at += 1
        parts: list[str] = []
        while not self.take('"'):
            plain = PLAIN_CHARACTERS.match(self.text, self.at)
            if plain:
                self.at = plain.end()
                parts.append(plain.group())
            elif self.take("\\"):
                parts.append(self.escape())
            else:
                raise self.malformed("a control character or the end inside a string")
        return "".join(parts)

    def escape(self) -> str:
        if not self.take("u"):
            character = SHORT_ESCAPES.get(self.peek())
            if character is None:
                raise self.malformed("an unknown escape")
            self.at += 1
            return character
        unit = self.code_unit()
        if 0xD800 <= unit <= 0xDBFF:
            if not (self.take("\\") and self.take("u")):
                raise self.malformed("a lone high surrogate")
            low = self.code_unit()
            if not 0xDC00 <= low <= 0xDFFF:
                raise self.malformed("a lone high surrogate")
            return chr(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00))
        if 0xDC00 <= unit <= 0xDFFF:
            raise self.malformed("a lone low surrogate")
        return chr(unit)

    def code_unit(self) -> int:
        digits = FOUR_HEX_DIGITS.match(self.text, self.at)
        if not digits:
            raise self.malformed("no four hex digits")
        self.at = digits.end()
        return int(digits.group(), 16)
