"""The worked examples of AWS's pages on policy elements, conditions and variables."""

from typing import Any

from tests.oracle.example import (
    ACCOUNT,
    ALLOWED,
    ANONYMOUS,
    EXPLICIT,
    GUIDE,
    IMPLICIT,
    Example,
    allow,
    ask,
    aws,
    deny,
    policy,
    role,
    user,
)
from tests.oracle.literal import Caller, Policy, Statement
from tests.oracle.operators import Context

OPERATORS = GUIDE + "reference_policies_elements_condition_operators.html"
VALUES = GUIDE + "reference_policies_condition-logic-multiple-context-keys-or-values.html"
SETS = GUIDE + "reference_policies_condition-single-vs-multi-valued-context-keys.html"
VARIABLES = GUIDE + "reference_policies_variables.html"
CONDITION = GUIDE + "reference_policies_elements_condition.html"
KEY_OWNER = f"arn:aws:iam::{ACCOUNT}:user/David"
EVERYTHING = policy(allow("*"))


Row = tuple[str, str, Statement | Policy, tuple[str, str], Context, str]


def try_identity(row: Row) -> Example:
    """A user with one policy, asked for one action on one resource."""
    name, page, statement, asked, context, outcome = row
    written = statement if "Statement" in statement else policy(statement)
    others = [EVERYTHING] if statement.get("Effect") == "Deny" else []
    return Example(name, page, ask(user(written, *others), *asked, context), outcome)


def conditioned(operator: str, key: str, value: Any) -> Statement:
    condition = {operator: {key: value}}
    return allow("iam:*AccessKey*", f"arn:aws:iam::{ACCOUNT}:user/*", Condition=condition)


