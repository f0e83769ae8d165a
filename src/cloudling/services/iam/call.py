"""The handle of IAM's and STS's operations."""

from __future__ import annotations

from cloudling.kernel import Call, collection
from cloudling.services.iam.records import (
    AccessKey,
    AccessReport,
    AccountAlias,
    Attachment,
    CredentialReport,
    Group,
    InlinePolicy,
    InstanceProfile,
    LastUse,
    LinkedRoleDeletion,
    LoginProfile,
    ManagedPolicy,
    Membership,
    MfaDevice,
    OrganizationFeatures,
    PasswordPolicy,
    PolicyVersion,
    Role,
    User,
)


class IamCall(Call):
    """IAM's collections belong to the account; access keys, their use and the aliases of accounts
    are looked up in the whole world."""

    users = collection(
        User, name="iam_users", key=("key",), scope="account", indexes=("boundary", "id")
    )
    groups = collection(Group, name="iam_groups", key=("key",), scope="account")
    memberships = collection(
        Membership,
        name="iam_memberships",
        key=("member", "group_key"),
        scope="account",
        indexes=("group_key",),
    )
    roles = collection(
        Role, name="iam_roles", key=("key",), scope="account", indexes=("boundary", "id")
    )
    inline_policies = collection(
        InlinePolicy, name="iam_inline_policies", key=("owner", "key"), scope="account"
    )
    policies = collection(
        ManagedPolicy, name="iam_policies", key=("key",), scope="account", indexes=("arn",)
    )
    policy_versions = collection(
        PolicyVersion, name="iam_policy_versions", key=("policy", "number"), scope="account"
    )
    attachments = collection(
        Attachment,
        name="iam_attachments",
        key=("owner", "policy"),
        scope="account",
        indexes=("policy",),
    )
    access_keys = collection(
        AccessKey, name="iam_access_keys", key=("id",), scope="world", indexes=("user",)
    )
    access_reports = collection(
        AccessReport, name="iam_access_reports", key=("id",), scope="account"
    )
    last_uses = collection(LastUse, name="iam_last_uses", key=("subject",), scope="world")
    instance_profiles = collection(
        InstanceProfile,
        name="iam_instance_profiles",
        key=("key",),
        scope="account",
        indexes=("role",),
    )
    linked_role_deletions = collection(
        LinkedRoleDeletion, name="iam_linked_role_deletions", key=("task",), scope="account"
    )
    login_profiles = collection(
        LoginProfile, name="iam_login_profiles", key=("user",), scope="account"
    )
    password_policies = collection(
        PasswordPolicy, name="iam_password_policies", key=("account",), scope="account"
    )
    mfa_devices = collection(
        MfaDevice,
        name="iam_mfa_devices",
        key=("serial",),
        scope="account",
        indexes=("holder",),
    )
    aliases = collection(
        AccountAlias, name="iam_aliases", key=("alias",), scope="world", indexes=("account",)
    )
    credential_reports = collection(
        CredentialReport, name="iam_credential_reports", key=("account",), scope="account"
    )
    organization_features = collection(
        OrganizationFeatures,
        name="iam_organization_features",
        key=("organization",),
        scope="world",
    )
