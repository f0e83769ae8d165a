"""The instances' authority: it vouches for AWS's names alone, and its leaves for one name each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

DOMAIN = "amazonaws.com"
_AUTHORITY_DAYS, _LEAF_DAYS = 3650, 397
_SLACK = timedelta(days=1)
Pair = tuple[str, str]


def make_authority() -> Pair:
    """Certificate and key (PEM) of a new authority, which is constrained to AWS's names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("Cloudling instances")
    constraints = x509.NameConstraints([x509.DNSName(DOMAIN)], None)
    certificate = (
        _begin(name, name, _AUTHORITY_DAYS)
        .public_key(key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return as_pem(certificate), key_as_pem(key)


class Issuer:
    """Issues leaves in an authority's name; all have one key, which lives as long as we do."""

    def __init__(self, certificate: str, key: str) -> None:
        self._authority = x509.load_pem_x509_certificate(certificate.encode())
        # It is one that `make_authority` made.
        loaded = serialization.load_pem_private_key(key.encode(), None)
        assert isinstance(loaded, ec.EllipticCurvePrivateKey)  # noqa: S101 - as above
        self._key = loaded
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())

    def issue(self, name: str) -> Pair:
        """Certificate and key for one host name."""
        authority = self._authority
        known = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        certificate = (
            # A common name ends at 64 characters; who verifies looks at the other one.
            _begin(_named(name[:64]), authority.subject, _LEAF_DAYS)
            .public_key(self._leaf_key.public_key())
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        return as_pem(certificate), key_as_pem(self._leaf_key)


def _begin(subject: x509.Name, issuer: x509.Name, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)  # noqa: TID251 - clients judge certificates by their own clocks
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=days))
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def as_pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def key_as_pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
