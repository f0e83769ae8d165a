"""Condition blocks, read as IAM's pages on condition operators, set operators and variables say.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import base64
import datetime
import ipaddress
from collections.abc import Callable
from decimal import Decimal

Context = dict[str, str | list[str]]
Token = tuple[str, bool]  # a character, and whether a wildcard in it counts as one
Tokens = list[Token]
VARIABLES = "2012-10-17"


def as_list(value: object) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [str(value)]


def find(context: Context, key: str) -> str | list[str] | None:
    """Key names are not case-sensitive."""
    for name, value in context.items():
        if name.lower() == key.lower():
            return value
    return None


def expand(text: str, context: Context, version: str) -> Tokens | None:
    """Replace the variables of a text; None when one has no value ("there is no equal or like")."""
    if version != VARIABLES:
        return [(character, True) for character in text]
    tokens: Tokens = []
    rest = text
    while rest:
        if rest.startswith("${") and "}" in rest:
            inside, _, rest = rest[2:].partition("}")
            value = variable(inside, context)
            if value is None:
                return None
            tokens += [(character, False) for character in value]
        else:
            tokens.append((rest[0], True))
            rest = rest[1:]
    return tokens


def variable(inside: str, context: Context) -> str | None:
    if inside in {"*", "?", "$"}:
        return inside
    key, comma, default = inside.partition(", ")
    value = find(context, key)
    if isinstance(value, str):
        return value
    return default.strip("'") if comma else None


def plain(tokens: Tokens) -> str:
    return "".join(character for character, _ in tokens)


def like(tokens: Tokens, text: str) -> bool:
    """`*` stands for any run of characters, `?` for one, both only where they are wildcards."""
    if not tokens:
        return text == ""
    (character, wild), rest = tokens[0], tokens[1:]
    if wild and character == "*":
        return any(like(rest, text[start:]) for start in range(len(text) + 1))
    if not text:
        return False
    return (text[0] == character or (wild and character == "?")) and like(rest, text[1:])


def fields(tokens: Tokens, count: int) -> list[Tokens]:
    """Split at colons into at most `count` fields; the last keeps its colons."""
    split: list[Tokens] = [[]]
    for token in tokens:
        if token[0] == ":" and len(split) < count:
            split.append([])
        else:
            split[-1].append(token)
    return split


def arn_like(tokens: Tokens, text: str) -> bool:
    """Each of the six colon-delimited components of the ARN is checked separately."""
    patterns, parts = fields(tokens, 6), text.split(":", 5)
    return len(patterns) == len(parts) == 6 and all(
        like(pattern, part) for pattern, part in zip(patterns, parts, strict=True)
    )


def moment(text: str) -> float:
    """A date in ISO 8601, or in epoch seconds."""
    if "-" not in text:
        return float(text)
    return datetime.datetime.fromisoformat(text).timestamp()


def within(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network)


def octets(text: str) -> bytes:
    return base64.b64decode(text)


Compare = Callable[[str, str], bool]
# Of each operator that takes no variables: what the policy's value and the request's must satisfy.
PLAIN: dict[str, Compare] = {
    "NumericEquals": lambda policy, request: Decimal(request) == Decimal(policy),
    "NumericLessThan": lambda policy, request: Decimal(request) < Decimal(policy),
    "NumericLessThanEquals": lambda policy, request: Decimal(request) <= Decimal(policy),
    "NumericGreaterThan": lambda policy, request: Decimal(request) > Decimal(policy),
    "NumericGreaterThanEquals": lambda policy, request: Decimal(request) >= Decimal(policy),
    "DateEquals": lambda policy, request: moment(request) == moment(policy),
    "DateLessThan": lambda policy, request: moment(request) < moment(policy),
    "DateLessThanEquals": lambda policy, request: moment(request) <= moment(policy),
    "DateGreaterThan": lambda policy, request: moment(request) > moment(policy),
    "DateGreaterThanEquals": lambda policy, request: moment(request) >= moment(policy),
    "Bool": lambda policy, request: policy == request,
    "BinaryEquals": lambda policy, request: octets(policy) == octets(request),
    "IpAddress": within,
}
# String and ARN operators: their policy values may hold variables.
TEXTUAL: dict[str, Callable[[Tokens, str], bool]] = {
    "StringEquals": lambda policy, request: plain(policy) == request,
    "StringEqualsIgnoreCase": lambda policy, request: plain(policy).lower() == request.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
}
NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}


def one_matches(operator: str, policy: str, request: str, context: Context, version: str) -> bool:
    if operator in PLAIN:
        return PLAIN[operator](policy, request)
    tokens = expand(policy, context, version)
    return tokens is not None and TEXTUAL[operator](tokens, request)


def value_holds(
    operator: str, policies: list[str], request: str, context: Context, version: str
) -> bool:
    """Several values are a logical OR; under a negated operator a logical NOR."""
    positive = NEGATED.get(operator, operator)
    found = any(one_matches(positive, policy, request, context, version) for policy in policies)
    return found != (operator in NEGATED)


def null_holds(policies: list[str], value: str | list[str] | None) -> bool:
    return ("true" if value is None or value == [] else "false") in policies


def key_holds(operator: str, key: str, policy: object, context: Context, version: str) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    value = find(context, key)
    policies = as_list(policy)
    if name == "Null":
        return null_holds(policies, value)
    if value is None and if_exists:
        return True

    def holds(one: str) -> bool:
        return value_holds(name, policies, one, context, version)

    if quantifier:
        requests = [] if value is None else as_list(value)
        return set_holds(quantifier, requests, holds)
    if value is None:
        return name in NEGATED
    assert isinstance(value, str), "multivalued keys need a set operator"
    return holds(value)


def set_holds(quantifier: str, requests: list[str], holds: Callable[[str], bool]) -> bool:
    if not any(requests):  # no values, or "a null dataset, such as an empty string"
        return quantifier == "ForAllValues"
    if quantifier == "ForAllValues":
        return all(holds(one) for one in requests)
    return any(holds(one) for one in requests)


def condition_holds(
    condition: dict[str, dict[str, object]], context: Context, version: str
) -> bool:
    """Operators, and the keys of an operator, are a logical AND."""
    return all(
        key_holds(operator, key, policy, context, version)
        for operator, keys in condition.items()
        for key, policy in keys.items()
    )
