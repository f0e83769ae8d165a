"""The AWS CLI, version 1 and Debian's version 2, from `s3 mb` to `s3 rb`."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.wire.programs import WRONG, find_program, read_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.wire.programs import Program

ODD_KEYS = ("../../x", "a//b")


def _version_1() -> str:
    found = Path(sys.executable).with_name("aws")
    if not found.exists():
        pytest.skip("The test environment has no awscli.")
    return str(found)


def _version_2() -> str:
    found = Path("/usr/bin/aws")
    if not found.exists():
        pytest.skip("This machine has no AWS CLI of the system (/usr/bin/aws).")
    return str(found)


@pytest.fixture(params=[_version_1, _version_2], ids=["v1", "v2"])
def aws(request: pytest.FixtureRequest, program: Callable[..., Program]) -> Program:
    bare: Program = program(request.param())
    return program(*bare.command, "--endpoint-url", bare.endpoint)


def test_the_cli_keeps_a_tree(aws: Program, tree: Path, request: pytest.FixtureRequest) -> None:
    bucket = f"cli-{request.node.callspec.id}"
    aws.print("s3", "mb", f"s3://{bucket}")
    aws.print("s3", "sync", tree, f"s3://{bucket}/tree", "--no-progress")
    aws.print("s3", "cp", f"s3://{bucket}/tree/large.bin", f"s3://{bucket}/copy", "--no-progress")
    aws.print("s3", "sync", f"s3://{bucket}/tree", "back", "--no-progress")
    assert read_tree(aws.folder / "back") == read_tree(tree)
    for key in ODD_KEYS:
        put = ("put-object", "--bucket", bucket, "--key", key, "--body", "tree/a b+c&d.txt")
        aws.print("s3api", *put)
    got = ("get-object", "--bucket", bucket, "--key", ODD_KEYS[0], "--range", "bytes=1-3", "part")
    assert json.loads(aws.print("s3api", *got))["ContentRange"] == "bytes 1-3/4"
    assert (aws.folder / "part").read_text() == "lus"
    listed = aws.print("s3", "ls", f"s3://{bucket}", "--recursive")
    sizes = {line[31:]: int(line.split()[2]) for line in listed.splitlines()}
    assert sizes["copy"] == sizes["tree/large.bin"] == (tree / "large.bin").stat().st_size
    assert set(sizes) == {"copy", *ODD_KEYS} | {f"tree/{path}" for path in read_tree(tree)}
    url = aws.print("s3", "presign", f"s3://{bucket}/{ODD_KEYS[1]}", "--expires-in", "600").strip()
    curl = replace(aws, command=(find_program("curl"), "-sS", "--path-as-is"))
    assert curl.print(url) == "plus"
    assert "SignatureDoesNotMatch" in curl.print(url.replace(bucket, f"{bucket}2"))
    assert "remove_bucket" in aws.print("s3", "rb", f"s3://{bucket}", "--force")


def test_the_cli_tells_refusals(aws: Program) -> None:
    assert "SignatureDoesNotMatch" in aws.fail("s3", "ls", **WRONG)
    assert "(404)" in aws.fail("s3api", "head-object", "--bucket", "there-is-none", "--key", "k")
    told = aws.print("sts", "get-caller-identity", "--query", "Arn", "--output", "text")
    assert told == "arn:aws:iam::000000000000:root\n"


def test_the_cli_asks_for_instances(aws: Program) -> None:
    assert json.loads(aws.print("ec2", "describe-instances")) == {"Reservations": []}
    told = aws.fail("ec2", "get-console-output", "--instance-id", "i-0123456789abcdef0")
    assert "(InvalidInstanceID.NotFound)" in told
    told = aws.fail("ec2", "allocate-address")
    assert "(NotImplemented)" in told
    assert "AllocateAddress of Elastic Compute Cloud is not implemented" in told
    launch = ("ec2", "run-instances", "--image-id", "ami-12345678", "--instance-type", "t3.micro")
    assert "(DryRunOperation)" in aws.fail(*launch, "--dry-run")
    assert "(AuthFailure)" in aws.fail(*launch, **WRONG)


def test_the_cli_makes_a_key_and_finds_an_image(
    aws: Program, request: pytest.FixtureRequest
) -> None:
    name = f"key-{request.node.callspec.id}"
    create = ("create-key-pair", "--key-name", name, "--key-type", "ed25519")
    key = aws.print("ec2", *create, "--query", "KeyMaterial", "--output", "text")
    (aws.folder / name).write_text(key)
    (aws.folder / name).chmod(0o600)
    keygen = replace(aws, command=(find_program("ssh-keygen"),))
    of_file = keygen.print("-l", "-f", name).split()[1].removeprefix("SHA256:")
    shown = ("--query", "KeyPairs[0].KeyFingerprint", "--output", "text")
    assert (
        aws.print("ec2", "describe-key-pairs", "--key-names", name, *shown).strip("=\n") == of_file
    )
    public = aws.folder / f"{name}.pub"
    public.write_text(keygen.print("-y", "-f", name))
    other = ("--key-name", f"{name}-2", "--public-key-material", f"fileb://{public}")
    told = json.loads(aws.print("ec2", "import-key-pair", *other))
    assert told["KeyFingerprint"].strip("=") == of_file
    aws.print("ec2", "delete-key-pair", "--key-name", name)
    named = ("--filters", "Name=name,Values=amzn2-ami-hvm-*-x86_64-gp2", "--owners", "amazon")
    image = aws.print("ec2", "describe-images", *named, "--query", "Images[].ImageId")
    assert len(json.loads(image)) == 1
    sizes = ("--instance-types", "t2.micro", "--query", "InstanceTypes[0].MemoryInfo.SizeInMiB")
    assert aws.print("ec2", "describe-instance-types", *sizes).strip() == "1024"


def test_the_cli_opens_a_port(aws: Program) -> None:
    default = ("describe-vpcs", "--filters", "Name=is-default,Values=true")
    vpc = aws.print("ec2", *default, "--query", "Vpcs[0].VpcId", "--output", "text").strip()
    create = ("create-security-group", "--group-name", "web", "--description", "of the CLI")
    group = json.loads(aws.print("ec2", *create, "--vpc-id", vpc))["GroupId"]
    named = ("--group-id", group)
    ssh = ("--protocol", "tcp", "--port", "22", "--cidr", "0.0.0.0/0")
    aws.print("ec2", "authorize-security-group-ingress", *named, *ssh)
    again = aws.fail("ec2", "authorize-security-group-ingress", *named, *ssh)
    assert "(InvalidPermission.Duplicate)" in again
    everything = ("--protocol", "all", "--source-group", group)
    aws.print("ec2", "authorize-security-group-ingress", *named, *everything)
    tags = ("--resources", group, "--tags", "Key=Team,Value=blue")
    aws.print("ec2", "create-tags", *tags)
    found = ("--filters", "Name=tag:Team,Values=b*", "Name=ip-permission.from-port,Values=22")
    told = json.loads(aws.print("ec2", "describe-security-groups", *found))
    assert [each["GroupName"] for each in told["SecurityGroups"]] == ["web"]
    aws.print("ec2", "revoke-security-group-ingress", *named, *ssh)
    rules = ("describe-security-group-rules", "--filters", f"Name=group-id,Values={group}")
    shown = aws.print("ec2", *rules, "--query", "length(SecurityGroupRules)")
    assert shown.strip() == "2"
    aws.print("ec2", "delete-security-group", *named)
