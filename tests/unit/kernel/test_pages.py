"""Page tokens open only where they were made."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel.pages import Pages, WrongToken

KEY = bytes(range(32))


@given(position=st.text() | st.integers(0, 2**40) | st.lists(st.text(), max_size=3))
def test_a_token_opens_to_its_position(position: object) -> None:
    pages = Pages(KEY)
    assert pages.open(pages.seal(position, "a", "b"), "a", "b") == position


@pytest.mark.parametrize("bound", [("a",), ("a", "c"), ("a", "b", ""), ()])
def test_another_calls_token_is_wrong(bound: tuple[str, ...]) -> None:
    pages = Pages(KEY)
    with pytest.raises(WrongToken):
        pages.open(pages.seal(1, "a", "b"), *bound)


@given(text=st.text(max_size=60))
def test_no_text_but_a_token_opens(text: str) -> None:
    with pytest.raises(WrongToken):
        Pages(KEY).open(text, "a")


def test_another_clouds_token_is_wrong() -> None:
    with pytest.raises(WrongToken):
        Pages(bytes(32)).open(Pages(KEY).seal(1, "a"), "a")
