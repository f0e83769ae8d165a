"""Where keys and certificates lie: a folder of the user's alone, each made at the first need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.drivers.trust.authorities import make_authority
from cloudling.drivers.trust.identities import Signer, make_identity
from cloudling.store.folders import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cloudling.drivers.trust.authorities import Pair


class Trust:
    """The instances' authority, which is never for the host, and the key of identity documents."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._signer: Signer | None = None

    @property
    def authority_file(self) -> Path:
        """The certificate that machines trust."""
        return self._folder / "instances.pem"

    @property
    def identity_file(self) -> Path:
        """The certificate that identity documents are verified against."""
        return self._folder / "identity.pem"

    def authority(self) -> Pair:
        """Certificate and key of the instances' authority."""
        return self._pair(self.authority_file, make_authority)

    def signer(self) -> Signer:
        """What signs identity documents."""
        if self._signer is None:
            self._signer = Signer(*self._pair(self.identity_file, make_identity))
        return self._signer

    def _pair(self, file: Path, make: Callable[[], Pair]) -> Pair:
        key_file = file.with_suffix(".key")
        try:
            return file.read_text(encoding="ascii"), key_file.read_text(encoding="ascii")
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        certificate, key = make()
        # The key first: a certificate that lies there has its key.
        write_whole(key_file, key.encode())
        write_whole(file, certificate.encode())
        return certificate, key
