"""Walking over keys, against the plain definition of a listing."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudling.services.s3 import keys
from cloudling.services.s3.listings import Found, Walk, collect
from cloudling.services.s3.records import Object

KEYS = st.lists(st.text(alphabet="ab/é\U0001f600", min_size=1, max_size=6), unique=True)


def stored(names: list[str]) -> list[Object]:
    ordered = sorted(names, key=str.encode)
    return [Object(bucket="b", key=name, etag="", size=0, modified=0) for name in ordered]


def walk_over(objects: list[Object], walk: Walk) -> Found[Object]:
    async def read(
        *, after: str | None = None, past: str | None = None, limit: int
    ) -> list[Object]:
        found = [one for one in objects if one.key.startswith(walk.prefix)]
        if after is not None:
            found = [one for one in found if one.key.encode() > after.encode()]
        if past is not None:
            found = [one for one in found if one.key > past and not one.key.startswith(past)]
        return found[:limit]

    return asyncio.run(collect(read, walk))


def plain(objects: list[Object], prefix: str, delimiter: str) -> list[str]:
    """Keys and common prefixes in order, as the user guide defines them."""
    names = {
        keys.common_prefix(one.key, prefix, delimiter) or one.key
        for one in objects
        if one.key.startswith(prefix)
    }
    return sorted(names, key=str.encode)


def told(found: Found[Object]) -> list[str]:
    return sorted([one.key for one in found.items] + found.prefixes, key=str.encode)


@given(KEYS, st.sampled_from(["", "a", "a/", "é", "zz"]), st.sampled_from(["", "/", "b", "a/"]))
def test_a_whole_listing(names: list[str], prefix: str, delimiter: str) -> None:
    objects = stored(names)
    found = walk_over(objects, Walk(prefix, delimiter, "", 1000))
    assert told(found) == plain(objects, prefix, delimiter)
    assert not found.truncated


@given(KEYS, st.sampled_from(["", "a"]), st.sampled_from(["", "/"]), st.integers(1, 4))
def test_pages_make_up_the_listing(
    names: list[str], prefix: str, delimiter: str, most: int
) -> None:
    objects = stored(names)
    pages: list[list[str]] = []
    marker, more = "", True
    while more:
        found = walk_over(objects, Walk(prefix, delimiter, marker, most))
        pages.append(told(found))
        marker, more = found.last, found.truncated
        assert len(pages[-1]) == most or not more
    assert [name for page in pages for name in page] == plain(objects, prefix, delimiter)


def test_no_keys_are_asked_for() -> None:
    found = walk_over(stored(["a"]), Walk("", "", "", 0))
    assert (found.items, found.prefixes, found.truncated) == ([], [], False)


def test_what_lies_under_a_prefix_is_not_read() -> None:
    objects = stored([f"a/{number:04d}" for number in range(5000)] + ["b"])
    reads: list[int] = []

    async def read(*, past: str = "", after: str = "", limit: int) -> list[Any]:
        start = 5000 if past == "a/" else 0
        page = objects[start : start + limit]
        reads.append(len(page))
        return page

    found: Found[Any] = asyncio.run(collect(read, Walk("", "/", "", 1000)))
    assert told(found) == ["a/", "b"]
    assert sum(reads) < 1100
