"""What the tests of bucket policies share: documents, callers, and refusals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel import AwsError
from cloudling.kernel.identities import Identity
from cloudling.kernel.origins import Origin
from cloudling.testing.clouds import ACCOUNT, SyncClient

if TYPE_CHECKING:
    from cloudling.testing import LocalCloud

BUCKET = "arn:aws:s3:::shelf"
OBJECTS = f"{BUCKET}/*"
STRANGER = "444455556666"
OPEN = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False
)
NOBODY = Identity(
    kind="anonymous", account="", arn="anonymous", principal_arn="anonymous", unique_id="anonymous"
)


def statement(**elements: Any) -> dict[str, Any]:
    """A statement that lets the bucket's account read; an element of None is left out."""
    usual = {
        "Effect": "Allow",
        "Principal": {"AWS": ACCOUNT},
        "Action": "s3:GetObject",
        "Resource": OBJECTS,
    }
    return {name: value for name, value in {**usual, **elements}.items() if value is not None}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def identity_policy(action: str | list[str], resource: str = "*", effect: str = "Allow") -> str:
    return policy({"Effect": effect, "Action": action, "Resource": resource})


def put(s3: Any, *statements: dict[str, Any]) -> None:
    s3.put_bucket_policy(Bucket="shelf", Policy=policy(*statements))


def unblock(s3: Any) -> None:
    s3.put_public_access_block(Bucket="shelf", PublicAccessBlockConfiguration=OPEN)


def anonymous(local: LocalCloud) -> Any:
    return from_origin(local, NOBODY, Origin(peer="198.51.100.7", scheme="anonymous"))


def from_origin(local: LocalCloud, identity: Identity, origin: Origin) -> Any:
    return SyncClient(local, local.cloud.client(identity, "us-east-1", origin)).s3


def refusal(function: Any, **request: Any) -> AwsError:
    with pytest.raises(AwsError) as caught:
        function(**{"Bucket": "shelf", **request})
    return caught.value


def denied(function: Any, **request: Any) -> str:
    found = refusal(function, **request)
    assert (found.error_code, found.http_status) == ("AccessDenied", 403)
    return found.text
