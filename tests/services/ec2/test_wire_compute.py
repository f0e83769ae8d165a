"""Key pairs, instance types and images by boto3 over HTTP, as clients parse them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from cloudling.services.ec2 import key_material
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture(scope="module")
def ec2(cloud: RunningCloud) -> Any:
    return cloud.client("ec2", region_name="eu-west-1")


def refusal(call: Any, **request: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    answer = caught.value.response
    status = answer["ResponseMetadata"]["HTTPStatusCode"]
    return answer["Error"]["Code"], status, answer["Error"]["Message"]


def test_a_key_pair_from_making_to_deletion(ec2: Any) -> None:
    made = ec2.create_key_pair(
        KeyName="made",
        TagSpecifications=[{"ResourceType": "key-pair", "Tags": [{"Key": "a", "Value": "b"}]}],
    )
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----\n")
    assert made["KeyMaterial"].endswith("\n-----END RSA PRIVATE KEY-----")
    assert made["Tags"] == [{"Key": "a", "Value": "b"}]
    (pair,) = ec2.describe_key_pairs(KeyNames=["made"], IncludePublicKey=True)["KeyPairs"]
    assert pair["KeyFingerprint"] == made["KeyFingerprint"]
    assert pair["PublicKey"].startswith("ssh-rsa AAAA")
    assert (datetime.now(UTC) - pair["CreateTime"]).total_seconds() < 3600
    ec2.delete_tags(Resources=[made["KeyPairId"]])
    assert ec2.describe_key_pairs()["KeyPairs"][0].get("Tags", []) == []
    deleted = ec2.delete_key_pair(KeyName="made")
    assert (deleted["Return"], deleted["KeyPairId"]) == (True, made["KeyPairId"])
    assert refusal(ec2.describe_key_pairs, KeyNames=["made"]) == (
        "InvalidKeyPair.NotFound",
        400,
        "The key pair 'made' does not exist",
    )


def test_an_imported_key(ec2: Any) -> None:
    line = key_material.make("ed25519", "pem", "").line
    made = ec2.import_key_pair(KeyName="imported", PublicKeyMaterial=line)
    again = refusal(ec2.import_key_pair, KeyName="imported", PublicKeyMaterial=line)
    assert again == (
        "InvalidKeyPair.Duplicate",
        400,
        "The keypair 'imported' already exists.",
    )
    bad = refusal(ec2.import_key_pair, KeyName="bad", PublicKeyMaterial=b"garbage")
    assert bad[:2] == ("InvalidKey.Format", 400)
    assert ec2.delete_key_pair(KeyPairId=made["KeyPairId"])["Return"]


def test_instance_types_and_offerings_by_paginator(ec2: Any) -> None:
    pages = ec2.get_paginator("describe_instance_types").paginate(
        Filters=[{"Name": "memory-info.size-in-mib", "Values": ["1024"]}],
        PaginationConfig={"PageSize": 5},
    )
    found = {each["InstanceType"]: each for page in pages for each in page["InstanceTypes"]}
    assert {"t2.micro", "t3.micro", "t4g.micro"} <= set(found)
    assert found["t2.micro"]["NetworkInfo"]["NetworkCards"][0]["BaselineBandwidthInGbps"] == 0.064
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": ["t2.micro"]}],
    )["InstanceTypeOfferings"]
    assert {each["Location"] for each in offered} == {"eu-west-1a", "eu-west-1b", "eu-west-1c"}
    assert refusal(ec2.describe_instance_types, InstanceTypes=["x1.huge"]) == (
        "InvalidInstanceType",
        400,
        "The following supplied instance types do not exist: [x1.huge]",
    )


def test_images(ec2: Any) -> None:
    named = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
    (image,) = ec2.describe_images(Owners=["amazon"], Filters=named)["Images"]
    assert image["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] == 8
    assert ec2.describe_images(ImageIds=[image["ImageId"]])["Images"] == [image]
    asked = {"ImageId": image["ImageId"], "Attribute": "launchPermission"}
    assert refusal(ec2.describe_image_attribute, **asked)[:2] == ("AuthFailure", 403)


def test_instances_there_are_none_of(ec2: Any) -> None:
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_instance_status()["InstanceStatuses"] == []
    assert refusal(ec2.describe_instances, InstanceIds=["i-0123456789abcdef0"])[:2] == (
        "InvalidInstanceID.NotFound",
        400,
    )
