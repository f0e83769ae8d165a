from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloudling.store import keys

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.text(
    st.sampled_from("\x00\x01a\x7f\xff\U0010ffff"), max_size=5
)
pairs = st.tuples(texts, texts)


def order(components: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(component.encode() for component in components)


@given(pairs, pairs)
def test_keys_sort_as_their_components_do(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (keys.encode(one) < keys.encode(other)) == (order(one) < order(other))
    assert (keys.encode(one) == keys.encode(other)) == (one == other)


@given(texts, pairs)
def test_leading_components_are_a_prefix_of_their_keys_only(
    first: str, key: tuple[str, str]
) -> None:
    assert keys.encode(key).startswith(keys.lead([first])) == (key[0] == first)


@given(texts, pairs)
def test_behind_skips_one_component_wholly(first: str, key: tuple[str, str]) -> None:
    behind = keys.behind(first, last=False) <= keys.encode(key)
    assert behind == (key[0].encode() > first.encode())


@given(texts, texts)
def test_behind_skips_one_last_component(last: str, other: str) -> None:
    behind = keys.behind(last, last=True) <= other.encode()
    assert behind == (other.encode() > last.encode())


@given(st.binary(max_size=4), st.binary(max_size=5))
def test_successor_is_the_end_of_a_prefix(prefix: bytes, data: bytes) -> None:
    end = keys.successor(prefix)
    inside = prefix <= data and (end is None or data < end)
    assert inside == data.startswith(prefix)