ASKED = ("iam:CreateAccessKey", KEY_OWNER)
TAGGED = conditioned("StringEquals", "aws:PrincipalTag/job-category", "iamuser-admin")
FRESH = conditioned("DateGreaterThan", "aws:TokenIssueTime", "2020-01-01T00:00:01Z")
NEAR = conditioned("IpAddress", "aws:SourceIp", "203.0.113.0/24")
BOTH = conditioned("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:DB8:1234:5678::/64"])
CASED = conditioned("StringEquals", "aws:username", "david")
UNCASED = conditioned("StringEqualsIgnoreCase", "AWS:UserName", "david")
STARRED = conditioned("StringEquals", "aws:RequestTag/a", "1*")
SIMPLE: list[tuple[str, Statement, Context, str]] = [
    ("A tagged user", TAGGED, {"aws:PrincipalTag/job-category": "iamuser-admin"}, ALLOWED),
    ("A user tagged otherwise", TAGGED, {"aws:PrincipalTag/job-category": "x"}, IMPLICIT),
    ("An untagged user", TAGGED, {}, IMPLICIT),
    ("A fresh token", FRESH, {"aws:TokenIssueTime": "2020-05-01T00:00:00Z"}, ALLOWED),
    ("A stale token", FRESH, {"aws:TokenIssueTime": "2019-05-01T00:00:00Z"}, IMPLICIT),
    ("No token", FRESH, {}, IMPLICIT),
    ("First of the range", NEAR, {"aws:SourceIp": "203.0.113.0"}, ALLOWED),
    ("Last of the range", NEAR, {"aws:SourceIp": "203.0.113.255"}, ALLOWED),
    ("Past the range", NEAR, {"aws:SourceIp": "203.0.114.0"}, IMPLICIT),
    ("No address", NEAR, {}, IMPLICIT),
    ("IPv6 in range", BOTH, {"aws:SourceIp": "2001:db8:1234:5678:1::2"}, ALLOWED),
    ("IPv6 out of range", BOTH, {"aws:SourceIp": "2001:db8:1234:5679::1"}, IMPLICIT),
    ("IPv4 beside IPv6", BOTH, {"aws:SourceIp": "203.0.113.9"}, ALLOWED),
    ("Case matters", CASED, {}, IMPLICIT),
    ("Case is ignored, of key names too", UNCASED, {}, ALLOWED),
    ("No wildcards in StringEquals", STARRED, {"aws:RequestTag/a": "12"}, IMPLICIT),
]
BUCKET = "arn:aws:s3:::BUCKET-NAME"
HOME = policy(
    allow(
        "s3:ListBucket",
        BUCKET,
        Condition={"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/"]}},
    ),
    allow("s3:*", [f"{BUCKET}/home/${{aws:username}}", f"{BUCKET}/home/${{aws:username}}/*"]),
)
TEN = allow("s3:ListBucket", BUCKET, Condition={"NumericLessThanEquals": {"s3:max-keys": "10"}})
PLAIN = deny("s3:*", BUCKET, Condition={"Bool": {"aws:SecureTransport": "false"}})
FINANCE = "arn:aws:someservice:*:111122223333:finance/*"
STORE = "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt"
LAUNCH = {"ec2:InstanceType": ["t1.*", "t2.*", "m3.*"]}
STRICT = allow("ec2:RunInstances", Condition={"StringLike": LAUNCH})
LENIENT = allow("ec2:RunInstances", Condition={"StringLikeIfExists": LAUNCH})
IMAGE = ("ec2:RunInstances", "arn:aws:ec2:us-east-1::image/ami-1")
MACHINE = ("ec2:RunInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*")
LONG_TERM = allow("ec2:*", Condition={"Null": {"aws:TokenIssueTime": "true"}})
UNTAGGED = deny("s3:*", Condition={"StringNotEqualsIfExists": {"aws:RequestTag/a": "1"}})
LIST = ("s3:ListBucket", BUCKET)
RECENT = allow(
    "iam:DeactivateMFADevice",
    "arn:aws:iam::*:user/${aws:username}",
    Condition={"NumericLessThanEquals": {"aws:MultiFactorAuthAge": "3600"}},
)
REMOVE = ("iam:DeactivateMFADevice", KEY_OWNER)
ROWS: list[Row] = [
    ("The console's empty prefix", OPERATORS, HOME, LIST, {"s3:prefix": ""}, ALLOWED),
    ("home/", OPERATORS, HOME, LIST, {"s3:prefix": "home/"}, ALLOWED),
    ("One's own home", OPERATORS, HOME, LIST, {"s3:prefix": "home/David/"}, ALLOWED),
    ("Another's home", OPERATORS, HOME, LIST, {"s3:prefix": "home/Adele/"}, IMPLICIT),
    ("One's own file", OPERATORS, HOME, ("s3:GetObject", f"{BUCKET}/home/David/a"), {}, ALLOWED),
    ("Another's file", OPERATORS, HOME, ("s3:GetObject", f"{BUCKET}/home/Adele/a"), {}, IMPLICIT),
    ("Ten keys", OPERATORS, TEN, LIST, {"s3:max-keys": "10"}, ALLOWED),
    ("Eleven keys", OPERATORS, TEN, LIST, {"s3:max-keys": "11"}, IMPLICIT),
    ("Without max-keys", OPERATORS, TEN, LIST, {}, IMPLICIT),
    ("Plain transport", OPERATORS, PLAIN, LIST, {"aws:SecureTransport": "false"}, EXPLICIT),
    ("Secure transport", OPERATORS, PLAIN, LIST, {"aws:SecureTransport": "true"}, ALLOWED),
    (
        "StringLike spans colons",
        OPERATORS,
        conditioned("StringLike", "aws:SourceArn", FINANCE),
        ASKED,
        {"aws:SourceArn": STORE},
        ALLOWED,
    ),
    (
        "ArnLike does not",
        OPERATORS,
        conditioned("ArnLike", "aws:SourceArn", FINANCE),
        ASKED,
        {"aws:SourceArn": STORE},
        IMPLICIT,
    ),
    ("An image has no type", OPERATORS, STRICT, IMAGE, {}, IMPLICIT),
    ("An image, if it exists", OPERATORS, LENIENT, IMAGE, {}, ALLOWED),
    ("A t2", OPERATORS, LENIENT, MACHINE, {"ec2:InstanceType": "t2.nano"}, ALLOWED),
    ("An m5", OPERATORS, LENIENT, MACHINE, {"ec2:InstanceType": "m5.large"}, IMPLICIT),
    ("Null: own credentials", OPERATORS, LONG_TERM, MACHINE, {}, ALLOWED),
    (
        "Null: temporary credentials",
        OPERATORS,
        LONG_TERM,
        MACHINE,
        {"aws:TokenIssueTime": "2026-01-01T00:00:00Z"},
        IMPLICIT,
    ),
    ("A negated IfExists denies without the key", OPERATORS, UNTAGGED, LIST, {}, EXPLICIT),
    ("Recent MFA", CONDITION, RECENT, REMOVE, {"aws:MultiFactorAuthAge": "3600"}, ALLOWED),
    ("Old MFA", CONDITION, RECENT, REMOVE, {"aws:MultiFactorAuthAge": "3601"}, IMPLICIT),
    ("No MFA", CONDITION, RECENT, REMOVE, {}, IMPLICIT),
]

