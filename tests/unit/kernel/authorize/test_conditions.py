"""The condition language, case by case."""

from collections.abc import Mapping, Sequence

import pytest

from cloudling.kernel.authorize.conditions import UnknownOperator, compile_conditions
from cloudling.kernel.authorize.variables import Value

Block = Mapping[str, Mapping[str, Sequence[str]]]


def holds(block: Block, context: Mapping[str, Value], *, variables: bool = True) -> bool:
    compiled = compile_conditions(block, variables=variables)
    return all(condition.holds(context.get) for condition in compiled)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", ["a", "b"], "b", True),
        ("StringEquals", ["a"], "A", False),
        ("StringEquals", ["a*"], "ab", False),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("StringNotEquals", ["a", "b"], "c", True),
        ("StringEqualsIgnoreCase", ["JohnDoe"], "johndoe", True),
        ("StringNotEqualsIgnoreCase", ["JohnDoe"], "johndoe", False),
        ("StringLike", ["home/*", ""], "home/x", True),
        ("StringLike", ["home/*", ""], "", True),
        ("StringLike", ["h?me"], "home", True),
        ("StringNotLike", ["home/*"], "home/x", False),
        ("NumericEquals", ["10"], "10.0", True),
        ("NumericNotEquals", ["10"], "11", True),
        ("NumericLessThan", ["10"], "9", True),
        ("NumericLessThan", ["10"], "nine", False),
        ("NumericLessThanEquals", ["10"], "10", True),
        ("NumericGreaterThan", ["10"], "10", False),
        ("NumericGreaterThanEquals", ["10"], "10", True),
        ("NumericEquals", ["1_0"], "10", False),
        ("DateGreaterThan", ["2020-01-01T00:00:01Z"], "2020-01-01T00:00:02Z", True),
        ("DateLessThan", ["2020-01-01T00:00:01Z"], "2020-01-01T00:00:02Z", False),
        ("DateEquals", ["1577836800"], "2020-01-01T00:00:00Z", True),
        ("DateNotEquals", ["1577836800"], "2020-01-01", False),
        ("DateEquals", ["2020-01-01T02:00:00+02:00"], "2020-01-01T00:00:00Z", True),
        ("DateLessThanEquals", ["2020-01-01"], "2020-01-01T00:00:00Z", True),
        ("DateGreaterThanEquals", ["2020-01-01"], "2019-12-31T23:59:59.999Z", False),
        ("Bool", ["true"], "True", True),
        ("Bool", ["true"], "false", False),
        ("BinaryEquals", ["QmluYXJ5"], "QmluYXJ5", True),
        ("BinaryEquals", ["QmluYXJ5"], "Binary", False),
        ("IpAddress", ["203.0.113.0/24", "2001:db8::/32"], "203.0.113.7", True),
        ("IpAddress", ["203.0.113.0/24", "2001:db8::/32"], "2001:db8::1", True),
        ("IpAddress", ["203.0.113.5/24"], "203.0.113.7", True),
        ("IpAddress", ["203.0.113.0/24"], "203.0.114.7", False),
        ("IpAddress", ["203.0.113.7"], "203.0.113.7", True),
        ("NotIpAddress", ["203.0.113.0/24"], "203.0.113.7", False),
        ("NotIpAddress", ["203.0.113.0/24"], "198.51.100.1", True),
        ("ArnEquals", ["arn:aws:sns:*:*:t"], "arn:aws:sns:eu-west-1:1:t", True),
        ("ArnLike", ["arn:aws:sns:*:*:t*"], "arn:aws:sns:eu-west-1:1:topic", True),
        ("ArnNotEquals", ["arn:aws:iam::1:role/a"], "arn:aws:iam::1:role/b", True),
        ("ArnNotLike", ["arn:aws:iam::1:role/*"], "arn:aws:iam::1:role/b", False),
    ],
)
def test_one_value(operator: str, wanted: list[str], given: str, expected: bool) -> None:
    assert holds({operator: {"x:Key": wanted}}, {"x:key": given}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("Bool", False),
        ("IpAddress", False),
        ("NumericLessThan", False),
        ("DateLessThan", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("StringNotEqualsIgnoreCase", True),
        ("StringNotLike", True),
        ("NumericNotEquals", True),
        ("DateNotEquals", True),
        ("NotIpAddress", True),
        ("ArnNotEquals", True),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("BoolIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
@pytest.mark.parametrize("absent", [None, [], ()])
def test_a_key_that_is_absent(operator: str, expected: bool, absent: Value) -> None:
    assert holds({operator: {"x:Key": ["1"]}}, {"x:key": absent}) is expected


@pytest.mark.parametrize(
    ("operator", "given", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "c"], False),
        ("ForAnyValue:StringEquals", ["a", "c"], True),
        ("ForAnyValue:StringEquals", ["c", "d"], False),
        ("ForAllValues:StringNotEquals", ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "d"], False),
        ("ForAnyValue:StringNotEquals", ["a", "d"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], False),
        ("ForAnyValue:StringLike", "a", True),
        ("StringEquals", ["c", "a"], True),
        ("StringNotEquals", ["c", "a"], False),
        ("StringNotEquals", ["c", "d"], True),
    ],
)
def test_a_key_of_several_values(operator: str, given: Value, expected: bool) -> None:
    assert holds({operator: {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": given}) is expected


@pytest.mark.parametrize(
    ("wanted", "given", "expected"),
    [
        ("true", None, True),
        ("true", "x", False),
        ("false", None, False),
        ("false", "x", True),
        ("false", "", True),
        ("true", [], True),
    ],
)
def test_null(wanted: str, given: Value, expected: bool) -> None:
    assert holds({"Null": {"x:Key": [wanted]}}, {"x:key": given}) is expected


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("StringEquals", False),
        ("StringNotEquals", True),
    ],
)
def test_an_empty_text_is_a_set_of_nothing(operator: str, expected: bool) -> None:
    assert holds({operator: {"x:Key": ["1"]}}, {"x:key": ""}) is expected
    assert holds({operator: {"x:Key": ["1"]}}, {"x:key": [""]}) is expected


def test_operators_and_keys_must_all_hold() -> None:
    block = {"StringEquals": {"x:A": ["1"], "x:B": ["2"]}, "Bool": {"x:C": ["true"]}}
    assert holds(block, {"x:a": "1", "x:b": "2", "x:c": "true"})
    assert not holds(block, {"x:a": "1", "x:b": "2", "x:c": "false"})
    assert not holds(block, {"x:a": "1", "x:b": "3", "x:c": "true"})


def test_no_values_match_nothing() -> None:
    assert not holds({"StringEquals": {"x:A": []}}, {"x:a": "1"})
    assert holds({"StringNotEquals": {"x:A": []}}, {"x:a": "1"})


@pytest.mark.parametrize("name", ["Equals", "NullIfExists", "ForAnyValue::Bool", "", "stringlike"])
def test_unknown_operators(name: str) -> None:
    with pytest.raises(UnknownOperator):
        compile_conditions({name: {"a:b": ["c"]}}, variables=True)


@pytest.mark.parametrize(
    ("operator", "wanted", "given", "expected"),
    [
        ("StringEquals", "${aws:username}", "ann", True),
        ("StringEquals", "${aws:username}", "bob", False),
        ("StringLike", "home/${aws:username}/*", "home/ann/x", True),
        ("StringLike", "home/${aws:UserName}/*", "home/bob/x", False),
        ("StringLike", "home/${aws:UserName}/*", "home/ann/x", True),
        ("StringEquals", "${aws:PrincipalTag/team, 'none'}", "none", True),
        ("StringEquals", "${aws:PrincipalTag/team}", "", False),
        ("StringLike", "a${*}b", "a*b", True),
        ("StringLike", "a${*}b", "axb", False),
        ("StringLike", "${$}{aws:username}", "${aws:username}", True),
        ("StringLike", "${x:star}", "anything", False),
        ("StringLike", "${x:star}", "*", True),
        ("StringLike", "${not a variable}", "${not a variable}", True),
        ("StringEqualsIgnoreCase", "${aws:username}", "ANN", True),
        ("Bool", "${x:truth}", "TRUE", True),
        ("Bool", "${x:truth}", "false", False),
        ("Bool", "${x:absent, 'false'}", "false", True),
        ("ArnEquals", "${x:arn}", "arn:aws:iam::1:role/a", True),
        ("ArnEquals", "arn:aws:iam::1:user/${aws:username}", "arn:aws:iam::1:user/ann", True),
    ],
)
def test_variables(operator: str, wanted: str, given: str, expected: bool) -> None:
    context = {
        "x:key": given,
        "aws:username": "ann",
        "x:star": "*",
        "x:truth": "true",
        "x:arn": "arn:aws:iam::1:role/a",
    }
    assert holds({operator: {"x:Key": [wanted]}}, context) is expected


def test_the_old_version_has_no_variables() -> None:
    block = {"StringEquals": {"x:Key": ["${aws:username}"]}}
    context = {"x:key": "${aws:username}", "aws:username": "ann"}
    assert holds(block, context, variables=False)
    assert not holds(block, context, variables=True)
