"""Hypothesis profiles, the conformance cases, and the contracts that the reference and the Rust core are both held to.

HYPOTHESIS_PROFILE=thorough runs the same tests for minutes instead of seconds.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

import conformance
from conformance import CONFORMANCE, REPOSITORY, ConformanceCase
from reference import UsersTable
from reference_rules import load_rules
from strategies import Subject
from verify_world import Figures, World

# A loaded machine makes one example slow without anything being wrong, so neither deadlines nor too_slow.
COMMON: dict[str, Any] = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=20, **COMMON)
settings.register_profile("thorough", max_examples=1500, **COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

CONFORMANCE_USERS = UsersTable(
    ("account_id", "device"), ((684, "ANDROID"), (7, "IOS"), (10000, "ANDROID"), (10000, "IOS"), (1, "ANDROID"))
)
# Rows that the contracts forbid are among them: they match nothing, and they must not disturb the others.
MERCHANTS = UsersTable(
    ("code", "channel"),
    (
        ("m_acme", "web"),
        ("m_acme", "in-store"),
        ("m_été", "web"),
        ("m_0", "télé"),
        ("m_7", "☎"),
        ("M", "web"),
        ("m_7", ""),
    ),
)
CARDS = UsersTable(
    ("id",), ((1,), (42,), ("42",), (-7,), ("007",), (0,), ("9007199254740993",), (2**63 - 1,), (-(2**63),))
)


def _subjects() -> list[Subject]:
    contracts = CONFORMANCE / "contracts"
    return [
        Subject(path, load_rules(path), users)
        for path, users in (
            (REPOSITORY / "contracts" / "server-logs.odcs.yaml", CONFORMANCE_USERS),
            (contracts / "payments.odcs.yaml", MERCHANTS),
            (contracts / "sensor_readings.odcs.yaml", None),
            (contracts / "visits.odcs.yaml", CARDS),
        )
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Gives a test that asks for `conformance_case` or `subject` one call for each of them."""
    if "conformance_case" in metafunc.fixturenames:
        cases = conformance.conformance_cases()
        metafunc.parametrize("conformance_case", cases, ids=[case.name for case in cases])
    if "subject" in metafunc.fixturenames:
        subjects = _subjects()
        metafunc.parametrize("subject", subjects, ids=[subject.path.name.split(".")[0] for subject in subjects])


@pytest.fixture(scope="session")
def conformance_cases() -> list[ConformanceCase]:
    """All cases of verdicts.jsonl in their order."""
    return conformance.conformance_cases()


@pytest.fixture(scope="session")
def conformance_users() -> UsersTable:
    """The users that the conformance cases stand on."""
    return CONFORMANCE_USERS


@pytest.fixture(scope="session")
def server_logs_path() -> Path:
    """The contract that the conformance cases are about."""
    return REPOSITORY / "contracts" / "server-logs.odcs.yaml"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


@pytest.fixture
def figures(world: World, capsys: pytest.CaptureFixture[str]) -> Figures:
    """Runs verify; what it says as JSON, with the hops by their names and the exit status."""

    def run() -> dict[str, Any]:
        status = world.verify("--json", "-")
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        said["hops"] = {hop.pop("name"): hop for hop in said["hops"]}
        said["status"] = status
        assert said["clean"] is (status == 0)
        return said

    return run
