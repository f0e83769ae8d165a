"""`cloudling iam suggest` for the role of story S1: all that its application needs, and no more."""

from __future__ import annotations

import io
import json
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from tests.scenarios.accounts import Root, document, is_denied, trust
from tests.scenarios.tutorials import PATIENCE, ROOT

from cloudling.models import actions
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.scenarios.accounts import Statement

ACCOUNT = "000000000000"
BUCKET = "module02-042"
ARNS = [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/hello.txt"]
MIB = 1024 * 1024


class Application:
    """The Flask application in this process, as the role that the story gives it."""

    def __init__(self, cloud: RunningCloud, root: Root, http: Any) -> None:
        self.cloud = cloud
        self.root = root
        self._http = http

    def use(self) -> list[int]:
        """Each route once, and the links it gives: the statuses."""
        return [
            self._ask("/upload", data={"file": (io.BytesIO(b"hello"), "hello.txt")}),
            self._ask("/upload", data={"file": "large.bin"}),
            self._ask("/list_files"),
            self._ask("/download/hello.txt"),
            self._ask("/download/nothing.txt"),
        ]

    def _ask(self, path: str, **options: Any) -> int:
        answer = (self._http.post if options else self._http.get)(path, **options)
        status: int = answer.status_code
        if status == 200 and path.startswith("/download/"):
            return fetch(answer.get_json()["content"])
        return status

    def suggestion(self) -> list[Statement]:
        """What `cloudling iam suggest s3_access` prints."""
        path = f"/_cloudling/iam/suggestion?{urlencode({'principal': 's3_access'})}"
        headers = {"Authorization": f"Bearer {self.cloud.app.token}"}
        asked = urllib.request.Request(self.cloud.endpoint + path, headers=headers)  # noqa: S310 - ours
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:  # noqa: S310 - ours
            found: list[Statement] = json.load(answer)["policy"]["Statement"]
        return found

    def restrict(self, *statements: Statement) -> None:
        self.root.iam.put_role_policy(
            RoleName="s3_access", PolicyName="own", PolicyDocument=document(*statements)
        )


def fetch(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own URLs
            answer.read()
            status: int = answer.status
            return status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code


@pytest.fixture
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setenv("BUCKET", BUCKET)
    monkeypatch.setenv("UPLOADS", str(tmp_path))
    (tmp_path / "large.bin").write_bytes(bytes(9 * MIB))
    monkeypatch.syspath_prepend(ROOT / "examples" / "cloud-storage-api")
    import app
    import s3_funcs

    with RunningCloud() as cloud, Root(cloud, ACCOUNT) as root:
        root.s3.create_bucket(Bucket=BUCKET)
        root.role("s3_access", trust({"AWS": ACCOUNT}))
        role = root.assume("s3_access")
        monkeypatch.setattr(s3_funcs, "client", lambda: role.s3)
        yield Application(cloud, root, app.app.test_client())
    del sys.modules["app"], sys.modules["s3_funcs"]


def test_the_suggested_policy_is_enough_and_no_more(application: Application) -> None:
    whole = "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    iam = application.root.iam
    iam.attach_role_policy(RoleName="s3_access", PolicyArn=whole)
    assert application.use() == [200, 200, 200, 200, 404]
    suggested = application.suggestion()

    iam.detach_role_policy(RoleName="s3_access", PolicyArn=whole)
    assert set(application.use()) == {403}
    application.restrict(*suggested)
    assert application.use() == [200, 200, 200, 200, 404]
    assert application.suggestion() == suggested, "what was refused is not suggested"

    used = {action for each in suggested for action in each["Action"]}
    assert used == {"s3:GetObject", "s3:ListBucket", "s3:PutObject"}
    assert allowed(application) == used
    role = application.root.assume("s3_access")
    for other in ("another", f"{BUCKET}-2"):
        application.root.s3.create_bucket(Bucket=other)
        assert is_denied(role.s3.list_objects_v2, Bucket=other)
        assert is_denied(role.s3.put_object, Bucket=other, Key="k", Body=b"x")
    assert is_denied(role.s3.delete_object, Bucket=BUCKET, Key="hello.txt")
    assert is_denied(role.s3.list_buckets)

    for left_out in suggested:
        application.restrict(*(each for each in suggested if each is not left_out))
        assert application.use() != [200, 200, 200, 200, 404], left_out


def allowed(application: Application) -> set[str]:
    """All actions of S3, IAM and STS that IAM's simulator allows the role on what it works with."""
    role = f"arn:aws:iam::{ACCOUNT}:role/s3_access"
    names = [f"{prefix}:{name}" for prefix in ("s3", "iam", "sts") for name in actions_of(prefix)]
    found = application.root.iam.get_paginator("simulate_principal_policy").paginate(
        PolicySourceArn=role, ActionNames=names, ResourceArns=ARNS
    )
    return {
        each["EvalActionName"]
        for page in found
        for each in page["EvaluationResults"]
        if "allowed" in {one["EvalResourceDecision"] for one in each["ResourceSpecificResults"]}
    }


def actions_of(prefix: str) -> list[str]:
    return sorted(actions.load(prefix).actions)
