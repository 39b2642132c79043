"""`Users` from odd Python objects."""

from __future__ import annotations

import pytest

from logcore import Users, UsersError


@pytest.mark.parametrize("row", ["ab", b"ab", (None, "IOS"), (True, "IOS"), (1, "IOS", 2), ()])
def test_what_is_no_row_of_values_is_refused(row: object) -> None:
    with pytest.raises(UsersError, match="users: "):
        Users([row])  # type: ignore[list-item]


def test_integers_of_any_size_are_their_text() -> None:
    assert Users([(2**70, "IOS"), (-1, "ANDROID")]).pairs() == [("-1", "ANDROID"), (str(2**70), "IOS")]


def test_messages_are_one_line() -> None:
    with pytest.raises(UsersError) as caught:
        Users.parse("a\nb,c\n" + "x" * 100_000 + ",1,2\n")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 3000
