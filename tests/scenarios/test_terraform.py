"""Terraform builds, sees no difference, and removes: storage; who may do what; networks."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.ec2.data_plane import attach_fakes
from tools.skipped import find_mirror

from cloudling.services.ec2 import key_material
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

# The provider takes many seconds of processor time for each of its starts.
PATIENCE = 600
MIB = 1024 * 1024
CONFIGURATIONS = Path(__file__).parent
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
                # A third less processor time for a little more memory.
                "GOGC": "300",
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

    def build(self, configuration: str) -> str:
        """Apply a configuration, and see that a second plan is empty; what the first said."""
        shutil.copy(CONFIGURATIONS / f"{configuration}.tf", self.folder / "main.tf")
        self.do("init")
        said = self.do("apply", "-auto-approve")
        seen = self.run("plan", "-detailed-exitcode")
        assert seen.returncode == 0, seen.stdout + seen.stderr
        return said

    def plan_imports(self, ids: dict[str, str]) -> str:
        """What Terraform would do if it had forgotten these resources and took them by their ids.

        A plan reads all that an import does, in half the time.
        """
        copy = f"-state={shutil.copy(self.folder / 'terraform.tfstate', self.folder / 'copy')}"
        self.do("state", "rm", copy, *ids)
        blocks = (f'import {{\n  to = {to}\n  id = "{name}"\n}}\n' for to, name in ids.items())
        (self.folder / "imports.tf").write_text("".join(blocks))
        return self.do("plan", copy)


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
    return Terraform(program, tmp_path, cloud.endpoint)


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_builds_and_removes_storage(terraform: Terraform, cloud: RunningCloud) -> None:
    s3, iam = cloud.client("s3"), cloud.client("iam")
    (terraform.folder / "large.bin").write_bytes(random.Random(1).randbytes(6 * MIB))
    assert 'account = "000000000000"' in terraform.build("terraform_storage")
    assert s3.get_bucket_location(Bucket="terraform-storage")["LocationConstraint"] == "eu-west-1"
    assert s3.get_object(Bucket="terraform-storage", Key="notes/ü.txt")["Body"].read() == b"hello"
    large = s3.get_object(Bucket="terraform-storage", Key="large.bin")["Body"].read()
    assert large == (terraform.folder / "large.bin").read_bytes()
    assert len(iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]) == 1
    terraform.do("destroy", "-auto-approve")
    assert s3.list_buckets()["Buckets"] == []
    assert iam.list_users()["Users"] == iam.list_roles()["Roles"] == []
    assert iam.list_groups()["Groups"] == iam.list_policies(Scope="Local")["Policies"] == []
    s3.close()
    iam.close()


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_builds_imports_and_removes_iam(
    terraform: Terraform, cloud: RunningCloud
) -> None:
    iam, organizations = cloud.client("iam"), cloud.client("organizations")
    terraform.build("terraform_iam")
    check_iam(iam)
    imported = ids(organizations)
    wanted = f"Plan: {len(imported)} to import, 0 to add, 0 to change, 0 to destroy."
    assert wanted in terraform.plan_imports(imported)
    (terraform.folder / "imports.tf").unlink()
    terraform.do("destroy", "-auto-approve")
    left = iam.get_account_authorization_details()
    assert left["UserDetailList"] == left["GroupDetailList"] == left["RoleDetailList"] == []
    assert iam.list_policies(Scope="Local")["Policies"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    assert iam.list_account_aliases()["AccountAliases"] == []
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_account_password_policy()
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        organizations.describe_organization()
    iam.close()
    organizations.close()


def check_iam(iam: Any) -> None:
    """What Terraform made is there, as it was asked for."""
    assert iam.get_group(GroupName="team")["Users"][0]["Path"] == "/staff/"
    home = iam.get_group_policy(GroupName="team", PolicyName="home")["PolicyDocument"]
    assert home["Statement"][0]["Resource"] == "arn:aws:s3:::terraform-iam/home/${aws:username}/*"
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is True
    role = iam.get_role(RoleName="web")["Role"]
    assert role["MaxSessionDuration"] == 7200
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith(":policy/limits/edge")
    profile = iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]
    assert [each["RoleName"] for each in profile["Roles"]] == ["web"]


def ids(organizations: Any) -> dict[str, str]:
    """By what the provider imports each kind of resource."""
    top = organizations.list_roots()["Roots"][0]["Id"]
    found = organizations.list_organizational_units_for_parent(ParentId=top)
    unit = found["OrganizationalUnits"][0]["Id"]
    policies = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
    policy = next(each["Id"] for each in policies if not each["AwsManaged"])
    here = "arn:aws:iam::000000000000"
    linked = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    return {
        "aws_iam_group.team": "team",
        "aws_iam_role.web": "web",
        "aws_iam_role_policy.web": "web:read",
        "aws_iam_policy.edge": f"{here}:policy/limits/edge",
        "aws_iam_user_policy_attachment.ann": f"ann/{here}:policy/limits/edge",
        "aws_iam_instance_profile.web": "web",
        "aws_iam_service_linked_role.scaling": f"{here}:role/{linked}",
        "aws_iam_virtual_mfa_device.ann": f"{here}:mfa/ann",
        "aws_iam_account_alias.alias": "cloudling-terraform",
        "aws_iam_account_password_policy.strict": "iam-account-password-policy",
        "aws_s3_bucket_policy.shelf": "terraform-iam",
        "aws_organizations_organizational_unit.dev": unit,
        "aws_organizations_policy.regions": policy,
        "aws_organizations_policy_attachment.dev": f"{unit}:{policy}",
    }


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_and_the_default_network(terraform: Terraform, cloud: RunningCloud) -> None:
    ec2 = cloud.client("ec2", region_name="eu-west-1")
    told = terraform.build("terraform_network")
    assert '"eu-west-1c"' in told
    assert '"172.31.32.0/20"' in told
    (web,) = ec2.describe_security_groups(GroupNames=["web"])["SecurityGroups"]
    assert {each["IpProtocol"] for each in web["IpPermissionsEgress"]} == {"-1", "tcp"}
    assert {each["IpProtocol"] for each in web["IpPermissions"]} == {"tcp", "-1", "udp"}
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
    line = key_material.make("ed25519", "pem", "").line
    (terraform.folder / "terraform.tfvars").write_text(f'public_key = "{line} me@home"\n')
    told = terraform.build("terraform_compute")
    assert '"amzn2-ami-hvm-2.0.' in told
    assert '"eu-west-1c"' in told
    (pair,) = ec2.describe_key_pairs()["KeyPairs"]
    assert (pair["KeyName"], pair["KeyType"]) == ("mine", "ed25519")
    assert pair["KeyFingerprint"] in told
    terraform.do("destroy", "-auto-approve")
    assert ec2.describe_key_pairs()["KeyPairs"] == ec2.describe_tags()["Tags"] == []
    ec2.close()


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE)
def test_terraform_keeps_an_instance_and_its_image(
    terraform: Terraform, cloud: RunningCloud
) -> None:
    """The machine is a fake: what is tried is what Terraform reads of it."""
    machines = attach_fakes(cloud.app.cloud)
    ec2 = cloud.client("ec2", region_name="eu-west-1")
    line = key_material.make("ed25519", "pem", "").line
    (terraform.folder / "terraform.tfvars").write_text(f'public_key = "{line} me@home"\n')
    terraform.build("terraform_instances")
    (machine,) = machines.running.values()
    assert machine.script == b"#!/bin/sh\necho hello\n"
    (volume,) = ec2.describe_volumes()["Volumes"]
    assert (volume["Size"], volume["VolumeType"]) == (12, "gp3")
    (image,) = ec2.describe_images(Owners=["self"])["Images"]
    assert image["State"] == "available"
    terraform.do("destroy", "-auto-approve")
    assert machines.disks == {}
    for told in (ec2.describe_volumes(), ec2.describe_snapshots(OwnerIds=["self"])):
        assert [] in told.values()
    assert ec2.describe_images(Owners=["self"])["Images"] == []
    ec2.close()
