"""The part of KQL that the dashboards use, as Elasticsearch gets it from Kibana; anything else is an error."""

from __future__ import annotations

import re
from typing import Any

TOKEN = re.compile(r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[():*])|(?P<word>[\w.@$-]+))')


class QueryError(AssertionError):
    """A query that isn't KQL, or more of it than is known here."""


def query_dsl(kql: str) -> dict[str, Any]:
    """The filter for a query; an empty one matches everything."""
    if not kql.strip():
        return {"match_all": {}}
    parser = _Parser(kql)
    found = parser.either()
    parser.end()
    return found


def query_fields(kql: str) -> set[str]:
    """The fields that a query asks about."""
    return _fields(query_dsl(kql))


def _fields(dsl: dict[str, Any]) -> set[str]:
    ((kind, body),) = dsl.items()
    if kind == "bool":
        parts = [part for name in ("filter", "should", "must_not") for part in body.get(name, [])]
        return {field for part in parts for field in _fields(part)}
    if kind == "exists":
        return {body["field"]}
    return set(body) if kind in ("match", "match_phrase") else set()


class _Parser:
    def __init__(self, kql: str) -> None:
        self._kql = kql
        self._tokens: list[tuple[str, str]] = []
        position = 0
        while kql[position:].strip():
            match = TOKEN.match(kql, position)
            if match is None:
                raise QueryError(f"no KQL that is known here at {position}: {kql}")
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()

    def either(self) -> dict[str, Any]:
        parts = [self._all()]
        while self._keyword("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else {"bool": {"should": parts, "minimum_should_match": 1}}

    def end(self) -> None:
        if self._tokens:
            raise QueryError(f"what is {self._tokens[0][1]} to be here? {self._kql}")

    def _all(self) -> dict[str, Any]:
        parts = [self._one()]
        while self._keyword("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else {"bool": {"filter": parts}}

    def _one(self) -> dict[str, Any]:
        if self._keyword("not"):
            return {"bool": {"must_not": [self._one()]}}
        if self._mark("("):
            found = self.either()
            self._need(")")
            return found
        kind, field = self._next()
        if kind != "word":
            raise QueryError(f"{field} is no field: {self._kql}")
        self._need(":")
        if self._mark("*"):
            return {"exists": {"field": field}}
        if not self._mark("("):
            return self._value(field)
        values = [self._value(field)]
        while self._keyword("or"):
            values.append(self._value(field))
        self._need(")")
        return {"bool": {"should": values, "minimum_should_match": 1}}

    def _value(self, field: str) -> dict[str, Any]:
        kind, text = self._next()
        if kind == "text":
            return {"match_phrase": {field: re.sub(r"\\(.)", r"\1", text[1:-1])}}
        if kind == "word":
            return {"match": {field: text}}
        raise QueryError(f"{text} is no value: {self._kql}")

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise QueryError(f"it ends too early: {self._kql}")
        return self._tokens.pop(0)

    def _keyword(self, word: str) -> bool:
        if self._tokens and self._tokens[0][0] == "word" and self._tokens[0][1].lower() == word:
            self._tokens.pop(0)
            return True
        return False

    def _mark(self, mark: str) -> bool:
        if self._tokens and self._tokens[0] == ("mark", mark):
            self._tokens.pop(0)
            return True
        return False

    def _need(self, mark: str) -> None:
        if not self._mark(mark):
            raise QueryError(f"{mark} is missing: {self._kql}")
