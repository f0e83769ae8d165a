"""Requests made by hand: signed and framed without an SDK, sent over plain sockets."""

from __future__ import annotations

import base64
import hmac
import re
import socket
import time
from dataclasses import dataclass, field, replace
from hashlib import sha1, sha256
from urllib.parse import quote, unquote_to_bytes

UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY = sha256(b"").hexdigest()
ALGORITHM = "AWS4-HMAC-SHA256"
PATIENCE = 120.0

Headers = list[tuple[bytes, bytes]]


@dataclass
class Draft:
    """A request before it is signed; `service` is "" where it stays unsigned."""

    method: str = "GET"
    path: bytes = b"/"
    query: bytes = b""
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    service: str = "s3"
    region: str = "us-east-1"
    host: bytes = b"127.0.0.1"

    @property
    def target(self) -> bytes:
        return self.path + (b"?" + self.query if self.query else b"")


@dataclass(frozen=True)
class Key:
    """An access key, and the time at which it signs."""

    id: str = "test"
    secret: str = "test"
    token: str = ""
    at: float = 0.0

    @property
    def stamp(self) -> str:
        return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(self.at or time.time()))

    def scope(self, draft: Draft) -> str:
        return f"{self.stamp[:8]}/{draft.region}/{draft.service}/aws4_request"

    def signing_key(self, draft: Draft) -> bytes:
        digest = b"AWS4" + self.secret.encode()
        for part in self.scope(draft).split("/"):
            digest = _hmac(digest, part)
        return digest


WELL_KNOWN = Key()


@dataclass
class Answer:
    """What came back; `interim` are the statuses before the final one."""

    status: int
    headers: dict[str, str]
    body: bytes
    interim: tuple[int, ...] = ()

    @property
    def code(self) -> str:
        found = re.search(rb"<Code>([^<]*)</Code>", self.body)
        return found[1].decode() if found else ""


def _now(key: Key) -> Key:
    """The key at one moment, however long the signing takes."""
    return replace(key, at=key.at or time.time())


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode("latin-1", "replace"), sha256)


def signed(draft: Draft, key: Key = WELL_KNOWN, payload: str | None = None) -> Draft:
    """The draft with an Authorization header; `payload` stands for the body's hash, "" for none.

    With `CHUNKED` or `TRAILER` the body is framed, too.
    """
    hashed = sha256(draft.body).hexdigest() if payload is None else payload
    key = _now(key)
    stamp = key.stamp
    added: Headers = [(b"host", draft.host), (b"x-amz-date", stamp.encode())]
    if hashed and (payload is not None or draft.service == "s3"):
        added.append((b"x-amz-content-sha256", hashed.encode()))
    if hashed in {CHUNKED, TRAILER}:
        added.append((b"x-amz-decoded-content-length", b"%d" % len(draft.body)))
        if hashed == TRAILER:
            added.append((b"x-amz-trailer", b"x-amz-checksum-sha256"))
    if key.token:
        added.append((b"x-amz-security-token", key.token.encode()))
    headers = [(name, value) for name, value in draft.headers if name.lower() != b"host"] + added
    names = sorted({name.lower() for name, _ in headers} - {b"expect", b"connection"})
    stands = hashed or sha256(draft.body).hexdigest()
    canonical = _canonical(replace(draft, headers=headers), names, stands)
    to_sign = _to_sign(key, draft, canonical)
    signature = _hmac(key.signing_key(draft), to_sign).hex()
    authorization = (
        f"{ALGORITHM} Credential={key.id}/{key.scope(draft)}, "
        f"SignedHeaders={b';'.join(names).decode('latin-1')}, Signature={signature}"
    )
    headers.append((b"authorization", authorization.encode("latin-1")))
    return replace(draft, headers=headers, body=_framed(draft, key, hashed, signature))


def presigned(draft: Draft, key: Key = WELL_KNOWN, expires: int = 600) -> Draft:
    """The draft with its signature in the query string."""
    key = _now(key)
    names = {
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": f"{key.id}/{key.scope(draft)}",
        "X-Amz-Date": key.stamp,
        "X-Amz-Expires": str(expires),
        "X-Amz-SignedHeaders": "host",
    }
    if key.token:
        names["X-Amz-Security-Token"] = key.token
    added = "&".join(f"{name}={quote(value, safe='')}" for name, value in names.items())
    query = (draft.query + b"&" if draft.query else b"") + added.encode()
    headers = [*((n, v) for n, v in draft.headers if n.lower() != b"host"), (b"host", draft.host)]
    made = replace(draft, query=query, headers=headers)
    payload = UNSIGNED if draft.service == "s3" else sha256(draft.body).hexdigest()
    to_sign = _to_sign(key, draft, _canonical(made, [b"host"], payload))
    signature = _hmac(key.signing_key(draft), to_sign).hex().encode()
    return replace(made, query=query + b"&X-Amz-Signature=" + signature)


