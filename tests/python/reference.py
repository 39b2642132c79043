"""The verdict rules once more, slow and plain: the tests hold the Rust core against it.

Written from the text of the rules alone, without a look at the Rust code, so that one mistake is not made twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reference_json import Malformed, NotUtf8, Object, TooDeep, read
from reference_rules import Lookup, Rules, reason, typed

__all__ = ["FieldValue", "Judgement", "UsersTable", "judge"]

FieldValue = str | int | None
Judgement = tuple[str, list[tuple[str, str]], dict[str, FieldValue]]


@dataclass(frozen=True)
class UsersTable:
    """Rows of the users table under the names of its columns."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]


def judge(value: bytes | None, rules: Rules, users: UsersTable | None) -> Judgement:
    """Status, reasons as (path, code), and each field's typed value: None where it had no valid one."""
    nothing: dict[str, FieldValue] = {field.name: None for field in rules.fields}
    if value is None or not value.strip(b" \t\n\r"):
        return "bad", [("$", "empty")], nothing
    if len(value) > rules.max_bytes:
        return "bad", [("$", "too_large")], nothing
    try:
        log = read(value, rules.max_depth)
    except NotUtf8:
        return "bad", [("$", "invalid_utf8")], nothing
    except TooDeep:
        return "bad", [("$", "too_deep")], nothing
    except Malformed:
        return "bad", [("$", "malformed_json")], nothing
    if not isinstance(log, Object):
        return "bad", [("$", "not_an_object")], nothing

    reasons: list[tuple[str, str]] = []
    typed_values = dict(nothing)
    for field in rules.fields:
        values = [member for name, member in log.members if name == field.name]
        code = reason(field, values)
        if code is not None:
            reasons.append((field.name, code))
        elif values:
            typed_values[field.name] = typed(field, values[0])
    if reasons:
        return "bad", reasons, typed_values

    suspicion = _suspicion(rules.lookup, typed_values, users)
    return ("suspicious", [suspicion], typed_values) if suspicion else ("good", [], typed_values)


def _suspicion(
    lookup: Lookup | None, typed_values: dict[str, FieldValue], users: UsersTable | None
) -> tuple[str, str] | None:
    if lookup is None:
        return None
    if users is None:
        raise ValueError("this contract looks users up")
    looked_up = [typed_values[name] for name in lookup.fields]
    # A foreign key with a null in it refers to nothing, so there is nothing to miss (SQL's MATCH SIMPLE).
    if any(value is None for value in looked_up):
        return None
    key = [str(value) for value in looked_up]
    known = _known(users, lookup.columns)
    matches = [row for row in known if row[0] == key[0]]
    if not matches:
        return lookup.fields[0], "unknown_account"
    if key not in matches:
        return lookup.fields[1], "device_mismatch"
    return None


def _known(users: UsersTable, columns: Sequence[str]) -> list[list[str]]:
    at = [users.columns.index(column) for column in columns]
    return [[str(row[position]) for position in at] for row in users.rows]
