"""An account of a running cloud, and the people in it, each with boto3 clients of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.testing import RunningCloud

Statement = dict[str, Any]


def statement(action: Any, resource: Any = "*", effect: str = "Allow", **more: Any) -> Statement:
    """A statement; `NotAction=…` with an action of None, `Condition=…` and others come on top."""
    found = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in found.items() if value is not None}


def trust(principal: dict[str, str], **more: Any) -> str:
    return document(statement("sts:AssumeRole", None, Principal=principal, **more))


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class Person:
    """Somebody with keys: `person.s3` is a client that signs as them."""

    def __init__(self, cloud: RunningCloud, keys: dict[str, str], opened: list[Any]) -> None:
        self._cloud = cloud
        self._keys = keys
        self._opened = opened
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str = "us-east-1") -> Any:
        found = self._clients.get((service, region))
        if found is None:
            found = self._cloud.client(service, region_name=region, **self._keys)
            self._clients[service, region] = found
            self._opened.append(found)
        return found

    def __getattr__(self, service: str) -> Any:
        return self.client(service)

    def assume(self, role: str, **request: Any) -> Person:
        """This person in a role; of their own account where only its name is given."""
        if not role.startswith("arn:"):
            role = f"arn:aws:iam::{self.number}:role/{role}"
        made = self.sts.assume_role(RoleArn=role, RoleSessionName="test", **request)
        return self.session(made["Credentials"])

    def session(self, credentials: dict[str, Any]) -> Person:
        return Person(self._cloud, keys_of(credentials), self._opened)

    @property
    def number(self) -> str:
        account: str = self.sts.get_caller_identity()["Account"]
        return account


class Root(Person):
    """The root of an account, by the well-known keys that every account has."""

    def __init__(self, cloud: RunningCloud, number: str) -> None:
        keys = {"aws_access_key_id": number, "aws_secret_access_key": "test"}
        super().__init__(cloud, keys, [])
        self.account = number

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the clients of all who came from here."""
        for client in self._opened:
            client.close()

    def user(self, name: str, *statements: Statement, **request: Any) -> Person:
        self.iam.create_user(UserName=name, **request)
        if statements:
            self.iam.put_user_policy(
                UserName=name, PolicyName="own", PolicyDocument=document(*statements)
            )
        return self.session(self.iam.create_access_key(UserName=name)["AccessKey"])

    def role(self, name: str, trusting: str, *statements: Statement) -> str:
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusting)
        if statements:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="own", PolicyDocument=document(*statements)
            )
        arn: str = made["Role"]["Arn"]
        return arn

    def arn(self, rest: str) -> str:
        return f"arn:aws:iam::{self.account}:{rest}"


def keys_of(made: dict[str, Any]) -> dict[str, str]:
    """What boto3 signs with, of an access key or of temporary credentials."""
    keys = {
        "aws_access_key_id": made["AccessKeyId"],
        "aws_secret_access_key": made["SecretAccessKey"],
    }
    token = made.get("SessionToken")
    return {**keys, "aws_session_token": token} if token else keys


def refusal(call: Callable[..., Any], **request: Any) -> tuple[str, str]:
    """The code and the words with which a call is refused."""
    with pytest.raises(ClientError) as refused:
        call(**request)
    error = refused.value.response["Error"]
    return error["Code"], error["Message"]


def is_denied(call: Callable[..., Any], **request: Any) -> bool:
    """Whether policies refuse the call; any other refusal is none of theirs, and fails."""
    try:
        call(**request)
    except ClientError as refused:
        code = refused.response["Error"]["Code"]
        if code in ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"):
            return True
        if code == "DryRunOperation":
            return False
        raise
    return False
