"""Whom a trust policy names: kept by unique id, shown by ARN."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from tests.services.iam.test_api_policies import ADMINISTRATOR, document
from tests.services.iam.test_api_principals import TRUST, refusal

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ACCOUNT = "arn:aws:iam::111122223333"
ANN = f"{ACCOUNT}:user/ann"
ROLE = f"{ACCOUNT}:role/r"


def trusting(*principals: str, **more: Any) -> str:
    names: Any = principals[0] if len(principals) == 1 else list(principals)
    statement = {"Effect": "Allow", "Principal": {"AWS": names}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)


def shown(local: LocalCloud, name: str = "r") -> Any:
    role = local.root().iam.get_role(RoleName=name)["Role"]
    text = unquote(role["AssumeRolePolicyDocument"])
    return json.loads(text)["Statement"][0]["Principal"]["AWS"]


def test_who_is_made_again_is_somebody_else(local: LocalCloud) -> None:
    iam = local.root().iam
    ann = local.user("ann")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(ANN))
    assert shown(local) == ANN
    assert ann.sts.assume_role(RoleArn=ROLE, RoleSessionName="ses")["Credentials"]
    unique = iam.get_user(UserName="ann")["User"]["UserId"]
    key = iam.list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["AccessKeyId"]
    iam.delete_access_key(UserName="ann", AccessKeyId=key)
    iam.delete_user(UserName="ann")
    assert shown(local) == unique
    again = local.user("ann", document("sts:AssumeRole"))
    assert shown(local) == unique
    assert refusal(again.sts.assume_role, RoleArn=ROLE, RoleSessionName="ses")[0] == "AccessDenied"
    told = iam.list_roles()["Roles"][0]["AssumeRolePolicyDocument"]
    code, text, _ = refusal(
        iam.update_assume_role_policy, RoleName="r", PolicyDocument=unquote(told)
    )
    assert (code, text) == (
        "MalformedPolicyDocument",
        f'Invalid principal in policy: "AWS":"{unique}"',
    )
    iam.update_assume_role_policy(RoleName="r", PolicyDocument=trusting(ANN))
    assert again.sts.assume_role(RoleArn=ROLE, RoleSessionName="ses")["Credentials"]


def test_who_is_renamed_stays_trusted(local: LocalCloud) -> None:
    iam = local.root().iam
    ann = local.user("ann")
    condition = {"ArnLike": {"aws:PrincipalArn": [ANN, f"{ACCOUNT}:user/x/eve"]}}
    trust = trusting(ANN, f"{ACCOUNT}:root", Condition=condition)
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    iam.update_user(UserName="ann", NewUserName="eve", NewPath="/x/")
    assert shown(local) == [f"{ACCOUNT}:user/x/eve", f"{ACCOUNT}:root"]
    told = iam.get_role(RoleName="r")["Role"]["AssumeRolePolicyDocument"]
    assert json.loads(unquote(told))["Statement"][0]["Condition"] == condition
    del ann


def test_a_unique_id_may_be_written(local: LocalCloud) -> None:
    iam = local.root().iam
    unique = iam.create_user(UserName="ann")["User"]["UserId"]
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(unique))
    assert shown(local) == ANN


def test_sessions_of_roles(local: LocalCloud) -> None:
    iam = local.root().iam
    first = iam.create_role(RoleName="first", Path="/x/", AssumeRolePolicyDocument=TRUST)["Role"]
    session = "arn:aws:sts::111122223333:assumed-role/first/ses"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(session, first["Arn"]))
    assert shown(local) == [session, first["Arn"]]
    credentials = local.user("ann", document("sts:AssumeRole")).sts.assume_role(
        RoleArn=first["Arn"], RoleSessionName="ses"
    )["Credentials"]
    assert local.session(credentials).sts.assume_role(RoleArn=ROLE, RoleSessionName="two")
    iam.delete_role(RoleName="first")
    assert shown(local) == [f"{first['RoleId']}:ses", first["RoleId"]]


def test_of_another_account(local: LocalCloud) -> None:
    bob = local.user("bob", document("sts:AssumeRole"), account="444455556666")
    name = "arn:aws:iam::444455556666:user/bob"
    local.root().iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(name))
    assert shown(local) == name
    assert bob.sts.assume_role(RoleArn=ROLE, RoleSessionName="ses")["Credentials"]


@pytest.mark.parametrize(
    "name",
    [
        f"{ACCOUNT}:user/x/ann",
        f"{ACCOUNT}:role/ann",
        "arn:aws:sts::111122223333:assumed-role/ann/s",
        "AIDAQEXAMPLEEXAMPLEEX",
        "AROAQEXAMPLEEXAMPLEEX:s",
    ],
)
def test_who_is_not_there_cannot_be_named(local: LocalCloud, name: str) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    code, text, status = refusal(
        iam.create_role, RoleName="r", AssumeRolePolicyDocument=trusting(ANN, name)
    )
    assert (code, status) == ("MalformedPolicyDocument", 400)
    assert text == f'Invalid principal in policy: "AWS":"{name}"'


def test_whom_nobody_can_know_may_be_named(local: LocalCloud) -> None:
    names = ["arn:aws:sts::111122223333:federated-user/f", "444455556666"]
    local.root().iam.create_role(RoleName="r", AssumeRolePolicyDocument=trusting(*names))
    assert shown(local) == [names[0], "arn:aws:iam::444455556666:root"]


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_policies_of_service_linked_roles(local: LocalCloud, kind: str) -> None:
    iam = local.root().iam
    name = {f"{kind.title()}Name": "x"}
    more = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **more)
    arn = f"{ADMINISTRATOR[:-19]}aws-service-role/AWSAppFabricServiceRolePolicy"
    attach = getattr(iam, f"attach_{kind}_policy")
    assert refusal(attach, PolicyArn=arn, **name) == (
        "PolicyNotAttachable",
        f"Cannot attach a Service Role Policy to a Customer {kind.title()}.",
        400,
    )
