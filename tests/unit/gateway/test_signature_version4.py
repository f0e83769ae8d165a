"""Signature version 4 in headers and URLs, against botocore's signers and AWS's examples."""

from __future__ import annotations

import contextlib
from hashlib import sha256
from urllib.parse import unquote_to_bytes

import pytest
from botocore import auth
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.unit.gateway.signature_requests import (
    ENDPOINT,
    KEY_ID,
    NOW,
    ODD_KEYS,
    SECRET,
    admit,
    make_request,
    path_of,
    run,
    sign,
)

from cloudling.gateway.signatures import canonical, claims, keys
from cloudling.gateway.signatures.bodies import open_body
from cloudling.gateway.signatures.refusals import Refusal
from cloudling.kernel.errors import AwsError
from cloudling.kernel.streams import Bytes

EMPTY = sha256(b"").hexdigest()
EXAMPLE_NOW = 1369353600.0  # 20130524T000000Z
SCOPE = f"{KEY_ID}/20130524/us-east-1/s3/aws4_request"


def authorization(signed: str, signature: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={SCOPE},SignedHeaders={signed},Signature={signature}"


# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
EXAMPLES = {
    "get object": (
        ("GET", "/test.txt", {"range": "bytes=0-9"}, EMPTY),
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    ),
    "put object": (
        (
            "PUT",
            "/test$file.text",
            {
                "date": "Fri, 24 May 2013 00:00:00 GMT",
                "x-amz-storage-class": "REDUCED_REDUNDANCY",
            },
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        ),
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    ),
    "get lifecycle": (
        ("GET", "/?lifecycle", {}, EMPTY),
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    ),
    "list objects": (
        ("GET", "/?max-keys=2&prefix=J", {}, EMPTY),
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    ),
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))
def test_documented_examples_verify(example):
    (method, target, extra, hashed), signed, signature = example
    headers = {
        "x-amz-date": "20130524T000000Z",
        "x-amz-content-sha256": hashed,
        "authorization": authorization(signed, signature),
        **extra,
    }
    request = make_request(method, "http://examplebucket.s3.amazonaws.com" + target, headers)
    assert admit(request, now=EXAMPLE_NOW, region="us-east-1").access_key_id == KEY_ID


def test_documented_presigned_url_verifies():
    # https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    url = (
        "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256"
        f"&X-Amz-Credential={SCOPE.replace('/', '%2F')}&X-Amz-Date=20130524T000000Z"
        "&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
        "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )
    claim = admit(make_request("GET", url, {}), now=EXAMPLE_NOW, region="us-east-1")
    assert claim.expires == 86400
    assert claim.payload == "UNSIGNED-PAYLOAD"


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("signer", [auth.S3SigV4Auth, auth.S3SigV4QueryAuth])
def test_odd_keys_verify(signer, key):
    options = {"expires": 60} if signer is auth.S3SigV4QueryAuth else {}
    admit(sign(signer, "GET", ENDPOINT + path_of(key), **options))


@pytest.mark.parametrize(
    "target",
    [
        "/b/a%20b",
        "/b/a b",
        "/b/%7Etilde",
        "/b/caf%c3%a9",
        "/b/(x)!*'",
        "/b/%28x%29",
        "/b?uploads",
        "/b?uploads=",
        "/b?prefix=a/b",
        "/b?prefix=a%2Fb&delimiter=/",
        "/b?b=2&a=3&a=1&a-b=0&A=z",
        "/b?x=a=b",
        "/b?x=caf%C3%A9",
        "/b?x=a+b",
        "/b?&&x=1&",
    ],
)
def test_ways_to_write_a_target_verify_when_signed_as_sent(target):
    admit(sign(auth.S3SigV4Auth, "GET", ENDPOINT + target))


