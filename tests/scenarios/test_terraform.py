"""Terraform builds, sees no difference, and removes: storage with its users; security groups."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tools.skipped import find_mirror

from cloudling.services.ec2 import key_material
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

# The provider takes many seconds of processor time for each of its starts.
PATIENCE = 600
MIB = 1024 * 1024
MIRROR = """provider_installation {{
  filesystem_mirror {{
    path = "{mirror}"
  }}
}}
"""


@dataclass(frozen=True)
class Terraform:
    """One working folder with its configuration, against one cloud."""

    program: str
    folder: Path
    endpoint: str

    def begin(self, configuration: str) -> None:
        shutil.copy(Path(__file__).with_name(configuration), self.folder / "main.tf")
        self.do("init")

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments, "-no-color"],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "TF_CLI_CONFIG_FILE": str(self.folder / "terraform.rc"),
                "TF_IN_AUTOMATION": "1",
                "TF_INPUT": "0",
                "TF_VAR_endpoint": self.endpoint,
                "CHECKPOINT_DISABLE": "1",
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def do(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


@pytest.fixture
def terraform(cloud: RunningCloud, tmp_path: Path) -> Terraform:
    program = shutil.which("terraform")
    if program is None:
        pytest.skip("This machine has no terraform.")
    mirror = find_mirror()
    if mirror is None:
        pytest.skip("This machine has no mirror of Terraform's AWS provider 5.")
    (tmp_path / "terraform.rc").write_text(MIRROR.format(mirror=mirror))
    (tmp_path / "large.bin").write_bytes(random.Random(1).randbytes(6 * MIB))
    return Terraform(program, tmp_path, cloud.endpoint)


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_builds_and_removes(terraform: Terraform, cloud: RunningCloud) -> None:
    s3, iam = cloud.client("s3"), cloud.client("iam")
    terraform.begin("terraform_storage.tf")
    assert 'account = "000000000000"' in terraform.do("apply", "-auto-approve")
    assert s3.get_bucket_location(Bucket="terraform-storage")["LocationConstraint"] == "eu-west-1"
    assert s3.get_object(Bucket="terraform-storage", Key="notes/ü.txt")["Body"].read() == b"hello"
    large = s3.get_object(Bucket="terraform-storage", Key="large.bin")["Body"].read()
    assert large == (terraform.folder / "large.bin").read_bytes()
    assert len(iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]) == 1
    seen = terraform.run("plan", "-detailed-exitcode")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    terraform.do("destroy", "-auto-approve")
    assert s3.list_buckets()["Buckets"] == []
    assert iam.list_users()["Users"] == iam.list_roles()["Roles"] == []
    assert iam.list_groups()["Groups"] == iam.list_policies(Scope="Local")["Policies"] == []
    s3.close()
    iam.close()


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_and_the_default_network(terraform: Terraform, cloud: RunningCloud) -> None:
    ec2 = cloud.client("ec2", region_name="eu-west-1")
    terraform.begin("terraform_network.tf")
    told = terraform.do("apply", "-auto-approve")
    assert '"eu-west-1c"' in told
    assert '"172.31.32.0/20"' in told
    (web,) = ec2.describe_security_groups(GroupNames=["web"])["SecurityGroups"]
    assert {each["IpProtocol"] for each in web["IpPermissionsEgress"]} == {"-1", "tcp"}
    assert {each["IpProtocol"] for each in web["IpPermissions"]} == {"tcp", "-1", "udp"}
    seen = terraform.run("plan", "-detailed-exitcode")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    terraform.do("destroy", "-auto-approve")
    (left,) = ec2.describe_security_groups()["SecurityGroups"]
    assert left["GroupName"] == "default"
    assert ec2.describe_tags()["Tags"] == []
    ec2.close()


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_finds_images_and_keeps_a_key_pair(
    terraform: Terraform, cloud: RunningCloud
) -> None:
    ec2 = cloud.client("ec2", region_name="eu-west-1")
    terraform.begin("terraform_compute.tf")
    line = key_material.make("ed25519", "pem", "").line
    (terraform.folder / "terraform.tfvars").write_text(f'public_key = "{line} me@home"\n')
    told = terraform.do("apply", "-auto-approve")
    assert '"amzn2-ami-hvm-2.0.' in told
    assert '"eu-west-1c"' in told
    (pair,) = ec2.describe_key_pairs()["KeyPairs"]
    assert (pair["KeyName"], pair["KeyType"]) == ("mine", "ed25519")
    assert pair["KeyFingerprint"] in told
    seen = terraform.run("plan", "-detailed-exitcode")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    terraform.do("destroy", "-auto-approve")
    assert ec2.describe_key_pairs()["KeyPairs"] == ec2.describe_tags()["Tags"] == []
    ec2.close()
