"""Public parameters by name: what they say, selectors, ARNs, and who may ask."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.testing.clouds import ACCOUNT

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

FOLDER = "/aws/service/ami-amazon-linux-latest/"
LINUX_2 = FOLDER + "amzn2-ami-hvm-x86_64-gp2"
LINUX_2023 = FOLDER + "al2023-ami-kernel-default-x86_64"
NOBLE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
BOOKWORM = "/aws/service/debian/release/12/latest/arm64"
NAME_RULE = (
    'Parameter name: can\'t be prefixed with "ssm" (case-insensitive). If formed as a path, it '
    "can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of "
    "letters, numbers and the following 3 symbols .-_"
)


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(AwsError) as caught:
        call(**request)
    return caught.value.error_code, caught.value.text


def policy(action: str, *resources: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": list(resources)}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def arn(name: str, region: str = "us-east-1", account: str = "") -> str:
    return f"arn:aws:ssm:{region}:{account}:parameter/{name.removeprefix('/')}"


@pytest.mark.parametrize(
    ("name", "image", "data_type"),
    [
        (LINUX_2, "amzn2-ami-hvm-2.0.*-x86_64-gp2", "text"),
        (LINUX_2023, "al2023-ami-2023.*-kernel-6.1-x86_64", "text"),
        (NOBLE, "ubuntu/images/*/ubuntu-noble-*-amd64-*", "aws:ec2:image"),
        (BOOKWORM, "debian-12-arm64-*", "aws:ec2:image"),
    ],
)
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
def test_the_newest_image_of_the_region(
    local: LocalCloud, name: str, image: str, data_type: str, region: str
) -> None:
    cloud = local.root(region=region)
    images = cloud.ec2.describe_images(Filters=[{"Name": "name", "Values": [image]}])["Images"]
    newest = max(images, key=lambda each: each["CreationDate"])
    found = cloud.ssm.get_parameter(Name=name)["Parameter"]
    published = datetime.fromtimestamp(found.pop("LastModifiedDate"), UTC)
    assert published == datetime.fromisoformat(newest["CreationDate"])
    assert found == {
        "Name": name,
        "Type": "String",
        "Value": newest["ImageId"],
        "Version": 1,
        "ARN": arn(name, region),
        "DataType": data_type,
    }


def test_of_several_builds_the_newest(local: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def image(day: str, name: str) -> dict[str, str]:
        return {
            "CreationDate": f"{day}T00:00:00.000Z",
            "ImageId": f"ami-{name[-8:]}",
            "Name": f"debian-12-arm64-{name}",
            "OwnerId": "136693071363",
        }

    builds = [
        image("2024-02-01", "20240201-1643"),
        image("2024-02-11", "20240211-1654"),
        image("2023-12-10", "20231210-1591"),
    ]
    operations = local.cloud.services["ec2"].operations
    asked: list[dict[str, Any]] = []

    async def describe_images(call: Any, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request)
        return {"Images": builds}

    known = operations["DescribeImages"]
    monkeypatch.setitem(operations, "DescribeImages", replace(known, function=describe_images))
    found = local.root().ssm.get_parameter(Name=BOOKWORM)["Parameter"]
    assert (found["Value"], asked) == ("ami-211-1654", [{"Owners": ["amazon"]}])


def test_a_version_that_is_there(local: LocalCloud) -> None:
    ssm = local.root().ssm
    plain = ssm.get_parameter(Name=LINUX_2)["Parameter"]
    chosen = ssm.get_parameter(Name=f"{LINUX_2}:1")["Parameter"]
    assert chosen == {**plain, "Selector": ":1"}
    assert ssm.get_parameter(Name=f"  {LINUX_2} ")["Parameter"] == plain
    assert ssm.get_parameter(Name=plain["ARN"], WithDecryption=True)["Parameter"] == plain
    assert ssm.get_parameter(Name=f"{plain['ARN']}:1")["Parameter"] == chosen


@pytest.mark.parametrize("selector", ["2", "0", "01", "golden"])
def test_a_version_that_is_not_there(local: LocalCloud, selector: str) -> None:
    assert refused(local.root().ssm.get_parameter, Name=f"{LINUX_2}:{selector}") == (
        "ParameterVersionNotFound",
        f"Systems Manager could not find version {selector} of {LINUX_2}. "
        "Verify the version and try again.",
    )


@pytest.mark.parametrize(
    "name",
    [
        "golden-ami",
        "/golden/ami",
        "/golden/ami:3",
        f"{FOLDER}windows",
        FOLDER.rstrip("/"),
        LINUX_2.removeprefix("/").rpartition("/")[2],
        arn(LINUX_2, "eu-west-1"),
        arn(LINUX_2, account=ACCOUNT),
        arn("golden-ami", account=ACCOUNT),
    ],
)
def test_a_name_that_nothing_has(local: LocalCloud, name: str) -> None:
    assert refused(local.root().ssm.get_parameter, Name=name) == ("ParameterNotFound", "")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("two words", NAME_RULE),
        ("/ends/", NAME_RULE),
        ("//double", NAME_RULE),
        (" ", NAME_RULE),
        ("caf\u00e9", NAME_RULE),
        (f"{LINUX_2}:", NAME_RULE),
        (f"{LINUX_2}:1:2", NAME_RULE),
        ("arn:aws:ssm", NAME_RULE),
        ("arn:aws:s3:::bucket/key", NAME_RULE),
        ("arn:aws:ssm:us-east-1::document/name", NAME_RULE),
        ("arn:aws:ssm:::parameter/name", NAME_RULE),
        ("aws/service/name", "Parameter name must be a fully qualified name"),
        (
            "",
            "1 validation error detected: Value '' at 'name' failed to satisfy constraint: "
            "Member must have length greater than or equal to 1",
        ),
    ],
)
def test_a_name_that_cannot_be(local: LocalCloud, name: str, words: str) -> None:
    assert refused(local.root().ssm.get_parameter, Name=name) == ("ValidationException", words)


def test_several_at_once(local: LocalCloud) -> None:
    ssm = local.root().ssm
    names = [NOBLE, "none", LINUX_2, f"{LINUX_2}:1", f"{LINUX_2}:2", LINUX_2, "none"]
    answer = ssm.get_parameters(Names=names)
    found = [(each["Name"], each.get("Selector")) for each in answer["Parameters"]]
    assert found == [(LINUX_2, None), (LINUX_2, ":1"), (NOBLE, None)]
    assert answer["InvalidParameters"] == ["none", f"{LINUX_2}:2"]
    assert answer["Parameters"][0] == ssm.get_parameter(Name=LINUX_2)["Parameter"]


def test_at_most_ten_at_once(local: LocalCloud) -> None:
    ssm = local.root().ssm
    assert len(ssm.get_parameters(Names=[f"n{i}" for i in range(10)])["InvalidParameters"]) == 10
    code, words = refused(ssm.get_parameters, Names=[f"n{i}" for i in range(11)])
    assert code == "ValidationException"
    assert words.endswith(
        "at 'names' failed to satisfy constraint: Member must have length less than or equal to 10"
    )
    assert refused(ssm.get_parameters, Names=[LINUX_2, "a b"]) == ("ValidationException", NAME_RULE)


def test_public_parameters_have_no_account_in_policies(local: LocalCloud) -> None:
    ann = local.user("ann", policy("ssm:GetParameter*", arn(f"{FOLDER}*", "*")))
    assert ann.ssm.get_parameter(Name=LINUX_2)["Parameter"]["Value"].startswith("ami-")
    assert refused(ann.ec2.describe_images)[0] == "AccessDenied"
    denied = (
        "User: arn:aws:iam::111122223333:user/ann is not authorized to perform: {} on resource: {} "
        "because no identity-based policy allows the {} action"
    )
    for name, resource in ((NOBLE, arn(NOBLE)), ("own", arn("own", account=ACCOUNT))):
        for action, request in (
            ("ssm:GetParameter", {"Name": name}),
            ("ssm:GetParameters", {"Names": [LINUX_2, name]}),
        ):
            call = getattr(ann.ssm, "get_parameter" + "s" * ("Names" in request))
            words = denied.format(action, resource, action)
            assert refused(call, **request) == ("AccessDenied", words)


def test_parameters_of_other_accounts_are_not_shared(local: LocalCloud) -> None:
    bob = local.user("bob", policy("ssm:*", "*"))
    name = arn("shared", account="444455556666")
    code, words = refused(bob.ssm.get_parameter, Name=name)
    assert code == "AccessDenied"
    assert name in words


def test_own_parameters_are_missing_but_authorised(local: LocalCloud) -> None:
    eve = local.user("eve", policy("ssm:PutParameter", arn("mine/*", account=ACCOUNT)))
    request = {"Value": "v", "Type": "String"}
    assert refused(eve.ssm.put_parameter, Name="/mine/a", **request) == (
        "NotImplemented",
        "PutParameter of Systems Manager is not implemented in Cloudling yet.",
    )
    assert refused(eve.ssm.put_parameter, Name="/theirs/a", **request)[0] == "AccessDenied"
    assert refused(eve.ssm.delete_parameters, Names=["/mine/a"])[0] == "AccessDenied"
