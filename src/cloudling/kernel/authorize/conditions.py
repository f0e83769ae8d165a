"""The condition language: every operator, its `...IfExists` form and the two set qualifiers.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Literal, NamedTuple

from cloudling.kernel.authorize.matching import Matcher, Tokens, compile_arn, compile_tokens
from cloudling.kernel.authorize.moments import parse_date
from cloudling.kernel.authorize.variables import Lookup, Template, read

_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{0,300})?(?:[eE][+-]?\d{1,3})?")

Qualifier = Literal["", "ForAllValues", "ForAnyValue"]
Test = Callable[[str, Lookup], bool]
"""Does one value of the request match any of the policy's values?"""


class UnknownOperator(ValueError):
    """No condition operator has this name."""


class Condition(NamedTuple):
    """One key of one operator, compiled."""

    key: str
    test: Test
    negated: bool
    qualifier: Qualifier
    when_absent: bool

    def holds(self, lookup: Lookup) -> bool:
        value = lookup(self.key)
        if isinstance(value, str) and (value or not self.qualifier):
            return self.test(value, lookup) is not self.negated
        if not value or (self.qualifier and not any(value)):
            return self.when_absent
        hits = [self.test(item, lookup) for item in value]
        if self.qualifier == "ForAllValues":
            return (True not in hits) if self.negated else (False not in hits)
        if self.qualifier == "ForAnyValue":
            return (False in hits) if self.negated else (True in hits)
        # AWS leaves a key of several values without qualifier open: any match counts as a match.
        return (True in hits) is not self.negated


class Absence(NamedTuple):
    """The `Null` operator: is the key absent from the request?"""

    key: str
    wanted: frozenset[bool]

    def holds(self, lookup: Lookup) -> bool:
        value = lookup(self.key)
        is_absent = not value and not isinstance(value, str)
        return is_absent in self.wanted


Compiled = Condition | Absence


def compile_conditions(
    block: Mapping[str, Mapping[str, Sequence[str]]], *, variables: bool
) -> tuple[Compiled, ...]:
    """A statement's condition block; all of what comes back must hold.

    `UnknownOperator` names an operator that AWS does not have; one without any key is let pass,
    as IAM does.
    """
    return tuple(
        _compile(name, key.lower(), tuple(values), variables=variables)
        for name, keys in block.items()
        for key, values in keys.items()
    )


def is_date_operator(name: str) -> bool:
    return _split(name)[1].startswith("Date")


def _compile(name: str, key: str, values: tuple[str, ...], *, variables: bool) -> Compiled:
    qualifier, base, if_exists = _split(name)
    if base == "Null" and not if_exists:
        return Absence(key, frozenset(value.lower() == "true" for value in values))
    known = _OPERATORS.get(base)
    if known is None:
        raise UnknownOperator(name)
    make, negated = known
    when_absent = {"": negated, "ForAllValues": True, "ForAnyValue": False}[qualifier]
    test = make(values, variables)
    return Condition(key, test, negated, qualifier, if_exists or when_absent)


def _split(name: str) -> tuple[Qualifier, str, bool]:
    """`ForAllValues:StringEqualsIfExists` in its three parts."""
    qualifier: Qualifier = ""
    if name.startswith("ForAllValues:"):
        qualifier = "ForAllValues"
    elif name.startswith("ForAnyValue:"):
        qualifier = "ForAnyValue"
    base = name[len(qualifier) + 1 :] if qualifier else name
    return qualifier, base.removesuffix("IfExists"), base.endswith("IfExists")


def _patterns(
    values: Sequence[str], variables: bool, *, wildcards: bool, build: Callable[[Tokens], Matcher]
) -> Test:
    """Match against texts, some of which the request completes."""
    readings = [read(value, variables=variables, wildcards=wildcards) for value in values]
    fixed = tuple(build(item) for item in readings if not isinstance(item, Template))
    templates = tuple(item for item in readings if isinstance(item, Template))

    def test(text: str, lookup: Lookup) -> bool:
        if any(matcher(text) for matcher in fixed):
            return True
        resolved = (template.resolve(lookup) for template in templates)
        return any(tokens is not None and build(tokens)(text) for tokens in resolved)

    return test


