"""The policy simulator: the evaluator's decisions, told as AWS tells them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import ADMINISTRATOR, document
from tests.services.iam.test_api_principals import TRUST, refusal

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

ACCOUNT = "arn:aws:iam::111122223333"
ANN = f"{ACCOUNT}:user/ann"
OBJECT = "arn:aws:s3:::b/k"
DATED = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)
NAMED = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":'
    '"arn:aws:dynamodb:us-west-2:123456789012:table/${aws:username}",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}'
)


def entry(name: str, *values: str, kind: str = "string") -> dict[str, Any]:
    return {"ContextKeyName": name, "ContextKeyValues": list(values), "ContextKeyType": kind}


def custom(local: LocalCloud, *policies: str, **more: Any) -> list[dict[str, Any]]:
    answer = local.root().iam.simulate_custom_policy(PolicyInputList=list(policies), **more)
    found: list[dict[str, Any]] = answer["EvaluationResults"]
    return found


def decision(local: LocalCloud, *policies: str, **more: Any) -> str:
    more.setdefault("ActionNames", ["s3:GetObject"])
    (result,) = custom(local, *policies, **more)
    return str(result["EvalDecision"])


def principal(local: LocalCloud, arn: str = ANN, **more: Any) -> dict[str, Any]:
    more.setdefault("ActionNames", ["s3:GetObject"])
    answer = local.root().iam.simulate_principal_policy(PolicySourceArn=arn, **more)
    (found,) = answer["EvaluationResults"]
    return dict(found)


def test_the_examples_of_the_command_line_reference(local: LocalCloud) -> None:
    later = entry("aws:CurrentTime", "2019-04-25T11:00:00Z", kind="date")
    asked: Any = {"ActionNames": ["dynamodb:CreateBackup"]}
    assert custom(local, DATED, ContextEntries=[later], **asked) == [
        {
            "EvalActionName": "dynamodb:CreateBackup",
            "EvalResourceName": "*",
            "EvalDecision": "allowed",
            "MatchedStatements": [
                {
                    "SourcePolicyId": "PolicyInputList.1",
                    "SourcePolicyType": "IAM Policy",
                    "StartPosition": {"Line": 1, "Column": 38},
                    "EndPosition": {"Line": 1, "Column": 167},
                }
            ],
            "MissingContextValues": [],
        }
    ]
    sooner = entry("aws:CurrentTime", "2018-04-25T11:00:00Z", kind="date")
    (result,) = custom(local, DATED, ContextEntries=[sooner], **asked)
    assert (result["EvalDecision"], result["MatchedStatements"]) == ("implicitDeny", [])
    keys = local.root().iam.get_context_keys_for_custom_policy(PolicyInputList=[NAMED])
    assert keys == {"ContextKeyNames": ["aws:username", "aws:CurrentTime"]}


def test_places_in_lists_of_statements(local: LocalCloud) -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"},
            ],
        },
        indent=4,
    )
    (result,) = custom(local, text, ActionNames=["s3:GetObject"])
    assert [
        (each["StartPosition"], each["EndPosition"]) for each in result["MatchedStatements"]
    ] == [
        ({"Line": 3, "Column": 19}, {"Line": 8, "Column": 10}),
        ({"Line": 8, "Column": 10}, {"Line": 13, "Column": 10}),
    ]


def test_each_resource_and_the_worst_of_them(local: LocalCloud) -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
                {"Effect": "Deny", "Action": "*", "Resource": "arn:aws:s3:::b/secret"},
            ],
        }
    )
    names = [OBJECT, "arn:aws:s3:::b/secret", "arn:aws:s3:::c/k"]
    (result,) = custom(local, text, ActionNames=["s3:GetObject"], ResourceArns=names)
    assert result["EvalDecision"] == "explicitDeny"
    assert result["EvalResourceName"] == "arn:${Partition}:s3:::${BucketName}/${ObjectName}"
    assert result["EvalDecisionDetails"] == {}
    told = result["ResourceSpecificResults"]
    assert [each["EvalResourceName"] for each in told] == names
    assert [each["EvalResourceDecision"] for each in told] == [
        "allowed",
        "explicitDeny",
        "implicitDeny",
    ]
    assert [len(each["MatchedStatements"]) for each in told] == [1, 1, 0]
    assert result["MatchedStatements"] == told[1]["MatchedStatements"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (entry("aws:SourceIp", "10.1.2.3", kind="ip"), "allowed"),
        (entry("aws:SourceIp", "11.1.2.3", kind="ip"), "implicitDeny"),
        (entry("AWS:sourceip", "10.1.2.3"), "allowed"),
        (entry("aws:UserAgent", "x"), "implicitDeny"),
    ],
)
def test_the_context_is_what_is_given(
    local: LocalCloud, given: dict[str, Any], expected: str
) -> None:
    policy = document("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    assert decision(local, policy, ContextEntries=[given]) == expected


def test_lists_in_the_context(local: LocalCloud) -> None:
    policy = document("s3:*", Condition={"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}})
    for values, expected in ((("a", "b"), "allowed"), (("a", "c"), "implicitDeny")):
        given = entry("aws:TagKeys", *values, kind="stringList")
        assert decision(local, policy, ContextEntries=[given]) == expected


def test_what_was_not_given(local: LocalCloud) -> None:
    condition = {
        "StringEquals": {"aws:PrincipalTag/team": "${aws:username}"},
        "Bool": {"aws:SecureTransport": "true"},
    }
    policy = document("s3:*", resource="arn:aws:s3:::${aws:userid}", Condition=condition)
    (result,) = custom(local, policy, ActionNames=["s3:ListBucket"])
    keys = ["aws:userid", "aws:PrincipalTag/team", "aws:username", "aws:SecureTransport"]
    assert result["MissingContextValues"] == keys
    local.root().iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "ann"}])
    given = entry("aws:SecureTransport", "true", kind="boolean")
    (result,) = custom(
        local,
        policy,
        ActionNames=["s3:ListBucket"],
        CallerArn=ANN,
        ContextEntries=[given],
        ResourceArns=["arn:aws:s3:::b"],
    )
    assert result["MissingContextValues"] == []
    unique = local.root().iam.get_user(UserName="ann")["User"]["UserId"]
    named = {"ResourceArns": [f"arn:aws:s3:::{unique}"], "ActionNames": ["s3:ListBucket"]}
    assert (
        decision(local, policy, CallerArn=ANN, ContextEntries=[given], **named)  # type: ignore[arg-type]
        == "allowed"
    )


def bucket_policy(effect: str, who: str = ANN, **more: Any) -> str:
    statement = {
        "Effect": effect,
        "Principal": {"AWS": who},
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/*",
        **more,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_policies_of_resources(local: LocalCloud) -> None:
    asked: Any = {"ResourceArns": [OBJECT], "CallerArn": ANN, "ActionNames": ["s3:GetObject"]}
    (result,) = custom(local, document("iam:*"), ResourcePolicy=bucket_policy("Allow"), **asked)
    assert result["EvalDecision"] == "allowed"
    (match,) = result["MatchedStatements"]
    assert (match["SourcePolicyId"], match["SourcePolicyType"]) == (
        "ResourcePolicy",
        "Resource Policy",
    )
    (result,) = custom(local, document("s3:*"), ResourcePolicy=bucket_policy("Deny"), **asked)
    assert result["EvalDecision"] == "explicitDeny"
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == ["ResourcePolicy"]
    others = bucket_policy("Deny", f"{ACCOUNT}:user/bob")
    assert decision(local, document("s3:*"), ResourcePolicy=others, **asked) == "allowed"
    assert (
        refusal(
            local.root().iam.simulate_custom_policy,
            PolicyInputList=[document("s3:*")],
            ActionNames=["s3:GetObject"],
            ResourcePolicy=others,
        )[0]
        == "InvalidInput"
    )


def test_resources_of_another_account(local: LocalCloud) -> None:
    asked: Any = {
        "ResourceArns": [OBJECT],
        "CallerArn": ANN,
        "ResourceOwner": "arn:aws:iam::444455556666:root",
        "ActionNames": ["s3:GetObject"],
    }
    (result,) = custom(local, document("s3:*"), ResourcePolicy=bucket_policy("Allow"), **asked)
    assert result["EvalDecision"] == "allowed"
    assert result["EvalDecisionDetails"] == {"IAM Policy": "allowed", "Resource Policy": "allowed"}
    (result,) = custom(local, document("iam:*"), ResourcePolicy=bucket_policy("Allow"), **asked)
    assert result["EvalDecision"] == "implicitDeny"
    assert result["ResourceSpecificResults"][0]["EvalDecisionDetails"] == {
        "IAM Policy": "implicitDeny",
        "Resource Policy": "allowed",
    }
    assert decision(local, document("s3:*"), **asked) == "implicitDeny"


def test_a_boundary_that_is_given(local: LocalCloud) -> None:
    asked: Any = {"ActionNames": ["s3:GetObject"]}
    for boundary, expected in (("s3:*", "allowed"), ("iam:*", "implicitDeny")):
        (result,) = custom(
            local,
            document("*"),
            PermissionsBoundaryPolicyInputList=[document(boundary)],
            **asked,
        )
        assert result["EvalDecision"] == expected
        assert result["PermissionsBoundaryDecisionDetail"] == {
            "AllowedByPermissionsBoundary": expected == "allowed"
        }
    denying = [document("s3:*", effect="Deny")]
    (result,) = custom(local, document("*"), PermissionsBoundaryPolicyInputList=denying, **asked)
    assert result["EvalDecision"] == "explicitDeny"
    assert result["MatchedStatements"][0]["SourcePolicyId"] == (
        "PermissionsBoundaryPolicyInputList.1"
    )
    assert refusal(
        local.root().iam.simulate_custom_policy,
        PolicyInputList=[document("*")],
        PermissionsBoundaryPolicyInputList=denying * 2,
        **asked,
    )[:2] == ("InvalidInput", "The list of Permissions Boundary policies cannot exceed 1 items.")


def test_control_policies_that_are_given(local: LocalCloud) -> None:
    def levels(*texts: str) -> list[dict[str, Any]]:
        return [{"ServiceControlPolicyInputList": [text]} for text in texts]

    asked: Any = {"ActionNames": ["s3:GetObject"]}
    cases = [
        (levels(document("*"), document("s3:*")), "allowed"),
        (levels(document("*"), document("iam:*")), "implicitDeny"),
        (levels(document("*"), document("s3:*", effect="Deny")), "explicitDeny"),
    ]
    for given, expected in cases:
        (result,) = custom(local, document("*"), OrderedOrganizationPolicyInputList=given, **asked)
        assert result["EvalDecision"] == expected
        assert result["OrganizationsDecisionDetail"] == {
            "AllowedByOrganizations": expected == "allowed"
        }
        assert bool(result["MatchedStatements"]) is (expected == "allowed")
    empty = [{"ServiceControlPolicyInputList": []}]
    assert (
        refusal(
            local.root().iam.simulate_custom_policy,
            PolicyInputList=[document("*")],
            OrderedOrganizationPolicyInputList=empty,
            **asked,
        )[0]
        == "InvalidInput"
    )


def test_a_users_policies_and_its_groups(local: LocalCloud) -> None:
    iam = local.root().iam
    local.user("ann", document("s3:GetObject"))
    iam.create_group(GroupName="Staff")
    iam.put_group_policy(GroupName="Staff", PolicyName="g", PolicyDocument=document("iam:*"))
    iam.attach_group_policy(GroupName="Staff", PolicyArn=ADMINISTRATOR)
    iam.add_user_to_group(GroupName="Staff", UserName="ann")
    result = principal(local)
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == [
        "user_ann_p0",
        "AdministratorAccess",
    ]
    assert "OrganizationsDecisionDetail" not in result
    result = principal(local, ActionNames=["iam:GetUser"])
    assert [each["SourcePolicyId"] for each in result["MatchedStatements"]] == [
        "group_Staff_g",
        "AdministratorAccess",
    ]
    of_group = principal(local, f"{ACCOUNT}:group/Staff", ActionNames=["iam:GetUser"])
    assert of_group["EvalDecision"] == "allowed"


def test_the_simulator_agrees_with_the_calls(local: LocalCloud) -> None:
    scoped = document("iam:Get*", resource=f"{ACCOUNT}:user/${{aws:username}}")
    ann = local.user("ann", scoped, document("iam:GetUser", effect="Deny", resource=f"{ANN}x"))
    names = ["ann", "annx", "bob"]
    for name in names[1:]:
        local.root().iam.create_user(UserName=name)
    arns = [f"{ACCOUNT}:user/{name}" for name in names]
    result = principal(local, ActionNames=["iam:GetUser"], ResourceArns=arns)
    for name, told in zip(names, result["ResourceSpecificResults"], strict=True):
        allowed = told["EvalResourceDecision"] == "allowed"
        if allowed:
            assert ann.iam.get_user(UserName=name)["User"]["UserName"] == name
        else:
            explicit = told["EvalResourceDecision"] == "explicitDeny"
            text = refusal(ann.iam.get_user, UserName=name)[1]
            assert ("explicit deny" in text) is explicit
    assert {each["EvalResourceDecision"] for each in result["ResourceSpecificResults"]} == {
        "allowed",
        "explicitDeny",
        "implicitDeny",
    }


def test_a_roles_boundary_and_what_is_left_out(local: LocalCloud) -> None:
    iam = local.root().iam
    boundary = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    iam.attach_role_policy(RoleName="r", PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(
        RoleName="r", PolicyName="no", PolicyDocument=document("s3:*", effect="Deny")
    )
    role = f"{ACCOUNT}:role/r"
    assert principal(local, role)["EvalDecision"] == "explicitDeny"
    inline = {"PolicyName": "no", "AttachmentType": "role", "AttachmentName": "r"}
    for left_out, expected in [
        ([{"PolicyType": "inline"}], "implicitDeny"),
        ([{"InlinePolicyIdentifier": inline}], "implicitDeny"),
        ([{"InlinePolicyIdentifier": {**inline, "AttachmentName": "*"}}], "implicitDeny"),
        ([{"InlinePolicyIdentifier": {**inline, "PolicyName": "yes"}}], "explicitDeny"),
        ([{"PolicyType": "inline"}, {"PolicyType": "permission-boundary"}], "allowed"),
        ([{"PolicyType": "aws-managed"}], "explicitDeny"),
        (
            [
                {"PolicyType": "inline"},
                {"PolicyType": "permission-boundary"},
                {"PolicyArn": "arn:aws:iam::aws:policy/Admin*Access"},
            ],
            "implicitDeny",
        ),
        ([{"PolicyArn": "arn:aws:iam::111122223333:policy/none"}], "explicitDeny"),
    ]:
        result = principal(local, role, PolicyExclusionList=left_out)
        assert result["EvalDecision"] == expected, left_out
    given = [document("s3:*")]
    more: Any = {"PolicyExclusionList": [{"PolicyType": "inline"}]}
    result = principal(local, role, PermissionsBoundaryPolicyInputList=given, **more)
    assert result["EvalDecision"] == "allowed"
    for wrong in [
        [{"PolicyArn": "arn:aws:iam::aws:policy/*/x"}],
        [{"PolicyArn": "arn:aws:iam::*:policy/x"}],
        [{"PolicyArn": "arn:aws:iam::aws:policy/a*b*"}],
        [{"PolicyType": "inline", "PolicyArn": ADMINISTRATOR}],
    ]:
        assert (
            refusal(
                iam.simulate_principal_policy,
                PolicySourceArn=role,
                ActionNames=["s3:GetObject"],
                PolicyExclusionList=wrong,
            )[0]
            == "InvalidInput"
        )


def test_somebody_else_with_these_policies(local: LocalCloud) -> None:
    own = document("iam:GetUser", resource=f"{ACCOUNT}:user/${{aws:username}}")
    local.user("ann", own)
    bob = f"{ACCOUNT}:user/bob"
    asked: Any = {"ActionNames": ["iam:GetUser"], "ResourceArns": [bob]}
    assert principal(local, **asked)["EvalDecision"] == "implicitDeny"
    assert principal(local, CallerArn=bob, **asked)["EvalDecision"] == "allowed"


def test_more_policies_and_their_keys(local: LocalCloud) -> None:
    local.user("ann", document("iam:*", Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert principal(local, PolicyInputList=[document("s3:*")])["EvalDecision"] == "allowed"
    get = local.root().iam.get_context_keys_for_principal_policy
    assert get(PolicySourceArn=ANN, PolicyInputList=[NAMED, NAMED])["ContextKeyNames"] == [
        "aws:SecureTransport",
        "aws:username",
        "aws:CurrentTime",
    ]


def test_pages(local: LocalCloud) -> None:
    iam = local.root().iam
    asked: Any = {
        "PolicyInputList": [document("s3:*")],
        "ActionNames": ["s3:GetObject", "s3:PutObject", "iam:GetUser"],
        "MaxItems": 2,
    }
    first = iam.simulate_custom_policy(**asked)
    assert first["IsTruncated"] is True
    second = iam.simulate_custom_policy(Marker=first["Marker"], **asked)
    assert second["IsTruncated"] is False
    told = first["EvaluationResults"] + second["EvaluationResults"]
    assert [each["EvalActionName"] for each in told] == asked["ActionNames"]


INSTANCE = [
    f"arn:aws:ec2:us-east-1:111122223333:{kind}/x"
    for kind in ("instance", "security-group", "network-interface", "volume")
]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"ActionNames": ["GetObject"]}, "Invalid Action name: GetObject"),
        ({"ActionNames": ["s3:Get*"]}, "Invalid Action name: s3:Get*"),
        (
            {"ResourceArns": [OBJECT, "k"]},
            "ResourceNames are not in a valid ARN format: k.",
        ),
        (
            {"ResourceOwner": "123456789012"},
            "'123456789012' is not a valid as a Resource Owner.",
        ),
        (
            {"CallerArn": "arn:aws:sts::111122223333:assumed-role/r/s"},
            "Invalid Entity Arn: arn:aws:sts::111122223333:assumed-role/r/s does not clearly "
            "define entity type and name.",
        ),
        ({"PolicyInputList": ["{}"]}, "Syntax errors in policy."),
        ({"ContextEntries": [entry("nokey", "x")]}, "Invalid context key name: nokey"),
        ({"ContextEntries": [entry("aws:x", "x", kind="numeric")]}, None),
        ({"ContextEntries": [entry("aws:x", "x", kind="boolean")]}, None),
        ({"ContextEntries": [entry("aws:x", "x", kind="date")]}, None),
        ({"ContextEntries": [entry("aws:x", "1.2.3", kind="ipList")]}, None),
        ({"ContextEntries": [entry("aws:x", "?", kind="binary")]}, None),
        ({"ContextEntries": [entry("aws:x", "1", "2", kind="numeric")]}, None),
        ({"ResourceHandlingOption": "EC2-Moon"}, "Invalid Resource Handling Option: EC2-Moon"),
        (
            {"ResourceHandlingOption": "EC2-VPC-EBS", "ResourceArns": INSTANCE},
            "Resource Handling Option EC2-VPC-EBS requires resources of type: image",
        ),
    ],
)
def test_what_is_refused(local: LocalCloud, more: dict[str, Any], text: str | None) -> None:
    asked = {"PolicyInputList": [document("s3:*")], "ActionNames": ["s3:GetObject"], **more}
    code, told, status = refusal(local.root().iam.simulate_custom_policy, **asked)
    assert (code, status) == ("InvalidInput", 400)
    assert text is None or told == text


def test_a_launch(local: LocalCloud) -> None:
    names = [*INSTANCE, "arn:aws:ec2:us-east-1::image/x"]
    asked: Any = {"ActionNames": ["ec2:RunInstances"], "ResourceArns": names}
    more: Any = {"ResourceHandlingOption": "EC2-VPC-EBS"}
    assert decision(local, document("ec2:*"), **asked, **more) == "allowed"
    partly = document("ec2:*", resource="arn:aws:ec2:*:*:instance/*")
    assert decision(local, partly, **asked, **more) == "implicitDeny"


def test_whose_policies_cannot_be_simulated(local: LocalCloud) -> None:
    simulate = local.root().iam.simulate_principal_policy
    other = "arn:aws:iam::444455556666:role/r"
    asked: Any = {"ActionNames": ["s3:GetObject"]}
    assert refusal(simulate, PolicySourceArn=other, **asked)[:2] == (
        "InvalidInput",
        "Invalid Policy Source Arn: caller's account 111122223333 does not have access to "
        "policies in account 444455556666",
    )
    assert refusal(simulate, PolicySourceArn=f"{ACCOUNT}:role/r", **asked) == (
        "NoSuchEntity",
        "The role with name r cannot be found.",
        404,
    )


def test_a_trust_policy_is_checked_and_left_out(local: LocalCloud) -> None:
    asked: Any = {
        "ActionNames": ["sts:AssumeRole"],
        "ResourceArns": [f"{ACCOUNT}:role/r"],
        "CallerArn": ANN,
    }
    policy = document("sts:AssumeRole")
    denying = TRUST.replace("Allow", "Deny")
    assert decision(local, policy, ResourcePolicy=denying, **asked) == "allowed"
    wrong = document("sts:AssumeRole")
    assert (
        refusal(
            local.root().iam.simulate_custom_policy,
            PolicyInputList=[policy],
            ResourcePolicy=wrong,
            **asked,
        )[0]
        == "InvalidInput"
    )


def test_who_may_simulate(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:SimulatePrincipalPolicy", resource=ANN))
    asked: Any = {"ActionNames": ["s3:GetObject"]}
    assert ann.iam.simulate_principal_policy(PolicySourceArn=ANN, **asked)["EvaluationResults"]
    local.root().iam.create_user(UserName="bob")
    code, text, _ = refusal(
        ann.iam.simulate_principal_policy, PolicySourceArn=f"{ACCOUNT}:user/bob", **asked
    )
    assert code == "AccessDenied"
    assert f"iam:SimulatePrincipalPolicy on resource: {ACCOUNT}:user/bob" in text
    assert (
        refusal(ann.iam.simulate_custom_policy, PolicyInputList=[document("s3:*")], **asked)[0]
        == "AccessDenied"
    )


def test_two_policies_of_one_name(local: LocalCloud) -> None:
    iam = local.root().iam
    local.user("ann")
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": f"s3:{name}", "Resource": "*"}
                for name in ("Put*", "List*", "Get*")
            ],
        }
    )
    own = iam.create_policy(PolicyName="AdministratorAccess", PolicyDocument=text)["Policy"]["Arn"]
    for arn in (own, ADMINISTRATOR):
        iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    first, second = principal(local)["MatchedStatements"]
    assert first["SourcePolicyId"] == second["SourcePolicyId"] == "AdministratorAccess"
    assert first["StartPosition"] != second["StartPosition"]
