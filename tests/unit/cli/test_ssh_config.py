"""ssh's way to machines: what is written for it, and the program that it runs."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cloudling.cli import main, reach
from cloudling.cli.ssh_config import install, uninstall
from cloudling.settings import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

MACHINE = "i-0123456789abcdef0"
ADDRESS = "127.87.0.5"
NAME = "ec2-127-87-0-5.eu-west-1.compute.amazonaws.com"
SSH = shutil.which("ssh")


def _has_ssh() -> bool:
    """ssh runs for users whom the system knows, and for no others."""
    try:
        return SSH is not None and bool(pwd.getpwuid(os.getuid()))
    except KeyError:
        return False


needs_ssh = pytest.mark.skipif(not _has_ssh(), reason="There is no ssh for this user.")


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The runtime folder of a user who has no other."""
    # Names of Unix sockets end at 108 bytes, which a test's own folder may have used up.
    folder = Path(tempfile.mkdtemp(prefix="cloudling-"))
    (folder / "cloudling").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
    yield folder / "cloudling"
    shutil.rmtree(folder)


class Entrance:
    """A cloud that knows one machine, whose port says a banner and then what it hears."""

    def __init__(self, path: Path, machine: str = MACHINE) -> None:
        self.machine = machine
        self.asked: list[str] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(5)
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            end, _ = self._listener.accept()
            with end:
                line = reach.read_line(end)
                if line == "end":
                    return
                self.asked.append(line)
                if line.split()[1] not in (ADDRESS, NAME, self.machine):
                    end.sendall(b"no Nothing has it.\n")
                    continue
                end.sendall(f"ok {self.machine}\nSSH-2.0-Machine\r\n".encode())
                while data := end.recv(1000):
                    end.sendall(data)

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX) as end:
            end.connect(self._listener.getsockname())
            end.sendall(b"end\n")
        self._thread.join()
        self._listener.close()


@contextmanager
def entrance(path: Path, machine: str = MACHINE) -> Iterator[Entrance]:
    made = Entrance(path, machine)
    try:
        yield made
    finally:
        made.close()