def _string_equals(values: Sequence[str], variables: bool) -> Test:
    if variables and any("${" in value for value in values):
        return _patterns(values, variables, wildcards=False, build=compile_tokens)
    wanted = frozenset(values)
    return lambda text, _: text in wanted


def _string_equals_ignore_case(values: Sequence[str], variables: bool) -> Test:
    def build(tokens: Tokens) -> Matcher:
        wanted = "".join(str(token) for token in tokens).lower()
        return lambda text: text.lower() == wanted

    return _patterns(values, variables, wildcards=False, build=build)


def _string_like(values: Sequence[str], variables: bool) -> Test:
    return _patterns(values, variables, wildcards=True, build=compile_tokens)


def _arn_like(values: Sequence[str], variables: bool) -> Test:
    return _patterns(values, variables, wildcards=True, build=compile_arn)


def _compared(
    values: Sequence[str],
    variables: bool,
    *,
    parse: Callable[[str], float | None],
    compare: Callable[[float, float], bool],
) -> Test:
    wanted = [number for value in values if (number := parse(value)) is not None]

    def test(text: str, lookup: Lookup) -> bool:
        given = parse(text)
        return given is not None and any(compare(given, number) for number in wanted)

    return test


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _bool(values: Sequence[str], variables: bool) -> Test:
    if variables and any("${" in value for value in values):
        return _string_equals_ignore_case(values, variables)
    wanted = frozenset(value.lower() for value in values) & {"true", "false"}
    return lambda text, _: text.lower() in wanted


def _binary(values: Sequence[str], variables: bool) -> Test:
    wanted = frozenset(decoded for value in values if (decoded := _base64(value)) is not None)
    return lambda text, _: _base64(text) in wanted


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=1024)
def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _ip_address(values: Sequence[str], variables: bool) -> Test:
    wanted = [network for value in values if (network := _network(value)) is not None]

    @lru_cache(maxsize=256)
    def test(text: str) -> bool:
        given = _network(text)
        return given is not None and any(_lies_in(given, network) for network in wanted)

    return lambda text, _: test(text)


def _lies_in(given: Network, network: Network) -> bool:
    return (
        given.version == network.version
        and given.network_address in network
        and given.prefixlen >= network.prefixlen
    )


def _comparisons(
    kind: str, parse: Callable[[str], float | None]
) -> dict[str, tuple[Callable[[Sequence[str], bool], Test], bool]]:
    """The six comparisons of numbers or dates."""
    ways: tuple[tuple[str, Callable[[float, float], bool], bool], ...] = (
        ("Equals", operator.eq, False),
        ("NotEquals", operator.eq, True),
        ("LessThan", operator.lt, False),
        ("LessThanEquals", operator.le, False),
        ("GreaterThan", operator.gt, False),
        ("GreaterThanEquals", operator.ge, False),
    )
    return {
        kind + name: (partial(_compared, parse=parse, compare=compare), negated)
        for name, compare, negated in ways
    }


_OPERATORS: dict[str, tuple[Callable[[Sequence[str], bool], Test], bool]] = {
    "StringEquals": (_string_equals, False),
    "StringNotEquals": (_string_equals, True),
    "StringEqualsIgnoreCase": (_string_equals_ignore_case, False),
    "StringNotEqualsIgnoreCase": (_string_equals_ignore_case, True),
    "StringLike": (_string_like, False),
    "StringNotLike": (_string_like, True),
    "Bool": (_bool, False),
    "BinaryEquals": (_binary, False),
    "IpAddress": (_ip_address, False),
    "NotIpAddress": (_ip_address, True),
    # The two pairs mean the same: ArnEquals takes wildcards as well.
    "ArnEquals": (_arn_like, False),
    "ArnNotEquals": (_arn_like, True),
    "ArnLike": (_arn_like, False),
    "ArnNotLike": (_arn_like, True),
    **_comparisons("Numeric", _number),
    **_comparisons("Date", parse_date),
}


def is_operator(name: str) -> bool:
    """Is this the name of a condition operator?"""
    _, base, if_exists = _split(name)
    return base in _OPERATORS or (base == "Null" and not if_exists)
