"""What courses teach of IAM, case by case, by boto3 over HTTP.

The cloud is shared: each case has an account, or accounts, of its own.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.scenarios.accounts import Root, document, is_denied, refusal, statement, trust

from cloudling.kernel.clock import ManualClock
from cloudling.services.iam.mfa import code_at
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.accounts import Person, Statement

NUMBERS = itertools.count(100_000_000_001)
READ = "s3:GetObject"
LAUNCH = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "DryRun": True}


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Requests are signed by the machine's clock, so this one begins with it; then it stands."""
    return ManualClock(time.time())


@pytest.fixture(scope="module")
def cloud(clock: ManualClock) -> Iterator[RunningCloud]:
    with RunningCloud(clock=clock) as running:
        yield running


@pytest.fixture
def root(cloud: RunningCloud) -> Iterator[Root]:
    with Root(cloud, str(next(NUMBERS))) as root:
        yield root


@pytest.fixture
def stranger(cloud: RunningCloud) -> Iterator[Root]:
    with Root(cloud, str(next(NUMBERS))) as root:
        yield root


@pytest.fixture
def bucket(root: Root) -> str:
    """A bucket with an object at `k`."""
    name = f"bucket-{root.account}"
    root.s3.create_bucket(Bucket=name)
    root.s3.put_object(Bucket=name, Key="k", Body=b"x")
    return name


def everything(bucket: str) -> list[str]:
    return [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]


def grant(root: Root, bucket: str, *statements: Statement) -> None:
    root.s3.put_bucket_policy(Bucket=bucket, Policy=document(*statements))


# Identity policy and bucket policy


SAID = ("nothing", "Allow", "Deny")


@pytest.mark.parametrize("said", [*itertools.product(SAID, SAID)], ids="-".join)
@pytest.mark.parametrize("across", [False, True], ids=["within", "across"])
def test_identity_and_bucket_policy(
    root: Root, stranger: Root, bucket: str, across: bool, said: tuple[str, str]
) -> None:
    """Within an account either may allow, across accounts both must; a deny always wins."""
    of_identity, of_bucket = said
    objects = f"arn:aws:s3:::{bucket}/*"
    own = [] if of_identity == "nothing" else [statement(READ, objects, of_identity)]
    home = stranger if across else root
    ann = home.user("ann", *own)
    if of_bucket != "nothing":
        who = {"AWS": home.arn("user/ann")}
        grant(root, bucket, statement(READ, objects, of_bucket, Principal=who))
    may = set(said) == {"Allow"} if across else "Allow" in said and "Deny" not in said
    assert is_denied(ann.s3.get_object, Bucket=bucket, Key="k") is not may


