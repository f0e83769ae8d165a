"""`cloudling trust`: the paths of certificates, which are there when they are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from cloudling.cli import main
from cloudling.cli.runtime import Place
from cloudling.testing import RunningCloud

Output = pytest.CaptureFixture[str]


def test_paths_of_certificates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    with RunningCloud() as running:
        port = str(running.port)
        Place.of(running.port).claim("127.0.0.1", running.app.token)
        found = []
        for words in (["path"], ["path", "--identity"], ["path", "--identity"]):
            assert main(["trust", *words, "--port", port]) == 0
            found.append(Path(capsys.readouterr().out.strip()))
        certificates = [x509.load_pem_x509_certificate(file.read_bytes()) for file in found]
        assert [file.stat().st_mode & 0o777 for file in found[0].parent.iterdir()] == [0o600] * 4
    instances, identity, again = certificates
    assert isinstance(instances.public_key(), ec.EllipticCurvePublicKey)
    limits = instances.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees == [x509.DNSName("amazonaws.com")]
    assert isinstance(identity.public_key(), rsa.RSAPublicKey)
    assert again == identity
    # In memory, nothing is kept.
    assert not found[0].exists()


def test_without_a_cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert main(["trust", "path", "--port", "1"]) == 1
    assert "No cloud answers on port 1" in capsys.readouterr().err
