"""Where keys and certificates lie: a folder of the user's alone, each made at the first need."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from cloudling.drivers.trust.authorities import make_authority
from cloudling.drivers.trust.identities import Signer, make_identity
from cloudling.store.folders import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cloudling.drivers.trust.authorities import Pair


INSTANCES, IDENTITY = "instances", "identity"
_MAKERS: dict[str, Callable[[], Pair]] = {INSTANCES: make_authority, IDENTITY: make_identity}


class Trust:
    """The instances' authority, which is never for the host, and the key of identity documents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Two that need the same for the first time make it once.
        self._turn = threading.Lock()
        self._signer: Signer | None = None

    def certificate_file(self, which: str) -> Path:
        """The certificate that machines trust, or that identity documents are verified against."""
        self._pair(which)
        return self._folder / f"{which}.pem"

    def authority(self) -> Pair:
        """Certificate and key of the instances' authority."""
        return self._pair(INSTANCES)

    def signer(self) -> Signer:
        """What signs identity documents."""
        if self._signer is None:
            self._signer = Signer(*self._pair(IDENTITY))
        return self._signer

    def _pair(self, which: str) -> Pair:
        with self._turn:
            return self._read(which) or self._make(which)

    def _read(self, which: str) -> Pair | None:
        file = self._folder / f"{which}.pem"
        try:
            key = file.with_suffix(".key").read_text(encoding="ascii")
            return file.read_text(encoding="ascii"), key
        except FileNotFoundError:
            return None

    def _make(self, which: str) -> Pair:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate, key = _MAKERS[which]()
        # The key first: a certificate that lies there has its key.
        write_whole(self._folder / f"{which}.key", key.encode())
        write_whole(self._folder / f"{which}.pem", certificate.encode())
        return certificate, key
