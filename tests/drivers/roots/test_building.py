"""Roots as they are built: from packages of a repository of our own, and over the host's /usr."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from tests.drivers.roots.debs import write_repository

from cloudling.drivers.roots import FolderRoots, builder, host
from cloudling.drivers.roots.builder import Order
from cloudling.drivers.roots.shelf import Label, Shelf
from cloudling.drivers.roots.trees import Tree
from cloudling.kernel.machines import NoSuchRoot

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
NAME = "ubuntu-22.04"

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt is not here.")
needs_usr = pytest.mark.skipif(bool(host.reason_against()), reason=host.reason_against())


def nothing(_: str) -> None: ...


def order(folder: Path, **said: object) -> Order:
    given = {"folder": str(folder), "name": NAME, "keeps_wheels": False, **said}
    return Order(**given)  # type: ignore[arg-type]


def from_packages(tmp_path: Path) -> dict[str, object]:
    tmp_path.mkdir(exist_ok=True)
    line = write_repository(tmp_path / "repository")
    return {"source": "debian", "apt_sources": line, "packages": ("base-tiny",)}


@needs_apt
def test_a_root_is_made_of_packages_and_all_that_they_need(tmp_path: Path) -> None:
    shelf, told = Shelf(tmp_path / "roots"), []
    builder.build(order(shelf.folder, **from_packages(tmp_path)), shelf, told.append)
    base, family = Tree(shelf.tree("base-debian")), Tree(shelf.tree(NAME))
    label = shelf.find(NAME)

    assert label is not None
    assert (label.title, label.lower, label.host_usr) == (
        "Tiny Linux 1 (sprout)",
        ("base-debian",),
        False,
    )
    assert label.packages == ("base-tiny 1.0", "lib-tiny 1.0")
    assert base.read("usr/bin/greet").startswith("#!/bin/sh")
    assert base.read("usr/lib/tiny.txt") == "tiny"
    assert base.place("bin").is_symlink()
    assert not base.has("usr/share/man/man1/greet.1")
    assert not base.has("usr/share/doc/base-tiny/README")
    assert base.has("usr/share/doc/base-tiny/copyright")
    assert "Package: lib-tiny\nStatus: install ok installed" in base.read("var/lib/dpkg/status")
    assert "/bin/greet" in base.read("var/lib/dpkg/info/base-tiny.list").splitlines()
    assert not (tmp_path / "roots" / "base-debian" / "apt").exists()
    assert "ubuntu:x:1000:1000:" in family.read("etc/passwd")
    assert "ec2-user:x:1000:1000:" in family.read("etc/passwd")
    assert family.read("home/ubuntu/.bashrc") == "# nothing\n"
    assert "Tiny Linux 1 (sprout)" in family.read("etc/motd")
    assert "making ubuntu-22.04" in told


@needs_apt
def test_what_apt_cannot_get_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    shelf, told = Shelf(tmp_path / "roots"), []
    wrong = {**from_packages(tmp_path), "packages": ("no-such-package",)}

    with pytest.raises(OSError, match="Unable to locate package no-such-package"):
        builder.build(order(shelf.folder, **wrong), shelf, told.append)

    assert shelf.labels() == []
    assert [path.name for path in shelf.folder.iterdir()] == [".lock"]


@needs_usr
def test_over_the_hosts_usr_nothing_of_its_people_is_copied(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "roots")
    builder.build(order(shelf.folder, source="host"), shelf, nothing)
    base = Tree(shelf.tree("base-host"))
    label = shelf.find(NAME)

    assert label is not None
    assert label.host_usr
    assert "over this machine's own /usr" in label.title
    users = base.read("etc/passwd").splitlines()
    assert "root" in [line.partition(":")[0] for line in users]
    assert all(int(line.split(":")[2]) < 1000 or ":65534:" in line for line in users)
    assert all(line.split(":")[1] == "*" for line in base.read("etc/shadow").splitlines())
    assert base.names("root") == base.names("home") == []
    assert base.names("etc/ssh") == ["sshd_config", "sshd_config.d"]
    assert "BEGIN CERTIFICATE" in base.read("etc/ssl/certs/ca-certificates.crt")
    assert base.follow("etc/pki/tls/certs/ca-bundle.crt").is_file()
    assert label.python == ".".join(map(str, python_of_the_system()))


def python_of_the_system() -> tuple[int, ...]:
    script = "import sys; print(*sys.version_info[:2])"
    done = subprocess.run(
        ["/usr/bin/python3", "-c", script], capture_output=True, text=True, check=True
    )
    return tuple(int(word) for word in done.stdout.split())


@needs_usr
def test_a_host_of_another_kind_is_laid_over_as_it_stands(tmp_path: Path) -> None:
    slash, folder = tmp_path / "slash", tmp_path / "tree"
    folder.mkdir()
    files = {
        "etc/passwd": "root:x:0:0::/:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n+nis::::::\n",
        "etc/group": "root:x:0:ann\nann:x:1000:\n",
        "etc/shadow": "root:$6$hush-hush:1:::::::\n",
        "etc/ssh/ssh_host_rsa_key": "hush-hush",
        "etc/login.defs": "UMASK 022\n",
        "etc/pki/tls/certs/ca-bundle.crt": "-----BEGIN CERTIFICATE-----\n",
        "usr/strange file": "",
        "usr/lib/deep/deeper/file": "",
        "home/ann/.aws/credentials": "hush-hush",
    }
    for name, content in files.items():
        (slash / name).parent.mkdir(parents=True, exist_ok=True)
        (slash / name).write_text(content)
    (slash / "usr" / "lib64").symlink_to("lib")
    (slash / "lib64").symlink_to("usr/lib64")
    (slash / "etc" / "ssl").mkdir()
    (slash / "etc" / "ssl" / "certs").symlink_to("../pki/tls/certs")
    (slash / "etc" / "login.defs").chmod(0o644)
    tree = Tree(folder)

    host.fill(tree, nothing, slash)

    written = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in written if b"hush-hush" in path.read_bytes()]
    assert "ann" not in tree.read("etc/passwd") + tree.read("etc/group")
    assert tree.read("etc/login.defs") == "UMASK 022\n"
    assert tree.read("etc/ssl/certs/ca-certificates.crt") == "-----BEGIN CERTIFICATE-----\n"
    assert tree.follow("etc/pki/tls/certs/ca-bundle.crt").is_file()
    assert tree.place("usr/lib/deep").is_dir()
    assert not tree.has("usr/lib/deep/deeper")
    assert not tree.has("usr/lib64")


def test_what_a_killed_builder_left_is_cleared_and_never_taken_for_whole(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    left = tmp_path / ".making-base-host" / "tree"
    left.mkdir(parents=True)
    (tmp_path / "amazon-linux-2" / "tree").mkdir(parents=True)
    assert shelf.labels() == []

    with shelf.locked(nothing):
        assert not left.exists()
        with shelf.making("amazon-linux-2") as folder:
            shelf.finish(folder, Label(name="amazon-linux-2", title="new"))

    assert [label.title for label in shelf.labels()] == ["new"]


def test_a_family_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NoSuchRoot):
        builder.build(order(tmp_path, name="windows-2022"), Shelf(tmp_path), nothing)


@needs_usr
def test_two_processes_build_a_root_once(tmp_path: Path) -> None:
    roots = FolderRoots(tmp_path / "a", tmp_path / "b", source="host", keeps_wheels=False)
    told: list[str] = []

    async def both() -> None:
        first, second = await asyncio.gather(
            roots.prepare(NAME, told.append), roots.prepare(NAME, told.append)
        )
        assert first == second
        assert first.is_ready
        assert first.size > 0

    asyncio.run(both())

    assert told.count("laying a root over this machine's /usr") == 1
    assert told.count("done") == 2


@needs_apt
def test_a_build_that_nobody_awaits_any_more_ends_and_leaves_nothing(tmp_path: Path) -> None:
    roots = FolderRoots(tmp_path / "a", tmp_path / "b", **from_packages(tmp_path))
    told = asyncio.Event()

    async def give_up() -> None:
        building = asyncio.create_task(roots.prepare(NAME, lambda _: told.set()))
        await told.wait()
        building.cancel()
        with pytest.raises(asyncio.CancelledError):
            await building

    asyncio.run(give_up())

    assert [path.name for path in (tmp_path / "a").iterdir()] == [".lock"]


class Builder(subprocess.Popen[bytes]):
    """The builder's process, whose progress is read."""

    stdout: IO[bytes]


