"""The machine's sources, as apt is given them: those of its own release only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.drivers.roots import apt

if TYPE_CHECKING:
    from pathlib import Path

ONE_LINE = """\
# a mirror
deb http://mirror.test/debian bookworm main contrib # for us
deb-src http://mirror.test/debian bookworm main
deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.test/security bookworm-security main
deb http://mirror.test/debian bookworm-backports main
"""
STANZAS = """\
Types: deb deb-src
# comment
URIs: http://a.test/debian http://b.test/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://packages.test/node
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm
Components: main
"""


def test_only_this_release_is_read(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(ONE_LINE)
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(STANZAS)
    (tmp_path / "sources.list.d" / "old.list.save").write_text(ONE_LINE)
    key = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"

    assert apt.own_sources(tmp_path, "bookworm").splitlines() == [
        "deb http://mirror.test/debian bookworm main contrib",
        "deb [arch=amd64 signed-by=/keys/a.gpg] http://mirror.test/security bookworm-security main",
        f"deb {key} http://a.test/debian bookworm main",
        f"deb {key} http://a.test/debian bookworm-updates main",
        f"deb {key} http://b.test/debian bookworm main",
        f"deb {key} http://b.test/debian bookworm-updates main",
    ]


def test_a_machine_without_sources_has_none(tmp_path: Path) -> None:
    assert apt.own_sources(tmp_path, "bookworm") == ""


def test_the_release_is_read_from_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text("ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\n\nODD='1'\n")

    assert apt.release(path)["PRETTY_NAME"] == "Debian GNU/Linux 12 (bookworm)"
    assert apt.release(path)["ODD"] == "1"
    assert apt.release(tmp_path / "none") == {}
