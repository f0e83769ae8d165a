"""STS: tasks done as the root of a member account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_api_principals import refusal

from cloudling.kernel.authorize import Controls

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud
    from cloudling.testing.clouds import SyncClient

MANAGEMENT, MEMBER, STRANGER = "111122223333", "444455556666", "777788889999"
AUDIT = "arn:aws:iam::aws:policy/root-task/IAMAuditRootUserCredentials"
UNLOCK = "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"
ROOT = f"arn:aws:iam::{MEMBER}:root"


class TwoAccounts:
    """The port `Organizations`: an organization of two accounts."""

    def controls(self, account: str) -> Controls:
        if account not in {MANAGEMENT, MEMBER}:
            return Controls()
        return Controls(organization="o-abcde12345", management=account == MANAGEMENT)

    def is_closed(self, account: str) -> bool:
        return False


@pytest.fixture
def ann(local: LocalCloud) -> SyncClient:
    """A user of the management account, where root sessions are on."""
    local.cloud.organizations = TwoAccounts()
    local.root().iam.enable_organizations_root_sessions()
    return local.user("ann", document("sts:AssumeRoot"))


def assume(client: SyncClient, target: str = MEMBER, task: str = AUDIT, **more: Any) -> Any:
    return client.sts.assume_root(TargetPrincipal=target, TaskPolicyArn={"arn": task}, **more)


def test_a_task_and_nothing_else(local: LocalCloud, ann: SyncClient) -> None:
    local.root(MEMBER).iam.create_user(UserName="theirs")
    answer = assume(ann, target=ROOT)
    assert answer["Credentials"]["Expiration"] == local.clock.now() + 900
    assert answer["SessionTokenSize"] == len(answer["Credentials"]["SessionToken"])
    session = local.session(answer["Credentials"])
    assert session.sts.get_caller_identity() == {"UserId": MEMBER, "Account": MEMBER, "Arn": ROOT}
    assert session.iam.list_access_keys()["AccessKeyMetadata"] == []
    code, text, _ = refusal(session.iam.list_users)
    assert code == "AccessDenied"
    assert f"with an explicit deny in a session policy: {AUDIT}" in text
    assert refusal(session.s3.list_buckets)[0] == "AccessDenied"
    assert refusal(session.iam.list_access_keys, UserName="theirs")[0] == "AccessDenied"


def test_a_bucket_that_is_locked_is_unlocked(local: LocalCloud, ann: SyncClient) -> None:
    session = local.session(assume(ann, task=UNLOCK)["Credentials"])
    assert session.s3.list_buckets()["Buckets"] == []
    assert refusal(session.s3.create_bucket, Bucket="bucket")[0] == "AccessDenied"


@pytest.mark.parametrize("target", [MANAGEMENT, STRANGER])
def test_only_members_are_reached(ann: SyncClient, target: str) -> None:
    assert refusal(lambda: assume(ann, target)) == (
        "AccessDenied",
        f"User: arn:aws:iam::{MANAGEMENT}:user/ann is not authorized to perform: sts:AssumeRoot on "
        f"resource: arn:aws:iam::{target}:root",
        403,
    )


def test_only_while_the_feature_is_on(local: LocalCloud, ann: SyncClient) -> None:
    local.root().iam.disable_organizations_root_sessions()
    assert refusal(lambda: assume(ann))[0] == "AccessDenied"


def test_members_reach_nobody(local: LocalCloud, ann: SyncClient) -> None:
    eve = local.user("eve", document("*"), account=MEMBER)
    assert refusal(lambda: assume(eve))[0] == "AccessDenied"
    assert refusal(lambda: assume(eve, MANAGEMENT))[0] == "AccessDenied"


def test_roots_reach_nobody(local: LocalCloud, ann: SyncClient) -> None:
    code, text, _ = refusal(lambda: assume(local.root()))
    assert (code, text) == (
        "AccessDenied",
        f"User: arn:aws:iam::{MANAGEMENT}:root is not authorized to perform: sts:AssumeRoot on "
        f"resource: {ROOT}",
    )


def test_the_permission_by_task(local: LocalCloud, ann: SyncClient) -> None:
    only = {"Condition": {"StringEquals": {"sts:TaskPolicyArn": UNLOCK}}}
    bob = local.user("bob", document("sts:AssumeRoot", resource=ROOT, **only))
    assert assume(bob, task=UNLOCK)["Credentials"]
    assert refusal(lambda: assume(bob))[1].endswith(
        "because no identity-based policy allows the sts:AssumeRoot action"
    )


@pytest.mark.parametrize(
    "given",
    [
        {"task": "arn:aws:iam::aws:policy/AdministratorAccess"},
        {"task": "arn:aws:iam::aws:policy/root-task/Other"},
        {"task": "arn:aws:iam::aws:policy/S3UnlockBucketPolicy"},
        {"target": "arn:aws:iam::444455556666:user/ann"},
        {"target": "444455556666:root"},
        {"DurationSeconds": 901},
    ],
)
def test_bad_requests(ann: SyncClient, given: dict[str, Any]) -> None:
    assert refusal(lambda: assume(ann, **given))[0] == "ValidationError"


def test_features(local: LocalCloud, ann: SyncClient) -> None:
    iam, told = local.root().iam, {"OrganizationId": "o-abcde12345"}
    both = ["RootSessions", "RootCredentialsManagement"]
    assert iam.list_organizations_features() == {**told, "EnabledFeatures": both[:1]}
    enabled = iam.enable_organizations_root_credentials_management()
    assert enabled == {**told, "EnabledFeatures": both}
    assert iam.enable_organizations_root_credentials_management() == enabled
    disabled = iam.disable_organizations_root_credentials_management()
    assert disabled == {**told, "EnabledFeatures": both[:1]}


def test_who_manages_features(local: LocalCloud) -> None:
    operations = [
        "enable_organizations_root_sessions",
        "list_organizations_features",
        "disable_organizations_root_credentials_management",
    ]
    codes = [refusal(getattr(local.root().iam, name))[0] for name in operations]
    assert codes == ["OrganizationNotFoundException"] * 3
    local.cloud.organizations = TwoAccounts()
    codes = [refusal(getattr(local.root(MEMBER).iam, name))[0] for name in operations]
    assert codes == [
        "CallerIsNotManagementAccountException",
        "AccountNotManagementOrDelegatedAdministratorException",
        "AccountNotManagementOrDelegatedAdministratorException",
    ]
