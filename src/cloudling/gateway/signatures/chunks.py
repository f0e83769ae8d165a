"""The inside of an aws-chunked body: chunks with their signatures, trailers, and the decoded bytes.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import TYPE_CHECKING

from cloudling.gateway.signatures.refusals import Refusal
from cloudling.gateway.signatures.version4 import signed_strings

if TYPE_CHECKING:
    from cloudling.gateway.signatures.claims import Claim
    from cloudling.gateway.signatures.keys import SigningKey
    from cloudling.kernel.streams import Chunk, Consume

EMPTY_SHA256 = sha256(b"").hexdigest()

# A chunk's line has some hundred bytes; a trailer holds a checksum.
_LONGEST_LINE = 4096
_MOST_TRAILERS = 16
_WINDOW = 256
_CHUNK_LINE = re.compile(rb"0*([0-9a-fA-F]{1,15})[ \t]*(?:;(.*))?")
_CHUNK_SIGNATURE = re.compile(rb"[ \t]*chunk-signature[ \t]*=[ \t]*([0-9a-fA-F]{64})[ \t]*")
_TRAILER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class ChunkSigner:
    """Verifies one chunk after the other; each signature covers the one before."""

    def __init__(self, claim: Claim, key: SigningKey) -> None:
        self._claim = claim
        self._key = key
        self._scope = f"{claim.stamp}\n{claim.scope.text}\n"
        self._previous = claim.signature.hex()

    def verify_chunk(self, digest: str, provided: str) -> None:
        self._verify("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{digest}", provided)

    def verify_trailers(self, text: bytes, provided: str) -> None:
        self._verify("AWS4-HMAC-SHA256-TRAILER", sha256(text).hexdigest(), provided)

    def _verify(self, algorithm: str, content: str, provided: str) -> None:
        to_sign = f"{algorithm}\n{self._scope}{self._previous}\n{content}"
        expected = self._key.sign(to_sign.encode()).hex()
        given = provided.lower().encode("utf-8", "replace")
        if not hmac.compare_digest(expected.encode(), given):
            raise Refusal("mismatch", signed_strings(self._claim, to_sign, provided))
        self._previous = expected


class ChunkDecoder:
    """Fed with the raw body piece by piece, it hands the payload on without copying it.

    Not more than one line is ever kept. `signer` is None for chunks that are not signed;
    `announced` are the names in `x-amz-trailer`. Call `finish` at the end of the body.
    """

    def __init__(
        self,
        consume: Consume,
        length: int,
        announced: frozenset[str],
        signer: ChunkSigner | None,
    ) -> None:
        self.size = 0
        self.trailers: dict[str, str] = {}
        self._consume = consume
        self._length = length
        self._announced = announced
        self._signer = signer
        self._left = 0
        self._hash = sha256()
        self._signature = ""
        self._trailer_signature = ""
        self._trailer_text = bytearray()
        self._line = bytearray()
        self._take_line = self._take_chunk_line

    def feed(self, piece: Chunk) -> None:
        view = memoryview(piece)
        at, size = 0, len(view)
        while at < size:
            if self._left:
                end = min(size, at + self._left)
                self._take_data(view[at:end])
                at = end
            else:
                at = self._read_line(view, at)

    def finish(self) -> None:
        """Raise unless the body was whole and well-formed, and its trailers are those announced."""
        # Some clients send no line end after the last trailer, or no empty line after it.
        if self._line and self._take_line == self._take_trailer_line:
            line = bytes(self._line)
            self._line.clear()
            self._take_trailer_line(line.rstrip(b"\r"))
        if self._take_line == self._take_trailer_line:
            self._end_trailers()
        if self._line or self._take_line != self._take_rest:
            raise Refusal("malformed-chunk")
        if self.size != self._length:
            raise self._other_length()

    def _take_data(self, data: memoryview) -> None:
        if self._signer:
            self._hash.update(data)
        self._consume(data)
        self.size += len(data)
        self._left -= len(data)
        if not self._left:
            self._end_chunk()
            self._take_line = self._take_gap

    def _read_line(self, view: memoryview, at: int) -> int:
        window = bytes(view[at : at + _WINDOW])
        end = window.find(b"\n")
        self._line += window if end < 0 else window[:end]
        if len(self._line) > _LONGEST_LINE:
            raise Refusal("malformed-chunk")
        if end < 0:
            return at + len(window)
        line = bytes(self._line)
        self._line.clear()
        self._take_line(line.removesuffix(b"\r"))
        return at + end + 1

    def _take_chunk_line(self, line: bytes) -> None:
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise Refusal("malformed-chunk")
        self._left = int(match[1], 16)
        if self.size + self._left > self._length:
            raise self._other_length(self.size + self._left)
        if self._signer:
            signature = _CHUNK_SIGNATURE.fullmatch(match[2] or b"")
            self._signature = signature[1].decode() if signature else ""
            self._hash = sha256()
        if not self._left:
            self._end_chunk()
            self._take_line = self._take_trailer_line

    def _end_chunk(self) -> None:
        if self._signer:
            self._signer.verify_chunk(self._hash.hexdigest(), self._signature)

    def _take_gap(self, line: bytes) -> None:
        if line:
            raise Refusal("malformed-chunk")
        self._take_line = self._take_chunk_line

    def _take_trailer_line(self, line: bytes) -> None:
        if not line:
            # An empty line before the trailers, as older minio-go writes, is no end.
            if self.trailers or not self._announced:
                self._end_trailers()
            return
        name, colon, value = line.decode("latin-1").partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon or not _TRAILER_NAME.fullmatch(name) or len(self.trailers) >= _MOST_TRAILERS:
            raise Refusal("malformed-trailer")
        if name == _TRAILER_SIGNATURE:
            self._trailer_signature = value
        elif name in self.trailers:
            raise Refusal("malformed-trailer")
        else:
            self.trailers[name] = value
            self._trailer_text += f"{name}:{value}\n".encode("latin-1")

    def _end_trailers(self) -> None:
        if self.trailers.keys() != self._announced:
            raise Refusal("malformed-trailer")
        if self._signer and (self.trailers or self._trailer_signature):
            self._signer.verify_trailers(bytes(self._trailer_text), self._trailer_signature)
        self._take_line = self._take_rest

    def _take_rest(self, line: bytes) -> None:
        if line:
            raise Refusal("malformed-chunk")

    def _other_length(self, provided: int | None = None) -> Refusal:
        counts = {
            "NumberBytesExpected": str(self._length),
            "NumberBytesProvided": str(self.size if provided is None else provided),
        }
        return Refusal("other-length", counts)