def presigned_by_version_2(draft: Draft, key: Key = WELL_KNOWN, expires: int = 600) -> Draft:
    """The draft with a version 2 signature in the query; for paths without subresources."""
    until = int((key.at or time.time()) + expires)
    to_sign = f"{draft.method}\n\n\n{until}\n".encode() + draft.path
    digest = hmac.digest(key.secret.encode(), to_sign, sha1)
    signature = quote(base64.b64encode(digest).decode(), safe="")
    added = f"AWSAccessKeyId={key.id}&Expires={until}&Signature={signature}".encode()
    headers = [*draft.headers, (b"host", draft.host)]
    return replace(draft, headers=headers, query=draft.query + b"&" * bool(draft.query) + added)


def _to_sign(key: Key, draft: Draft, canonical: bytes) -> str:
    digest = sha256(canonical).hexdigest()
    return f"{ALGORITHM}\n{key.stamp}\n{key.scope(draft)}\n{digest}"


def _canonical(draft: Draft, names: list[bytes], payload: str) -> bytes:
    path = quote(unquote_to_bytes(draft.path), safe="/~")
    if draft.service != "s3":
        path = quote(path, safe="/~")
    pairs = []
    for pair in filter(None, draft.query.split(b"&")):
        name, _, value = pair.partition(b"=")
        pairs.append((_encoded(name), _encoded(value)))
    query = "&".join(f"{name}={value}" for name, value in sorted(pairs))
    lines = b""
    for name in names:
        values = [b" ".join(v.split()) for n, v in draft.headers if n.lower() == name]
        lines += name + b":" + b",".join(values) + b"\n"
    head = f"{draft.method}\n{path}\n{query}\n".encode()
    return head + lines + b"\n" + b";".join(names) + b"\n" + payload.encode("latin-1", "replace")


def _encoded(raw: bytes) -> str:
    return quote(unquote_to_bytes(raw), safe="~")


def _framed(draft: Draft, key: Key, payload: str, seed: str) -> bytes:
    body = draft.body
    pieces = [body[at : at + 8192] for at in range(0, len(body), 8192)]
    if payload == TRAILER:
        frames = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        digest = base64.b64encode(sha256(body).digest())
        return frames + b"0\r\nx-amz-checksum-sha256:" + digest + b"\r\n\r\n"
    if payload != CHUNKED:
        return body
    frames, signing_key = b"", key.signing_key(draft)
    for piece in [*pieces, b""]:
        lines = [f"{ALGORITHM}-PAYLOAD", key.stamp, key.scope(draft), seed, EMPTY]
        seed = _hmac(signing_key, "\n".join([*lines, sha256(piece).hexdigest()])).hex()
        frames += b"%x;chunk-signature=%b\r\n%b\r\n" % (len(piece), seed.encode(), piece)
    return frames


def head_of(draft: Draft, *, framed: bool = True) -> bytes:
    """The bytes of the head; with the body's length unless told otherwise."""
    lines = [draft.method.encode() + b" " + draft.target + b" HTTP/1.1"]
    headers = list(draft.headers)
    if not any(name.lower() == b"host" for name, _ in headers):
        headers.insert(0, (b"host", draft.host))
    told = {name.lower() for name, _ in headers} & {b"content-length", b"transfer-encoding"}
    if framed and not told and (draft.body or draft.method in {"PUT", "POST"}):
        headers.append((b"content-length", b"%d" % len(draft.body)))
    lines += [name + b": " + value for name, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def bytes_of(draft: Draft) -> bytes:
    return head_of(draft) + draft.body


class Line:
    """One connection; answers are read with their bodies."""

    def __init__(self, port: int, host: str = "127.0.0.1", patience: float = PATIENCE) -> None:
        self.sock = socket.create_connection((host, port), timeout=patience)
        self._reader = self.sock.makefile("rb")

    def ask(self, draft: Draft) -> Answer:
        self.send(bytes_of(draft))
        return self.answer(draft.method)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, method: str = "GET", *, final: bool = True) -> Answer:
        """The next answer; with `final`, the one after the interim ones."""
        interim: list[int] = []
        while True:
            status, headers = self._head()
            if status != 100 or not final:
                break
            interim.append(status)
        length = int(headers.get("content-length", "0"))
        if method == "HEAD" or status in {100, 204, 304}:
            length = 0
        body = self._reader.read(length)
        if len(body) < length:
            raise ConnectionError(f"{len(body)} of {length} bytes came")
        return Answer(status, headers, body, tuple(interim))

    def rest(self) -> bytes:
        """All that comes until the server closes."""
        try:
            return self._reader.read()
        except ConnectionResetError:
            return b""

    def _head(self) -> tuple[int, dict[str, str]]:
        first = self._reader.readline()
        if not first:
            raise ConnectionError("closed without an answer")
        status = int(first.split(b" ")[1])
        headers = {}
        while (line := self._reader.readline()) not in {b"\r\n", b""}:
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return status, headers

    def close(self) -> None:
        self._reader.close()
        self.sock.close()

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def ask(port: int, draft: Draft) -> Answer:
    """Send one request on a connection of its own."""
    with Line(port) as line:
        return line.ask(draft)
