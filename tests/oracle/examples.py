"""The worked examples of AWS's pages on evaluation, as fixed cases with AWS's stated outcomes."""

from typing import Any

from tests.oracle.cases import EVERYTHING, RCP_EVERYTHING
from tests.oracle.example import (
    ACCOUNT,
    ALLOWED,
    ANONYMOUS,
    EXPLICIT,
    GUIDE,
    IMPLICIT,
    ORGANIZATIONS,
    Example,
    allow,
    ask,
    aws,
    deny,
    federated,
    policy,
    role,
    root,
    service,
    user,
)
from tests.oracle.examples_elements import ELEMENTS
from tests.oracle.literal import (
    BOUNDARY,
    IDENTITY,
    RCP,
    RESOURCE,
    SCP,
    SESSION,
    Caller,
    Policy,
    Request,
)
from tests.oracle.operators import Context

OTHER = "222222222222"
OBJECT = "arn:aws:s3:::DOC-EXAMPLE-BUCKET/a"

# Within one account: Carlos and his buckets.
BASICS = GUIDE + "reference_policies_evaluation-logic_policy-eval-basics.html"
OWN = ["arn:aws:s3:::carlossalazar/*", "arn:aws:s3:::carlossalazar"]
CARLOS = policy(
    allow(["s3:GetBucketLocation", "s3:ListAllMyBuckets"], "arn:aws:s3:::*"),
    allow("s3:*", OWN),
    deny("s3:*", "arn:aws:s3:::*log*"),
)
OWN_BUCKET = policy(allow("s3:*", OWN, Principal=aws(f"arn:aws:iam::{ACCOUNT}:user/carlossalazar")))
carlos = user(CARLOS, name="carlossalazar")
powerless = user(name="carlossalazar")
ONE_ACCOUNT = [
    Example(
        "Carlos saves to his logs bucket",
        BASICS,
        ask(carlos, "s3:PutObject", "arn:aws:s3:::carlossalazar-logs/a"),
        EXPLICIT,
        IDENTITY,
    ),
    Example(
        "Carlos saves to his own bucket",
        BASICS,
        ask(carlos, "s3:PutObject", "arn:aws:s3:::carlossalazar/a", resource_policy=OWN_BUCKET),
        ALLOWED,
    ),
    Example(
        "Carlos saves where only his own policy allows",
        BASICS,
        ask(carlos, "s3:PutObject", "arn:aws:s3:::carlossalazar/a"),
        ALLOWED,
    ),
    Example(
        "Carlos saves where only the bucket's policy allows",
        BASICS,
        ask(powerless, "s3:PutObject", "arn:aws:s3:::carlossalazar/a", resource_policy=OWN_BUCKET),
        ALLOWED,
    ),
    Example(
        "Neither allows",
        BASICS,
        ask(powerless, "s3:PutObject", "arn:aws:s3:::carlossalazar/a"),
        IMPLICIT,
        IDENTITY,
    ),
]

# The difference between explicit and implicit denies.
INTERPLAY = GUIDE + "reference_policies_evaluation-logic_AccessPolicyLanguage_Interplay.html"
READER = policy(allow(["iam:Get*", "iam:List*"]), deny("iam:*Report"))
REPORTER = policy(allow("iam:GenerateCredentialReport"))
DENIES = [
    Example("Read only", INTERPLAY, ask(user(READER), "iam:GetUser"), ALLOWED),
    Example("Not said", INTERPLAY, ask(user(READER), "iam:CreatePolicy"), IMPLICIT, IDENTITY),
    Example(
        "Denied report",
        INTERPLAY,
        ask(user(READER), "iam:GetOrganizationsAccessReport"),
        EXPLICIT,
        IDENTITY,
    ),
    Example(
        "Denied report although another policy allows it",
        INTERPLAY,
        ask(user(READER, REPORTER), "iam:GenerateCredentialReport"),
        EXPLICIT,
        IDENTITY,
    ),
]

