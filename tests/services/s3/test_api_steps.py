"""What others do between the steps of a put and of a get."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.errors import AwsError
from cloudling.kernel.steps import STEP, here
from cloudling.services.iam.credentials import root_of
from cloudling.testing.clouds import ACCOUNT

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud


@pytest.mark.parametrize("operation", ["PutObject", "GetObject"])
def test_a_bucket_that_goes_between_the_steps(
    local: LocalCloud, s3: Any, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = root_of(ACCOUNT)
    request = {"Bucket": "shelf", "Key": "book"}
    if operation == "PutObject":
        request["Body"] = b"words"  # type: ignore[assignment] # a body is bytes
    work: Any = local.cloud.invoke("s3", operation, request, identity=identity, region="us-east-1")
    with monkeypatch.context() as patched:
        patched.setattr(here, "in_round", True)
        assert work.send(None) is STEP
    s3.delete_bucket(Bucket="shelf")
    s3.create_bucket(Bucket="shelf")
    with pytest.raises(AwsError, match="does not exist") as caught:
        work.send(None)
    assert caught.value.error_code == "NoSuchBucket"
    assert s3.list_objects_v2(Bucket="shelf")["KeyCount"] == 0
