"""What a machine's programs have in their environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.drivers.namespaces import boots
from cloudling.drivers.namespaces.orders import Setup

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ENDPOINT = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}
TRUSTING = {"AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"}


def setup(authorities: str = "") -> Setup:
    return Setup(hostname="h", environment=ENDPOINT, authorities=authorities)


def test_programs_with_lists_of_their_own_are_told_where_the_authorities_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.touch()
    monkeypatch.setattr(boots, "_BUNDLES", (str(tmp_path / "none"), str(bundle)))
    found = boots.environment(setup("a certificate"))
    assert {found[name] for name in TRUSTING} == {str(bundle)}
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert not TRUSTING & set(boots.environment(setup()))
    bundle.unlink()
    assert not TRUSTING & set(boots.environment(setup("a certificate")))