# Across accounts: Carlos and the Production bucket.
ACROSS = GUIDE + "reference_policies_evaluation-logic-cross-account.html"
ABROAD = policy(
    allow("s3:ListAllMyBuckets"),
    allow("s3:*Object*", "arn:aws:s3:::Production/*"),
    deny("s3:*", ["arn:aws:s3:::*log*", "arn:aws:s3:::*log*/*"]),
)
visitor = user(ABROAD, name="carlossalazar", account="111111111111")
PRODUCTION = policy(
    allow(
        ["s3:GetObject*", "s3:PutObject*", "s3:ReplicateObject", "s3:RestoreObject"],
        "arn:aws:s3:::Production/*",
        Principal=aws(visitor.arn),
    )
)
CROSS = [
    Example(
        "Carlos saves to Production-logs",
        ACROSS,
        ask(visitor, "s3:PutObject", "arn:aws:s3:::Production-logs/a", owner=OTHER),
        EXPLICIT,
        IDENTITY,
    ),
    Example(
        "Carlos saves to Production",
        ACROSS,
        ask(
            visitor,
            "s3:PutObject",
            "arn:aws:s3:::Production/a",
            owner=OTHER,
            resource_policy=PRODUCTION,
        ),
        ALLOWED,
    ),
    Example(
        "Carlos deletes from Production",
        ACROSS,
        ask(
            visitor,
            "s3:DeleteObject",
            "arn:aws:s3:::Production/a",
            owner=OTHER,
            resource_policy=PRODUCTION,
        ),
        IMPLICIT,
        RESOURCE,
    ),
    Example(
        "Only the bucket's account allows",
        ACROSS,
        ask(
            user(name="carlossalazar", account="111111111111"),
            "s3:PutObject",
            "arn:aws:s3:::Production/a",
            owner=OTHER,
            resource_policy=PRODUCTION,
        ),
        IMPLICIT,
        IDENTITY,
    ),
]

# Permissions boundaries: Shirley.
BOUNDARIES = GUIDE + "access_policies_boundaries.html"
LIMIT = policy(allow(["s3:*", "cloudwatch:*", "ec2:*"]))
CREATOR = policy(allow("iam:CreateUser"))
shirley = user(CREATOR, name="ShirleyRodriguez", boundary=LIMIT)
WIDER = policy(allow(["s3:*", "cloudwatch:*", "ec2:*", "iam:CreateUser"]))
BOUNDARY_CASES = [
    Example(
        "Shirley may not create users",
        BOUNDARIES,
        ask(shirley, "iam:CreateUser"),
        IMPLICIT,
        BOUNDARY,
    ),
    Example(
        "The boundary grants nothing",
        BOUNDARIES,
        ask(shirley, "s3:GetObject", OBJECT),
        IMPLICIT,
        IDENTITY,
    ),
    Example(
        "Her boundary allows it now",
        BOUNDARIES,
        ask(user(CREATOR, boundary=WIDER), "iam:CreateUser"),
        ALLOWED,
    ),
]

# The table of principals in resource-based policies and implicit denies elsewhere.
TABLE = GUIDE + "reference_policies_evaluation-logic_policy-eval-denyallow.html"
NOTHING_MUCH = policy(allow("ec2:DescribeInstances"))


def bucket(*names: str) -> Policy:
    return policy(allow("s3:GetObject", "arn:aws:s3:::DOC-EXAMPLE-BUCKET/*", Principal=aws(*names)))


bounded_user = user(boundary=NOTHING_MUCH)
bounded_role = role(boundary=NOTHING_MUCH)
limited_role = role(session=NOTHING_MUCH)
limited_visitor = federated(session=NOTHING_MUCH)


def read(caller: Caller, *names: str) -> Request:
    return ask(caller, "s3:GetObject", OBJECT, resource_policy=bucket(*names))


FULL = policy(allow("s3:*"))
PRINCIPALS = [
    ("a user, not limited", bounded_user, bounded_user.arn, ALLOWED, ""),
    ("a role, no boundary", role(), role().entity, ALLOWED, ""),
    ("a role, by its boundary", bounded_role, bounded_role.entity, IMPLICIT, BOUNDARY),
    ("a role, by its session policy", limited_role, limited_role.entity, IMPLICIT, SESSION),
    ("a role session, not by a boundary", bounded_role, bounded_role.arn, ALLOWED, ""),
    ("a role session, not by its policy", limited_role, limited_role.arn, ALLOWED, ""),
    ("a federated user", limited_visitor, limited_visitor.arn, ALLOWED, ""),
    ("a federated user without policy", federated(FULL), federated().arn, ALLOWED, ""),
    (
        "the federating user, by the session policy",
        limited_visitor,
        federated().entity,
        IMPLICIT,
        SESSION,
    ),
    (
        "the federating user, by the boundary",
        federated(session=FULL, boundary=NOTHING_MUCH),
        federated().entity,
        IMPLICIT,
        BOUNDARY,
    ),
    ("the federating user", federated(session=FULL), federated().entity, ALLOWED, ""),
    ("everyone", powerless, "*", ALLOWED, ""),
    ("everyone, a bounded role", bounded_role, "*", ALLOWED, ""),
    ("everyone, anonymous", ANONYMOUS, "*", ALLOWED, ""),
    ("a user, anonymous", ANONYMOUS, powerless.arn, IMPLICIT, RESOURCE),
]
GRANTED = [
    Example(f"Granted to {name}", TABLE, read(caller, arn), outcome, by)
    for name, caller, arn, outcome, by in PRINCIPALS
]

