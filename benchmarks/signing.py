"""Signed requests as bytes, made before they are replayed so that no client's cost is measured.

They carry the headers that boto3 sends: what a server parses and verifies is what users send it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import zlib
from dataclasses import dataclass
from urllib.parse import quote, urlencode

REGION = "us-east-1"
UNSIGNED = "UNSIGNED-PAYLOAD"
_ALGORITHM = "AWS4-HMAC-SHA256"
_AGENT = (
    "Boto3/1.43.117 md/Botocore#1.43.117 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11.7 "
    "md/pyimpl#CPython m/b,Z,D,e cfg/retry-mode#standard Botocore/1.43.117"
)
_INVOCATION = "0f2c6c06-65c0-4b6c-bd0f-3f0e4c2f3a11"


@dataclass(frozen=True)
class Keys:
    """An access key, with the session token where it is a temporary one."""

    access_key_id: str
    secret: str
    token: str = ""


ROOT = Keys("test", "test")


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


class Signer:
    """Makes requests of one principal to one server, signed with Signature Version 4.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """

    def __init__(self, port: int, keys: Keys) -> None:
        self._host = f"127.0.0.1:{port}"
        self._keys = keys
        self._signing_keys: dict[str, bytes] = {}
        self._made = 0

    def call(self, service: str, parameters: dict[str, str]) -> bytes:
        """A call of a query service such as STS."""
        kind = "application/x-www-form-urlencoded; charset=utf-8"
        body = urlencode(parameters).encode()
        return self.head(service, "POST", "/", {"content-type": kind}, body) + body

    def get(self, path: str, query: dict[str, str] | None = None, method: str = "GET") -> bytes:
        """A call of S3 without a body, GetObject for one."""
        target = quote(path, safe="/~")
        if query:
            pairs = sorted((quote(k, safe="~"), quote(v, safe="~")) for k, v in query.items())
            target += "?" + "&".join(f"{name}={value}" for name, value in pairs)
        return self.head("s3", method, target, {}, b"")

    def put(self, path: str, body: bytes) -> bytes:
        """A PutObject whose payload is hashed and carries boto3's default checksum."""
        checksum = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        headers = {"x-amz-checksum-crc32": checksum, "x-amz-sdk-checksum-algorithm": "CRC32"}
        return self.head("s3", "PUT", path, headers, body) + body

    def put_head(self, path: str, length: int) -> bytes:
        """The head of a PutObject whose body follows unsigned, as it does for large ones."""
        headers = {"x-amz-content-sha256": UNSIGNED, "content-length": str(length)}
        return self.head("s3", "PUT", path, headers, b"")

    def head(
        self, service: str, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> bytes:
        """The signed head of a request; `target` is encoded and its query sorted."""
        # Ages differ, so that no two requests of a corpus carry the same signature.
        self._made += 1
        moment = time.gmtime(time.time() - self._made % 60)
        signed = {"host": self._host, "x-amz-date": time.strftime("%Y%m%dT%H%M%SZ", moment)}
        if service == "s3":
            signed["x-amz-content-sha256"] = hashlib.sha256(body).hexdigest()
        signed.update(headers)
        if self._keys.token:
            signed["x-amz-security-token"] = self._keys.token
        payload = signed.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest()
        authorization = self._authorization(service, f"{method} {target}", signed, payload)
        if body or method == "PUT":
            signed.setdefault("content-length", str(len(body)))
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name.title()}: {value}" for name, value in signed.items()),
            "Accept-Encoding: identity",
            f"User-Agent: {_AGENT}",
            f"amz-sdk-invocation-id: {_INVOCATION}",
            "amz-sdk-request: attempt=1",
            f"Authorization: {authorization}",
        ]
        return "\r\n".join([*lines, "", ""]).encode()

    def _authorization(self, service: str, line: str, signed: dict[str, str], payload: str) -> str:
        method, _, target = line.partition(" ")
        stamp = signed["x-amz-date"]
        scope = f"{stamp[:8]}/{REGION}/{service}/aws4_request"
        # Content-Length stays unsigned, as boto3 leaves it.
        names = sorted(name for name in signed if name != "content-length")
        path, _, query = target.partition("?")
        canonical = "\n".join(
            [
                method,
                path,
                query,
                *(f"{name}:{signed[name]}" for name in names),
                "",
                ";".join(names),
                payload,
            ]
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = "\n".join([_ALGORITHM, stamp, scope, digest])
        signature = hmac.digest(self._signing_key(scope), to_sign.encode(), "sha256").hex()
        return (
            f"{_ALGORITHM} Credential={self._keys.access_key_id}/{scope}, "
            f"SignedHeaders={';'.join(names)}, Signature={signature}"
        )

    def _signing_key(self, scope: str) -> bytes:
        if scope not in self._signing_keys:
            key = f"AWS4{self._keys.secret}".encode()
            for part in scope.split("/"):
                key = _hmac(key, part)
            self._signing_keys[scope] = key
        return self._signing_keys[scope]
