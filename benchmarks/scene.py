"""What stands before the load: a bucket, a role with three policies, and its temporary keys."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.answers import ask, value
from benchmarks.replay import replay
from benchmarks.signing import ROOT, Keys, Signer

if TYPE_CHECKING:
    from benchmarks.servers import Running

BUCKET = "bench"
SMALL = 1024
_IAM = {"Version": "2010-05-08"}
_STS = {"Version": "2011-06-15"}
IDENTITY = {"Action": "GetCallerIdentity", **_STS}


@dataclass
class Scene:
    """A server and the one who calls it."""

    running: Running
    signer: Signer

    @property
    def port(self) -> int:
        return self.running.port

    @property
    def name(self) -> str:
        return self.running.program.name


def _allow(actions: list[str], resource: str, **condition: Any) -> dict[str, Any]:
    found = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**found, "Condition": condition} if condition else found


def policies() -> list[str]:
    """Three policies of ten statements each; the objects stand in the last of the second.

    One statement of the third refuses, under a condition that does not hold.
    """
    tables = [
        _allow(["dynamodb:GetItem", "dynamodb:Query"], f"arn:aws:dynamodb:*:*:table/team{n}-*")
        for n in range(10)
    ]
    objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
    storage = [_allow(objects, f"arn:aws:s3:::team{n}-*/*") for n in range(8)]
    storage.append(_allow(["s3:ListBucket"], f"arn:aws:s3:::{BUCKET}"))
    storage.append(_allow(objects, f"arn:aws:s3:::{BUCKET}/*"))
    prefixes = [
        _allow(
            ["s3:ListBucket"],
            f"arn:aws:s3:::shared{n}",
            StringLike={"s3:prefix": ["${aws:username}/*", "public/*"]},
        )
        for n in range(9)
    ]
    refused = {
        "Effect": "Deny",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}},
    }
    statements = (tables, storage, [*prefixes, refused])
    return [json.dumps({"Version": "2012-10-17", "Statement": some}) for some in statements]


def prepare(running: Running) -> Scene:
    """Make the bucket and the role, and assume it."""
    root = Signer(running.port, ROOT)
    if not running.program.aws:
        return Scene(running, root)
    if not running.filled:
        ask(running.port, root.head("s3", "PUT", f"/{BUCKET}", {}, b""))
    identity = ask(running.port, root.call("sts", IDENTITY))
    return Scene(running, Signer(running.port, _assumed(running.port, root, identity)))


def _assumed(port: int, root: Signer, identity: bytes) -> Keys:
    def iam(action: str, **parameters: str) -> bytes:
        return ask(port, root.call("iam", {"Action": action, **_IAM, **parameters}))

    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{value(identity, 'Account')}:root"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam("CreateRole", RoleName="bench", AssumeRolePolicyDocument=document)
    for number, policy in enumerate(policies()):
        made = iam("CreatePolicy", PolicyName=f"bench{number}", PolicyDocument=policy)
        iam("AttachRolePolicy", RoleName="bench", PolicyArn=value(made, "Arn"))
    wanted = {"RoleArn": value(role, "Arn"), "RoleSessionName": "bench"}
    # Root may not assume a role, so that a user of its account does.
    caller = _user(port, iam)
    session = ask(port, caller.call("sts", {"Action": "AssumeRole", **_STS, **wanted}))
    return Keys(
        value(session, "AccessKeyId"),
        value(session, "SecretAccessKey"),
        value(session, "SessionToken"),
    )


def _user(port: int, iam: Any) -> Signer:
    iam("CreateUser", UserName="bench")
    allowed = _allow(["sts:AssumeRole"], "*")
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam("PutUserPolicy", UserName="bench", PolicyName="assume", PolicyDocument=document)
    made = iam("CreateAccessKey", UserName="bench")
    return Signer(port, Keys(value(made, "AccessKeyId"), value(made, "SecretAccessKey")))


def body(number: int, size: int = SMALL) -> bytes:
    """Bytes that differ from object to object."""
    return f"{number:016}".encode() * (size // 16)


def fill(scene: Scene, keys: int) -> None:
    """Put the keys of the listing, as many at a time as a server takes gladly."""
    step = 5000
    for first in range(0, keys, step):
        numbers = range(first, min(first + step, keys))
        corpus = [scene.signer.put(f"/{BUCKET}/key-{number:06}", b"x") for number in numbers]
        replay(scene.port, corpus, connections=8, seconds=None)


def ten_calls(signer: Signer, port: int) -> None:
    """Ten different calls, after which an idle server has what it needs in memory."""
    object_path = f"/{BUCKET}/first"
    calls = (
        signer.call("sts", IDENTITY),
        signer.call("iam", {"Action": "ListRoles", **_IAM}),
        signer.call("iam", {"Action": "ListUsers", **_IAM}),
        signer.get("/"),
        signer.head("s3", "PUT", f"/{BUCKET}", {}, b""),
        signer.put(object_path, body(0)),
        signer.get(object_path),
        signer.get(object_path, method="HEAD"),
        signer.get(f"/{BUCKET}", {"list-type": "2"}),
        signer.get(object_path, method="DELETE"),
    )
    for call in calls:
        ask(port, call)
