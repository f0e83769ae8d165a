"""Condition keys that generated contexts and policies draw from, with values that meet or miss."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Key:
    """A condition key: its operators, and the values that requests and policies draw from."""

    name: str
    operators: tuple[str, ...]
    requests: tuple[str, ...]
    policies: tuple[str, ...]
    multivalued: bool = False
    always: bool = False
    may_be_empty: bool = False  # the pages leave open what IfExists makes of such a set


HOME = "111122223333"
STRINGS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
NUMBERS = tuple("Numeric" + order for order in ORDERS)
DATES = tuple("Date" + order for order in ORDERS)
ARNS = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "StringLike", "StringEquals")
ADDRESSES = ("IpAddress", "NotIpAddress")
TEAMS = ("blue", "Blue", "green", "blue-green")
TEAM_PATTERNS = (
    *TEAMS,
    "b*",
    "?lue",
    "*e*",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/none, 'blue'}",
    "${aws:PrincipalTag/none}",
    "${*}",
    "${AWS:principaltag/Team}*",
)
STORE = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
FINANCE = "arn:aws:someservice:*:111122223333:finance/*"
TOPIC = "arn:aws:sns:us-east-1:444455556666:orders"
KEYS = (
    Key(
        "aws:TokenIssueTime",
        DATES,
        ("2026-07-01T11:00:00Z", "2026-06-30T00:00:00Z"),
        ("2026-07-01T00:00:00Z", "2026-06-30T00:00:00Z"),
    ),
    Key("aws:PrincipalTag/team", STRINGS, TEAMS, TEAM_PATTERNS),
    Key("aws:RequestTag/team", STRINGS, TEAMS, TEAM_PATTERNS),
    Key("aws:ResourceTag/team", STRINGS, TEAMS, TEAM_PATTERNS),
    Key(
        "dynamodb:Attributes",
        STRINGS,
        ("ID", "Message", "Tags"),
        ("ID", "M*", "Tags", "id"),
        multivalued=True,
        may_be_empty=True,
    ),
    Key("aws:TagKeys", STRINGS, ("team", "Team", "stage", "cost"), ("team", "s*", "cost"), True),
    Key(
        "aws:PrincipalOrgPaths",
        STRINGS,
        ("o-a/r-b/ou-c/", "o-a/r-b/ou-d/"),
        ("o-a/r-b/ou-c/", "o-a/r-b/*", "o-z/*"),
        True,
    ),
    Key(
        "aws:PrincipalArn",
        ARNS,
        (),
        (f"arn:aws:iam::{HOME}:role/*", f"arn:aws:*::{HOME}:*", "arn:aws:iam::*:user/*"),
    ),
    Key("aws:PrincipalAccount", STRINGS, (), (HOME, "4444*", "anonymous")),
    Key("aws:PrincipalType", STRINGS, (), ("User", "AssumedRole", "F*", "account")),
    Key("aws:PrincipalIsAWSService", ("Bool",), (), ("true", "false")),
    Key("aws:PrincipalServiceName", STRINGS, (), ("sns.amazonaws.com", "*.amazonaws.com")),
    Key("aws:username", STRINGS, (), ("carlos", "Carlos", "z*")),
    Key("aws:userid", STRINGS, (), ("AROAEXAMPLE:monday", "AROA*:*", "AIDA?????F", f"{HOME}*")),
    Key(
        "aws:SourceIp",
        ADDRESSES,
        ("203.0.113.7", "198.51.100.1", "2001:db8:1234:5678::1"),
        ("203.0.113.0/24", "203.0.113.7", "198.51.100.1/32", "2001:DB8:1234:5678::/64"),
        always=True,
    ),
    Key("aws:SecureTransport", ("Bool",), ("true", "false"), ("true", "false"), always=True),
    Key("aws:MultiFactorAuthPresent", ("Bool",), ("true", "false"), ("true", "false")),
    Key("aws:MultiFactorAuthAge", NUMBERS, ("0", "1800", "3600"), ("3600", "3600.0", "1e2")),
    Key(
        "aws:CurrentTime",
        DATES,
        ("2026-07-01T12:00:00Z", "2026-01-01T00:00:00Z"),
        ("2026-07-01T12:00:00Z", "2026-07-01T14:00:00+02:00", "1767225600", "2025-03-01"),
        always=True,
    ),
    Key(
        "aws:SourceArn",
        ARNS,
        (TOPIC, STORE, "arn:aws:s3:::reports"),
        (TOPIC, FINANCE, "arn:aws:sns:*:444455556666:or*", "arn:aws:s3:::${aws:PrincipalTag/none}"),
    ),
    Key(
        "aws:RequestedRegion",
        STRINGS,
        ("us-east-1", "eu-west-1"),
        ("us-east-1", "eu-*", "eu-central-1"),
        always=True,
    ),
    Key("s3:prefix", STRINGS, ("home/carlos/", "home/zofia/x"), ("home/${aws:username}/*", "h*")),
    Key("s3:max-keys", NUMBERS, ("5", "10", "1000"), ("10", "10.0", "-3")),
    Key("kms:Digest", ("BinaryEquals",), ("QUJD", "WFla"), ("QUJD", "AAAA")),
)

# Resources and principals that no generated request has.
OTHERS: list[Any] = [
    "arn:aws:s3:::other/*",
    ["arn:aws:sqs:eu-west-1:*:carlos-queue", "arn:aws:s3:::rep?rts/x/*"],
    "arn:aws:s3:::reports/${aws:PrincipalTag/none}/*",
    "arn:aws:iam::*:user/sales/*",
]
STRANGERS: list[Any] = [
    {"AWS": "999999999999"},
    {"AWS": ["arn:aws:iam::999999999999:root", "arn:aws:iam::999999999999:user/eve"]},
    {"Service": "events.amazonaws.com"},
]
