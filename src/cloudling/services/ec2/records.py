"""What EC2 stores of key pairs; networks have records of their own."""

from __future__ import annotations

from cloudling.kernel import Record


class KeyPair(Record, frozen=True, kw_only=True):
    """A public key. `material` is its line in the form of OpenSSH; private keys are not kept."""

    name: str
    key_id: str
    kind: str
    fingerprint: str
    material: str
    created_at: float