def test_a_target_signed_in_canonical_form_may_be_sent_in_another():
    request = sign(auth.S3SigV4Auth, "GET", ENDPOINT + "/b/a%28b%29?x=a%20b")
    admit(replace(request, path=b"/b/a(b)"))
    admit(replace(request, query=b"x=a+b"))
    with pytest.raises(Refusal, match="mismatch"):
        admit(replace(request, path=b"/b//a(b)"))


@pytest.mark.parametrize(
    ("path", "body"),
    [("/", b"Action=GetUser"), ("//a/./b/../c%20d/", b""), ("/2015-03-31/functions/a%3Ab", b"{}")],
)
def test_other_services_sign_the_normalised_doubly_encoded_path(path, body):
    request = sign(auth.SigV4Auth, "POST", ENDPOINT + path, body=body, service="iam")
    hashed = sha256(body).hexdigest()
    admit(request, service="iam", payload_hash=hashed)
    with pytest.raises(Refusal, match="mismatch"):
        admit(request, service="iam", payload_hash=sha256(body + b"x").hexdigest())


def test_headers_are_collapsed_trimmed_and_keep_their_bytes():
    value = "  a   b\u00a0c " + "caf\u00e9".encode().decode("latin-1")
    request = sign(auth.S3SigV4Auth, headers={"x-amz-meta-a": "a b"})
    admit(replace(request, headers=request.headers | {"x-amz-meta-a": " a    b "}))
    scope = claims.Scope(KEY_ID, "20261121", "eu-west-1", "s3", "aws4_request", "t")
    assert keys.signing_key(SECRET, scope) == keys.signing_key(SECRET, scope)
    lines = canonical.headers({"x": value, "host": "h:1"}, ("host", "x", "absent"))
    assert lines == "host:h:1\nx:a b\u00a0c caf\u00c3\u00a9\nabsent:"


def test_a_session_token_is_read_from_header_and_url():
    assert admit(sign(auth.S3SigV4Auth, token="t/+=")).token == "t/+="
    assert admit(sign(auth.S3SigV4QueryAuth, token="t/+=", expires=9)).token == "t/+="


def test_the_date_header_stands_in_for_x_amz_date():
    request = sign(auth.S3SigV4Auth, headers={"Date": "x"})
    assert "x-amz-date" not in request.headers
    assert admit(request).signed_at == NOW


def test_uppercase_signatures_and_an_unsigned_content_hash_are_taken():
    request = sign(auth.S3SigV4Auth)
    text = request.headers["authorization"]
    signature = text[-64:]
    admit(
        replace(
            request, headers=request.headers | {"authorization": text[:-64] + signature.upper()}
        )
    )


def test_an_anonymous_request_has_no_claim():
    assert claims.read_claim(make_request("GET", ENDPOINT + "/b/k?x=1", {})) is None
    assert claims.read_claim(make_request("GET", ENDPOINT + "/b?X-Amz-Signature=1", {})) is None
    assert claims.read_claim(make_request("GET", ENDPOINT + "/b?MySignature=1", {})) is None
    assert claims.read_claim(make_request("GET", ENDPOINT + "/b", {"authorization": ""})) is None


def test_the_wrong_secret_is_told_what_was_signed():
    with pytest.raises(Refusal) as refused:
        admit(sign(auth.S3SigV4Auth, "GET", ENDPOINT + "/b?prefix=a%20b", secret="other"))
    details = refused.value.details
    assert details["CanonicalRequest"].startswith("GET\n/b\nprefix=a%20b\nhost:127.0.0.1:4566\n")
    assert details["StringToSign"].startswith(
        "AWS4-HMAC-SHA256\n20261121T020000Z\n20261121/eu-west-1/"
    )
    assert bytes.fromhex(details["StringToSignBytes"]).decode() == details["StringToSign"]
    assert len(details["SignatureProvided"]) == 64


