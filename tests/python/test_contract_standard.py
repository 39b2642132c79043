"""Our contracts against the Open Data Contract Standard's own JSON Schema, which knows every key."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conformance import CONFORMANCE, REPOSITORY
from logcore import Contract

SHIPPED = REPOSITORY / "contracts" / "server-logs.odcs.yaml"
CONTRACTS = [SHIPPED, CONFORMANCE / "readings.odcs.yaml", *sorted((CONFORMANCE / "contracts").glob("*.odcs.yaml"))]


def schema_of_the_standard() -> Any:
    return json.loads((files("open_data_contract_standard") / "schema.json").read_text("utf-8"))


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_it_keeps_the_standard(path: Path) -> None:
    jsonschema.validate(read(path), schema_of_the_standard())


def test_the_standard_sees_a_typo() -> None:
    contract = read(SHIPPED)
    contract["schema"][0]["properties"][0]["requird"] = True
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(contract, schema_of_the_standard())


def test_the_shipped_contract_is_the_one_compiled_in() -> None:
    assert Contract.load(SHIPPED).version == Contract.server_logs().version
