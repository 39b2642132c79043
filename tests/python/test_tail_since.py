"""The option --since."""

from __future__ import annotations

import argparse
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logcore.since import since

NOW_S = 1_800_000_000.25
NOW_MS = 1_800_000_000_250


def at(text: str) -> object:
    return since(text, lambda: NOW_S)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("earliest", "earliest"),
        ("latest", "latest"),
        ("0s", NOW_MS),
        ("90s", NOW_MS - 90_000),
        ("10m", NOW_MS - 600_000),
        ("2h", NOW_MS - 7_200_000),
        ("7d", NOW_MS - 604_800_000),
        ("1970-01-01", 0),
        ("2023-11-14", 1_699_920_000_000),
        ("2023-11-14T22:13", 1_699_999_980_000),
        ("2023-11-14 22:13:20", 1_700_000_000_000),
        ("2023-11-14T22:13:20Z", 1_700_000_000_000),
        ("2023-11-14T22:13:20.5z", 1_700_000_000_500),
        ("2023-11-14T22:13:20.123456789Z", 1_700_000_000_123),
        ("2023-11-14T22:13:20,007", 1_700_000_000_007),
        ("2023-11-15T00:13:20+02:00", 1_700_000_000_000),
        ("2023-11-14T16:43:20-0530", 1_700_000_000_000),
        ("2023-11-15T00:13+02", 1_699_999_980_000),
        # Another machine's clock may be ahead by a little.
        ("2027-01-15T08:00:59", 1_800_000_059_000),
    ],
)
def test_every_form(text: str, meant: object) -> None:
    assert at(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "10", "m", "-10m", "10 m", "1.5h", "10M", "2w", "10m ago", "Earliest", "yesterday", "1700000000",
        "2023-02-30", "2023-11-14T25:00", "2023-11-14T22", "2023-11-14T22:13:60", "2023-11-14Z", "22:13", "٣m",
        "2023-11-14T22:13+25:00", "2023-11-14T22:13:20.Z", "99999-01-01", "0000-01-01", "10m\n", "1234567890s",
    ],
)  # fmt: skip
def test_anything_else_is_an_error_that_names_the_forms(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as refused:
        at(text)
    assert str(refused.value).startswith(f"'{text}' is none of: earliest, latest, 90s, 10m, 2h, 7d (ago), or a time")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1969-12-31", "is before 1970"),
        ("1969-12-31T23:59:59.999Z", "is before 1970"),
        ("0001-01-01T00:00+14:00", "is before 1970"),
        ("99999d", "is before 1970"),
        ("2027-01-15T08:02", "is still to come; a time without a zone is in UTC"),
        ("9999-12-31T23:59:59Z", "is still to come; a time without a zone is in UTC"),
    ],
)
def test_times_that_kafka_could_only_misread(text: str, fault: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"^'.*' {fault}$"):
        at(text)


@given(
    st.datetimes(datetime(1970, 1, 3), datetime(2026, 1, 1)),  # noqa: DTZ001 - the zone is drawn below
    st.integers(-23 * 60, 23 * 60),
    st.booleans(),
)
def test_a_time_of_any_zone_is_that_time(naive: datetime, minutes: int, to_seconds: bool) -> None:
    time = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    spec = "seconds" if to_seconds else "microseconds"
    meant = time.replace(microsecond=0) if to_seconds else time
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)
    assert at(time.isoformat(timespec=spec)) == (meant - epoch) // timedelta(milliseconds=1)
