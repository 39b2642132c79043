"""Verdicts against another implementation: each random contract, exported as JSON Schema, judges the same logs."""

from __future__ import annotations

import json
import random
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from conformance import CONFORMANCE, REPOSITORY
from logcore import Classifier, Contract, Generator, GeneratorError
from random_contracts import contract_text, log_for

CONTRACTS = [REPOSITORY / "contracts" / "server-logs.odcs.yaml", CONFORMANCE / "readings.odcs.yaml"]


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_the_export_is_json_schema(path: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads(Contract.load(path).json_schema()))


def faulty_fields(validator: jsonschema.Draft202012Validator, log: Any) -> set[str]:
    """The log's own fields that have errors, theirs or of what is within them."""
    found = set()
    for error in validator.iter_errors(log):
        if error.absolute_path:
            found.add(str(error.absolute_path[0]))
        else:
            assert error.validator == "required", error
            found.update(name for name in error.validator_value if name not in log)
    return found


@pytest.mark.parametrize("part", range(8))
def test_both_find_the_same_fields_at_fault(part: int) -> None:
    """Known differences are not drawn: names twice, limits, 684.0 as an integer, a line end before ``$``."""
    rng = random.Random(part)
    judged_bad = judged_good = 0
    for _ in range(60):
        text = contract_text(rng)
        contract = Contract.parse(text)
        validator = jsonschema.Draft202012Validator(
            json.loads(contract.json_schema()), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        logs = [log_for(rng, text) for _ in range(40)]
        lines = [json.dumps(log, ensure_ascii=rng.random() < 0.5) for log in logs]
        judged = Classifier(contract).classify(pa.record_batch({"value": lines})).select(["status", "reasons"])
        for log, line, verdict in zip(logs, lines, judged.to_pylist()):
            paths = {reason["path"] for reason in verdict["reasons"]}
            ours = {path.split(".")[0].split("[")[0] for path in paths}
            assert ours == faulty_fields(validator, log), f"{line}\n{text}"
            assert verdict["status"] == ("bad" if ours else "good")
            judged_bad += bool(ours)
            judged_good += not ours
    assert min(judged_bad, judged_good) > 300


@pytest.mark.parametrize("part", range(4))
def test_generated_logs_have_the_faults_that_they_say(part: int) -> None:
    """Both judges agree with the generator; a name twice and text that is no JSON are for the core alone."""
    rng = random.Random(part)
    generated = 0
    for _ in range(60):
        text = contract_text(rng)
        contract = Contract.parse(text)
        try:
            logs = Generator(contract, seed=part, bad_rate=0.5).batch(60)
        except GeneratorError:
            # No value is found for rules as narrow as these.
            continue
        judged = Classifier(contract).classify(logs).select(["status", "reasons"]).to_pylist()
        validator = jsonschema.Draft202012Validator(
            json.loads(contract.json_schema()), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        for log, verdict in zip(logs.to_pylist(), judged):
            assert verdict == {"status": log["expected_status"], "reasons": log["expected_reasons"]}, f"{log}\n{text}"
            expected = {reason["path"].split(".")[0].split("[")[0] for reason in log["expected_reasons"]}
            if not {"duplicate_key", "malformed_json"} & {reason["code"] for reason in log["expected_reasons"]}:
                assert expected == faulty_fields(validator, json.loads(log["value"])), f"{log}\n{text}"
                generated += 1
    assert generated > 1_500
