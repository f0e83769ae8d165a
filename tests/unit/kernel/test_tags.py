"""The rules of tags that a service declares; the table and the operations are tested with IAM."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel import AwsError
from cloudling.kernel.tags import TagRules

EXACT = TagRules(
    duplicate=partial(AwsError, code="Duplicate"),
    reserved=partial(AwsError, code="Reserved"),
    too_many=partial(AwsError, code="TooMany"),
    most=3,
)
FOLDING = TagRules(EXACT.duplicate, EXACT.reserved, EXACT.too_many, folds_case=True, most=3)
KEYS = st.dictionaries(st.sampled_from("aAbBcCdD"), st.text(max_size=1))


def listed(*keys: str) -> dict[str, list[dict[str, str]]]:
    return {"Tags": [{"Key": key, "Value": ""} for key in keys]}


@pytest.mark.parametrize(
    ("rules", "keys", "code"),
    [
        (EXACT, ("a", "a"), "Duplicate"),
        (EXACT, ("a", "A"), ""),
        (FOLDING, ("a", "A"), "Duplicate"),
        (EXACT, ("aws:a",), "Reserved"),
        (EXACT, ("AWS:a",), "Reserved"),
        (EXACT, ("laws:a",), ""),
    ],
)
def test_what_may_be_given(rules: TagRules, keys: tuple[str, ...], code: str) -> None:
    if not code:
        assert rules.given(listed(*keys)) == dict.fromkeys(keys, "")
        return
    with pytest.raises(AwsError) as caught:
        rules.given(listed(*keys))
    assert caught.value.error_code == code


def test_each_refusal_is_an_error_of_its_own() -> None:
    assert EXACT.reserved() is not EXACT.reserved()


@given(KEYS, KEYS)
def test_keys_that_fold_are_one(kept: dict[str, str], new: dict[str, str]) -> None:
    first, later = (
        FOLDING.without({key.lower(): value for key, value in tags.items()}, ())
        for tags in (kept, new)
    )
    wanted = {**first, **later}
    if len(wanted) > FOLDING.most:
        with pytest.raises(AwsError):
            FOLDING.merged(first, {key.upper(): value for key, value in later.items()})
        return
    merged = FOLDING.merged(first, {key.upper(): value for key, value in later.items()})
    assert {key.lower(): value for key, value in merged.items()} == wanted
    assert all(key.isupper() == (key.lower() in later) for key in merged)
    assert FOLDING.without(merged, wanted) == {}
