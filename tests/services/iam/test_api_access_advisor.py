"""Access advisor: what could be used, who used it last, and which policies open it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import ADMINISTRATOR, document
from tests.services.iam.test_api_principals import TRUST, refusal

from cloudling.models import actions
from cloudling.services.iam.reach import Reach

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.testing import LocalCloud

ACCOUNT = "arn:aws:iam::111122223333"
ANN = f"{ACCOUNT}:user/ann"
DAY = 86_400.0


class Notes:
    """Activity as a test wants it."""

    def __init__(self, **seen: list[tuple[str, str, float]]) -> None:
        self._seen = seen

    def of(self, arn: str) -> Iterable[tuple[str, str, float]]:
        return self._seen.get(arn.rpartition("/")[2], [])


def report(local: LocalCloud, arn: str, **more: Any) -> dict[str, Any]:
    iam = local.root().iam
    job = iam.generate_service_last_accessed_details(Arn=arn, **more)["JobId"]
    answer: dict[str, Any] = iam.get_service_last_accessed_details(JobId=job)
    return {**answer, "job": job}


@pytest.mark.parametrize(
    ("policies", "services"),
    [
        ([document("s3:GetObject", "iam:*")], ["iam", "s3"]),
        ([document("S3:Get*")], ["s3"]),
        ([document("s3:Nothing", "none:*")], []),
        ([document("kinesisv*:*")], ["kinesisvideo"]),
        ([document("s3:*", "iam:*"), document("s3:*", effect="Deny")], ["iam"]),
        ([document("s3:Get*"), document("s3:Put*", effect="Deny")], ["s3"]),
        ([document("s3:*"), document("s3:*", effect="Deny", resource="arn:aws:s3:::b")], ["s3"]),
        (
            [document("s3:*"), document("*", effect="Deny", Condition={"Null": {"aws:x": "true"}})],
            ["s3"],
        ),
        ([document("*"), document("*", effect="Deny")], []),
    ],
)
def test_which_services_are_open(policies: list[str], services: list[str]) -> None:
    assert Reach(policies).services() == services


def test_everything_but_some(local: LocalCloud) -> None:
    everything = Reach([document("*")]).services()
    assert len(everything) == len(actions.prefixes())
    but = document("*").replace('"Action": ["*"]', '"NotAction": ["iam:*", "s3:Get*"]')
    assert set(everything) - set(Reach([but]).services()) == {"iam"}


def test_a_user(local: LocalCloud) -> None:
    local.user("ann", document("s3:*", "iam:*"))
    now = local.clock.now()
    local.cloud.activity = Notes(
        ann=[
            ("s3", "CreateBucket", now - 2 * DAY),
            ("s3", "GetObject", now - DAY),
            ("iam", "PassRole", now - 401 * DAY),
            ("sqs", "SendMessage", now),
        ]
    )
    told = report(local, ANN)
    assert (told["JobStatus"], told["JobType"], told["IsTruncated"]) == (
        "COMPLETED",
        "SERVICE_LEVEL",
        False,
    )
    assert told["JobCreationDate"] == told["JobCompletionDate"] == now
    assert told["ServicesLastAccessed"] == [
        {
            "ServiceName": "AWS Identity and Access Management (IAM)",
            "ServiceNamespace": "iam",
            "TotalAuthenticatedEntities": 0,
        },
        {
            "ServiceName": "Amazon S3",
            "ServiceNamespace": "s3",
            "TotalAuthenticatedEntities": 1,
            "LastAuthenticated": now - DAY,
            "LastAuthenticatedEntity": ANN,
        },
    ]
    told = report(local, ANN, Granularity="ACTION_LEVEL")
    assert told["ServicesLastAccessed"][1]["TrackedActionsLastAccessed"] == [
        {
            "ActionName": "CreateBucket",
            "LastAccessedEntity": ANN,
            "LastAccessedTime": now - 2 * DAY,
        }
    ]
    assert "TrackedActionsLastAccessed" not in told["ServicesLastAccessed"][0]


def attached_to_all(local: LocalCloud) -> str:
    """A policy on the user ann, on bob's group g and on the role r."""
    iam = local.root().iam
    arn: str = iam.create_policy(PolicyName="p", PolicyDocument=document("s3:*"))["Policy"]["Arn"]
    for name in ("ann", "bob"):
        iam.create_user(UserName=name)
    iam.create_group(GroupName="g")
    iam.add_user_to_group(GroupName="g", UserName="bob")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST, Path="/x/")
    iam.attach_user_policy(UserName="ann", PolicyArn=arn)
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    iam.attach_role_policy(RoleName="r", PolicyArn=arn)
    return arn