def test_home_folders(root: Root, bucket: str) -> None:
    root.iam.create_group(GroupName="team")
    own = f"arn:aws:s3:::{bucket}/home/${{aws:username}}/*"
    within = {"StringLike": {"s3:prefix": "home/${aws:username}/*"}}
    policy = document(
        statement("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=within),
        statement([READ, "s3:PutObject"], own),
    )
    root.iam.put_group_policy(GroupName="team", PolicyName="home", PolicyDocument=policy)
    for name in ("ann", "ben"):
        person = root.user(name)
        root.iam.add_user_to_group(GroupName="team", UserName=name)
        s3, other = person.s3, {"ann": "ben", "ben": "ann"}[name]
        s3.put_object(Bucket=bucket, Key=f"home/{name}/f", Body=b"x")
        assert s3.get_object(Bucket=bucket, Key=f"home/{name}/f")["Body"].read() == b"x"
        assert s3.list_objects_v2(Bucket=bucket, Prefix=f"home/{name}/")["KeyCount"] == 1
        assert is_denied(s3.put_object, Bucket=bucket, Key=f"home/{other}/f", Body=b"x")
        assert is_denied(s3.get_object, Bucket=bucket, Key=f"home/{other}/f")
        assert is_denied(s3.list_objects_v2, Bucket=bucket, Prefix=f"home/{other}/")
        assert is_denied(s3.list_objects_v2, Bucket=bucket)
        assert is_denied(s3.list_objects_v2, Bucket=bucket, Prefix=f"home/{name}")


# A second factor


class Telephone:
    """A virtual MFA device in somebody's hand; each code is the next one."""

    def __init__(self, clock: ManualClock, person: Person, name: str) -> None:
        made = person.iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
        self.serial: str = made["SerialNumber"]
        self._seed = base64.b32decode(made["Base32StringSeed"])
        self._step = int(clock.now() // 30) - 2

    def code(self) -> str:
        self._step += 1
        return code_at(self._seed, self._step)


def test_a_second_factor_for_what_is_dangerous(clock: ManualClock, root: Root, bucket: str) -> None:
    without = {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}
    guarded = ["s3:DeleteObject", "iam:DeleteUser"]
    ann = root.user(
        "ann",
        statement("*"),
        statement(guarded, effect="Deny", Condition=without),
    )
    telephone = Telephone(clock, ann, "ann")
    codes = {"AuthenticationCode1": telephone.code(), "AuthenticationCode2": telephone.code()}
    ann.iam.enable_mfa_device(UserName="ann", SerialNumber=telephone.serial, **codes)

    told = refusal(ann.s3.delete_object, Bucket=bucket, Key="k")
    assert told[0] == "AccessDenied"
    assert told[1].endswith(" with an explicit deny in an identity-based policy")
    plain = ann.session(ann.sts.get_session_token()["Credentials"])
    assert is_denied(plain.s3.delete_object, Bucket=bucket, Key="k")

    proof = {"SerialNumber": telephone.serial, "TokenCode": telephone.code()}
    proven = ann.session(ann.sts.get_session_token(**proof)["Credentials"])
    proven.s3.delete_object(Bucket=bucket, Key="k")
    root.iam.create_user(UserName="ben")
    proven.iam.delete_user(UserName="ben")
    assert is_denied(ann.sts.get_session_token, **proof), "no code works twice"


def test_a_role_only_with_a_second_factor(clock: ManualClock, root: Root) -> None:
    lately = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
    }
    root.role("admin", trust({"AWS": root.arn("root")}, Condition=lately), statement("*"))
    ann = root.user("ann", statement("*"))
    telephone = Telephone(clock, ann, "ann")
    codes = {"AuthenticationCode1": telephone.code(), "AuthenticationCode2": telephone.code()}
    ann.iam.enable_mfa_device(UserName="ann", SerialNumber=telephone.serial, **codes)
    asked = {"RoleArn": root.arn("role/admin"), "RoleSessionName": "test"}
    assert is_denied(ann.sts.assume_role, **asked)
    proof = {"SerialNumber": telephone.serial, "TokenCode": telephone.code()}
    assert ann.assume("admin", **proof).iam.list_users()["Users"]


# Roles handed to services


@pytest.fixture
def profiles(root: Root) -> Root:
    """The account has instance profiles `web` and `admin`, each with a role of that name."""
    for name in ("web", "admin"):
        root.role(name, trust({"Service": "ec2.amazonaws.com"}))
        root.iam.create_instance_profile(InstanceProfileName=name)
        root.iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return root


def test_pass_role_by_name(profiles: Root) -> None:
    web = profiles.arn("role/web")
    ann = profiles.user("ann", statement("ec2:*"), statement("iam:PassRole", web))
    launch = ann.ec2.run_instances
    assert not is_denied(launch, **LAUNCH)
    assert not is_denied(launch, **LAUNCH, IamInstanceProfile={"Name": "web"})
    code, text = refusal(launch, **LAUNCH, IamInstanceProfile={"Name": "admin"})
    admin = profiles.arn("role/admin")
    assert code == "UnauthorizedOperation"
    text, _, message = text.partition(". Encoded authorization failure message: ")
    assert text == (
        "You are not authorized to perform this operation. "
        f"User: {profiles.arn('user/ann')} is not authorized to perform: iam:PassRole on resource: "
        f"{admin} because no identity-based policy allows the iam:PassRole action"
    )
    assert is_denied(ann.sts.decode_authorization_message, EncodedMessage=message)
    told = profiles.sts.decode_authorization_message(EncodedMessage=message)["DecodedMessage"]
    decoded = json.loads(told)
    assert (decoded["allowed"], decoded["explicitDeny"]) == (False, False)
    context = decoded["context"]
    assert (context["action"], context["resource"]) == ("iam:PassRole", admin)
    assert context["principal"]["arn"] == profiles.arn("user/ann")


@pytest.mark.parametrize(
    ("service", "may"), [("ec2.amazonaws.com", True), ("lambda.amazonaws.com", False)]
)
def test_pass_role_by_service(profiles: Root, service: str, may: bool) -> None:
    to = {"StringEquals": {"iam:PassedToService": service}}
    ann = profiles.user(
        "ann", statement(["ec2:*", "iam:AddRole*"]), statement("iam:PassRole", Condition=to)
    )
    launch = ann.ec2.run_instances
    assert is_denied(launch, **LAUNCH, IamInstanceProfile={"Name": "web"}) is not may
    profiles.iam.create_instance_profile(InstanceProfileName="empty")
    asked = {"InstanceProfileName": "empty", "RoleName": "web"}
    assert is_denied(ann.iam.add_role_to_instance_profile, **asked) is not may


# Conditions on buckets


INSECURE = {"Bool": {"aws:SecureTransport": "false"}}


def insecure_denied(bucket: str) -> Statement:
    return statement("s3:*", everything(bucket), "Deny", Principal="*", Condition=INSECURE)


def test_only_over_tls(root: Root, bucket: str) -> None:
    ann = root.user("ann", statement("s3:*"))
    grant(root, bucket, insecure_denied(bucket))
    told = refusal(ann.s3.get_object, Bucket=bucket, Key="k")[1]
    assert told.endswith(" with an explicit deny in a resource-based policy")
    root.s3.delete_bucket_policy(Bucket=bucket)
    assert not is_denied(ann.s3.get_object, Bucket=bucket, Key="k")


def test_loopback_that_counts_as_tls() -> None:
    with (
        RunningCloud(loopback_counts_as_tls=True) as cloud,
        Root(cloud, "100000000000") as root,
    ):
        root.s3.create_bucket(Bucket="shelf")
        grant(root, "shelf", insecure_denied("shelf"))
        ann = root.user("ann", statement("s3:*"))
        assert not is_denied(ann.s3.put_object, Bucket="shelf", Key="k", Body=b"x")
        assert not is_denied(ann.s3.get_object, Bucket="shelf", Key="k")


def test_forced_encryption_header(root: Root, bucket: str) -> None:
    header = "s3:x-amz-server-side-encryption"
    denied = {"Principal": "*", "effect": "Deny"}
    objects = f"arn:aws:s3:::{bucket}/*"
    grant(
        root,
        bucket,
        statement("s3:PutObject", objects, **denied, Condition={"Null": {header: "true"}}),
        statement(
            "s3:PutObject", objects, **denied, Condition={"StringNotEquals": {header: "AES256"}}
        ),
    )
    put = root.user("ann", statement("s3:*")).s3.put_object
    asked = {"Bucket": bucket, "Key": "new", "Body": b"x"}
    assert is_denied(put, **asked)
    assert is_denied(put, **asked, ServerSideEncryption="aws:kms")
    assert not is_denied(put, **asked, ServerSideEncryption="AES256")


# Other accounts


def test_a_role_across_accounts_with_an_external_id(
    root: Root, stranger: Root, bucket: str
) -> None:
    agreed = {"StringEquals": {"sts:ExternalId": "case-4711"}}
    trusted = trust({"AWS": stranger.arn("root")}, Condition=agreed)
    role = root.role("auditor", trusted, statement(READ, f"arn:aws:s3:::{bucket}/*"))
    asked: dict[str, Any] = {"RoleArn": role, "RoleSessionName": "visit"}

    idle, guest = stranger.user("idle"), stranger.user("guest", statement("sts:AssumeRole", role))
    assert is_denied(idle.sts.assume_role, **asked, ExternalId="case-4711")
    assert is_denied(guest.sts.assume_role, **asked)
    assert is_denied(guest.sts.assume_role, **asked, ExternalId="another")
    assert is_denied(root.user("own").sts.assume_role, **asked, ExternalId="case-4711")

    auditor = guest.assume(role, ExternalId="case-4711")
    assert auditor.sts.get_caller_identity()["Arn"].endswith(":assumed-role/auditor/test")
    assert auditor.s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    assert is_denied(auditor.s3.delete_object, Bucket=bucket, Key="k")


def test_a_boundary_that_stops_privilege_escalation(root: Root) -> None:
    made = root.iam.create_policy(PolicyName="edge", PolicyDocument=document(statement("s3:*")))
    edge = made["Policy"]["Arn"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": edge}}
    making = ["iam:CreateUser", "iam:AttachUserPolicy", "iam:PutUserPermissionsBoundary"]
    deputy = root.user(
        "deputy",
        statement(making, Condition=bounded),
        statement("iam:CreateAccessKey"),
    )
    administrator = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert is_denied(deputy.iam.create_user, UserName="free")
    own = {"UserName": "deputy", "PolicyArn": administrator}
    assert is_denied(deputy.iam.attach_user_policy, **own), "deputy has no boundary"

    deputy.iam.create_user(UserName="bound", PermissionsBoundary=edge)
    deputy.iam.attach_user_policy(UserName="bound", PolicyArn=administrator)
    assert is_denied(deputy.iam.delete_user_permissions_boundary, UserName="bound")
    bound = root.session(deputy.iam.create_access_key(UserName="bound")["AccessKey"])
    assert not is_denied(bound.s3.list_buckets)
    told = refusal(bound.iam.create_user, UserName="free")[1]
    assert "because no permissions boundary allows the iam:CreateUser action" in told
    assert is_denied(bound.iam.delete_user_permissions_boundary, UserName="bound")
    assert is_denied(bound.sts.get_federation_token, Name="free")
    assert is_denied(bound.ec2.run_instances, **LAUNCH)


# Organizations


@pytest.fixture
def organization(cloud: RunningCloud, root: Root) -> Iterator[tuple[Root, Root, str]]:
    """A management account, a member of its organization, and the organization's root."""
    root.organizations.create_organization(FeatureSet="ALL")
    top = root.organizations.list_roots()["Roots"][0]["Id"]
    root.organizations.enable_policy_type(RootId=top, PolicyType="SERVICE_CONTROL_POLICY")
    email = f"member@{root.account}.example.com"
    asked = root.organizations.create_account(Email=email, AccountName="member")
    cloud.advance(2)
    told = root.organizations.describe_create_account_status(
        CreateAccountRequestId=asked["CreateAccountStatus"]["Id"]
    )
    with Root(cloud, told["CreateAccountStatus"]["AccountId"]) as member:
        yield root, member, top


def bind(management: Root, target: str, *statements: Statement) -> str:
    made = management.organizations.create_policy(
        Name="limit",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=document(*statements),
    )["Policy"]["PolicySummary"]
    management.organizations.attach_policy(PolicyId=made["Id"], TargetId=target)
    arn: str = made["Arn"]
    return arn


def test_a_control_policy_binds_a_members_root_only(
    organization: tuple[Root, Root, str],
) -> None:
    management, member, top = organization
    member.s3.create_bucket(Bucket=f"bucket-{member.account}")
    policy = bind(management, top, statement("s3:*", effect="Deny"))
    told = refusal(member.s3.list_buckets)[1]
    assert told.endswith(f" with an explicit deny in a service control policy: {policy}")
    assert is_denied(member.user("ann", statement("*")).s3.list_buckets)
    assert not is_denied(member.iam.list_users)
    assert not is_denied(management.s3.list_buckets)
    assert not is_denied(management.user("ann", statement("s3:*")).s3.list_buckets)
    role = "OrganizationAccountAccessRole"
    visitor = management.user("admin", statement("*")).assume(member.arn(f"role/{role}"))
    assert not is_denied(visitor.iam.list_users)
    assert is_denied(visitor.s3.list_buckets)


def test_a_region_lock(organization: tuple[Root, Root, str]) -> None:
    management, member, _ = organization
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}
    spared = ["iam:*", "sts:*", "organizations:*", "s3:ListAllMyBuckets"]
    bind(
        management,
        member.account,
        statement(None, effect="Deny", NotAction=spared, Condition=elsewhere),
    )
    ann = member.user("ann", statement("*"))
    for who in (member, ann):
        assert not is_denied(who.iam.list_users)
        assert not is_denied(who.s3.list_buckets)
        assert not is_denied(who.client("ec2", "eu-west-1").run_instances, **LAUNCH)
        assert is_denied(who.client("ec2", "us-east-1").run_instances, **LAUNCH)
    assert is_denied(ann.s3.create_bucket, Bucket=f"far-{member.account}")
    near = {"LocationConstraint": "eu-west-1"}
    ann.client("s3", "eu-west-1").create_bucket(
        Bucket=f"near-{member.account}", CreateBucketConfiguration=near
    )
    assert not is_denied(management.client("ec2", "us-east-1").run_instances, **LAUNCH)