def builder_of(said: str, starter: str = "", wrapper: tuple[str, ...] = ()) -> Builder:
    command = [*wrapper, sys.executable, "-m", "cloudling.drivers.roots", "build", said]
    if starter:
        command = [sys.executable, "-c", starter, *command]
    paths = [str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return Builder(command, stdout=subprocess.PIPE, env=env)


@needs_usr
def test_a_builder_dies_with_whoever_started_it(tmp_path: Path) -> None:
    """Held up by a lock of ours, it would wait for ever."""
    shelf = Shelf(tmp_path / "roots")
    said = json.dumps({"folder": str(shelf.folder), "name": NAME, "source": "host"})
    with shelf.locked(nothing):
        process = builder_of(said, starter="import subprocess, sys; subprocess.run(sys.argv[1:])")
        with process.stdout as output:
            assert output.readline() == b"waiting for another build\n"
            process.send_signal(signal.SIGKILL)
            process.wait()
            # Its end of the pipe closes with it.
            assert output.read() == b""


@needs_apt
def test_a_build_that_was_killed_is_begun_anew(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "roots")
    given = {"folder": str(shelf.folder), "name": NAME, **from_packages(tmp_path)}
    killed = builder_of(json.dumps(given))
    with killed.stdout as output:
        assert output.readline() == b"reading the lists of packages\n"
        killed.kill()
        killed.wait()

    builder.build(order(shelf.folder, **from_packages(tmp_path / "again")), shelf, nothing)

    assert [label.name for label in shelf.labels()] == ["base-debian", NAME]


STRANGER = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups")


@pytest.fixture
def strange() -> Iterator[Path]:
    """A folder of an ordinary user's, who can run this Python."""
    tried = [*STRANGER, sys.executable, "-c", "import msgspec"]
    if os.geteuid() or shutil.which(STRANGER[0]) is None:
        pytest.skip("Only root becomes another user, with setpriv.")
    if subprocess.run(tried, capture_output=True, check=False).returncode:
        pytest.skip("Another user cannot run this Python.")
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, 12345, 12345)
        yield Path(name)


@needs_apt
@pytest.mark.parametrize("source", ["debian", "host"])
def test_an_ordinary_user_builds_roots_that_are_all_that_users(strange: Path, source: str) -> None:
    given = from_packages(strange) if source == "debian" else {"source": "host"}
    said = {"folder": str(strange / "roots"), "name": NAME, "keeps_wheels": False, **given}

    done = builder_of(json.dumps(said), wrapper=STRANGER)
    with done.stdout as output:
        told = output.read().decode()

    assert done.wait() == 0, told
    found = [path for path in (strange / "roots").rglob("*") if not path.is_symlink()]
    assert {path.lstat().st_uid for path in found} == {12345}
    assert not [path for path in found if path.stat().st_mode & 0o6000]
    assert Shelf(strange / "roots").find(NAME) is not None
