"""The admin half of security rule 2: `/_cloudling` behind its token, and what is open."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest
from tests.processes import CloudProcess
from tests.raw import Draft, ask, signed

from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEHIND = [
    ("GET", b"/_cloudling/status"),
    ("GET", b"/_cloudling/coverage"),
    ("GET", b"/_cloudling/logs"),
    ("POST", b"/_cloudling/root-key?account=111122223333"),
    ("POST", b"/_cloudling/reset"),
    ("POST", b"/_cloudling/stop"),
    ("GET", b"/_cloudling/nothing"),
    ("GET", b"/_localstack/nothing"),
    ("GET", b"/_cloudling/health/../status"),
]
RESET = Draft("POST", b"/_localstack/state/reset", service="")


@pytest.fixture(scope="module")
def cloud() -> Iterator[RunningCloud]:
    with RunningCloud() as running:
        yield running


def bearing(method: str, path: bytes, value: str) -> Draft:
    return Draft(method, path, headers=[(b"Authorization", value.encode())], service="")


@pytest.mark.parametrize(("method", "path"), BEHIND)
@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Bearer x", "Basic {token}", "{token}"])
def test_without_the_token_nothing_is_told(
    cloud: RunningCloud, method: str, path: bytes, value: str
) -> None:
    answer = ask(cloud.port, bearing(method, path, value.format(token=cloud.app.token)))
    assert answer.status == 401
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(("method", "path"), BEHIND[:6])
def test_keys_of_the_cloud_open_nothing_there(
    cloud: RunningCloud, method: str, path: bytes
) -> None:
    assert ask(cloud.port, signed(Draft(method, path))).status == 401


@pytest.mark.parametrize("path", [b"/_cloudling/status", b"/_cloudling/coverage"])
def test_the_token_opens(cloud: RunningCloud, path: bytes) -> None:
    answer = ask(cloud.port, bearing("GET", path, f"Bearer {cloud.app.token}"))
    assert answer.status == 200
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_health_is_open_and_tells_no_secret(cloud: RunningCloud) -> None:
    answer = ask(cloud.port, Draft(path=b"/_cloudling/health", service=""))
    assert answer.status == 200
    assert cloud.app.token.encode() not in answer.body


def test_the_open_reset_empties_the_cloud() -> None:
    with RunningCloud() as cloud:
        ask(cloud.port, signed(Draft("PUT", b"/bucket")))
        assert ask(cloud.port, RESET).status == 200
        assert ask(cloud.port, signed(Draft("HEAD", b"/bucket"))).status == 404


def test_reset_wants_the_token_where_the_development_keys_are_off() -> None:
    with RunningCloud(development_keys="off") as cloud:
        assert ask(cloud.port, RESET).status == 403
        opened = bearing("POST", RESET.path, f"Bearer {cloud.app.token}")
        assert ask(cloud.port, opened).status == 200


def test_runtime_files_are_the_users_alone(tmp_path: Path) -> None:
    with CloudProcess(tmp_path, "--memory") as cloud:
        folder = tmp_path / "runtime" / "cloudling"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for name in ("pid", "token"):
            file = folder / f"{cloud.port}.{name}"
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
        answer = ask(cloud.port, bearing("GET", b"/_cloudling/status", f"Bearer {cloud.token()}"))
        assert answer.status == 200
        # The token is told nowhere else.
        assert cloud.token() not in cloud.log.read_text()


@pytest.mark.parametrize("account", ["", "12", "11112222333x", "1111222233334"])
def test_root_keys_are_of_accounts(cloud: RunningCloud, account: str) -> None:
    path = b"/_cloudling/root-key?account=" + account.encode()
    assert ask(cloud.port, bearing("POST", path, f"Bearer {cloud.app.token}")).status == 400


@pytest.mark.parametrize("development_keys", [True, False])
def test_a_root_key_signs_as_the_accounts_root(development_keys: bool) -> None:
    with RunningCloud(development_keys="on" if development_keys else "off") as cloud:
        path = b"/_cloudling/root-key?account=444455556666"
        asked = bearing("POST", path, f"Bearer {cloud.app.token}")
        told = json.loads(ask(cloud.port, asked).body)
        assert json.loads(ask(cloud.port, asked).body) == told
        sts = cloud.client(
            "sts",
            aws_access_key_id=told["access_key_id"],
            aws_secret_access_key=told["secret_access_key"],
        )
        assert sts.get_caller_identity()["Arn"] == "arn:aws:iam::444455556666:root"