# Several keys and values.
AND_OR = allow(
    "s3:*",
    Condition={
        "StringEqualsIgnoreCase": {
            "aws:PrincipalTag/department": ["finance", "hr", "legal"],
            "aws:PrincipalTag/role": ["audit", "security"],
        },
        "StringEquals": {"aws:PrincipalAccount": ACCOUNT},
    },
)
NOR = allow("s3:*", Condition={"StringNotEquals": {"aws:PrincipalTag/a": ["1", "2"]}})
DEPARTMENT, ROLE = "aws:PrincipalTag/department", "aws:PrincipalTag/role"
THREAD = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/Thread"
ATTRIBUTES = "dynamodb:Attributes"
TABLES = "arn:aws:dynamodb:*:*:table/Thread"
ALL = allow(
    "dynamodb:GetItem",
    TABLES,
    Condition={"ForAllValues:StringEquals": {ATTRIBUTES: ["ID", "Message", "Tags"]}},
)
ANY = deny(
    "dynamodb:PutItem",
    TABLES,
    Condition={"ForAnyValue:StringEquals": {ATTRIBUTES: ["ID", "PostDateTime"]}},
)
GET, PUT = ("dynamodb:GetItem", THREAD), ("dynamodb:PutItem", THREAD)
ROWS += [
    ("Each key has one value", VALUES, AND_OR, LIST, {DEPARTMENT: "HR", ROLE: "audit"}, ALLOWED),
    ("One key has none", VALUES, AND_OR, LIST, {DEPARTMENT: "hr", ROLE: "dev"}, IMPLICIT),
    ("One key is missing", VALUES, AND_OR, LIST, {DEPARTMENT: "hr"}, IMPLICIT),
    ("Neither of two", VALUES, NOR, LIST, {"aws:PrincipalTag/a": "3"}, ALLOWED),
    ("One of two", VALUES, NOR, LIST, {"aws:PrincipalTag/a": "2"}, IMPLICIT),
    ("All listed", SETS, ALL, GET, {ATTRIBUTES: ["ID", "Message", "Tags"]}, ALLOWED),
    ("One not listed", SETS, ALL, GET, {ATTRIBUTES: ["ID", "UserName"]}, IMPLICIT),
    ("No attributes", SETS, ALL, GET, {}, ALLOWED),
    ("An empty set of them", SETS, ALL, GET, {ATTRIBUTES: []}, ALLOWED),
    ("An empty string", SETS, ALL, GET, {ATTRIBUTES: ""}, ALLOWED),
    ("One forbidden", SETS, ANY, PUT, {ATTRIBUTES: ["PostDateTime", "Message"]}, EXPLICIT),
    ("None forbidden", SETS, ANY, PUT, {ATTRIBUTES: ["UserName"]}, ALLOWED),
    ("Nothing to forbid", SETS, ANY, PUT, {}, ALLOWED),
    ("An empty set to forbid", SETS, ANY, PUT, {ATTRIBUTES: []}, ALLOWED),
]

# Variables.
OWN_FILES = allow(["s3:GetObject"], "arn:aws:s3:::mybucket/${aws:username}/*")
QUEUES = allow("sqs:*", "arn:aws:sqs:us-east-2:*:${aws:username}-queue")
TEAM = allow("s3:*", "arn:aws:s3:::DOC-EXAMPLE-BUCKET-${aws:PrincipalTag/team, 'company-wide'}")
YELLOW = ("s3:ListBucket", "arn:aws:s3:::DOC-EXAMPLE-BUCKET-yellow")
WIDE = ("s3:ListBucket", "arn:aws:s3:::DOC-EXAMPLE-BUCKET-company-wide")
OUR_TEAM = deny(
    "s3:GetObject",
    "arn:aws:s3:::example-bucket/*",
    Condition={"StringNotEquals": {"s3:ExistingObjectTag/Team": "${aws:PrincipalTag/Team}"}},
)
ITEM = ("s3:GetObject", "arn:aws:s3:::example-bucket/a")
LITERAL_STAR = allow("s3:ListBucket", "*", Condition={"StringLike": {"s3:prefix": "a${*}c"}})
UNTAGGED_FILES = allow("s3:GetObject", "arn:aws:s3:::mybucket/${aws:PrincipalTag/none}*")
DAVIDS = ("s3:GetObject", "arn:aws:s3:::mybucket/David/a")
ROWS += [
    ("One's own folder", VARIABLES, OWN_FILES, DAVIDS, {}, ALLOWED),
    (
        "One's own queue",
        VARIABLES,
        QUEUES,
        ("sqs:SendMessage", f"arn:aws:sqs:us-east-2:{ACCOUNT}:David-queue"),
        {},
        ALLOWED,
    ),
    ("The team's bucket", VARIABLES, TEAM, YELLOW, {"aws:PrincipalTag/team": "yellow"}, ALLOWED),
    ("Not the wide one", VARIABLES, TEAM, WIDE, {"aws:PrincipalTag/team": "yellow"}, IMPLICIT),
    ("By default the wide one", VARIABLES, TEAM, WIDE, {}, ALLOWED),
    ("No value matches nothing", VARIABLES, UNTAGGED_FILES, DAVIDS, {}, IMPLICIT),
    (
        "A negated comparison with no value",
        VARIABLES,
        OUR_TEAM,
        ITEM,
        {"s3:ExistingObjectTag/Team": "red"},
        EXPLICIT,
    ),
    (
        "The same team",
        VARIABLES,
        OUR_TEAM,
        ITEM,
        {"s3:ExistingObjectTag/Team": "red", "aws:PrincipalTag/Team": "red"},
        ALLOWED,
    ),
    ("${*} is an asterisk", VARIABLES, LITERAL_STAR, LIST, {"s3:prefix": "a*c"}, ALLOWED),
    ("${*} is no wildcard", VARIABLES, LITERAL_STAR, LIST, {"s3:prefix": "abc"}, IMPLICIT),
]

