"""Denials in AWS's words (troubleshoot_access-denied)."""

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
