"""Which S3 operation a request means."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudling.gateway.protocols import rest
from cloudling.kernel.errors import AwsError
from cloudling.models import loader

S3 = loader.load("s3")
COPY = {"x-amz-copy-source": "/a/b"}


def match(
    method: str,
    path: bytes,
    query: str = "",
    headers: dict[str, str] | None = None,
    bucket: str = "",
) -> tuple[str, dict[str, str]]:
    pairs = [each.partition("=") for each in query.split("&") if each]
    named = [(name, value) for name, _, value in pairs]
    return rest.match(S3, method, path, named, headers or {}, bucket=bucket)


@pytest.mark.parametrize(
    ("method", "path", "query", "operation"),
    [
        ("GET", b"/", "", "ListBuckets"),
        ("GET", b"/", "x-id=ListBuckets", "ListBuckets"),
        ("GET", b"/", "x-id=ListDirectoryBuckets", "ListDirectoryBuckets"),
        ("PUT", b"/b", "", "CreateBucket"),
        ("PUT", b"/b/", "", "CreateBucket"),
        ("HEAD", b"/b", "", "HeadBucket"),
        ("DELETE", b"/b", "", "DeleteBucket"),
        ("GET", b"/b", "", "ListObjects"),
        ("GET", b"/b/", "prefix=a", "ListObjects"),
        ("GET", b"/b", "list-type=2", "ListObjectsV2"),
        ("GET", b"/b/", "list-type=2&prefix=x", "ListObjectsV2"),
        ("GET", b"/b", "list-type=1", "ListObjects"),
        ("GET", b"/b", "uploads", "ListMultipartUploads"),
        ("GET", b"/b", "uploads=", "ListMultipartUploads"),
        ("GET", b"/b", "acl", "GetBucketAcl"),
        ("GET", b"/b", "location", "GetBucketLocation"),
        ("GET", b"/b", "versions", "ListObjectVersions"),
        ("GET", b"/b", "lifecycle", "GetBucketLifecycleConfiguration"),
        ("PUT", b"/b", "notification", "PutBucketNotificationConfiguration"),
        ("GET", b"/b", "inventory", "ListBucketInventoryConfigurations"),
        ("GET", b"/b", "inventory&id=1", "GetBucketInventoryConfiguration"),
        ("POST", b"/b", "delete", "DeleteObjects"),
        ("POST", b"/b", "delete=", "DeleteObjects"),
        ("POST", b"/b", "", "PostObject"),
        ("POST", b"/b/", "", "PostObject"),
        ("GET", b"/b/k", "", "GetObject"),
        ("GET", b"/b/k", "x-id=GetObject", "GetObject"),
        ("GET", b"/b/k", "X-Amz-Signature=1&response-content-type=a", "GetObject"),
        ("GET", b"/b/k", "partNumber=1", "GetObject"),
        ("GET", b"/b/k", "versionId=null", "GetObject"),
        ("GET", b"/b/k", "attributes", "GetObjectAttributes"),
        ("GET", b"/b/k", "uploadId=u", "ListParts"),
        ("GET", b"/b/k", "tagging", "GetObjectTagging"),
        ("HEAD", b"/b/k", "", "HeadObject"),
        ("PUT", b"/b/k", "", "PutObject"),
        ("PUT", b"/b/k", "x-id=PutObject", "PutObject"),
        ("PUT", b"/b/k", "partNumber=1&uploadId=u", "UploadPart"),
        ("PUT", b"/b/k", "uploadId=u&x-id=UploadPart&partNumber=1", "UploadPart"),
        ("POST", b"/b/k", "uploads", "CreateMultipartUpload"),
        ("POST", b"/b/k", "uploadId=u", "CompleteMultipartUpload"),
        ("DELETE", b"/b/k", "", "DeleteObject"),
        ("DELETE", b"/b/k", "uploadId=u", "AbortMultipartUpload"),
        ("POST", b"/b/k", "select&select-type=2", "SelectObjectContent"),
        ("POST", b"/WriteGetObjectResponse", "", "WriteGetObjectResponse"),
    ],
)
def test_operations(method: str, path: bytes, query: str, operation: str) -> None:
    headers = {"x-amz-request-route": "r", "x-amz-request-token": "t"}
    assert match(method, path, query, headers)[0] == operation


def test_headers_decide_too() -> None:
    assert match("PUT", b"/b/k", headers=COPY)[0] == "CopyObject"
    assert match("PUT", b"/b/k", "partNumber=1&uploadId=u", COPY)[0] == "UploadPartCopy"
    assert match("PUT", b"/b/k", "acl", COPY)[0] == "PutObjectAcl"


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("PATCH", b"/b/k", ""),
        ("DELETE", b"/", ""),
        ("POST", b"/", ""),
        ("POST", b"/b/k", ""),
        ("PUT", b"/b/k", "uploads"),
        ("PUT", b"/b/k", "uploadId=u"),
        ("PUT", b"/b/k", "partNumber=1"),
        ("GET", b"/b", "delete"),
        ("GET", b"/b/k", "versioning"),
        ("PUT", b"/b", "versions"),
        ("DELETE", b"/b/k", "acl"),
    ],
)
def test_what_no_resource_can_do_is_not_done_as_something_else(
    method: str, path: bytes, query: str
) -> None:
    with pytest.raises(rest.MethodNotAllowed) as refused:
        match(method, path, query)
    assert refused.value.http_status == 405
    assert refused.value.text == ("The specified method is not allowed against this resource.")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (b"/b//", "/"),
        (b"/b//a//b/", "/a//b/"),
        (b"/b/../../x", "../../x"),
        (b"/b/.", "."),
        (b"/b/a+b", "a+b"),
        (b"/b/a%2Bb%20c", "a+b c"),
        (b"/b/%252F", "%2F"),
        (b"/b/a%2Fb", "a/b"),
        (b"/b/%00%0A", "\x00\n"),
        (b"/b/%F0%9F%98%80", "😀"),
        (b"/b/100%", "100%"),
    ],
)
def test_keys_come_as_they_are_and_are_decoded_once(path: bytes, key: str) -> None:
    assert match("GET", path) == ("GetObject", {"Bucket": "b", "Key": key})


def test_a_bucket_in_the_hosts_name() -> None:
    assert match("GET", b"/", bucket="b") == ("ListObjects", {"Bucket": "b"})
    assert match("GET", b"/k/x", bucket="b") == ("GetObject", {"Bucket": "b", "Key": "k/x"})
    assert match("GET", b"//x", bucket="b")[1]["Key"] == "/x"


@pytest.mark.parametrize("path", [b"/b/%FF", b"/%C3/k", b"*", b"b/k", b""])
def test_paths_that_are_no_text(path: bytes) -> None:
    with pytest.raises(rest.InvalidURI):
        match("GET", path)


@given(
    st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE", "OPTIONS"]),
    st.binary(max_size=20),
    st.lists(
        st.tuples(
            st.sampled_from(["acl", "uploads", "list-type", "uploadId", "partNumber", "x-id", "a"]),
            st.sampled_from(["", "1", "2", "PutObject"]),
        ),
        max_size=4,
    ),
)
def test_whatever_comes_is_matched_or_refused(
    method: str, path: bytes, query: list[tuple[str, str]]
) -> None:
    found = [outcome(method, path, query) for _ in range(2)]  # decided, then remembered
    assert found[0] == found[1]
    assert found[0] in {400, 405} or S3.operations[found[0]].method == method


def outcome(method: str, path: bytes, query: list[tuple[str, str]]) -> Any:
    try:
        return rest.match(S3, method, b"/" + path, query, {})[0]
    except AwsError as refused:
        return refused.http_status


def test_a_key_is_decoded_exactly_once() -> None:
    from urllib.parse import quote

    @given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
    def check(key: str) -> None:
        path = b"/b/" + quote(key, safe="/").encode()
        assert match("GET", path)[1]["Key"] == key

    check()