# Action, Resource and their negations.
NOT_ACTION = GUIDE + "reference_policies_elements_notaction.html"
NOT_RESOURCE = GUIDE + "reference_policies_elements_notresource.html"
RESOURCES = GUIDE + "reference_policies_elements_resource.html"
ACTIONS = GUIDE + "reference_policies_elements_action.html"
NO_DELETE = {"Effect": "Allow", "NotAction": "s3:DeleteBucket", "Resource": "arn:aws:s3:::*"}
NO_IAM = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}
MFA = {
    "Effect": "Deny",
    "NotAction": "iam:*",
    "Resource": "*",
    "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
}
PAYROLL = {
    "Effect": "Deny",
    "Action": "s3:*",
    "NotResource": ["arn:aws:s3:::HRBucket/Payroll", "arn:aws:s3:::HRBucket/Payroll/*"],
}
PRESENT = "aws:MultiFactorAuthPresent"
TESTS = allow("s3:GetObject", "arn:aws:s3:::DOC-EXAMPLE-BUCKET/*/test/*")
NAMES = {
    "1/test/object.jpg": ALLOWED,
    "1/2/test/object.jpg": ALLOWED,
    "1/2/test/3/object.jpg": ALLOWED,
    "1/2/3/test/4/object.jpg": ALLOWED,
    "1///test///object.jpg": ALLOWED,
    "1/test/.jpg": ALLOWED,
    "/test/object.jpg": ALLOWED,
    "1/test/": ALLOWED,
    "1-test/object.jpg": IMPLICIT,
    "test/object.jpg": IMPLICIT,
    "1/2/test.jpg": IMPLICIT,
}
ROWS += [
    ("All but one", NOT_ACTION, NO_DELETE, LIST, {}, ALLOWED),
    ("The one", NOT_ACTION, NO_DELETE, ("s3:DeleteBucket", BUCKET), {}, IMPLICIT),
    ("It needs all resources", NOT_ACTION, NO_DELETE, ("s3:ListAllMyBuckets", "*"), {}, IMPLICIT),
    ("Another service's resource", NOT_ACTION, NO_DELETE, REMOVE, {}, IMPLICIT),
    ("All but IAM", NOT_ACTION, NO_IAM, LIST, {}, ALLOWED),
    ("IAM", NOT_ACTION, NO_IAM, REMOVE, {}, IMPLICIT),
    ("Signed in without MFA", NOT_ACTION, MFA, LIST, {PRESENT: "false"}, EXPLICIT),
    ("Signed in with MFA", NOT_ACTION, MFA, LIST, {PRESENT: "true"}, ALLOWED),
    ("Without MFA, IAM", NOT_ACTION, MFA, REMOVE, {PRESENT: "false"}, ALLOWED),
    ("Other buckets", NOT_RESOURCE, PAYROLL, LIST, {}, EXPLICIT),
    (
        "Payroll",
        NOT_RESOURCE,
        PAYROLL,
        ("s3:GetObject", "arn:aws:s3:::HRBucket/Payroll/a"),
        {},
        ALLOWED,
    ),
    (
        "Case of actions",
        ACTIONS,
        allow("IAM:listaccesskeys"),
        ("iam:ListAccessKeys", "*"),
        {},
        ALLOWED,
    ),
    (
        "AccessKey anywhere",
        ACTIONS,
        allow("iam:*AccessKey*"),
        ("iam:ListAccessKeys", "*"),
        {},
        ALLOWED,
    ),
]
ROWS += [
    (
        f"Object {name}",
        RESOURCES,
        TESTS,
        ("s3:GetObject", f"arn:aws:s3:::DOC-EXAMPLE-BUCKET/{name}"),
        {},
        outcome,
    )
    for name, outcome in NAMES.items()
]

