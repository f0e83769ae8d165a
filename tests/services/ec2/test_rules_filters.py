"""The filter engine: names, values, wildcards, tags."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.kernel import AwsError
from cloudling.services.ec2.filters import Filters

ITEMS = [
    {
        "Id": "a",
        "Own": True,
        "Size": 7,
        "Parts": [{"Name": "x", "At": {"Zone": "z1"}}, {"Name": "y"}],
        "Tags": [{"Key": "Team", "Value": "blue"}, {"Key": "Empty", "Value": ""}],
    },
    {"Id": "b", "Own": False, "Parts": [], "Tags": [{"Key": "Team", "Value": "bl*e"}]},
]
FILTERS = Filters(
    {"id": "Id", "own": "Own", "size": "Size", "part": "Parts.Name", "zone": "Parts.At.Zone"}
)


def found(*pairs: tuple[str, list[str]]) -> str:
    asked = [{"Name": name, "Values": values} for name, values in pairs]
    return "".join(item["Id"] for item in FILTERS.select(asked, ITEMS))


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("id", ["a"], "a"),
        ("id", ["A"], ""),
        ("id", ["a", "b"], "ab"),
        ("id", ["*"], "ab"),
        ("id", [], ""),
        ("own", ["true"], "a"),
        ("own", ["false"], "b"),
        ("own", ["True"], ""),
        ("size", ["7"], "a"),
        ("part", ["y"], "a"),
        ("zone", ["z?"], "a"),
        ("zone", ["z1?"], "a"),
        ("zone", ["z1??*"], "a"),
        ("zone", ["?"], ""),
        ("tag:Team", ["blue"], "a"),
        ("tag:Team", ["bl*"], "ab"),
        ("tag:Team", [r"bl\*e"], "b"),
        ("tag:team", ["blue"], ""),
        ("tag:Empty", [""], "a"),
        ("tag-key", ["E*"], "a"),
        ("tag-value", ["blue"], "a"),
    ],
)
def test_one_filter(name: str, values: list[str], expected: str) -> None:
    assert found((name, values)) == expected


def test_filters_all_apply_and_values_are_alternatives() -> None:
    assert found(("id", ["a", "b"]), ("own", ["false"])) == "b"
    assert found(("id", ["a"]), ("own", ["false"])) == ""


@pytest.mark.parametrize("name", ["what", "Id", "tag", "tagkey", ""])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(AwsError) as refused:
        found((name, ["a"]))
    assert str(refused.value) == f"InvalidParameterValue: The filter '{name}' is invalid"


def test_untagged_things_have_no_tag_filters() -> None:
    with pytest.raises(AwsError, match="The filter 'tag:a' is invalid"):
        Filters({}, tagged=False).select([{"Name": "tag:a", "Values": ["b"]}], [])


def test_too_many_values() -> None:
    with pytest.raises(AwsError, match="FilterLimitExceeded"):
        found(("id", ["a"] * 201))


@given(st.text(), st.text(), st.text())
def test_a_star_stands_for_anything(before: str, middle: str, after: str) -> None:
    escaped = [
        part.translate({ord(sign): f"\\{sign}" for sign in "\\*?"}) for part in (before, after)
    ]
    pattern = "*".join(escaped)
    item = {"Id": before + middle + after}
    assert FILTERS.select([{"Name": "id", "Values": [pattern]}], [item])


@pytest.mark.timeout(60)
def test_many_stars_are_no_burden() -> None:
    assert found(("id", ["*a" * 100 + "b"])) == ""
    long = {"Id": "a" * 256}
    assert not FILTERS.select([{"Name": "id", "Values": ["*a?" * 60 + "b"]}], [long])
