"""What logs are counted by beside status and reason: the contract's fields that have a list of allowed values."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logcore._core import Contract

__all__ = ["ABSENT", "OTHER", "Dimension", "Layout", "dimensions_of"]

MOST_FIELDS = 6
MOST_VALUES = 40
OTHER = "(other)"
ABSENT = "(none)"


@dataclass(frozen=True)
class Dimension:
    """A field and the values that are counted by name; `first` is the column of the first of them.

    Two more columns follow: any other value, and none.
    """

    name: str
    values: tuple[str, ...]
    first: int

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its columns, in order, all of them different."""
        more = [f"({name})" if name in self.values else name for name in (OTHER, ABSENT)]
        return (*self.values, *more)

    def columns(self) -> dict[str | None, int]:
        """The column of each value, None being no value. A value that isn't there belongs to `other`."""
        return {
            **{value: self.first + place for place, value in enumerate(self.values)},
            None: self.first + len(self.values) + 1,
        }

    @property
    def other(self) -> int:
        """The column of values that aren't listed."""
        return self.first + len(self.values)


@dataclass(frozen=True)
class Layout:
    """The columns of a table of counts: 0 counts all logs, then come the dimensions' columns."""

    dimensions: tuple[Dimension, ...]

    @property
    def columns(self) -> int:
        """How many there are."""
        return 1 + sum(len(dimension.labels) for dimension in self.dimensions)


def dimensions_of(contract: Contract) -> Layout:
    """The contract's first 6 fields of texts with a list of values, each with its first 40 values."""
    properties: dict[str, Any] = json.loads(contract.json_schema()).get("properties", {})
    found: list[Dimension] = []
    column = 1
    for name, rule in properties.items():
        values = _listed(rule)
        if not values or len(found) == MOST_FIELDS:
            continue
        dimension = Dimension(name, tuple(values[:MOST_VALUES]), column)
        column += len(dimension.labels)
        found.append(dimension)
    return Layout(tuple(found))


def _listed(rule: Any) -> list[str]:
    """The allowed values of a field's rule, the empty list where it has none or they aren't texts."""
    if not isinstance(rule, dict):
        return []
    options = [rule, *(option for option in rule.get("anyOf", []) if isinstance(option, dict))]
    for option in options:
        values = option.get("enum")
        if isinstance(values, list) and all(isinstance(value, str) or value is None for value in values):
            return [value for value in values if value is not None]
    return []
