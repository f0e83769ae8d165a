"""Packages: read without dpkg; hostile and damaged ones are refused, and harm nothing."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from tests.drivers.roots.debs import Deb, ar_member, link

from cloudling.drivers.roots.archives import BadArchive
from cloudling.drivers.roots.packages import Package
from cloudling.drivers.roots.trees import Tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    (tmp_path / "tree").mkdir()
    return Tree(tmp_path / "tree")


def everything(_: str) -> bool:
    return True


@pytest.mark.parametrize("compression", ["xz", "gz", ""])
def test_a_package_is_unpacked(tmp_path: Path, tree: Tree, compression: str) -> None:
    deb = Deb("greet", {"bin/greet": "hello", "etc/greet.conf": "loud"}, compression=compression)
    package = Package(deb.write(tmp_path))

    names = package.unpack(tree, lambda name: not name.startswith("etc/"))

    assert (package.name, package.fields["Version"]) == ("greet", "1.0")
    assert names == ["/bin/greet", "/etc/greet.conf"]
    assert tree.read("bin/greet") == "hello"
    assert tree.place("bin/greet").stat().st_mtime == 1_700_000_000
    assert not tree.has("etc/greet.conf")
    assert package.stanza(tree).startswith("Package: greet\nStatus: install ok installed\n")


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb is not here.")
@pytest.mark.parametrize("compression", ["xz", "gzip", "zstd", "none"])
def test_what_dpkg_packs_is_read(tmp_path: Path, tree: Tree, compression: str) -> None:
    source = tmp_path / "source"
    (source / "DEBIAN").mkdir(parents=True)
    (source / "DEBIAN").chmod(0o755)
    (source / "DEBIAN" / "control").write_text(
        Deb("real", fields={"Multi-Arch": "same", "Architecture": "amd64"}).control
    )
    (source / "DEBIAN" / "conffiles").write_text("/etc/real.conf\n")
    (source / "etc").mkdir()
    (source / "etc" / "real.conf").write_text("settings\n")
    made = tmp_path / "real.deb"
    command = ["dpkg-deb", "--root-owner-group", f"-Z{compression}", "--build"]
    subprocess.run([*command, str(source), str(made)], check=True, capture_output=True)

    package = Package(made)
    package.unpack(tree, everything)

    assert package.record == "real:amd64"
    assert tree.read("etc/real.conf") == "settings\n"
    digest = hashlib.md5(b"settings\n", usedforsecurity=False).hexdigest()
    assert f"\nConffiles:\n /etc/real.conf {digest}\n" in package.stanza(tree)


def device(name: str, kind: bytes) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.devmajor, info.devminor = kind, 1, 3
    return info


def hard(name: str, target: str) -> tarfile.TarInfo:
    info = link(name, target)
    info.type = tarfile.LNKTYPE
    return info


def plain(name: str, uid: int = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.uid = 1, uid
    return info


HOSTILE = {
    "absolute": [plain("/etc/evil")],
    "up": [plain("./a/../../evil")],
    "link out": [link("./a/out", "../../../evil")],
    "hard link out": [hard("./a", "../evil")],
    "hard link to a folder": [hard("./a", "/")],
    "device": [device("./null", tarfile.CHRTYPE)],
    "disk": [device("./sda", tarfile.BLKTYPE)],
    "pipe": [device("./pipe", tarfile.FIFOTYPE)],
    "nobody's": [plain("./a", uid=70_000)],
    "a file over a folder": [plain("./a/b"), plain("./a")],
    "in circles": [link("./a", "b"), link("./b", "a"), plain("./a/x")],
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_packages_are_refused(tmp_path: Path, tree: Tree, case: str) -> None:
    before = sorted(path.name for path in tmp_path.iterdir())
    made = Deb("hostile", members=HOSTILE[case]).write(tmp_path)

    with pytest.raises(BadArchive):
        Package(made).unpack(tree, everything)

    after = sorted(path.name for path in tmp_path.iterdir())
    assert after == sorted([*before, made.name])


def test_an_absolute_link_stays_inside(tmp_path: Path, tree: Tree) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    members = [link("./way", str(victim)), plain("./way/file")]

    Package(Deb("sly", members=members).write(tmp_path)).unpack(tree, everything)

    assert list(victim.iterdir()) == []
    assert (tree.folder / str(victim).removeprefix("/") / "file").is_file()


GOOD = Deb("good", {"a": "b" * 5000}).build()
DAMAGED = {
    "empty": b"",
    "no package": b"PK\3\4 something else",
    "cut short": GOOD[: len(GOOD) // 2],
    "no data": b"!<arch>\n" + GOOD[8 : GOOD.index(b"data.tar")],
    "no number": b"!<arch>\n" + b"x" * 60,
    "no control file": b"!<arch>\n" + ar_member("control.tar", b"\0" * 1024),
    "not compressed": b"!<arch>\n" + ar_member("control.tar.xz", b"no such thing"),
    "unknown": b"!<arch>\n" + ar_member("control.tar.lz4", b"?"),
}


def read(path: Path, tree: Tree) -> None:
    package = Package(path)
    assert package.name
    package.unpack(tree, everything)


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_packages_are_refused(tmp_path: Path, tree: Tree, case: str) -> None:
    path = tmp_path / "damaged.deb"
    path.write_bytes(DAMAGED[case])

    with pytest.raises(BadArchive):
        read(path, tree)
