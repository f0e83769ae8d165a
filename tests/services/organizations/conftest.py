"""A cloud in memory for every test of Organizations, and an organization in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

SCP = "SERVICE_CONTROL_POLICY"


class World:
    """An organization with all features, seen by its management account."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.api: Any = local.root().organizations
        self.organization = self.api.create_organization()["Organization"]
        self.root: str = self.api.list_roots()["Roots"][0]["Id"]

    def unit(self, name: str, parent: str = "") -> str:
        made = self.api.create_organizational_unit(ParentId=parent or self.root, Name=name)
        unit: str = made["OrganizationalUnit"]["Id"]
        return unit

    def account(self, name: str = "dev", parent: str = "", **more: Any) -> str:
        """A member account, made and moved where it belongs."""
        email = f"{name}@example.com"
        asked = self.api.create_account(Email=email, AccountName=name, **more)
        self.local.advance(5)
        told = self.api.describe_create_account_status(
            CreateAccountRequestId=asked["CreateAccountStatus"]["Id"]
        )
        account: str = told["CreateAccountStatus"]["AccountId"]
        if parent:
            self.api.move_account(
                AccountId=account, SourceParentId=self.root, DestinationParentId=parent
            )
        return account

    def policy(self, content: str, name: str = "p", kind: str = SCP) -> str:
        made = self.api.create_policy(Content=content, Description="", Name=name, Type=kind)
        policy: str = made["Policy"]["PolicySummary"]["Id"]
        return policy

    def enable(self, kind: str = SCP) -> None:
        self.api.enable_policy_type(RootId=self.root, PolicyType=kind)


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def world(local: LocalCloud) -> World:
    return World(local)
