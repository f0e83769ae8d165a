"""Denials in AWS's words (troubleshoot_access-denied)."""

import msgspec
import pytest

from cloudling.kernel.authorize import Decision, NamedPolicy, messages, parse
from cloudling.kernel.identities import Identity

JOHN = Identity(
    kind="user",
    account="777788889999",
    arn="arn:aws:iam::777788889999:user/John",
    principal_arn="arn:aws:iam::777788889999:user/John",
    unique_id="AIDA",
    name="John",
)
ANONYMOUS = Identity(kind="anonymous", account="", arn="", principal_arn="", unique_id="")
WHO = "User: arn:aws:iam::777788889999:user/John is not authorized to perform: "
DOCUMENT = parse(
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', "identity"
)
ARN = "arn:aws:iam::777788889999:policy/Deny"


@pytest.mark.parametrize(
    ("action", "resource", "decision", "text"),
    [
        (
            "codecommit:ListRepositories",
            "*",
            Decision(False, "identity-based policy"),
            WHO + "codecommit:ListRepositories because no identity-based policy allows the "
            "codecommit:ListRepositories action",
        ),
        (
            "codedeploy:ListDeployments",
            "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:*",
            Decision(False, "permissions boundary"),
            WHO + "codedeploy:ListDeployments on resource: "
            "arn:aws:codedeploy:us-east-1:123456789012:deploymentgroup:* because no permissions "
            "boundary allows the codedeploy:ListDeployments action",
        ),
        (
            "sagemaker:ListModels",
            "*",
            Decision(False, "permissions boundary", explicit=True),
            WHO + "sagemaker:ListModels with an explicit deny in a permissions boundary",
        ),
        (
            "iam:GetUser",
            "*",
            Decision(False, "identity-based policy", True, NamedPolicy("Deny", ARN, DOCUMENT)),
            WHO + f"iam:GetUser with an explicit deny in an identity-based policy: {ARN}",
        ),
        (
            "iam:GetUser",
            "*",
            Decision(False, "identity-based policy", True, NamedPolicy("x", "", DOCUMENT)),
            WHO + "iam:GetUser with an explicit deny in an identity-based policy",
        ),
        (
            "codecommit:ListRepositories",
            "*",
            Decision(False, "session policy"),
            WHO + "codecommit:ListRepositories because no session policy allows the "
            "codecommit:ListRepositories action",
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:*",
            Decision(False, "resource-based policy", explicit=True),
            WHO + "secretsmanager:GetSecretValue on resource: "
            "arn:aws:secretsmanager:us-east-1:123456789012:secret:* with an explicit deny in a "
            "resource-based policy",
        ),
        (
            "sts:AssumeRole",
            "*",
            Decision(False, "role trust policy"),
            WHO + "sts:AssumeRole because no role trust policy allows the sts:AssumeRole action",
        ),
        (
            "sts:AssumeRole",
            "*",
            Decision(False, "role trust policy", explicit=True),
            WHO + "sts:AssumeRole with an explicit deny in the role trust policy",
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            Decision(False, "identity-based policy"),
            WHO + 's3:GetObject on resource: "arn:aws:s3:::b/k" because no identity-based policy '
            "allows the s3:GetObject action",
        ),
        (
            "s3:GetObject",
            "arn:aws:s3:::b/k",
            Decision(False, "resource-based policy", cross_account=True),
            "Access Denied",
        ),
        (
            "sts:AssumeRole",
            "arn:aws:iam::123456789012:role/r",
            Decision(False, "role trust policy", cross_account=True),
            WHO + "sts:AssumeRole on resource: arn:aws:iam::123456789012:role/r",
        ),
        (
            "sqs:SendMessage",
            "arn:aws:sqs:us-east-1:777788889999:q",
            Decision(False, "identity-based policy"),
            WHO + "sqs:sendmessage on resource: arn:aws:sqs:us-east-1:777788889999:q because no "
            "identity-based policy allows the sqs:sendmessage action",
        ),
        (
            "ec2:RunInstances",
            "*",
            Decision(False, "identity-based policy"),
            "You are not authorized to perform this operation. " + WHO + "ec2:RunInstances "
            "because no identity-based policy allows the ec2:RunInstances action",
        ),
    ],
)
def test_denials(action: str, resource: str, decision: Decision, text: str) -> None:
    assert messages.denial(JOHN, action, resource, decision) == text