def test_a_policy_and_whom_it_serves(local: LocalCloud) -> None:
    iam = local.root().iam
    arn = attached_to_all(local)
    now = local.clock.now()
    local.cloud.activity = Notes(
        bob=[("s3", "GetObject", now - 5)], r=[("s3", "ListBucket", now - 3)]
    )
    told = report(local, arn)
    (service,) = told["ServicesLastAccessed"]
    assert service["TotalAuthenticatedEntities"] == 2
    assert service["LastAuthenticatedEntity"] == f"{ACCOUNT}:role/x/r"
    asked: Any = {"JobId": told["job"], "ServiceNamespace": "s3"}
    answer = iam.get_service_last_accessed_details_with_entities(**asked)
    assert [
        (each["EntityInfo"]["Name"], each.get("LastAuthenticated"))
        for each in answer["EntityDetailsList"]
    ] == [("r", now - 3), ("bob", now - 5), ("ann", None)]
    assert answer["EntityDetailsList"][0]["EntityInfo"] == {
        "Arn": f"{ACCOUNT}:role/x/r",
        "Name": "r",
        "Type": "ROLE",
        "Id": iam.get_role(RoleName="r")["Role"]["RoleId"],
        "Path": "/x/",
    }
    page = iam.get_service_last_accessed_details_with_entities(MaxItems=2, **asked)
    assert page["IsTruncated"] is True
    of_group = report(local, f"{ACCOUNT}:group/g")["ServicesLastAccessed"]
    assert of_group[0]["LastAuthenticatedEntity"] == f"{ACCOUNT}:user/bob"
    of_aws = report(local, ADMINISTRATOR)
    assert len(of_aws["ServicesLastAccessed"]) == 100
    assert of_aws["IsTruncated"] is True


def test_what_opens_a_service(local: LocalCloud) -> None:
    iam = local.root().iam
    local.user("ann", document("iam:*"))
    iam.create_group(GroupName="Staff")
    iam.put_group_policy(GroupName="Staff", PolicyName="g", PolicyDocument=document("*"))
    iam.add_user_to_group(GroupName="Staff", UserName="ann")
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonS3FullAccess")
    listed = iam.list_policies_granting_service_access
    told = listed(Arn=ANN, ServiceNamespaces=["iam", "s3"])
    of_group = {
        "PolicyName": "g",
        "PolicyType": "INLINE",
        "EntityType": "GROUP",
        "EntityName": "Staff",
    }
    assert told["PoliciesGrantingServiceAccess"] == [
        {
            "ServiceNamespace": "iam",
            "Policies": [
                {
                    "PolicyName": "p0",
                    "PolicyType": "INLINE",
                    "EntityType": "USER",
                    "EntityName": "ann",
                },
                of_group,
            ],
        },
        {
            "ServiceNamespace": "s3",
            "Policies": [
                {
                    "PolicyName": "AmazonS3FullAccess",
                    "PolicyType": "MANAGED",
                    "PolicyArn": "arn:aws:iam::aws:policy/AmazonS3FullAccess",
                },
                of_group,
            ],
        },
    ]
    told = listed(Arn=f"{ACCOUNT}:group/Staff", ServiceNamespaces=["none"])
    assert told["PoliciesGrantingServiceAccess"] == [{"ServiceNamespace": "none", "Policies": []}]


def test_a_report_is_its_askers_own_and_stays_a_week(local: LocalCloud) -> None:
    ann = local.user("ann", document("iam:*"))
    job = ann.iam.generate_service_last_accessed_details(Arn=ANN)["JobId"]
    assert ann.iam.get_service_last_accessed_details(JobId=job)["ServicesLastAccessed"]
    get = local.root().iam.get_service_last_accessed_details
    assert refusal(get, JobId=job)[0] == "NoSuchEntity"
    local.clock.advance(8 * DAY)
    report(local, ANN)
    assert refusal(ann.iam.get_service_last_accessed_details, JobId=job)[0] == "NoSuchEntity"


@pytest.mark.parametrize(
    ("arn", "code"),
    [
        (f"{ACCOUNT}:user/nobody", "NoSuchEntity"),
        (f"{ACCOUNT}:user/x/ann", "NoSuchEntity"),
        ("arn:aws:iam::444455556666:user/ann", "NoSuchEntity"),
        (f"{ACCOUNT}:policy/none", "NoSuchEntity"),
        (f"{ACCOUNT}:mfa/something", "InvalidInput"),
        ("arn:aws:sts::111122223333:assumed-role/r/s", "InvalidInput"),
    ],
)
def test_of_what_nothing_can_be_told(local: LocalCloud, arn: str, code: str) -> None:
    iam = local.root().iam
    iam.create_user(UserName="ann")
    assert refusal(iam.generate_service_last_accessed_details, Arn=arn)[0] == code
