"""What an instance is told of itself, and that its identity can be verified as AWS's page says."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from cloudling.drivers.trust.files import Trust
from cloudling.services.ec2.metadata import (
    InstanceFacts,
    InterfaceFacts,
    ProfileFacts,
    RoleCredentials,
    tree,
)

if TYPE_CHECKING:
    from pathlib import Path

MAC = "02:29:96:8f:6a:2d"
INTERFACE = InterfaceFacts(
    id="eni-1",
    mac=MAC,
    owner="000000000000",
    addresses=("172.31.5.6", "172.31.5.7"),
    subnet="subnet-1",
    subnet_block="172.31.0.0/20",
    vpc="vpc-1",
    vpc_blocks=("172.31.0.0/16",),
    groups={"sg-1": "default", "sg-2": "web"},
    local_hostname="ip-172-31-5-6.ec2.internal",
    public={"127.10.0.5": "172.31.5.6"},
    public_hostname="ec2-127-10-0-5.compute-1.amazonaws.com",
)
OPENSSL = ("openssl", "smime", "-verify", "-inform", "PEM", "-noverify")
OF_ITSELF = """
    ami-id ami-launch-index ami-manifest-path block-device-mapping/ami block-device-mapping/root
    events/maintenance/history events/maintenance/scheduled hostname instance-action instance-id
    instance-life-cycle instance-type local-hostname local-ipv4 mac metrics/vhostmd
    placement/availability-zone placement/availability-zone-id placement/region profile
    public-hostname public-ipv4 reservation-id security-groups services/domain services/partition
    system
"""
OF_AN_INTERFACE = """
    device-number interface-id ipv4-associations/127.10.0.5 local-hostname local-ipv4s mac
    network-card owner-id public-hostname public-ipv4s security-group-ids security-groups subnet-id
    subnet-ipv4-cidr-block vpc-id vpc-ipv4-cidr-block vpc-ipv4-cidr-blocks
"""
# A key that AWS's pages show.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def facts(**more: Any) -> InstanceFacts:
    fields: dict[str, Any] = {
        "id": "i-1",
        "account": "000000000000",
        "region": "us-east-1",
        "zone": "us-east-1a",
        "zone_id": "use1-az6",
        "image": "ami-1",
        "type": "t2.micro",
        "architecture": "x86_64",
        "reservation": "r-1",
        "launched_at": 1_700_000_000.0,
        "interfaces": (INTERFACE,),
    }
    return InstanceFacts(**(fields | more))


def test_a_plain_instance_is_told_what_is_true_of_it() -> None:
    told = tree(facts())
    macs = f"meta-data/network/interfaces/macs/{MAC}"
    assert set(told) == {
        *(f"meta-data/{name}" for name in OF_ITSELF.split()),
        *(f"{macs}/{name}" for name in OF_AN_INTERFACE.split()),
        "dynamic/fws/instance-monitoring",
        "dynamic/instance-identity/document",
    }
    assert told["meta-data/public-ipv4"] == "127.10.0.5"
    assert told["meta-data/security-groups"] == "default\nweb"
    assert told[f"{macs}/security-group-ids"] == "sg-1\nsg-2"
    assert told[f"{macs}/ipv4-associations/127.10.0.5"] == "172.31.5.6"


def test_what_it_has_not_is_not_told() -> None:
    bare = InterfaceFacts(
        **{name: getattr(INTERFACE, name) for name in INTERFACE.__struct_fields__[:10]}
    )
    told = tree(facts(interfaces=(bare,)))
    assert not [path for path in told if "public" in path or "iam" in path or "tags" in path]


def test_key_tags_and_volumes() -> None:
    told = tree(
        facts(
            key_name="mine",
            public_key="ssh-ed25519 AAAA mine",
            tags={"Name": "web"},
            devices=("/dev/sdf",),
        )
    )
    assert told["meta-data/public-keys"] == "0=mine"
    assert told["meta-data/public-keys/0/openssh-key"] == "ssh-ed25519 AAAA mine"
    assert told["meta-data/tags/instance/Name"] == "web"
    assert told["meta-data/block-device-mapping/ebs1"] == "sdf"


def test_a_role_gives_credentials() -> None:
    given = RoleCredentials(
        role="s3_access",
        access_key_id="ASIAIOSFODNN7EXAMPLE",
        secret=SECRET,
        token="token",
        updated_at=1_700_000_000,
        expires_at=1_700_021_600,
    )
    arn = "arn:aws:iam::000000000000:instance-profile/s3_access"
    profile = ProfileFacts(arn=arn, id="AIPA1", updated_at=1_700_000_000, credentials=given)
    told = tree(facts(profile=profile))
    assert json.loads(told["meta-data/iam/info"])["InstanceProfileArn"] == arn
    found = json.loads(told["meta-data/iam/security-credentials/s3_access"])
    assert found == {
        "Code": "Success",
        "LastUpdated": "2023-11-14T22:13:20Z",
        "Type": "AWS-HMAC",
        "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
        "SecretAccessKey": SECRET,
        "Token": "token",
        "Expiration": "2023-11-15T04:13:20Z",
    }
    waiting = ProfileFacts(arn=arn, id="AIPA1", updated_at=1_700_000_000)
    assert not [path for path in tree(facts(profile=waiting)) if "credentials" in path]


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(tmp_path_factory.mktemp("trust") / "kept")


def test_the_identity_document_is_signed(trust: Trust) -> None:
    told = tree(facts(), trust.signer())
    document = told["dynamic/instance-identity/document"].encode()
    assert json.loads(document)["privateIp"] == "172.31.5.6"
    assert b'"instanceId" : "i-1"' in document
    certificate = x509.load_pem_x509_certificate(trust.certificate_file("identity").read_bytes())
    signature = base64.b64decode(told["dynamic/instance-identity/signature"])
    key: Any = certificate.public_key()
    key.verify(signature, document, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("name", ["pkcs7", "rsa2048"])
def test_openssl_verifies_it_by_aws_own_command(name: str, trust: Trust, tmp_path: Path) -> None:
    told = tree(facts(), trust.signer())
    wrapped = told[f"dynamic/instance-identity/{name}"]
    file = tmp_path / name
    file.write_text(f"-----BEGIN PKCS7-----\n{wrapped}\n-----END PKCS7-----\n")
    done = subprocess.run(
        [*OPENSSL, "-in", file, "-certfile", trust.certificate_file("identity")],
        capture_output=True,
        check=False,
    )
    assert b"Verification successful" in done.stderr, done.stderr
    assert done.stdout.decode() == told["dynamic/instance-identity/document"]


def test_keys_are_the_users_alone_and_stay(trust: Trust) -> None:
    trust.signer()
    again = Trust(trust.certificate_file("identity").parent)
    assert again.signer().sign(b"x").signature == trust.signer().sign(b"x").signature
    for file in trust.certificate_file("identity").parent.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
    assert trust.certificate_file("identity").parent.stat().st_mode & 0o777 == 0o700
