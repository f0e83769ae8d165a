"""Signature version 2 for S3, against botocore's signers and AWS's examples."""

from __future__ import annotations

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
    admit,
    make_request,
    path_of,
    sign,
)

from cloudling.gateway.signatures import claims, version2
from cloudling.gateway.signatures.refusals import Refusal

# From the examples of https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html,
# whose bucket was "johnsmith" in the edition of 2012.
EXAMPLES = {
    "object get": (
        ("GET", "/photos/puppy.jpg", {"date": "Tue, 27 Mar 2007 19:36:42 +0000"}),
        "bWq2s1WEIj+Ydj0vQ697zp+IXMU=",
    ),
    "object put": (
        (
            "PUT",
            "/photos/puppy.jpg",
            {"date": "Tue, 27 Mar 2007 21:15:45 +0000", "content-type": "image/jpeg"},
        ),
        "MyyxeRY7whkBe+bq8fHCL/2kKUg=",
    ),
    "list": (
        (
            "GET",
            "/?prefix=photos&max-keys=50&marker=puppy",
            {"date": "Tue, 27 Mar 2007 19:42:41 +0000"},
        ),
        "htDYFYduRNen8P9ZfE/s9SuKy0U=",
    ),
    "fetch": (
        ("GET", "/?acl", {"date": "Tue, 27 Mar 2007 19:44:46 +0000"}),
        "c2WLPFtWHVgbEmeEG93a4cG37dM=",
    ),
}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))
def test_documented_examples_verify(example):
    (method, target, headers), signature = example
    headers = {**headers, "authorization": f"AWS {KEY_ID}:{signature}"}
    request = make_request(method, "http://johnsmith.s3.amazonaws.com" + target, headers)
    now = claims.read_claim(request).signed_at
    admit(request, now=now, region="us-west-1", bucket="johnsmith")
    with pytest.raises(Refusal, match="mismatch"):
        admit(request, now=now, region="us-west-1", bucket="another")


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("signer", [auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_odd_keys_verify(signer, key):
    admit(sign(signer, "GET", ENDPOINT + path_of(key)))


@pytest.mark.parametrize("signer", [auth.HmacV1Auth, auth.HmacV1QueryAuth])
@pytest.mark.parametrize(
    "target",
    [
        "/b?uploads",
        "/b/k?partNumber=1&uploadId=a%2Bb&other=c",
        "/b/k?response-content-type=text%2Fplain&response-content-disposition=a%20%22b%22",
        "/b/k?versionId=null",
        "/b/?location",
        "/b?max-keys=1",
    ],
)
def test_subresources_and_overrides_are_signed(signer, target):
    admit(sign(signer, "GET", ENDPOINT + target))


def test_a_subresource_may_carry_an_empty_value():
    request = sign(auth.HmacV1Auth, "POST", ENDPOINT + "/b/k?uploads")
    admit(replace(request, query=b"uploads="))


@pytest.mark.parametrize("signer", [auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_a_bucket_in_the_host_is_part_of_the_resource(signer):
    url = "http://bucket.s3.amazonaws.com/key?acl"
    request = sign(signer, "GET", url, auth_path="/bucket/key")
    admit(request, bucket="bucket")
    with pytest.raises(Refusal, match="mismatch"):
        admit(request)


@pytest.mark.parametrize("signer", [auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_a_session_token_is_signed_with_the_rest(signer):
    request = sign(signer, "GET", token="to/k+en==")
    assert admit(request).token == "to/k+en=="
    query = request.query.replace(b"to%2F", b"tO%2F")
    headers = request.headers | {"x-amz-security-token": "tO/k+en=="}
    changed = replace(request, query=query) if request.query else replace(request, headers=headers)
    with pytest.raises(Refusal, match="mismatch"):
        admit(changed)


def test_amazon_headers_are_signed():
    headers = {"x-amz-meta-b": " two  words ", "X-Amz-Meta-A": "1", "Content-Type": "text/plain"}
    request = sign(auth.HmacV1Auth, headers=headers)
    admit(request)
    for name, value in [("x-amz-meta-b", "x"), ("x-amz-acl", "public-read"), ("content-type", "")]:
        with pytest.raises(Refusal, match="mismatch"):
            admit(replace(request, headers=request.headers | {name: value}))


def test_a_line_feed_in_a_parameter_is_no_second_header():
    headers = {"x-amz-acl": "private", "x-amz-meta-a": "1"}
    request = sign(auth.HmacV1QueryAuth, "PUT", headers=headers)
    url = replace(request, headers={"host": request.headers["host"]})
    admit(url)
    query = url.query.replace(
        b"x-amz-acl=private&x-amz-meta-a=1", b"x-amz-acl=private%0Ax-amz-meta-a%3A1"
    )
    assert query != url.query
    with pytest.raises(Refusal, match="mismatch"):
        admit(replace(url, query=query))


def test_regions_are_those_of_the_endpoint_data():
    import json
    from importlib import resources

    data = json.loads(resources.files("botocore").joinpath("data/endpoints.json").read_text())
    listed = set()
    for partition in data["partitions"]:
        service = partition["services"].get("s3", {})
        usual = service.get("defaults", {}) or partition["defaults"]
        for region, endpoint in service.get("endpoints", {}).items():
            if "s3" in endpoint.get("signatureVersions", usual.get("signatureVersions", [])):
                listed.add(region)
    assert {r for r in listed if "fips" not in r and r != "aws-global"} == version2.REGIONS


@pytest.mark.parametrize("region", ["eu-central-1", "us-east-2", "cn-north-1", "nowhere"])
@pytest.mark.parametrize("signer", [auth.HmacV1Auth, auth.HmacV1QueryAuth])
def test_other_regions_take_no_version_2(signer, region):
    with pytest.raises(Refusal, match="version-2"):
        admit(sign(signer, "GET"), region=region)


def test_without_a_region_it_is_taken():
    admit(sign(auth.HmacV1Auth, "GET"), region=None)


def test_urls_end_at_expires_and_headers_at_the_skew():
    url = sign(auth.HmacV1QueryAuth, "GET", expires=600)
    admit(url, now=NOW + 600)
    admit(url, now=NOW - 10 * 365 * 86400)
    with pytest.raises(Refusal, match="version-2-expired") as refused:
        admit(url, now=NOW + 601)
    assert refused.value.details == {
        "Expires": "2026-11-21T02:10:00Z",
        "ServerTime": "2026-11-21T02:10:01Z",
    }
    header = sign(auth.HmacV1Auth, "GET")
    admit(header, now=NOW + 900)
    with pytest.raises(Refusal, match="late"):
        admit(header, now=NOW + 901)
    with pytest.raises(Refusal, match="early"):
        admit(header, now=NOW - 901)


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("Signature=x", "version-2-parameters"),
        ("Signature=x&Expires=1", "version-2-parameters"),
        ("Signature=x&AWSAccessKeyId=a&Expires=1e9", "version-2-expires"),
        ("Signature=x&AWSAccessKeyId=a&Expires=2147483648", "version-2-expires"),
        ("Signature=x&AWSAccessKeyId=a&Expires=" + "9" * 5000, "version-2-expires"),
        (f"Signature=x&AWSAccessKeyId={KEY_ID}&Expires=-999999999999999", "version-2-expired"),
        (f"Signature=x&AWSAccessKeyId={KEY_ID}&Expires=2147483647", "mismatch"),
        ("Action=GetUser&SignatureVersion=2&Signature=x&AWSAccessKeyId=a", "version-2"),
        ("X-Amz-Algorithm=a&Signature=x", "two-mechanisms"),
    ],
)
def test_malformed_urls_are_refused(query, kind):
    with pytest.raises(Refusal) as refused:
        admit(make_request("GET", f"{ENDPOINT}/b/k?{query}", {}))
    assert refused.value.kind == kind


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("AWS", "one-space"),
        ("AWS  a:b", "one-space"),
        ("AWS garbage", "version-2-header"),
        ("AWS key:", "version-2-header"),
        ("AWS key:a:b", "version-2-header"),
        (f"AWS {KEY_ID}:not base64!", "mismatch"),
        (f"AWS {KEY_ID}:\u00e9", "mismatch"),
    ],
)
def test_malformed_headers_are_refused(header, kind):
    headers = {"authorization": header, "x-amz-date": "20261121T020000Z"}
    with pytest.raises(Refusal) as refused:
        admit(make_request("GET", f"{ENDPOINT}/b/k", headers))
    assert refused.value.kind == kind


URL = sign(auth.HmacV1QueryAuth, "GET", ENDPOINT + "/bucket/key?versionId=abc&acl", expires=600)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000))
def test_a_changed_bit_in_a_url_is_refused(bit):
    changed = bytearray(URL.query)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    if bytes(changed).lower() == URL.query.lower() and b"%" in URL.query:
        return  # %2f for %2F says the same
    with pytest.raises(Refusal):
        admit(replace(URL, query=bytes(changed)))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10_000))
def test_a_changed_bit_in_the_path_is_refused(bit):
    changed = bytearray(URL.path)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    with pytest.raises(Refusal):
        admit(replace(URL, path=bytes(changed)))
