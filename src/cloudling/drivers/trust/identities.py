"""What signs instances' identity documents.

AWS has a key for each of the three signatures; one RSA key of 2048 bits makes all of ours, so one
certificate verifies them by the commands of AWS's page.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/verify-iid.html
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from cloudling.drivers.trust.authorities import Pair, as_pem, key_as_pem
from cloudling.kernel.attendance import IdentitySignatures

_BITS = 2048
_DAYS = 36_500
_LINE = 76
_REMEMBERED = 2000
_OPTIONS = [
    pkcs7.PKCS7Options.Binary,
    pkcs7.PKCS7Options.NoCerts,
    pkcs7.PKCS7Options.NoCapabilities,
]


def make_identity() -> Pair:
    """Certificate and key (PEM) that identity documents are signed with."""
    key = rsa.generate_private_key(65537, _BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Cloudling identity documents")])
    now = datetime.now(UTC)  # noqa: TID251 - clients judge certificates by their own clocks
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DAYS))
        .sign(key, hashes.SHA256())
    )
    return as_pem(certificate), key_as_pem(key)


class Signer:
    """The port `IdentitySigner`."""

    def __init__(self, certificate: str, key: str) -> None:
        self._certificate = x509.load_pem_x509_certificate(certificate.encode())
        loaded = serialization.load_pem_private_key(key.encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)  # noqa: S101 - `make_identity` made it
        self._key = loaded
        # Whoever is told something new of itself is mostly told the same of its identity.
        self.sign = lru_cache(_REMEMBERED)(self._sign)

    def _sign(self, document: bytes) -> IdentitySignatures:
        signed = self._key.sign(document, padding.PKCS1v15(), hashes.SHA256())
        wrapped = (
            pkcs7.PKCS7SignatureBuilder()
            .set_data(document)
            .add_signer(self._certificate, self._key, hashes.SHA256())
            .sign(serialization.Encoding.DER, _OPTIONS)
        )
        return IdentitySignatures(_in_lines(signed), _in_lines(wrapped))


def _in_lines(data: bytes) -> str:
    text = base64.b64encode(data).decode()
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))
