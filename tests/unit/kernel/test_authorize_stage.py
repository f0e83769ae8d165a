"""The stage that asks: what it reports, modes that change, keys it knows without the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cloudling.kernel.authorize import NO_CONTROLS, Controls
from cloudling.kernel.authorize.messages import Receipt
from cloudling.kernel.decisions import Asked, Decisions
from cloudling.testing import LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"},
    }
)
ID = "d3xbfwcsdoam45n7ms6nv5pl0"


class Notes(Decisions):
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, bool]] = []
        self.last: Asked | None = None

    def refused(self, asked: Asked) -> Receipt:
        self.heard.append((asked.need.action, False))
        self.last = asked
        return Receipt(ID)

    def allowed(self, asked: Asked) -> None:
        self.heard.append((asked.need.action, True))


class Tree:
    """An organization of the test's own: these controls for every account."""

    def __init__(self, controls: Controls) -> None:
        self._controls = controls

    def controls(self, account: str) -> Controls:
        return self._controls if account else NO_CONTROLS


@pytest.fixture
def local() -> Iterator[LocalCloud]:
    with LocalCloud() as cloud:
        yield cloud


@pytest.fixture
def notes(local: LocalCloud) -> Notes:
    local.cloud.decisions = notes = Notes()
    return notes


def policy(*actions: str, effect: str = "Allow", **more: Any) -> str:
    statement = {"Effect": effect, "Action": actions, "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def grant(local: LocalCloud, *actions: str, **more: Any) -> None:
    local.root.iam.put_user_policy(
        UserName="ann", PolicyName="p", PolicyDocument=policy(*actions, **more)
    )