# Principal and NotPrincipal.
PRINCIPAL = GUIDE + "reference_policies_elements_principal.html"
NOT_PRINCIPAL = GUIDE + "reference_policies_elements_notprincipal.html"
AWAY = "444455556666"
bob = user(EVERYTHING, name="Bob", account=AWAY)
eve = user(EVERYTHING, name="Eve", account=AWAY)
auditor = role(EVERYTHING, name="cross-account-read-only-role", account=AWAY)
OPEN = allow("s3:*", BUCKET, Principal="*")
BUT_BOB = {
    "Effect": "Deny",
    "NotPrincipal": aws(bob.arn, f"arn:aws:iam::{AWAY}:root"),
    "Action": "s3:*",
    "Resource": [BUCKET],
}
BUT_AUDITOR = {
    **BUT_BOB,
    "NotPrincipal": aws(auditor.arn, auditor.entity, f"arn:aws:iam::{AWAY}:root"),
}
BY_ARN = deny(
    "s3:*", BUCKET, Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": bob.arn}}
)
TWO = allow("s3:*", BUCKET, Principal=aws(AWAY, "555555555555"))
TO_ACCOUNT = allow("s3:*", BUCKET, Principal=aws(f"arn:aws:iam::{AWAY}:root"))
bounded = user(EVERYTHING, name="Bob", account=AWAY, boundary=EVERYTHING)


def visit(name: str, page: str, caller: Caller, outcome: str, *statements: Statement) -> Example:
    request = ask(caller, *LIST, owner=ACCOUNT, resource_policy=policy(*statements))
    return Example(name, page, request, outcome)


def of_bucket(name: str, resource: str, version: str, outcome: str) -> Example:
    """Variables under a version of the language; IAM takes the old one in no identity policy."""
    written = allow("s3:GetObject", OWN_FILES["Resource"], Principal="*")
    request = ask(
        user(), "s3:GetObject", resource, resource_policy=policy(written, version=version)
    )
    return Example(name, VARIABLES, request, outcome)


UNREAD = "arn:aws:s3:::mybucket/${aws:username}/a"
PRINCIPALS = [
    of_bucket("Variables in a bucket policy", DAVIDS[1], "2012-10-17", ALLOWED),
    of_bucket("The old version has no variables", DAVIDS[1], "2008-10-17", IMPLICIT),
    of_bucket("The old version reads them as text", UNREAD, "2008-10-17", ALLOWED),
    visit("Not Bob", NOT_PRINCIPAL, bob, ALLOWED, OPEN, BUT_BOB),
    visit("Not Bob, Eve", NOT_PRINCIPAL, eve, EXPLICIT, OPEN, BUT_BOB),
    visit("Not Bob, anonymous", NOT_PRINCIPAL, ANONYMOUS, EXPLICIT, OPEN, BUT_BOB),
    visit("Not Bob, who grants nothing", NOT_PRINCIPAL, bob, IMPLICIT, BUT_BOB),
    visit("Not the auditor", NOT_PRINCIPAL, auditor, ALLOWED, OPEN, BUT_AUDITOR),
    visit("Not the auditor, Bob", NOT_PRINCIPAL, bob, EXPLICIT, OPEN, BUT_AUDITOR),
    visit("Not Bob, who has a boundary", NOT_PRINCIPAL, bounded, EXPLICIT, OPEN, BUT_BOB),
    visit("By PrincipalArn", PRINCIPAL, bob, ALLOWED, OPEN, BY_ARN),
    visit("By PrincipalArn, Eve", PRINCIPAL, eve, EXPLICIT, OPEN, BY_ARN),
    visit("One of two accounts", PRINCIPAL, bob, ALLOWED, TWO),
    visit("Neither account", PRINCIPAL, user(EVERYTHING, account="1" * 12), IMPLICIT, TWO),
    visit("The account's ARN", PRINCIPAL, bob, ALLOWED, TO_ACCOUNT),
    visit("An account delegates", PRINCIPAL, user(account=AWAY), IMPLICIT, TO_ACCOUNT),
]

ELEMENTS = [
    *(
        try_identity((name, OPERATORS, one, ASKED, context, result))
        for name, one, context, result in SIMPLE
    ),
    *(try_identity(row) for row in ROWS),
    *PRINCIPALS,
]