# Session policies.
SESSIONS = GUIDE + "access_policies.html#policies_session"
SESSION_CASES = [
    Example("Both allow", SESSIONS, ask(role(FULL, session=FULL), "s3:GetObject", OBJECT), ALLOWED),
    Example(
        "The session policy does not",
        SESSIONS,
        ask(role(FULL, session=NOTHING_MUCH), "s3:GetObject", OBJECT),
        IMPLICIT,
        SESSION,
    ),
    Example(
        "A session policy grants nothing",
        SESSIONS,
        ask(role(session=FULL), "s3:GetObject", OBJECT),
        IMPLICIT,
        IDENTITY,
    ),
    Example("A role session without any", TABLE, ask(role(FULL), "s3:GetObject", OBJECT), ALLOWED),
    Example(
        "A federated user without any",
        TABLE,
        ask(federated(FULL), "s3:GetObject", OBJECT),
        IMPLICIT,
        SESSION,
    ),
]

# Service control policies.
SCPS = ORGANIZATIONS + "orgs_manage_policies_scps.html"
SCP_EVALUATION = ORGANIZATIONS + "orgs_manage_policies_scps_evaluation.html"
SYNTAX = ORGANIZATIONS + "orgs_manage_policies_scps_syntax.html"
NO_IAM = policy(deny(["iam:*", "ec2:*", "rds:*"]))
COMPUTE = policy(allow(["ec2:*", "cloudwatch:*"]))
EUROPE = policy(
    {
        "Effect": "Deny",
        "NotAction": ["cloudfront:*", "iam:*", "route53:*", "support:*"],
        "Resource": "*",
        "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": ["eu-central-1", "eu-west-1"]},
        },
    }
)
ADMIN_ROLE = policy(deny(["iam:DeleteRole"], ["arn:aws:iam::*:role/role-to-deny"]))
MICRO = policy(
    deny(
        "ec2:RunInstances",
        "arn:aws:ec2:*:*:instance/*",
        Condition={"StringNotEquals": {"ec2:InstanceType": "t2.micro"}},
    )
)
INSTANCE = f"arn:aws:ec2:eu-west-1:{ACCOUNT}:instance/*"
ADMIN = user(EVERYTHING)


def controlled(
    name: str,
    page: str,
    caller: Caller,
    action: str,
    outcome: str,
    *levels: list[Policy],
    **more: Any,
) -> Example:
    by = "" if outcome == ALLOWED else SCP
    request = ask(caller, action, scps=list(levels), **more)
    return Example(name, page, request, outcome, by)


