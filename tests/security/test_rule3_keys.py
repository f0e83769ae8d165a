"""Security rule 3: where the well-known keys exist, who reads the data, whom root becomes."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.processes import ROOT, CloudProcess
from tests.raw import Draft, Key, ask, signed

from cloudling.cli import privileges
from cloudling.settings import Settings, UserError
from cloudling.testing import RunningCloud

if TYPE_CHECKING:
    from collections.abc import Iterator

EVERYWHERE = "0.0.0.0"  # noqa: S104 - nothing listens there
NOBODY = pwd.getpwnam("nobody")


@pytest.mark.parametrize("key", ["test", "111122223333"])
@pytest.mark.parametrize(
    ("settings", "status"),
    [
        ({}, 200),
        ({"development_keys": "off"}, 403),
        ({"development_keys": "on"}, 200),
    ],
)
def test_well_known_keys_exist_on_loopback_or_by_setting(
    settings: dict[str, str], status: int, key: str
) -> None:
    with RunningCloud(**settings) as cloud:
        answer = ask(cloud.port, signed(Draft(), Key(key, "test")))
        assert answer.status == status
        if status == 403:
            assert answer.code == "InvalidAccessKeyId"
            assert b"--development-keys" in answer.body


@pytest.mark.parametrize(
    ("host", "there"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True),
     (EVERYWHERE, False), ("::", False), ("192.168.1.2", False), ("cloud.test", False)],
)  # fmt: skip
def test_which_addresses_are_loopback(host: str, *, there: bool) -> None:
    assert Settings(host=host).has_development_keys is there
    assert Settings(host=host, development_keys="on").has_development_keys
    assert not Settings(host=host, development_keys="off").has_development_keys


def test_a_random_root_key_is_shown_once(tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path / "data"), "--development-keys", "off"]
    with CloudProcess(tmp_path / "home", *flags) as cloud:
        shown = cloud.log.read_text()
        found = re.search(r"AWS_ACCESS_KEY_ID=(\S+)\n\s*AWS_SECRET_ACCESS_KEY=(\S+)", shown)
        assert found, shown
        key = Key(found[1], found[2])
        assert re.fullmatch(r"AKIA[A-Z2-7]{16}", key.id)
        assert len(key.secret) == 40
        assert ask(cloud.port, signed(Draft(), key)).status == 200
        assert ask(cloud.port, signed(Draft())).status == 403
        cloud.stop()
        cloud.start_again()
        assert ask(cloud.port, signed(Draft(), key)).status == 200
        assert cloud.log.read_text().count("AWS_SECRET_ACCESS_KEY") == 1


def test_the_data_folder_is_the_users_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o755)
    with CloudProcess(tmp_path / "home", "--data", str(data)) as cloud:
        ask(cloud.port, signed(Draft("PUT", b"/bucket")))
        ask(cloud.port, signed(Draft("PUT", b"/bucket/key", body=b"x" * 100_000)))
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        key = data / "master.key"
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that another user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="cloudling-test-"))
    os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    yield path
    shutil.rmtree(path)


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@needs_root
def test_root_drops_to_the_user_who_called_sudo(open_folder: Path) -> None:
    # In a process of its own, for there is no way back.
    program = (
        "import os; from cloudling.cli import privileges; privileges.drop();"
        "print(os.getresuid(), os.getresgid(), os.getgroups(), os.environ['HOME'],"
        " os.environ.get('XDG_RUNTIME_DIR'), os.environ.get('XDG_DATA_HOME'))"
    )
    roots = open_folder / "roots"
    roots.mkdir(mode=0o700)
    told = subprocess.run(
        [sys.executable, "-c", program],
        env={
            "PYTHONPATH": str(ROOT / "src"),
            "SUDO_UID": str(NOBODY.pw_uid),
            "XDG_RUNTIME_DIR": str(roots),
            "XDG_DATA_HOME": str(open_folder),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ids = (NOBODY.pw_uid,) * 3, (NOBODY.pw_gid,) * 3, [NOBODY.pw_gid]
    assert told.strip() == f"{ids[0]} {ids[1]} {ids[2]} {NOBODY.pw_dir} None {open_folder}"


@needs_root
def test_a_cloud_started_by_sudo_runs_as_the_caller(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = "/usr/bin/python3"
    said = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:2])"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    if said.strip() != str(sys.version_info[:2]):
        pytest.skip("the caller needs a Python that every user may read, of our version")
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    paths = os.pathsep.join([str(ROOT / "src"), packages])
    monkeypatch.setattr(sys, "executable", python)
    env = {"SUDO_UID": str(NOBODY.pw_uid), "PYTHONPATH": paths}
    runtime = open_folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.chown(runtime, NOBODY.pw_uid, NOBODY.pw_gid)
    with CloudProcess(open_folder, "--data", str(open_folder / "data"), env=env) as cloud:
        owner = (open_folder / "data" / "master.key").stat().st_uid
        status = Path(f"/proc/{cloud.pid}/status").read_text()
    assert owner == NOBODY.pw_uid
    assert f"\nUid:\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}\t{NOBODY.pw_uid}\n" in status


@pytest.mark.parametrize("caller", ["", "0", "x", "-1"])
def test_without_a_caller_nobody_changes(caller: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", caller)
    before = os.getresuid()
    privileges.drop()
    assert os.getresuid() == before


@needs_root
def test_a_caller_whom_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "3999999999")
    with pytest.raises(UserError, match="Start without sudo"):
        privileges.drop()
