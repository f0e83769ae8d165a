"""Operations that are not built: parsed, validated and authorised before they say so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from cloudling.kernel.errors import AccessDenied, AwsError, NotImplementedHere
from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.testing.clouds import SyncClient


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


def allowing(*actions: str, resource: str = "*") -> str:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


class Case(NamedTuple):
    """An operation of a later issue, and what its permission is called."""

    service: str
    method: str
    request: dict[str, Any]
    action: str
    resource: str = "*"

    def call(self, client: SyncClient) -> None:
        getattr(getattr(client, self.service), self.method)(**self.request)


IDP = "arn:aws:iam::111122223333:saml-provider/idp"
ANN = "arn:aws:iam::111122223333:user/ann"
WEBSITE = {"Bucket": "missing-b", "WebsiteConfiguration": {}}
KEY = {"UserName": "ann", "SSHPublicKeyId": "APKAEIBAERJR2EXAMPLE"}
SELECTED = {"Bucket": "missing-b", "Key": "k"}
MISSING = [
    Case("iam", "list_server_certificates", {}, "iam:ListServerCertificates"),
    Case("iam", "delete_ssh_public_key", KEY, "iam:DeleteSSHPublicKey", ANN),
    Case("iam", "get_saml_provider", {"SAMLProviderArn": IDP}, "iam:GetSAMLProvider", IDP),
    Case("s3", "put_bucket_website", WEBSITE, "s3:PutBucketWebsite", "arn:aws:s3:::missing-b"),
    Case("s3", "select_object_content", SELECTED, "s3:GetObject", "arn:aws:s3:::missing-b/k"),
    Case("s3", "list_directory_buckets", {}, "s3express:ListAllMyDirectoryBuckets"),
]


@pytest.mark.parametrize("case", MISSING, ids=lambda case: case.method)
def test_only_who_may_is_told(local: LocalCloud, case: Case) -> None:
    local.root().s3.create_bucket(Bucket="missing-b")
    with pytest.raises(AccessDenied, match=case.action):
        case.call(local.user("ann", allowing("ec2:*")))
    with pytest.raises(NotImplementedHere, match="is not implemented in Cloudling yet"):
        case.call(local.user("bob", allowing(case.action, resource=case.resource)))


def test_what_anyone_may_call_is_told_at_once(local: LocalCloud) -> None:
    nobody = local.user("ann")
    with pytest.raises(NotImplementedHere, match="WithSAML of Security Token Service is not"):
        nobody.sts.assume_role_with_saml(
            RoleArn="arn:aws:iam::111122223333:role/reader",
            PrincipalArn="arn:aws:iam::111122223333:saml-provider/idp",
            SAMLAssertion="abcd",
        )


def test_parameters_are_validated_first(local: LocalCloud) -> None:
    with pytest.raises(AwsError, match="invalid") as refused:
        local.user("ann").iam.list_ssh_public_keys(UserName="a b")
    assert refused.value.error_code == "ValidationError"


def test_resources_that_are_not_there_are_told_as_ever(local: LocalCloud) -> None:
    with pytest.raises(AwsError) as refused:
        local.root().s3.put_bucket_website(Bucket="nowhere-b", WebsiteConfiguration={})
    assert refused.value.error_code == "NoSuchBucket"


def test_calls_leave_records(local: LocalCloud) -> None:
    class Sink:
        def __init__(self) -> None:
            self.seen: list[tuple[str, str]] = []

        def take(self, records: list[Any]) -> None:
            self.seen += [(each.operation, each.error) for each in records]

    sink = Sink()
    local.cloud.recorder.sinks.append(sink)
    with pytest.raises(NotImplementedHere):
        local.root().iam.list_server_certificates()
    local.cloud.recorder.flush()
    assert sink.seen[-1] == ("ListServerCertificates", "NotImplemented")


def test_no_permission_is_asked_where_iam_is_off() -> None:
    with LocalCloud(iam="off") as local, pytest.raises(NotImplementedHere):
        local.user("ann").iam.list_server_certificates()


def test_operations_that_no_model_has(local: LocalCloud) -> None:
    with pytest.raises(AttributeError):
        local.root().iam.make_tea()
