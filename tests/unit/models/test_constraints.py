"""Violations in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.models import constraints, loader
from cloudling.models.loader import Model

START = "failed to satisfy constraint: Member must"


def violations(service: str, operation: str, **params: Any) -> list[str]:
    return constraints.validator(loader.load(service), operation)(params)


def made(members: dict[str, Any], required: tuple[str, ...] = (), **shapes: Any) -> Any:
    data = {
        "metadata": {},
        "operations": {"Do": {"name": "Do", "input": {"shape": "Input"}}},
        "shapes": {
            "Input": {"type": "structure", "required": list(required), "members": members},
            **shapes,
        },
    }
    return constraints.validator(Model("made", data, str(data)), "Do")


def test_nothing_is_wrong() -> None:
    assert violations("iam", "CreateUser", UserName="bob", Path="/staff/") == []
    assert violations("sts", "GetCallerIdentity") == []


ROLE = {"RoleArn": "arn:aws:iam::111122223333:role/r"}


def test_required_members() -> None:
    assert violations("sts", "AssumeRole", **ROLE) == [
        f"Value null at 'roleSessionName' {START} not be null"
    ]


def test_lengths_and_patterns_are_all_listed() -> None:
    pattern = r"[\w+=,.@-]*"
    assert violations("sts", "AssumeRole", RoleSessionName="!", **ROLE) == [
        f"Value '!' at 'roleSessionName' {START} have length greater than or equal to 2",
        f"Value '!' at 'roleSessionName' {START} satisfy regular expression pattern: {pattern}",
    ]


def test_some_services_do_not_repeat_what_they_were_given() -> None:
    long = "a" * 65
    assert violations("iam", "CreateUser", UserName=long) == [
        f"Value at 'userName' {START} have length less than or equal to 64"
    ]
    assert violations("iam", "CreateUser") == [f"Value at 'userName' {START} not be null"]
    assert violations("iam", "UpdateAccessKey", AccessKeyId="A" * 20, Status="On") == [
        f"Value at 'status' {START} satisfy enum value set: [Active, Inactive, Expired]"
    ]


def test_ranges() -> None:
    wanted = {**ROLE, "RoleSessionName": "session"}
    assert violations("sts", "AssumeRole", DurationSeconds=43201, **wanted) == [
        f"Value '43201' at 'durationSeconds' {START} have value less than or equal to 43200"
    ]
    assert violations("sts", "AssumeRole", DurationSeconds=0, **wanted) == [
        f"Value '0' at 'durationSeconds' {START} have value greater than or equal to 900"
    ]


def test_a_pattern_may_have_a_sentence_of_its_own() -> None:
    found = violations("iam", "UpdateUser", UserName="bob", NewUserName="b/b", NewPath="b")
    assert [isinstance(each, constraints.Sentence) for each in found] == [True, True]
    assert found[1] == (
        "The specified value for newUserName is invalid. It must contain only alphanumeric "
        "characters and/or the following: +=,.@_-"
    )


def test_paths_name_items_and_members() -> None:
    tags = [{"Key": "a", "Value": ""}, {"Key": "b"}]
    wanted = {**ROLE, "RoleSessionName": "session"}
    assert violations("sts", "AssumeRole", Tags=tags, **wanted) == [
        f"Value null at 'tags.2.member.value' {START} not be null"
    ]


def test_scalars_in_lists() -> None:
    check = made(
        {"Types": {"shape": "Types"}},
        Types={"type": "list", "max": 2, "member": {"shape": "Type"}},
        Type={"type": "string", "enum": ["A", "B"]},
    )
    assert check({"Types": ["A", "C"]}) == [
        f"Value 'C' at 'types.2.member' {START} satisfy enum value set: [A, B]"
    ]
    assert check({"Types": ["A", "B", "A"]}) == [
        f"Value '[A, B, A]' at 'types' {START} have length less than or equal to 2"
    ]


def test_maps() -> None:
    check = made(
        {"Tags": {"shape": "Tags"}},
        Tags={"type": "map", "key": {"shape": "Key"}, "value": {"shape": "Value"}},
        Key={"type": "string", "max": 3},
        Value={"type": "structure", "required": ["X"], "members": {"X": {"shape": "Key"}}},
    )
    assert check({"Tags": {"long": {"X": "a"}, "k": {}}}) == [
        "Value '{long={X=a}, k={}}' at 'tags' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must have length less than or equal to 3]",
        f"Value null at 'tags.k.member.x' {START} not be null",
    ]


def test_shapes_that_hold_themselves() -> None:
    check = made(
        {"Tree": {"shape": "Tree"}},
        Tree={"type": "structure", "members": {"Left": {"shape": "Tree"}, "V": {"shape": "V"}}},
        V={"type": "integer", "max": 1},
    )
    assert check({"Tree": {"Left": {"Left": {"V": 2}}}}) == [
        f"Value '2' at 'tree.left.left.v' {START} have value less than or equal to 1"
    ]


@pytest.mark.parametrize(
    ("pattern", "fits", "fails"),
    [
        (r"\w+", "abc_9", "é"),
        (r"\d{12}", "123456789012", "١٢٣٤٥٦٧٨٩٠١٢"),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Schlüssel 1/x", "a*"),
        (r"[\p{L}\w]+", "éa1", "é-"),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "x 😀", "\x01"),
        (r"[\p{Print}&&[^|:/]]+", "a b", "a:b"),
        (r"[a\x{0022}]+", 'a"', "b"),
        (r"a|ab", "ab", "abc"),
    ],
)
def test_patterns_read_as_java_does(pattern: str, fits: str, fails: str) -> None:
    assert constraints.matches(pattern, fits)
    assert not constraints.matches(pattern, fails)


def test_what_cannot_be_compiled_is_listed_and_passes() -> None:
    data = {
        "metadata": {},
        "operations": {},
        "shapes": {"P": {"type": "string", "pattern": r"[\p{nonsense}]"}},
    }
    assert constraints.uncompilable(Model("made", data, "")) == [r"[\p{nonsense}]"]
    assert constraints.matches(r"[\p{nonsense}]", "anything")
    assert all(not constraints.uncompilable(loader.load(each)) for each in loader.services())


def test_lengths_count_as_java_counts() -> None:
    assert constraints.size("a😀é") == 4


@given(st.text(max_size=80), st.text(max_size=20))
def test_any_text_is_judged_without_a_fault(name: str, path: str) -> None:
    found = violations("sts", "AssumeRole", RoleArn=path, RoleSessionName=name)
    assert all(START in each for each in found)