FIRST, SECOND = policy(allow(["a:A", "a:B", "a:C"])), policy(allow(["a:C", "a:D", "a:E"]))
CONTROLS = [
    controlled("Denied to admins", SCPS, ADMIN, "iam:GetUser", EXPLICIT, [EVERYTHING, NO_IAM]),
    controlled("Denied to root", SCPS, root(), "iam:GetUser", EXPLICIT, [EVERYTHING, NO_IAM]),
    controlled("Not denied", SCPS, ADMIN, "s3:GetObject", ALLOWED, [EVERYTHING, NO_IAM]),
    controlled("Root is not allowed", SCPS, root(), "s3:GetObject", IMPLICIT, [COMPUTE]),
    controlled(
        "The management account", SCPS, ADMIN, "iam:GetUser", ALLOWED, [NO_IAM], scp_free=True
    ),
    controlled(
        "A service-linked role",
        SCPS,
        role(EVERYTHING, service_linked=True),
        "iam:GetUser",
        ALLOWED,
        [NO_IAM],
    ),
    controlled("In the allow list", SCPS, ADMIN, "ec2:RunInstances", ALLOWED, [COMPUTE]),
    controlled("Outside the allow list", SCPS, ADMIN, "s3:GetObject", IMPLICIT, [COMPUTE]),
    controlled("Allowed at one level", SCP_EVALUATION, ADMIN, "a:A", IMPLICIT, [FIRST], [SECOND]),
    controlled("Blocked above", SCP_EVALUATION, ADMIN, "a:D", IMPLICIT, [FIRST], [SECOND]),
    controlled("Allowed at both", SCP_EVALUATION, ADMIN, "a:C", ALLOWED, [FIRST], [SECOND]),
    controlled("A level with none", SCP_EVALUATION, ADMIN, "a:C", IMPLICIT, [EVERYTHING], []),
    controlled(
        "Denied above",
        SCP_EVALUATION,
        ADMIN,
        "rds:StartDBInstance",
        EXPLICIT,
        [EVERYTHING],
        [EVERYTHING, NO_IAM],
        [EVERYTHING],
    ),
    controlled(
        "The Region lock",
        SYNTAX,
        ADMIN,
        "ec2:RunInstances",
        EXPLICIT,
        [EVERYTHING, EUROPE],
        context={"aws:RequestedRegion": "us-east-1"},
    ),
    controlled(
        "The Region lock, a global service",
        SYNTAX,
        ADMIN,
        "iam:CreateUser",
        ALLOWED,
        [EVERYTHING, EUROPE],
        context={"aws:RequestedRegion": "us-east-1"},
    ),
    controlled(
        "The Region lock, in Europe",
        SYNTAX,
        ADMIN,
        "ec2:RunInstances",
        ALLOWED,
        [EVERYTHING, EUROPE],
        context={"aws:RequestedRegion": "eu-west-1"},
    ),
    controlled(
        "The protected role",
        SYNTAX,
        ADMIN,
        "iam:DeleteRole",
        EXPLICIT,
        [EVERYTHING, ADMIN_ROLE],
        resource=f"arn:aws:iam::{ACCOUNT}:role/role-to-deny",
    ),
    controlled(
        "A large instance",
        SYNTAX,
        ADMIN,
        "ec2:RunInstances",
        EXPLICIT,
        [EVERYTHING, MICRO],
        resource=INSTANCE,
        context={"ec2:InstanceType": "m5.large"},
    ),
    controlled(
        "A micro instance",
        SYNTAX,
        ADMIN,
        "ec2:RunInstances",
        ALLOWED,
        [EVERYTHING, MICRO],
        resource=INSTANCE,
        context={"ec2:InstanceType": "t2.micro"},
    ),
    Example(
        "SCPs grant nothing",
        SCPS,
        ask(user(), "s3:GetObject", OBJECT, scps=[[EVERYTHING]]),
        IMPLICIT,
        IDENTITY,
    ),
]

# Resource control policies.
RCPS = ORGANIZATIONS + "orgs_manage_policies_rcps.html"
RCP_EXAMPLES = ORGANIZATIONS + "orgs_manage_policies_rcps_examples.html"
OURS = policy(
    deny(
        "s3:*",
        "*",
        Principal="*",
        Condition={
            "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-ours"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    )
)
PUBLIC = bucket("*")
outsider = user(FULL, account=OTHER)


def guarded(name: str, caller: Caller, context: Context, outcome: str, **more: Any) -> Example:
    """A call to read a public bucket of ours, which an RCP guards."""
    given = {"owner": ACCOUNT, "rcps": [[RCP_EVERYTHING, OURS]], "resource_policy": PUBLIC} | more
    request = ask(caller, "s3:GetObject", OBJECT, context, **given)
    return Example(name, RCP_EXAMPLES, request, outcome, "" if outcome == ALLOWED else RCP)


RESOURCE_CONTROLS = [
    guarded("An outside user", outsider, {"aws:PrincipalOrgID": "o-theirs"}, EXPLICIT),
    guarded("A user outside any organization", outsider, {}, EXPLICIT),
    guarded("Anonymous", ANONYMOUS, {}, EXPLICIT),
    guarded("A user of ours", ADMIN, {"aws:PrincipalOrgID": "o-ours"}, ALLOWED),
    guarded(
        "A service",
        service("cloudtrail.amazonaws.com"),
        {},
        ALLOWED,
        resource_policy=policy(
            allow("s3:*", Principal={"Service": "cloudtrail.amazonaws.com"}),
        ),
    ),
    guarded("The management account's bucket", outsider, {}, ALLOWED, rcp_free=True),
    guarded("A service-linked role", role(FULL, service_linked=True), {}, ALLOWED),
    Example(
        "A service without RCPs",
        RCPS,
        ask(
            ADMIN,
            "ec2:StopInstances",
            INSTANCE,
            rcps=[[RCP_EVERYTHING, policy(deny("ec2:*", Principal="*"))]],
        ),
        ALLOWED,
    ),
]

EXAMPLES = [
    *ONE_ACCOUNT,
    *DENIES,
    *CROSS,
    *BOUNDARY_CASES,
    *GRANTED,
    *SESSION_CASES,
    *CONTROLS,
    *RESOURCE_CONTROLS,
    *ELEMENTS,
]
