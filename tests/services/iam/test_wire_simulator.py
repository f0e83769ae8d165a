"""The simulator by boto3 over HTTP: nested lists, maps and truth values as clients parse them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_wire import refusal

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def iam() -> Iterator[Any]:
    with RunningCloud() as running:
        yield running.client("iam")


def test_custom_policies(iam: Any) -> None:
    policy = document("s3:GetObject", Condition={"Bool": {"aws:SecureTransport": "true"}})
    asked = {
        "PolicyInputList": [policy],
        "ActionNames": ["s3:GetObject", "s3:PutObject"],
        "ResourceArns": ["arn:aws:s3:::b/k"],
        "OrderedOrganizationPolicyInputList": [{"ServiceControlPolicyInputList": [document("*")]}],
        "ContextEntries": [
            {
                "ContextKeyName": "aws:SecureTransport",
                "ContextKeyValues": ["true"],
                "ContextKeyType": "boolean",
            }
        ],
    }
    pages = list(
        iam.get_paginator("simulate_custom_policy").paginate(
            **asked, PaginationConfig={"PageSize": 1}
        )
    )
    first, second = (result for page in pages for result in page["EvaluationResults"])
    assert len(pages) == 2
    assert (first["EvalDecision"], second["EvalDecision"]) == ("allowed", "implicitDeny")
    assert first["MatchedStatements"][0]["StartPosition"]["Line"] == 1
    assert first["MissingContextValues"] == second["MatchedStatements"] == []
    assert first["OrganizationsDecisionDetail"] == {"AllowedByOrganizations": True}
    assert first["EvalDecisionDetails"] == {}
    (told,) = first["ResourceSpecificResults"]
    assert (told["EvalResourceName"], told["EvalResourceDecision"]) == (
        "arn:aws:s3:::b/k",
        "allowed",
    )
    keys = iam.get_context_keys_for_custom_policy(PolicyInputList=[policy])["ContextKeyNames"]
    assert keys == ["aws:SecureTransport"]
    assert refusal(iam.simulate_custom_policy, **{**asked, "ActionNames": ["Get"]}) == (
        "InvalidInput",
        "Invalid Action name: Get",
        400,
    )


def test_a_principals_policies(iam: Any) -> None:
    arn = iam.create_user(UserName="ann")["User"]["Arn"]
    policy = document("s3:*", resource="arn:aws:s3:::${aws:username}/*")
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=policy)
    (result,) = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::ann/k"],
        ResourceOwner="arn:aws:iam::444455556666:root",
    )["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalDecisionDetails"] == {
        "IAM Policy": "allowed",
        "Resource Policy": "implicitDeny",
    }
    keys = iam.get_context_keys_for_principal_policy(PolicySourceArn=arn)["ContextKeyNames"]
    assert keys == ["aws:username"]
    left_out = {"PolicyName": "p", "AttachmentType": "user", "AttachmentName": "a*"}
    (result,) = iam.simulate_principal_policy(
        PolicySourceArn=arn,
        ActionNames=["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::ann/k"],
        PolicyExclusionList=[{"InlinePolicyIdentifier": left_out}],
    )["EvaluationResults"]
    assert result["EvalDecision"] == "implicitDeny"
    assert result["EvalDecisionDetails"] == {}
    assert refusal(
        iam.simulate_principal_policy,
        PolicySourceArn=arn.replace("ann", "nobody"),
        ActionNames=["s3:GetObject"],
    )[:2] == ("NoSuchEntity", "The user with name nobody cannot be found.")


def test_trust_by_unique_id(iam: Any) -> None:
    user = iam.create_user(UserName="bob")["User"]
    statement = (
        f'{{"Effect":"Allow","Principal":{{"AWS":"{user["Arn"]}"}},"Action":"sts:AssumeRole"}}'
    )
    trust = f'{{"Version":"2012-10-17","Statement":[{statement}]}}'
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)

    def shown() -> Any:
        told = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
        return told["Statement"][0]["Principal"]

    assert shown() == {"AWS": user["Arn"]}
    iam.delete_user(UserName="bob")
    assert shown() == {"AWS": user["UserId"]}
    name = "arn:aws:iam::aws:policy/aws-service-role/AWSAppFabricServiceRolePolicy"
    assert refusal(iam.attach_role_policy, RoleName="r", PolicyArn=name)[0] == (
        "PolicyNotAttachable"
    )
