"""Contracts of every kind of field, drawn at random, and logs that keep them or nearly do."""

from __future__ import annotations

import json
import random
from typing import Any

__all__ = ["contract_text", "log_for"]

_NAMES = ("a", "b", "c", "item-1", "é")
_PATTERNS = {"[a-c]{2,4}": ("ab", "abcc"), "x(y|z)*": ("x", "xyz"), r"\d+-\d": ("12-3", "0-0")}
_FORMATS = {
    "uuid": "141b3ff2-a921-11eb-bfae-367ddad5b1fa",
    "ipv4": "127.0.0.1",
    "ipv6": "2001:db8::1",
    "byte": "YWJj",
}
_TIMES = {
    "yyyy-MM-dd HH:mm:ss": "2021-04-28 19:28:30",
    "dd.MM.yyyy": "28.04.2021",
    "yyyyMMdd'T'HHmmssX": "20210428T192830Z",
}


def contract_text(rng: random.Random) -> str:
    """An Open Data Contract Standard document, as JSON, which is YAML."""
    schema = {"name": "s", "properties": _properties(rng, 2)}
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "x", "version": "1.0.0", "status": "active"}
    return json.dumps({**head, "schema": [schema]})


def _properties(rng: random.Random, depth: int) -> list[dict[str, Any]]:
    return [_property(rng, name, depth) for name in rng.sample(_NAMES, rng.randint(1, len(_NAMES)))]


def _property(rng: random.Random, name: str, depth: int) -> dict[str, Any]:
    kinds = ["string", "integer", "number", "boolean", "timestamp", "date"] + ["object", "array"] * (depth > 0)
    kind = rng.choice(kinds)
    found: dict[str, Any] = {"name": name, "logicalType": kind, "required": rng.random() < 0.5}
    if kind == "object":
        return {**found, "properties": _properties(rng, depth - 1)}
    if kind == "array":
        item = _property(rng, "item", 0)
        return {**found, "items": item}
    options = _OPTIONS[kind](rng)
    allowed = options.pop("allowed", None)
    if allowed:
        check = {"type": "library", "metric": "invalidValues", "mustBe": 0, "arguments": {"validValues": allowed}}
        found["quality"] = [check]
    return {**found, "logicalTypeOptions": options} if options else found


def _string(rng: random.Random) -> dict[str, Any]:
    choice = rng.randrange(5)
    if choice == 0:
        return {"pattern": rng.choice(list(_PATTERNS))}
    if choice == 1:
        return {"format": rng.choice(list(_FORMATS))}
    if choice == 2:
        return {"allowed": rng.sample(["ab", "é", "", "x" * 20, "12"], 3)}
    least = rng.randint(0, 3)
    return {"minLength": least, "maxLength": least + rng.randint(0, 4)}


def _integer(rng: random.Random) -> dict[str, Any]:
    low = rng.randint(-5, 100)
    options: dict[str, Any] = {"format": rng.choice(["i8", "u8", "i16", "u16", "i32", "u32", "i64"])}
    if rng.random() < 0.5:
        options.update({"minimum": max(low, 0), "exclusiveMaximum": max(low, 0) + 20})
    if rng.random() < 0.3:
        options["multipleOf"] = rng.choice([1, 2, 5])
    return options


def _number(rng: random.Random) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if rng.random() < 0.7:
        low = rng.choice([-1.5, 0, 10])
        options.update(
            {rng.choice(["minimum", "exclusiveMinimum"]): low, rng.choice(["maximum", "exclusiveMaximum"]): low + 50}
        )
    if rng.random() < 0.4:
        options["multipleOf"] = rng.choice([0.1, 0.25, 2, 1e-7])
    return options


_OPTIONS: dict[str, Any] = {
    "string": _string,
    "integer": _integer,
    "number": _number,
    "boolean": lambda _: {},
    "timestamp": lambda rng: {"format": rng.choice(list(_TIMES))},
    "date": lambda rng: {} if rng.random() < 0.5 else {"format": "dd.MM.yyyy"},
}


def log_for(rng: random.Random, contract: str) -> Any:
    """A value for a log: most fields keep the contract, some are of another type, absent or null."""
    (schema,) = json.loads(contract)["schema"]
    return _object(rng, schema["properties"])


def _object(rng: random.Random, properties: list[dict[str, Any]]) -> dict[str, Any]:
    names = [entry for entry in properties if rng.random() < 0.93]
    rng.random() < 0.2 and rng.shuffle(names)
    log = {entry["name"]: _value(rng, entry) for entry in names}
    if rng.random() < 0.2:
        log["another"] = rng.choice([1, "x", {"a": [1, {"b": []}]}, []])
    return log


def _value(rng: random.Random, entry: dict[str, Any]) -> Any:
    if rng.random() < 0.1:
        return rng.choice([None, True, "", "é\n", 1.5, 7, [], {}, [[1]], {"a": 1}, "99.99.9999", 10**30, -1])
    options, kind = entry.get("logicalTypeOptions", {}), entry["logicalType"]
    if kind == "object":
        return _object(rng, entry["properties"])
    if kind == "array":
        return [_value(rng, entry["items"]) for _ in range(rng.randint(0, 3))]
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "integer":
        return options.get("minimum", 0) + rng.randint(-1, 21)
    if kind == "number":
        return rng.choice([0, 10, 12.5, 0.3, 3e-7, 60, 48.5, -1.5, 1e300, 2.25])
    if kind in ("timestamp", "date"):
        return _TIMES.get(options.get("format", ""), "2021-04-28")
    if "quality" in entry:
        return rng.choice([*entry["quality"][0]["arguments"]["validValues"], "none"])
    if "pattern" in options:
        return rng.choice([*_PATTERNS[options["pattern"]], "é"])
    if "format" in options:
        return rng.choice([_FORMATS[options["format"]], _FORMATS[options["format"]] + "x"])
    return rng.choice(["", "a", "é", "😀😀", "abc", 'q"uo', "back\\", "abcdefgh"])
