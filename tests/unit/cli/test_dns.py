"""How a machine is told to ask our DNS server, and that all of it can be undone."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from cloudling.cli import dns, main
from cloudling.cli.resolvers import Machine
from cloudling.settings import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

LINKS = "Global:\nLink 2 (eth0): 192.0.2.1\n"


class Programs:
    """What the machine's programs would print, and what was called."""

    def __init__(self, **said: str) -> None:
        self.said = said
        self.called: list[str] = []

    def __call__(self, command: Sequence[str]) -> str:
        words = " ".join(command)
        self.called.append(words)
        for key, answer in self.said.items():
            if key in words:
                return answer
        if command[0] == "systemctl":
            return ""
        raise OSError(f"there is no {command[0]}")


def machine(root: Path, programs: Programs, resolv: str = "", system: str = "linux") -> Machine:
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/resolv.conf").write_text(resolv)
    return Machine(root, system, programs)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


STUB = "nameserver 127.0.0.53\n"
OLD, NEW = "systemd 252 (252.5)\n", "systemd 259 (259-1)\n"
CASES = [
    ("darwin", "", Programs(), {"etc/resolver/compute.amazonaws.com"}, "port 15310"),
    (
        "linux",
        STUB,
        Programs(version=NEW, dns=""),
        {"etc/systemd/dns-delegate.d/cloudling.dns-delegate"},
        "DNS=127.0.0.1:15310",
    ),
    (
        "linux",
        STUB,
        Programs(version=OLD, dns=LINKS),
        {"etc/systemd/resolved.conf.d/cloudling.conf"},
        "Domains=~compute.amazonaws.com ~compute-1.amazonaws.com",
    ),
]


@pytest.mark.parametrize("case", CASES)
def test_what_is_installed_is_taken_away(
    tmp_path: Path, case: tuple[str, str, Programs, set[str], str]
) -> None:
    system, resolv, programs, wanted, text = case
    one = machine(tmp_path, programs, resolv, system)
    before = files(tmp_path)
    changes = dns.install(one, 15310)
    assert wanted <= files(tmp_path) - before
    for name in wanted:
        assert text in (tmp_path / name).read_text()
        assert f"Wrote {tmp_path / name}:" in changes
    assert dns.install(one, 15310) == ["Everything is installed already."]
    assert any(str(tmp_path / name) in line for name in wanted for line in dns.uninstall(one))
    assert files(tmp_path) == before
    assert dns.uninstall(one) == ["Nothing was installed."]


@pytest.mark.parametrize("is_plugin", [True, False])
def test_dnsmasq_is_told_of_two_domains(tmp_path: Path, is_plugin: bool) -> None:
    programs = Programs()
    one = machine(tmp_path, programs, "nameserver 127.0.0.1\n")
    folder = tmp_path / "etc/NetworkManager" if is_plugin else tmp_path / "etc"
    (folder / "dnsmasq.d").mkdir(parents=True)
    if is_plugin:
        (folder / "conf.d").mkdir()
        (folder / "conf.d/dns.conf").write_text("[main]\ndns=dnsmasq\n")
    changes = dns.install(one, 15310)
    written = (folder / "dnsmasq.d/cloudling.conf").read_text()
    assert "server=/compute.amazonaws.com/127.0.0.1#15310\n" in written
    assert changes[-1].startswith("Ran `systemctl restart ")
    dns.uninstall(one)
    assert not (folder / "dnsmasq.d/cloudling.conf").exists()


@pytest.mark.parametrize(
    ("resolv", "programs", "words"),
    [
        ("nameserver 192.0.2.1\n", Programs(), "ask 192.0.2.1"),
        ("", Programs(), "no server at all"),
        (STUB, Programs(), "does not answer"),
        (STUB, Programs(version=OLD, dns="Global: 192.0.2.1\nLink 2 (eth0):\n"), "no network link"),
        ("nameserver 127.0.0.1\n", Programs(), "neither"),
    ],
)
def test_a_machine_that_cannot_be_told_is_left_alone(
    tmp_path: Path, resolv: str, programs: Programs, words: str
) -> None:
    one = machine(tmp_path, programs, resolv)
    before = files(tmp_path)
    with pytest.raises(UserError, match=words):
        dns.install(one, 15310)
    assert files(tmp_path) == before


def test_a_program_that_does_not_start_again_is_told(tmp_path: Path) -> None:
    class Failing(Programs):
        def __call__(self, command: Sequence[str]) -> str:
            if command[0] == "systemctl":
                raise OSError("it is not running")
            return super().__call__(command)

    one = machine(tmp_path, Failing(version=NEW, dns=""), STUB)
    assert "Run it yourself" in dns.install(one, 15310)[-1]


def test_only_root_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[str]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Machine, "write", refuse)
    with pytest.raises(UserError, match="sudo"):
        dns.install(machine(tmp_path, Programs(), system="darwin"), 15310)


def test_without_a_cloud_there_is_nothing_to_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cloudling.cli.reach.folders", lambda _: [str(tmp_path)])
    assert main(["dns", "install"]) == 1
    assert "Start one with `cloudling start`" in capsys.readouterr().err


def test_a_cloud_tells_its_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloudling.cli.reach.folders", lambda _: [str(tmp_path)])
    monkeypatch.setattr(
        "cloudling.cli.reach.entrances", lambda user: [f"/{user}", "entrance"] if user >= 0 else []
    )
    asked: list[str] = []

    def ask(entrance: str, question: str) -> tuple[socket.socket, str]:
        asked.append(question)
        if entrance != "entrance":
            raise OSError("nobody")
        return socket.socket(), "ok 127.87.0.0/16 127.0.0.1:15387"

    monkeypatch.setattr("cloudling.cli.reach.ask", ask)
    assert dns.server_port() == 15387
    assert asked == ["about", "about"]
