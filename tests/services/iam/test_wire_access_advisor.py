"""Access advisor by boto3 over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.services.iam.test_api_policies import document
from tests.services.iam.test_wire import refusal

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def iam() -> Iterator[Any]:
    with RunningCloud() as running:
        yield running.client("iam")


def test_a_report(iam: Any) -> None:
    arn = iam.create_user(UserName="ann")["User"]["Arn"]
    iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=document("s3:*", "iam:*"))
    job = iam.generate_service_last_accessed_details(Arn=arn, Granularity="ACTION_LEVEL")["JobId"]
    told = iam.get_service_last_accessed_details(JobId=job, MaxItems=1)
    assert (told["JobStatus"], told["JobType"]) == ("COMPLETED", "ACTION_LEVEL")
    assert isinstance(told["JobCompletionDate"], datetime)
    assert [each["ServiceNamespace"] for each in told["ServicesLastAccessed"]] == ["iam"]
    rest = iam.get_service_last_accessed_details(JobId=job, Marker=told["Marker"])
    assert [each["ServiceNamespace"] for each in rest["ServicesLastAccessed"]] == ["s3"]
    entities = iam.get_service_last_accessed_details_with_entities(
        JobId=job, ServiceNamespace="s3"
    )["EntityDetailsList"]
    assert [each["EntityInfo"]["Arn"] for each in entities] == [arn]
    assert refusal(iam.get_service_last_accessed_details, JobId=job[::-1])[0] == "NoSuchEntity"


def test_what_opens_a_service(iam: Any) -> None:
    made = iam.create_user(UserName="bob")["User"]["Arn"]
    iam.put_user_policy(UserName="bob", PolicyName="p", PolicyDocument=document("s3:*"))
    told = iam.list_policies_granting_service_access(Arn=made, ServiceNamespaces=["s3", "iam"])
    of_user = {"PolicyName": "p", "PolicyType": "INLINE", "EntityType": "USER", "EntityName": "bob"}
    assert told["PoliciesGrantingServiceAccess"] == [
        {"ServiceNamespace": "s3", "Policies": [of_user]},
        {"ServiceNamespace": "iam", "Policies": []},
    ]
    assert told["IsTruncated"] is False
