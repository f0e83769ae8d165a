"""Calls of a service that speaks JSON, from the socket to the kernel and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.raw import Answer, Draft, Key, ask, signed

from cloudling.kernel.services import Service
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PREFIX = "AWSOrganizationsV20161128"
MANIFEST = """
title = "Organizations"
models = ["organizations"]
validation_error = "InvalidInputException"
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    """A cloud with a room that has only a manifest, wherever that service stands."""
    with RunningCloud() as running:
        folder: Path = tmp_path_factory.mktemp("rooms") / "told"
        folder.mkdir()
        (folder / "manifest.toml").write_text(MANIFEST)
        room = Service(folder, "cloudling.services")
        room.modules = {}
        inner = running.app.cloud
        inner.services["told"] = room
        inner.by_model["organizations"] = room
        yield running


@pytest.fixture(scope="module")
def ann(cloud: RunningCloud) -> Key:
    return Key(*cloud.user("ann").values())


def draft(operation: str, body: bytes = b"{}", service: str = "organizations") -> Draft:
    headers = [
        (b"Content-Type", b"application/x-amz-json-1.1"),
        (b"X-Amz-Target", operation.encode()),
    ]
    return Draft("POST", headers=headers, body=body, service=service)


def told(answer: Answer) -> tuple[int, str, str]:
    assert answer.headers["content-type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-requestid"]
    body = json.loads(answer.body)
    return answer.status, body["__type"], body.get("Message") or body.get("message") or ""


def call(cloud: RunningCloud, sent: Draft, key: Key | None = None) -> tuple[int, str, str]:
    return told(ask(cloud.port, signed(sent, key or Key())))


def test_whoever_may_is_told_what_is_missing(cloud: RunningCloud) -> None:
    assert call(cloud, draft(f"{PREFIX}.ListRoots")) == (
        501,
        "NotImplemented",
        "ListRoots of Organizations is not implemented in Cloudling yet.",
    )


def test_whoever_may_not_is_denied(cloud: RunningCloud, ann: Key) -> None:
    status, code, text = call(cloud, draft(f"{PREFIX}.ListRoots"), ann)
    assert (status, code) == (400, "AccessDeniedException")
    assert text.startswith("User: arn:aws:iam::000000000000:user/ann is not authorized to perform")


def test_the_parameters_are_validated_first(cloud: RunningCloud, ann: Key) -> None:
    status, code, text = call(cloud, draft(f"{PREFIX}.DescribeAccount"), ann)
    assert (status, code) == (400, "InvalidInputException")
    assert text == (
        "1 validation error detected: Value null at 'accountId' failed to satisfy constraint: "
        "Member must not be null"
    )


@pytest.mark.parametrize("target", ["", "ListRoots", f"{PREFIX}.Nothing", "Other.ListRoots"])
def test_targets_that_name_nothing(cloud: RunningCloud, target: str) -> None:
    assert call(cloud, draft(target)) == (400, "UnknownOperationException", "")


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"MaxResults": "x"}', b"[" * 100_000])
def test_bodies_that_do_not_fit(cloud: RunningCloud, body: bytes) -> None:
    status, code, _ = call(cloud, draft(f"{PREFIX}.ListRoots", body))
    assert (status, code) == (400, "SerializationException")


def test_unsigned_calls_are_refused(cloud: RunningCloud) -> None:
    sent = draft(f"{PREFIX}.ListRoots", service="")
    status, code, _ = told(ask(cloud.port, sent))
    assert (status, code) == (400, "MissingAuthenticationTokenException")


def test_wrong_signatures_are_refused(cloud: RunningCloud) -> None:
    sent = draft(f"{PREFIX}.ListRoots")
    status, code, _ = call(cloud, sent, Key("test", "wrong"))
    assert (status, code) == (400, "InvalidSignatureException")
    status, code, _ = call(cloud, sent, Key("AKIANOBODY", "wrong"))
    assert (status, code) == (400, "UnrecognizedClientException")


def test_bodies_have_a_limit(cloud: RunningCloud) -> None:
    status, code, _ = call(cloud, draft(f"{PREFIX}.ListRoots", b" " * ((1 << 20) + 1)))
    assert (status, code) == (413, "RequestEntityTooLarge")