def run(host: str, known: Path, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The program as ssh's commands without descriptors run it."""
    return subprocess.run(
        [sys.executable, "-I", "-S", reach.__file__, host, "22", str(known)],
        input=said,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("host", [ADDRESS, NAME, MACHINE])
def test_bytes_go_both_ways(runtime: Path, tmp_path: Path, host: str) -> None:
    with entrance(runtime / "127.87.sock") as made, entrance(runtime / "127.86.sock", "i-none"):
        done = run(host, tmp_path / "known", b"hello")
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout == b"SSH-2.0-Machine\r\nhello"
        assert made.asked == [f"connect {host} 22"]


def test_ssh_gets_the_socket_itself(runtime: Path, tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with entrance(runtime / "127.87.sock"), ours, theirs:
        words = [sys.executable, "-I", "-S", reach.__file__, ADDRESS, "22", str(tmp_path / "known")]
        subprocess.run(words, stdin=theirs, stdout=theirs, timeout=60, check=True)
        _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
        with socket.socket(fileno=descriptor) as end, end.makefile("rwb") as file:
            assert file.readline() == b"SSH-2.0-Machine\r\n"


def test_what_cannot_be_reached_is_said(runtime: Path, tmp_path: Path) -> None:
    with entrance(runtime / "127.87.sock"):
        done = run("127.87.0.6", tmp_path / "known")
    assert done.returncode == 1
    assert done.stderr == b"cloudling: connect to host 127.87.0.6 port 22: Nothing has it.\n"


def test_without_a_cloud_a_machine_is_unknown(runtime: Path, tmp_path: Path) -> None:
    done = run(MACHINE, tmp_path / "known")
    assert done.returncode == 1
    assert b"No cloud of this user's runs" in done.stderr


def test_without_an_entrance_the_address_itself_is_tried(runtime: Path, tmp_path: Path) -> None:
    """As with a cloud that another user runs."""
    (runtime / "127.87.sock").touch()
    with socket.create_server(("127.0.0.1", 0)) as server:
        end, machine = reach.find("127.0.0.1", server.getsockname()[1])
        end.close()
        assert machine == ""


def test_another_machine_at_an_address_brings_its_own_key(runtime: Path, tmp_path: Path) -> None:
    known = tmp_path / "known"
    lines = f"{ADDRESS} ssh-ed25519 OLD\n127.87.0.50 ssh-ed25519 OTHER\n"
    with entrance(runtime / "127.87.sock"):
        run(ADDRESS, known)
        known.write_text(lines)
        run(ADDRESS, known)
        assert known.read_text() == lines
    (runtime / "127.87.sock").unlink()
    with entrance(runtime / "127.87.sock", "i-0aaaaaaaaaaaaaaaa"):
        run(ADDRESS, known)
    assert known.read_text() == "127.87.0.50 ssh-ed25519 OTHER\n"


def test_the_program_needs_nothing_of_ours() -> None:
    found = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", reach.__file__, MACHINE, "22", "x"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"XDG_RUNTIME_DIR": "/nowhere"},
    )
    assert "cloudling." not in found.stderr.replace(reach.__file__, "")
    assert "asyncio" not in found.stderr


def test_what_is_installed_is_taken_away_exactly(tmp_path: Path) -> None:
    folder = tmp_path / ".ssh"
    folder.mkdir(mode=0o700)
    config = folder / "config"
    config.write_text("Host example\n  User me\n")
    config.chmod(0o640)
    changes = install(folder)
    assert changes == [
        f"Wrote {folder / 'cloudling.config'}: how ssh reaches 127.10-99.x.y, ec2-127-… and i-…",
        f'Added to {config} as its first line: Include "{folder / "cloudling.config"}"',
    ]
    assert config.read_text().startswith("Include ")
    assert config.stat().st_mode & 0o777 == 0o640
    assert install(folder) == ["Everything is installed already."]
    (folder / "cloudling.known_hosts").touch()
    assert len(uninstall(folder)) == 3
    assert config.read_text() == "Host example\n  User me\n"
    assert list(folder.iterdir()) == [config]
    assert uninstall(folder) == ["Nothing was installed."]


def test_a_user_without_ssh_folder_gets_one(tmp_path: Path) -> None:
    folder = tmp_path / ".ssh"
    install(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    uninstall(folder)
    assert list(folder.iterdir()) == []


def test_a_configuration_that_is_a_link_stays_one(tmp_path: Path) -> None:
    folder, real = tmp_path / ".ssh", tmp_path / "dotfiles"
    folder.mkdir()
    real.write_text("Host a\n")
    (folder / "config").symlink_to(real)
    install(folder)
    assert (folder / "config").is_symlink()
    assert real.read_text().endswith("\nHost a\n")
    uninstall(folder)
    assert real.read_text() == "Host a\n"


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".ssh").touch()
    with pytest.raises(UserError, match="cannot be changed"):
        install(tmp_path / ".ssh")


@needs_ssh
def test_ssh_understands_it(tmp_path: Path) -> None:
    folder = tmp_path / ".ssh"
    install(folder)

    def settings(host: str) -> dict[str, str]:
        words = [str(SSH), "-G", "-F", str(folder / "config"), host]
        said = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
        return dict(line.split(" ", 1) for line in said.stdout.splitlines() if " " in line)

    for host in (ADDRESS, NAME, MACHINE, "ec2-127-10-0-5.compute-1.amazonaws.com"):
        found = settings(host)
        assert reach.__file__ in found["proxycommand"]
        assert found["proxyusefdpass"] == "yes"
        assert found["userknownhostsfile"] == str(folder / "cloudling.known_hosts")
    for host in ("127.0.0.1", "ec2-54-1-2-3.compute-1.amazonaws.com", "i-short", "example.com"):
        assert "proxycommand" not in settings(host)


@needs_ssh
def test_ssh_hears_the_machine(runtime: Path, tmp_path: Path) -> None:
    folder = tmp_path / ".ssh"
    install(folder)
    with entrance(runtime / "127.87.sock"):
        said = subprocess.run(
            [
                str(SSH),
                "-v",
                "-F",
                str(folder / "config"),
                "-o",
                "ConnectTimeout=20",
                ADDRESS,
                "true",
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert "remote software version Machine" in said.stderr


def test_the_command_says_what_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["ssh-config", "install"]) == 0
    assert f"Made {tmp_path / '.ssh'}." in capsys.readouterr().out
    assert main(["ssh-config", "uninstall"]) == 0
    assert "Removed" in capsys.readouterr().out
