"""Inline and managed policies, and what they allow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from tests.services.iam.test_api_principals import ALL_S3, TRUST, refusal

from cloudling.kernel import AwsError

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def document(*actions: str, effect: str = "Allow", resource: str = "*", **more: Any) -> str:
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


INLINE = {
    "user": ("put_user_policy", "get_user_policy", "list_user_policies", "delete_user_policy"),
    "group": ("put_group_policy", "get_group_policy", "list_group_policies", "delete_group_policy"),
    "role": ("put_role_policy", "get_role_policy", "list_role_policies", "delete_role_policy"),
}
ATTACHED = {
    "user": ("attach_user_policy", "list_attached_user_policies", "detach_user_policy"),
    "group": ("attach_group_policy", "list_attached_group_policies", "detach_group_policy"),
    "role": ("attach_role_policy", "list_attached_role_policies", "detach_role_policy"),
}


@pytest.mark.parametrize("kind", ["user", "group", "role"])
def test_inline_policies(local: LocalCloud, kind: str) -> None:
    iam = local.root().iam
    put, get, listed, delete = (getattr(iam, each) for each in INLINE[kind])
    name = {f"{kind.title()}Name": "x"}
    more = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **more)
    put(PolicyName="p", PolicyDocument=ALL_S3, **name)
    told = get(PolicyName="p", **name)
    assert json.loads(unquote(told["PolicyDocument"])) == json.loads(ALL_S3)
    assert listed(**name)["PolicyNames"] == ["p"]
    delete(PolicyName="p", **name)
    assert refusal(get, PolicyName="p", **name) == (
        "NoSuchEntity",
        f"The {kind} policy with name p cannot be found.",
        404,
    )


@pytest.mark.parametrize(("kind", "most"), [("user", 2048), ("group", 5120), ("role", 10240)])
def test_inline_policies_have_a_size_together(local: LocalCloud, kind: str, most: int) -> None:
    iam = local.root().iam
    name = {f"{kind.title()}Name": "x"}
    more = {"AssumeRolePolicyDocument": TRUST} if kind == "role" else {}
    getattr(iam, f"create_{kind}")(**name, **more)
    large = document(*[f"s3:Get{number:05}" for number in range(most // 12)])
    code, text, status = refusal(
        getattr(iam, f"put_{kind}_policy"), PolicyName="p", PolicyDocument=large, **name
    )
    assert (code, status) == ("LimitExceeded", 409)
    assert text == f"Maximum policy size of {most} bytes exceeded for {kind} x"


def test_a_managed_policy_and_its_versions(local: LocalCloud) -> None:
    iam = local.root().iam
    made = iam.create_policy(PolicyName="p", PolicyDocument=ALL_S3, Description="d")["Policy"]
    arn = made["Arn"]
    assert (arn, made["DefaultVersionId"]) == ("arn:aws:iam::111122223333:policy/p", "v1")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=ALL_S3, SetAsDefault=True)
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=ALL_S3)[0] == (
        "LimitExceeded"
    )
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [each["VersionId"] for each in versions] == ["v5", "v4", "v3", "v2", "v1"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v2")[1] == (
        "Cannot delete the default version of a policy."
    )
    assert refusal(iam.delete_policy, PolicyArn=arn)[0] == "DeleteConflict"
    for version in ("v1", "v3", "v4", "v5"):
        iam.delete_policy_version(PolicyArn=arn, VersionId=version)
    told = iam.get_policy_version(PolicyArn=arn, VersionId="v2")["PolicyVersion"]
    assert json.loads(unquote(told["Document"])) == json.loads(ALL_S3)
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "b"}])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.get_policy, PolicyArn=arn)[0] == "NoSuchEntity"


def test_awss_policies_come_with_their_documents(local: LocalCloud) -> None:
    iam = local.root().iam
    told = iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]
    version = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId=told["DefaultVersionId"])
    assert json.loads(unquote(version["PolicyVersion"]["Document"]))["Statement"] == [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}
    ]
    names, more = [], {}
    while True:
        page = iam.list_policies(Scope="AWS", MaxItems=1000, **more)
        names += [policy["PolicyName"] for policy in page["Policies"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    assert len(names) > 1400
    assert "AmazonS3FullAccess" in names
    assert refusal(iam.delete_policy, PolicyArn=ADMINISTRATOR) == (
        "AccessDenied",
        "Policy is outside your own account.",
        403,
    )


def test_attaching(local: LocalCloud) -> None:
    iam = local.root().iam
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    for kind, name in (("user", "u"), ("group", "g"), ("role", "r")):
        who = {f"{kind.title()}Name": name}
        attach, list_attached, _ = (getattr(iam, each) for each in ATTACHED[kind])
        attach(PolicyArn=ADMINISTRATOR, **who)
        attach(PolicyArn=ADMINISTRATOR, **who)
        listed = list_attached(**who)["AttachedPolicies"]
        assert listed == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
    told = iam.list_entities_for_policy(PolicyArn=ADMINISTRATOR)
    assert [each["UserName"] for each in told["PolicyUsers"]] == ["u"]
    assert [each["RoleName"] for each in told["PolicyRoles"]] == ["r"]
    assert [each["GroupName"] for each in told["PolicyGroups"]] == ["g"]
    attached = iam.list_policies(OnlyAttached=True)["Policies"]
    assert [(each["PolicyName"], each["AttachmentCount"]) for each in attached] == [
        ("AdministratorAccess", 3)
    ]
    for kind, name in (("user", "u"), ("group", "g"), ("role", "r")):
        getattr(iam, f"detach_{kind}_policy")(
            PolicyArn=ADMINISTRATOR, **{f"{kind.title()}Name": name}
        )
    missing = "arn:aws:iam::111122223333:policy/none"
    assert refusal(iam.attach_user_policy, UserName="u", PolicyArn=missing) == (
        "NoSuchEntity",
        f"Policy {missing} does not exist or is not attachable.",
        404,
    )


def test_a_user_may_do_what_policies_allow_and_no_more(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:GetUser"))
    assert ann.iam.get_user(UserName="ann")["User"]["UserName"] == "ann"
    with pytest.raises(AwsError) as caught:
        ann.iam.create_user(UserName="eve")
    assert caught.value.error_code == "AccessDenied"
    assert caught.value.http_status == 403
    assert caught.value.text.partition(". Go to https://")[0] == (
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:CreateUser on "
        "resource: arn:aws:iam::111122223333:user/eve because no identity-based policy allows the "
        "iam:CreateUser action"
    )
    assert refusal(local.root().iam.get_user, UserName="eve")[0] == "NoSuchEntity"


def test_an_explicit_deny_wins_and_names_its_kind(local: LocalCloud) -> None:
    ann = local.user("ann", document("*"), document("iam:List*", effect="Deny"))
    code, text, _ = refusal(ann.iam.list_users)
    assert code == "AccessDenied"
    assert text.endswith("with an explicit deny in an identity-based policy")


def test_policies_of_groups_count_and_changes_hold_at_once(local: LocalCloud) -> None:
    ann = local.user("ann")
    iam = local.root().iam
    assert refusal(ann.iam.list_users)[0] == "AccessDenied"
    iam.create_group(GroupName="admins")
    iam.attach_group_policy(GroupName="admins", PolicyArn=ADMINISTRATOR)
    iam.add_user_to_group(GroupName="admins", UserName="ann")
    assert len(ann.iam.list_users()["Users"]) == 1
    iam.detach_group_policy(GroupName="admins", PolicyArn=ADMINISTRATOR)
    assert refusal(ann.iam.list_users)[0] == "AccessDenied"


def test_modes() -> None:
    from cloudling.testing import LocalCloud

    for mode in ("observe", "off"):
        with LocalCloud(iam=mode) as local:
            ann = local.user("ann")
            assert len(ann.iam.list_users()["Users"]) == 1
