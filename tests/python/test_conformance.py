"""Every case of verdicts.jsonl through the Rust core's Python face."""

from __future__ import annotations

import pyarrow as pa
import pytest

from conformance import ConformanceCase
from logcore import Classifier, Contract, Users
from reference import UsersTable

BINARY_TYPES = [pa.binary(), pa.large_binary(), pa.binary_view()]
STRING_TYPES = [pa.string(), pa.large_string(), pa.string_view()]


@pytest.fixture(scope="module")
def classifier(conformance_users: UsersTable) -> Classifier:
    return Classifier(Contract.server_logs(), Users(list(conformance_users.rows), columns=conformance_users.columns))


def _column(values: list[bytes | None], value_type: pa.DataType) -> pa.RecordBatch:
    if value_type in STRING_TYPES:
        texts = [None if value is None else value.decode() for value in values]
        return pa.record_batch({"value": pa.array(texts, value_type)})
    return pa.record_batch({"value": pa.array(values, value_type)})


def _verdicts(classifier: Classifier, batch: pa.RecordBatch) -> list[tuple[str, list[tuple[str, str]]]]:
    judged = pa.record_batch(classifier.classify(batch))
    assert judged.num_rows == batch.num_rows
    return [
        (status, [(reason["path"], reason["code"]) for reason in reasons])
        for status, reasons in zip(judged["status"].to_pylist(), judged["reasons"].to_pylist(), strict=True)
    ]


def _representable(value: bytes | None, value_type: pa.DataType) -> bool:
    if value is None or value_type in BINARY_TYPES:
        return True
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_case_alone(classifier: Classifier, conformance_case: ConformanceCase) -> None:
    for value_type in BINARY_TYPES + STRING_TYPES:
        if _representable(conformance_case.value, value_type):
            batch = _column([conformance_case.value], value_type)
            expected = [(conformance_case.status, conformance_case.reasons)]
            assert _verdicts(classifier, batch) == expected, value_type


@pytest.mark.parametrize("value_type", BINARY_TYPES + STRING_TYPES, ids=str)
def test_all_cases_in_one_batch(
    classifier: Classifier, conformance_cases: list[ConformanceCase], value_type: pa.DataType
) -> None:
    cases = [case for case in conformance_cases if _representable(case.value, value_type)]
    verdicts = _verdicts(classifier, _column([case.value for case in cases], value_type))
    given = {case.name: verdict for case, verdict in zip(cases, verdicts, strict=True)}
    assert given == {case.name: (case.status, case.reasons) for case in cases}
