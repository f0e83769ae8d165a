"""Bodies checked while they are read: hashes, signed chunks, trailers."""

from __future__ import annotations

import base64
import hmac
import zlib
from hashlib import sha256

import pytest
from botocore import auth
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.gateway.signature_requests import (
    ENDPOINT,
    KEY_ID,
    SECRET,
    admit,
    make_request,
    run,
    sign,
)

from cloudling.gateway.signatures import claims
from cloudling.gateway.signatures.bodies import open_body
from cloudling.gateway.signatures.refusals import Refusal
from cloudling.kernel.errors import AwsError
from cloudling.kernel.streams import Bytes

EMPTY = sha256(b"").hexdigest()
EXAMPLE_NOW = 1369353600.0  # 20130524T000000Z
EXAMPLE_SCOPE = "20130524/us-east-1/s3/aws4_request"
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_TRAILER = SIGNED + "-TRAILER"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"


class Pieces(Bytes):
    """A body that arrives in pieces of these sizes."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self.sizes = sizes

    async def pump(self, consume):
        at = 0
        for size in [*self.sizes, self.length]:
            consume(memoryview(self.data)[at : at + size])
            at += size
        return self.length


def derive(date, region):
    key = b"AWS4" + SECRET.encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    return key


def frame(request, chunks, trailers=(), *, blank=b"", end=b"\r\n"):
    """Signed chunks that follow the signature of this request."""
    claim = claims.read_claim(request)
    key = derive(claim.scope.date, claim.scope.region)
    previous = claim.signature_text
    head = f"{claim.stamp}\n{claim.scope.text}\n"
    framed = b""
    for chunk in [*chunks, b""]:
        text = f"AWS4-HMAC-SHA256-PAYLOAD\n{head}{previous}\n{EMPTY}\n{sha256(chunk).hexdigest()}"
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        framed += f"{len(chunk):x};chunk-signature={previous}\r\n".encode() + chunk
        framed += b"\r\n" if chunk else b""
    framed += blank
    lines = "".join(f"{name}:{value}\n" for name, value in trailers).encode()
    if trailers:
        text = f"AWS4-HMAC-SHA256-TRAILER\n{head}{previous}\n{sha256(lines).hexdigest()}"
        previous = hmac.new(key, text.encode(), "sha256").hexdigest()
        framed += lines.replace(b"\n", end) + f"x-amz-trailer-signature:{previous}".encode() + end
    return framed + end


def frame_unsigned(chunks, trailers=(), *, end=b"\r\n"):
    framed = b"".join(f"{len(c):x}".encode() + b"\r\n" + c + b"\r\n" for c in [*chunks])
    return framed + b"0\r\n" + b"".join(f"{n}:{v}".encode() + end for n, v in trailers) + end


class StreamAuth(auth.S3SigV4Auth):
    """Signs the value of x-amz-content-sha256 that the caller has set."""

    def _modify_request_before_signing(self, request):
        kept = request.headers["X-Amz-Content-SHA256"]
        super()._modify_request_before_signing(request)
        request.headers.replace_header("X-Amz-Content-SHA256", kept)

    def payload(self, request):
        return request.headers["X-Amz-Content-SHA256"]


def stream(kind, length, trailer=""):
    headers = {"X-Amz-Content-SHA256": kind, "x-amz-decoded-content-length": str(length)}
    if trailer:
        headers["x-amz-trailer"] = trailer
    return sign(StreamAuth, headers=headers)


def pump(request, framed, sizes=()):
    request.body = Pieces(framed, list(sizes))
    claim = admit(request)
    body = open_body(request, claim, SECRET)
    parts = []
    size = run(body.pump(lambda chunk: parts.append(bytes(chunk))))
    data = b"".join(parts)
    assert size == len(data) == body.length
    return data, body.trailers


def refuse(request, framed):
    with pytest.raises(AwsError) as refused:
        pump(request, framed)
    request.body = Bytes(framed)
    with pytest.raises(AwsError) as again:
        run(open_body(request, claims.read_claim(request), SECRET).read(1 << 20))
    assert again.value.error_code == refused.value.error_code
    return refused.value


def example(kind, seed, signed, extra):
    credential = f"Credential={KEY_ID}/{EXAMPLE_SCOPE}"
    headers = {
        "x-amz-date": "20130524T000000Z",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
        "x-amz-content-sha256": kind,
        "content-encoding": "aws-chunked",
        "x-amz-decoded-content-length": "66560",
        "authorization": f"AWS4-HMAC-SHA256 {credential},SignedHeaders={signed},Signature={seed}",
        **extra,
    }
    return make_request("PUT", "http://s3.amazonaws.com/examplebucket/chunkObject.txt", headers)


def example_chunks(*signatures):
    sizes = zip((65536, 1024, 0), signatures, strict=True)
    return [f"{n:x};chunk-signature={s}\r\n".encode() + b"a" * n for n, s in sizes]


@pytest.mark.parametrize("sizes", [[], [1] * 300, [100_000], [70, 65536, 3, 100, 1000]])
def test_documented_signed_chunks(sizes):
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html
    request = example(
        SIGNED,
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
        "x-amz-decoded-content-length;x-amz-storage-class",
        {"content-length": "66824"},
    )
    framed = b"\r\n".join(
        example_chunks(
            "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
            "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
            "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
        )
    )
    assert len(framed + b"\r\n") == 66824
    request.body = Pieces(framed + b"\r\n", sizes)
    claim = admit(request, now=EXAMPLE_NOW, region="us-east-1")
    parts = []
    run(open_body(request, claim, SECRET).pump(lambda chunk: parts.append(bytes(chunk))))
    assert b"".join(parts) == b"a" * 66560


def test_documented_signed_trailer():
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
    request = example(
        SIGNED_TRAILER,
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
        "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
        "x-amz-storage-class;x-amz-trailer",
        {"x-amz-trailer": "x-amz-checksum-crc32c"},
    )
    chunks = example_chunks(
        "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
    )
    framed = b"\r\n".join(chunks) + (
        b"x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:"
        b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"
    )
    request.body = Bytes(framed)
    claim = admit(request, now=EXAMPLE_NOW, region="us-east-1")
    body = open_body(request, claim, SECRET)
    assert run(body.read(100_000)) == b"a" * 66560
    assert body.trailers == {"x-amz-checksum-crc32c": "sOO8/Q=="}


DATA = bytes(range(256)) * 80
CRC = ("x-amz-checksum-crc32", base64.b64encode(zlib.crc32(DATA).to_bytes(4, "big")).decode())
CHUNKS = [DATA[:8192], DATA[8192:16384], DATA[16384:]]
PLAIN_STREAM = stream(SIGNED, len(DATA))
TRAILER_STREAM = stream(SIGNED_TRAILER, len(DATA), CRC[0])
UNSIGNED_STREAM = stream(UNSIGNED_TRAILER, len(DATA), CRC[0])
STREAMS = {
    "signed": (PLAIN_STREAM, frame(PLAIN_STREAM, CHUNKS), {}),
    "signed trailer": (TRAILER_STREAM, frame(TRAILER_STREAM, CHUNKS, [CRC]), dict([CRC])),
    "blank line before trailers": (
        TRAILER_STREAM,
        frame(TRAILER_STREAM, CHUNKS, [CRC], blank=b"\r\n"),
        dict([CRC]),
    ),
    "line feeds in trailers": (
        TRAILER_STREAM,
        frame(TRAILER_STREAM, CHUNKS, [CRC], end=b"\n"),
        dict([CRC]),
    ),
    "unsigned trailer": (UNSIGNED_STREAM, frame_unsigned(CHUNKS, [CRC]), dict([CRC])),
    "unsigned, line feeds": (
        UNSIGNED_STREAM,
        frame_unsigned(CHUNKS, [CRC], end=b"\n"),
        dict([CRC]),
    ),
    "no last line end": (
        UNSIGNED_STREAM,
        frame_unsigned(CHUNKS, [CRC]).rstrip(b"\r\n"),
        dict([CRC]),
    ),
}


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(sorted(STREAMS)),
    st.one_of(
        st.lists(st.integers(1, 9000), max_size=20),
        st.integers(1, 120).map(lambda n: [n] * (25_000 // n)),
    ),
)
def test_streams_decode_the_same_however_they_are_cut(name, sizes):
    request, framed, trailers = STREAMS[name]
    assert pump(request, framed, sizes) == (DATA, trailers)


@pytest.mark.parametrize("name", STREAMS)
def test_streams_can_be_read_at_once(name):
    request, framed, trailers = STREAMS[name]
    request.body = Bytes(framed)
    body = open_body(request, admit(request), SECRET)
    assert body.length == len(DATA)
    assert run(body.read(len(DATA))) == DATA
    assert body.trailers == trailers
    with pytest.raises(AwsError, match="EntityTooLarge"):
        run(open_body(request, admit(request), SECRET).read(len(DATA) - 1))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["signed", "signed trailer"]), st.integers(0, 10**6))
def test_a_changed_bit_in_a_signed_stream_is_never_taken(name, bit):
    request, framed, trailers = STREAMS[name]
    changed = bytearray(framed)
    changed[bit // 8 % len(framed)] ^= 1 << bit % 8
    try:
        taken = pump(request, bytes(changed))
    except AwsError as error:
        assert error.http_status in (400, 403)  # noqa: PT017 - most changes are refused, not all
    else:
        # Only the frame changed, not what it says: the case of a digit, a line end.
        assert taken == (DATA, trailers)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(STREAMS)), st.data())
def test_a_stream_cut_short_is_refused(name, data):
    request, framed, _ = STREAMS[name]
    last = framed.rstrip(b"\r\n")
    cut = data.draw(st.integers(0, len(last) - 1))
    if name.startswith(("unsigned", "no last")) and cut > len(last) - len(CRC[1]) - 2:
        return  # what is left of the checksum does not match then; who compares it refuses
    if name == "signed" and cut >= len(last) - 1:
        return
    refuse(request, framed[:cut])


def test_a_tampered_chunk_tells_what_was_signed():
    request, framed, _ = STREAMS["signed"]
    error = refuse(request, framed.replace(DATA[:50], DATA[1:51], 1))
    assert (error.error_code, error.http_status) == ("SignatureDoesNotMatch", 403)
    assert error.fields["StringToSign"].startswith("AWS4-HMAC-SHA256-PAYLOAD\n20261121T020000Z\n")
    assert "CanonicalRequest" not in error.fields


def test_chunks_in_another_order_are_refused():
    request = stream(SIGNED, 16)
    framed = frame(request, [b"A" * 8, b"B" * 8])
    first, second = framed[:94], framed[94:188]
    assert pump(request, framed)[0] == b"A" * 8 + b"B" * 8
    assert refuse(request, second + first + framed[188:]).http_status == 403


def test_a_wrong_length_is_told_with_both_numbers():
    for length in (15, 17):
        request = stream(SIGNED, length)
        error = refuse(request, frame(request, [b"A" * 16]))
        assert (error.error_code, error.http_status) == ("IncompleteBody", 400)
        expected = {"NumberBytesExpected": str(length), "NumberBytesProvided": "16"}
        assert error.fields == expected


@pytest.mark.parametrize(
    "framed",
    [
        b"",
        b"\r\n",
        b"zz\r\n",
        b"-1\r\n",
        b"ffffffffffffffffffff\r\n",
        b"4\r\nabcdX0\r\n\r\n",
        b"4\r\nabcd\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\nmore",
        b"0" * 10_000,
    ],
)
def test_malformed_framing_is_an_incomplete_body(framed):
    error = refuse(stream(UNSIGNED_TRAILER, 4, "x-amz-checksum-crc32"), framed)
    assert (error.error_code, error.http_status) == ("IncompleteBody", 400)


@pytest.mark.parametrize(
    "trailers",
    [
        b"",
        b"x-amz-checksum-sha1:AA==\r\n",
        b"x-amz-checksum-crc32:AA==\r\nx-amz-checksum-sha1:AA==\r\n",
        b"x-amz-checksum-crc32:AA==\r\nx-amz-checksum-crc32:AA==\r\n",
        b"x-amz-checksum-crc32\r\n",
        b"x amz:1\r\n",
        b":1\r\n",
        b"".join(b"a%d:1\r\n" % number for number in range(100)),
    ],
)
def test_other_trailers_than_announced_are_malformed(trailers):
    request = stream(UNSIGNED_TRAILER, 4, "x-amz-checksum-crc32")
    error = refuse(request, b"4\r\nabcd\r\n0\r\n" + trailers + b"\r\n")
    assert (error.error_code, error.http_status) == ("MalformedTrailerError", 400)


def test_a_trailer_without_or_with_a_wrong_signature_is_refused():
    request, framed, _ = STREAMS["signed trailer"]
    at = framed.index(b"x-amz-trailer-signature")
    assert refuse(request, framed[:at] + b"\r\n").error_code == "SignatureDoesNotMatch"
    changed = framed.replace(CRC[1].encode(), b"AAAAAA==")
    assert refuse(request, changed).error_code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("length", ["", "-1", "1e3", "9" * 30, "\u00b2"])
def test_a_stream_needs_its_decoded_length(length):
    request = stream(SIGNED, 4)
    request.headers["x-amz-decoded-content-length"] = length
    with pytest.raises(Refusal, match="missing-length"):
        open_body(request, claims.read_claim(request), SECRET)


def test_an_empty_stream():
    request = stream(SIGNED, 0)
    assert pump(request, frame(request, [])) == (b"", {})


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.sampled_from([SIGNED, SIGNED_TRAILER, UNSIGNED_TRAILER]))
def test_garbage_in_a_stream_is_refused(framed, kind):
    error = refuse(stream(kind, 100, "x-amz-checksum-crc32"), framed)
    assert error.http_status in (400, 403)


def test_a_plain_body_must_have_the_signed_hash():
    request = sign(auth.S3SigV4Auth, body=b"right")
    claim = admit(request)
    assert run(open_body(request, claim).read(10)) == b"right"
    parts = []
    assert run(open_body(request, claim).pump(parts.append)) == 5
    request.body = Bytes(b"wrong")
    for attempt in (
        open_body(request, claim).read(10),
        open_body(request, claim).pump(parts.append),
    ):
        with pytest.raises(AwsError) as refused:
            run(attempt)
        assert refused.value.error_code == "XAmzContentSHA256Mismatch"
        assert refused.value.fields == {
            "ClientComputedContentSHA256": sha256(b"right").hexdigest(),
            "S3ComputedContentSHA256": sha256(b"wrong").hexdigest(),
        }


def test_bodies_that_nothing_was_said_about_come_through_as_they_are():
    presigned = sign(auth.S3SigV4QueryAuth, expires=60)
    presigned.body = Bytes(b"any")
    assert open_body(presigned, admit(presigned)) is presigned.body
    anonymous = make_request("PUT", ENDPOINT + "/b/k", {}, b"any")
    assert open_body(anonymous, None) is anonymous.body
    anonymous.headers["x-amz-content-sha256"] = SIGNED
    anonymous.headers["x-amz-decoded-content-length"] = "3"
    with pytest.raises(Refusal, match="anonymous"):
        open_body(anonymous, None)
