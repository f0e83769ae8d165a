"""Packages made by hand, and a repository of them that apt reads."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PASSWD = "root:*:0:0:root:/root:/bin/bash\nnobody:*:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUP = "root:*:0:\nshadow:*:42:\nnogroup:*:65534:\n"
OS_RELEASE = 'PRETTY_NAME="Tiny Linux 1 (sprout)"\nID=tiny\n'


@dataclass
class Deb:
    """One package: `files` by name, `links` by name, `members` as they stand."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    members: list[tarfile.TarInfo] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    compression: str = "xz"

    @property
    def control(self) -> str:
        said = {"Package": self.name, "Version": "1.0", "Architecture": "all", **self.fields}
        said |= {"Maintainer": "Nobody <nobody@example.com>", "Description": f"tiny {self.name}"}
        return "".join(f"{key}: {value}\n" for key, value in said.items())

    def data(self) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as archive:
            for name, content in self.files.items():
                info = tarfile.TarInfo(f"./{name}")
                info.size, info.mode, info.mtime = len(content.encode()), 0o755, 1_700_000_000
                archive.addfile(info, io.BytesIO(content.encode()))
            for name, target in self.links.items():
                archive.addfile(link(name, target))
            for info in self.members:
                archive.addfile(info, io.BytesIO(b"x" * info.size) if info.isreg() else None)
        return out.getvalue()

    def build(self) -> bytes:
        control = io.BytesIO()
        with tarfile.open(fileobj=control, mode="w:gz") as archive:
            info = tarfile.TarInfo("./control")
            info.size = len(self.control.encode())
            archive.addfile(info, io.BytesIO(self.control.encode()))
        pack = {"xz": lzma.compress, "gz": gzip.compress, "": bytes}[self.compression]
        suffix = f".{self.compression}" if self.compression else ""
        parts = {
            "debian-binary": b"2.0\n",
            "control.tar.gz": control.getvalue(),
            f"data.tar{suffix}": pack(self.data()),
        }
        return b"!<arch>\n" + b"".join(ar_member(*part) for part in parts.items())

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}_1.0_all.deb"
        path.write_bytes(self.build())
        return path


def link(name: str, target: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def ar_member(name: str, data: bytes) -> bytes:
    head = f"{name:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(data):<10}`\n".encode()
    return head + data + b"\n" * (len(data) % 2)


def tiny_system() -> list[Deb]:
    """As little as a root can be made of."""
    return [
        Deb(
            "base-tiny",
            {
                "usr/lib/os-release": OS_RELEASE,
                "usr/share/base-passwd/passwd.master": PASSWD,
                "usr/share/base-passwd/group.master": GROUP,
                "etc/skel/.bashrc": "# nothing\n",
                "bin/greet": "#!/bin/sh\necho hello\n",
                "usr/share/man/man1/greet.1": "a manual",
                "usr/share/doc/base-tiny/copyright": "a licence",
                "usr/share/doc/base-tiny/README": "a text",
            },
            {"./etc/os-release": "../usr/lib/os-release"},
            fields={"Depends": "lib-tiny"},
        ),
        Deb("lib-tiny", {"lib/tiny.txt": "tiny"}, compression="gz"),
    ]


def write_repository(folder: Path) -> str:
    """The line of apt's sources that names it. `copy:`, since apt leaves `file:` where it is."""
    folder.mkdir()
    stanzas = []
    for deb in tiny_system():
        data = deb.write(folder).read_bytes()
        stanzas.append(
            f"{deb.control}Filename: ./{deb.name}_1.0_all.deb\nSize: {len(data)}\n"
            f"SHA256: {hashlib.sha256(data).hexdigest()}\n"
        )
    (folder / "Packages").write_text("\n".join(stanzas))
    return f"deb [trusted=yes] copy:{folder} ./\n"