def test_caches_stay_bounded():
    for number in range(3000):
        scope = claims.Scope(KEY_ID, f"{number}", "r", "s3", text=f"{number}")
        keys.signing_key(SECRET, scope)
        header = authorization(f"host;x{number}", "0" * 64)
        claims.read_claim(
            make_request(
                "GET", ENDPOINT, {"authorization": header, "x-amz-date": "20130524T000000Z"}
            )
        )
    assert len(keys.known_keys) <= 1024
    assert len(claims._scopes) <= 1024


BODY = b"the body that was signed"
HEADERS = {"Content-Type": "text/plain", "x-amz-meta-color": "red", "Content-MD5": "x"}
SIGNED = sign(
    auth.S3SigV4Auth,
    "PUT",
    ENDPOINT + "/bucket/some%20key?partNumber=1&uploadId=x",
    headers=HEADERS,
    body=BODY,
)
PRESIGNED = sign(
    auth.S3SigV4QueryAuth,
    "PUT",
    ENDPOINT + "/bucket/some%20key?partNumber=1",
    headers=HEADERS,
    expires=60,
)


def flip(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8 % len(data)] ^= 1 << bit % 8
    return bytes(changed)


def receive(request):
    """The body of a request that is admitted."""
    claim = admit(request)
    return run(open_body(request, claim, SECRET).read(1000))


def refused(request):
    try:
        receive(request)
    except (Refusal, AwsError):
        return True
    return False


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SIGNED, PRESIGNED]), st.integers(0, 10_000))
def test_a_changed_bit_in_the_path_is_refused(request, bit):
    path = flip(request.path, bit)
    if unquote_to_bytes(path) != unquote_to_bytes(request.path):
        assert refused(replace(request, path=path))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from([SIGNED, PRESIGNED]), st.integers(0, 10_000))
def test_a_changed_bit_in_the_query_is_refused(request, bit):
    query = flip(request.query, bit)
    same = unquote_to_bytes(query) == unquote_to_bytes(request.query)
    # The signature is taken in both letter cases.
    if not same and query.lower() != request.query.lower():
        assert refused(replace(request, query=query))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([SIGNED, PRESIGNED]), st.integers(0, 10_000))
def test_a_changed_bit_in_the_method_is_refused(request, bit):
    method = flip(request.method.encode(), bit).decode("latin-1")
    assert refused(replace(request, method=method))


@settings(max_examples=600, deadline=None)
@given(st.sampled_from([SIGNED, PRESIGNED]), st.data(), st.integers(0, 10_000))
def test_a_changed_bit_in_a_signed_header_is_refused(request, data, bit):
    name = data.draw(st.sampled_from(sorted(request.headers)))
    value = flip(request.headers[name].encode("latin-1"), bit).decode("latin-1")
    if name == "authorization" and value.lower() == request.headers[name].lower():
        return
    assert refused(replace(request, headers=request.headers | {name: value}))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10_000))
def test_a_changed_bit_in_the_body_is_refused(bit):
    assert refused(replace(SIGNED, body=Bytes(flip(BODY, bit))))


def test_the_unchanged_requests_are_taken():
    assert receive(SIGNED) == BODY
    assert receive(PRESIGNED) == b""


@settings(max_examples=500, deadline=None)
@given(
    st.text(st.characters(max_codepoint=255), max_size=200),
    st.binary(max_size=200),
    st.text(st.characters(max_codepoint=255), max_size=20),
)
def test_garbage_is_refused_and_never_an_accident(header, query, date):
    starts = ["", "AWS4-HMAC-SHA256 ", "AWS ", f"AWS4-HMAC-SHA256 Credential={SCOPE},"]
    queries = [b"", b"X-Amz-Algorithm=AWS4-HMAC-SHA256&", b"Signature=x&AWSAccessKeyId=a&Expires="]
    for start in starts:
        for prefix in queries:
            request = make_request(
                "GET", ENDPOINT + "/b", {"authorization": start + header, "date": date}
            )
            request.query = prefix + query
            if not start:
                del request.headers["authorization"]
            with contextlib.suppress(Refusal):
                assert claims.read_claim(request) is None or not admit(request)
