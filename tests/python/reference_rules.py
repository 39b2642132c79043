"""A contract's rules, read from its YAML a second time, and the one reason that each gives a field.

It knows strings and integers, the limits of a log, and a lookup of one or two columns. A rule that it does not know
raises ValueError: the reference must never pass over what it is meant to check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reference_json import JsonValue, Number
from reference_pattern import compile_whole

__all__ = ["Field", "Lookup", "Rules", "load_rules", "parse_rules", "reason", "typed"]

BITS = {"i32": 32, "i64": 64}
INTEGER_SOURCE = re.compile(r"-?(?:0|[1-9][0-9]*)")
CANONICAL_STRING = re.compile(r"0|-?[1-9][0-9]*")
# More digits than this are outside of every format, and Python refuses to turn thousands of them into a number.
LONGEST_INTEGER = 30


@dataclass(frozen=True)
class Field:
    """One field of the contract; a bound that it does not set is None. `low` and `high` belong to the range."""

    name: str
    kind: str
    required: bool
    pattern: re.Pattern[str] | None = None
    shortest: int | None = None
    longest: int | None = None
    allowed: tuple[str, ...] | None = None
    low: int = 0
    high: int = 0
    multiple: int | None = None
    bits: int = 32
    text_accepted: bool = False
    epoch_seconds: bool = False


@dataclass(frozen=True)
class Lookup:
    """The fields that are looked up, the key first, and the users table's columns that they are compared with."""

    fields: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """Fields in the contract's order, limits in bytes and in levels, and the lookup if there is one."""

    fields: tuple[Field, ...]
    max_bytes: int
    max_depth: int
    lookup: Lookup | None


def load_rules(path: Path) -> Rules:
    """The rules of the contract in this file."""
    return parse_rules(path.read_text(encoding="utf-8"))


def parse_rules(text: str) -> Rules:
    """The rules of this contract, an ODCS 3.1 document with one schema."""
    (schema,) = yaml.safe_load(text)["schema"]
    limits = _custom_properties(schema)
    return Rules(
        fields=tuple(_field(entry) for entry in schema["properties"]),
        max_bytes=limits.get("maxBytes", 1_048_576),
        max_depth=limits.get("maxDepth", 64),
        lookup=_lookup(schema),
    )


def _custom_properties(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {custom["property"]: custom["value"] for custom in entry.get("customProperties", [])}


def _field(entry: Mapping[str, Any]) -> Field:
    options = dict(entry.get("logicalTypeOptions", {}))
    custom = _custom_properties(entry)
    allowed = _allowed(entry)
    name, kind, required = entry["name"], entry["logicalType"], entry.get("required", False)
    if kind == "string":
        pattern = options.pop("pattern", None)
        field = Field(
            name,
            kind,
            required,
            pattern=None if pattern is None else compile_whole(pattern),
            shortest=options.pop("minLength", None),
            longest=options.pop("maxLength", None),
            allowed=allowed,
        )
    elif kind == "integer" and allowed is None:
        bits = BITS[options.pop("format", "i32")]
        lows, highs = [-(2 ** (bits - 1))], [2 ** (bits - 1) - 1]
        lows += [options.pop("minimum")] if "minimum" in options else []
        lows += [options.pop("exclusiveMinimum") + 1] if "exclusiveMinimum" in options else []
        highs += [options.pop("maximum")] if "maximum" in options else []
        highs += [options.pop("exclusiveMaximum") - 1] if "exclusiveMaximum" in options else []
        multiple = options.pop("multipleOf", None)
        if not all(isinstance(number, int) for number in [*lows, *highs, multiple or 1]):
            raise ValueError(f"{name}: a bound that is no integer")
        field = Field(
            name,
            kind,
            required,
            low=max(lows),
            high=min(highs),
            multiple=multiple,
            bits=bits,
            text_accepted=custom.get("acceptCanonicalString", False),
            epoch_seconds=custom.get("epoch") == "seconds",
        )
    else:
        raise ValueError(f"{name}: the reference knows no such field of type {kind}")
    if options:
        raise ValueError(f"{name}: the reference knows no option {', '.join(options)}")
    return field


def _allowed(entry: Mapping[str, Any]) -> tuple[str, ...] | None:
    checks = entry.get("quality", [])
    if not checks:
        return None
    (check,) = checks
    if check["metric"] != "invalidValues" or check["mustBe"] != 0 or list(check["arguments"]) != ["validValues"]:
        raise ValueError(f"{entry['name']}: the reference knows no such quality check")
    return tuple(check["arguments"]["validValues"])


def _lookup(schema: Mapping[str, Any]) -> Lookup | None:
    relationships = schema.get("relationships", [])
    if not relationships:
        return None
    (relationship,) = relationships
    ends = [relationship["from"], relationship["to"]]
    fields, columns = ([end] if isinstance(end, str) else end for end in ends)
    if len(fields) != len(columns) or not 1 <= len(fields) <= 2:
        raise ValueError("the reference knows lookups of one or two columns")
    return Lookup(
        tuple(reference.removeprefix(f"{schema['name']}.") for reference in fields),
        tuple(reference.split(".", 1)[1] for reference in columns),
    )


def reason(field: Field, values: list[JsonValue]) -> str | None:
    """The code that this field gets, or None. `values` are all that the log has under the field's name."""
    if len(values) > 1:
        return "duplicate_key"
    if not values:
        return "missing" if field.required else None
    (value,) = values
    if value is None:
        return "null" if field.required else None
    return _string_reason(field, value) if field.kind == "string" else _integer_reason(field, value)


def _string_reason(field: Field, value: JsonValue) -> str | None:
    if not isinstance(value, str):
        return "wrong_type"
    if field.shortest is not None and len(value) < field.shortest:
        return "too_short"
    if field.longest is not None and len(value) > field.longest:
        return "too_long"
    if field.pattern is not None and not field.pattern.fullmatch(value):
        return "pattern_mismatch"
    if field.allowed is not None and value not in field.allowed:
        return "not_allowed"
    return None


def _integer_reason(field: Field, value: JsonValue) -> str | None:
    digits = _integer_digits(field, value)
    if digits is None:
        return "wrong_type"
    if len(digits) > LONGEST_INTEGER or not field.low <= int(digits) <= field.high:
        return "out_of_range"
    if field.multiple is not None and int(digits) % field.multiple != 0:
        return "not_multiple"
    return None


def _integer_digits(field: Field, value: JsonValue) -> str | None:
    if isinstance(value, Number) and INTEGER_SOURCE.fullmatch(value.source):
        return value.source
    if field.text_accepted and isinstance(value, str) and CANONICAL_STRING.fullmatch(value):
        return value
    return None


def typed(field: Field, value: JsonValue) -> str | int | None:
    """The column's value for a value that gave no reason: a timestamp is in microseconds since 1970."""
    if value is None:
        return None
    if field.kind == "string":
        return str(value)
    digits = _integer_digits(field, value)
    if digits is None:
        raise ValueError(f"{field.name}: {value!r} is no valid value")
    return int(digits) * (1_000_000 if field.epoch_seconds else 1)