def test_anonymous_callers() -> None:
    decision = Decision(False, "resource-based policy")
    assert messages.denial(ANONYMOUS, "s3:GetObject", "*", decision) == "Access Denied"
    assert messages.denial(ANONYMOUS, "es:ESHttpGet", "*", decision) == (
        "User: anonymous is not authorized to perform: es:ESHttpGet because no resource-based "
        "policy allows the es:ESHttpGet action"
    )


POLICY = parse(
    '{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}', "scp"
)
SCP_ARN = (
    "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd"
)
BY_SCP = Decision(
    False, "service control policy", True, NamedPolicy("p", SCP_ARN, POLICY), POLICY.statements[0]
)
ID = "d3xbfwcsdoam45n7ms6nv5pl0"
FOUND_AGAIN = (
    ". Go to https://us-east-1.console.aws.amazon.com/iam/home?region=us-east-1"
    f"#/authorization-details/{ID} for complete details, or call the "
    f"GetRequestAuthorizationDetails API with the following authorization id: {ID}"
)


def told(decision: Decision, action: str = "iam:ListRoles", **receipt: str) -> str:
    roles = "arn:aws:iam::123456789012:role/*"
    return messages.denial(JOHN, action, roles, decision, messages.Receipt(**receipt))


def test_control_policies_are_named_by_their_arn() -> None:
    """The example of AWS's Security Blog."""
    assert told(BY_SCP) == (
        WHO + "iam:ListRoles on resource: arn:aws:iam::123456789012:role/* with an explicit deny "
        f"in a service control policy: {SCP_ARN}"
    )
    assert told(Decision(False, "resource control policy", explicit=True)).endswith(
        " with an explicit deny in a resource control policy"
    )
    assert told(Decision(False, "service control policy")).endswith(
        " because no service control policy allows the iam:ListRoles action"
    )


def test_reasons_stay_in_the_organization() -> None:
    abroad = msgspec.structs.replace(BY_SCP, cross_account=True)
    assert told(abroad).endswith(" on resource: arn:aws:iam::123456789012:role/*")
    sister = msgspec.structs.replace(abroad, same_organization=True)
    assert told(sister) == told(BY_SCP)
    assert messages.denial(JOHN, "s3:GetObject", "*", abroad) == "Access Denied"
    assert "service control policy" in messages.denial(JOHN, "s3:GetObject", "*", sister)


@pytest.mark.parametrize(
    ("action", "ends"),
    [
        ("iam:GetRole", FOUND_AGAIN),
        ("iam:PassRole", f": {SCP_ARN}"),
        ("iam:ListInstanceProfiles", f": {SCP_ARN}"),
        ("sts:AssumeRole", f": {SCP_ARN}"),
    ],
)
def test_authorization_ids_are_told_by_iam(action: str, ends: str) -> None:
    assert told(BY_SCP, action, authorization_id=ID).endswith(ends)


def test_ec2_encodes() -> None:
    text = told(BY_SCP, "ec2:RunInstances", encoded="4OyGb", authorization_id=ID)
    assert text.startswith("You are not authorized to perform this operation. User: ")
    assert text.endswith(f"{SCP_ARN}. Encoded authorization failure message: 4OyGb")


def test_ec2_speaks_so_of_what_else_it_asks_for() -> None:
    text = told(BY_SCP, "iam:PassRole", encoded="4OyGb", service="ec2")
    assert text.startswith("You are not authorized to perform this operation. User: ")
    assert text.endswith("Encoded authorization failure message: 4OyGb")
    assert told(BY_SCP, "iam:PassRole", encoded="4OyGb", service="iam").startswith("User: ")
