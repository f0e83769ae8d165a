"""What is done to a request: to its meaning before it is signed, to its bytes after."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tests.raw import Draft

NUMBERS = [
    b"-1", b"0", b"1", b"00", b"+1", b"1.5", b"1e9", b"NaN", b"Infinity", b"2147483648",
    b"9223372036854775808", b"9" * 400, b"9" * 5000, b"0x10", b"1_000", b" 1", b"", b"\xd9\xa1",
]  # fmt: skip
TEXTS = [
    b"", b" ", b"%", b"%0", b"%zz", b"%00", b"%0d%0a", b"%FF%FE", b"%ED%A0%80", b"%F4%90%80%80",
    b"%C0%AF", b"../" * 40, b"a" * 5000, b"*", b"null", b"None", b"true", b"[]", b"{}", b"${x}",
    b"${", b"'", b"%22", b"<a>", b"&amp;", b"&", b";", b"=", b"%EF%BF%BF", b"%F0%9F%8E%89",
    b"arn:", b"arn:aws:iam::000000000000:user/a", b"arn:aws:s3:::b/*", b"arn:" + b":" * 50, b"\\",
    b"%09", b"bytes=", b"bytes=0-", b"bytes=-0", b"bytes=5-1", b"bytes=0-0,2-3",
    b"bytes=-99999999999999999", b"19700101T000000Z", b"99991231T235959Z", b"00000000T000000Z",
    b"2026-02-30T00:00:00Z", b"Thu, 01 Jan 1970 00:00:00 GMT", b"Sun, 31 Feb 9999 25:61:61 GMT",
    b"0001-01-01T00:00:00Z", b"AAAA", b"====", b"AAAAAA==", b"1B2M2Y8AsgTpgAmY7PhCfg==", b'"',
    b'W/"x"', b"a,b,c", b",,,", b"sha256", b"CRC64NVME", b"COMPOSITE", b"aws:kms", b"GLACIER",
    b"/fuzz-first/plain.txt", b"fuzz-first", b"/", b"//", b"?versionId=", b"000000000000",
    b"http://x", b"gzip", b"aws-chunked",
]  # fmt: skip
HOSTS = [
    b"localhost", b"fuzz-first.localhost", b"fuzz-first.s3.localhost", b"[::1]", b"evil.example",
    b"fuzz.dotted.s3.amazonaws.com", b"s3.eu-west-1.amazonaws.com", b"iam.amazonaws.com",
    b"a" * 300, b"fuzz-first.s3-website-us-east-1.amazonaws.com", b"..localhost", b"", b".",
    b"\xff", b"a b", b"127.0.0.1:99999", b"123456789012.s3-control.us-east-1.amazonaws.com",
    b"console.localhost", b"sqs.us-east-1.amazonaws.com", b"%41.localhost", b"-.localhost",
    b"_.s3.localhost", b"1.2.3",
]  # fmt: skip
METHODS = ["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND"]
QUERY_NAMES = [
    b"acl", b"uploads", b"uploadId", b"partNumber", b"versionId", b"versions", b"delete",
    b"tagging", b"list-type", b"prefix", b"delimiter", b"marker", b"max-keys",
    b"continuation-token", b"policy", b"start-after", b"encoding-type", b"key-marker",
    b"version-id-marker", b"upload-id-marker", b"max-uploads", b"max-parts", b"part-number-marker",
    b"attributes", b"location", b"fetch-owner", b"response-content-type", b"response-expires",
    b"response-cache-control", b"x-id", b"select", b"Action", b"Version", b"Signature",
    b"X-Amz-Algorithm", b"X-Amz-Expires", b"X-Amz-Date", b"X-Amz-Credential", b"AWSAccessKeyId",
    b"Expires", b"MaxItems", b"Marker", b"UserName", b"session",
]  # fmt: skip
HEADER_NAMES = [
    b"Range", b"If-Match", b"If-None-Match", b"If-Modified-Since", b"If-Unmodified-Since",
    b"If-Range", b"Content-MD5", b"Content-Type", b"Content-Encoding", b"Content-Language",
    b"Cache-Control", b"Expires", b"Date", b"x-amz-date", b"x-amz-content-sha256",
    b"x-amz-decoded-content-length", b"x-amz-trailer", b"x-amz-sdk-checksum-algorithm",
    b"x-amz-checksum-crc32", b"x-amz-checksum-sha1", b"x-amz-checksum-crc64nvme",
    b"x-amz-checksum-type", b"x-amz-checksum-mode", b"x-amz-copy-source",
    b"x-amz-copy-source-range", b"x-amz-copy-source-if-match", b"x-amz-metadata-directive",
    b"x-amz-copy-source-if-modified-since", b"x-amz-tagging", b"x-amz-tagging-directive",
    b"x-amz-acl", b"x-amz-meta-a", b"x-amz-meta-", b"x-amz-storage-class",
    b"x-amz-server-side-encryption", b"Cookie", b"x-amz-security-token",
    b"x-amz-object-attributes", b"x-amz-max-parts", b"x-amz-target", b"Accept",
    b"x-amz-expected-bucket-owner", b"x-amz-mp-object-size", b"x-amz-grant-read", b"Origin",
    b"Upgrade", b"Sec-Fetch-Site", b"Sec-Fetch-Mode", b"Accept-Language", b"Expect", b"Connection",
    b"TE", b"Authorization", b"x-amz-write-offset-bytes", b"x-amz-object-ownership",
    b"x-amz-rename-source",
]  # fmt: skip
FORM_NAMES = [
    b"Tags.member.1.Key", b"Tags.member.1.Value", b"Tags.member.0.Key", b"Tags.member.x", b"Tags",
    b"PolicyArns.member.1.arn", b"MaxItems", b"Marker", b"DurationSeconds", b"PathPrefix", b"Path",
    b"a." * 300 + b"b", b"Tags.member.99999999999999999999.Key", b"ActionNames.member.1", b"Scope",
    b"TransitiveTagKeys.member.1", b"ExternalId", b"SerialNumber", b"TokenCode", b"OnlyAttached",
    b"PermissionsBoundary", b"Description", b"MaxSessionDuration", b"SetAsDefault", b"Status",
    b"DryRun", b"IamInstanceProfile.Name", b"IamInstanceProfile.Arn", b"TagSpecification.1.Tag.1",
    b"TagSpecification.1.ResourceType", b"NetworkInterface.1.SubnetId", b"InstanceId.1",
    b"ResourceId.1", b"BlockDeviceMapping.1.Ebs", b"Placement.GroupName", b"SecurityGroupId",
]  # fmt: skip
ELEMENTS = [
    b"<!DOCTYPE a>", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>', b"&x;", b"&#0;",
    b"&#xD800;", b"&#x1F389;", b"<![CDATA[x]]>", b"<!--", b"<?pi x?>", b"<a>" * 200, b"</Key>",
    b"<Key/>", b'<a b="c" b="d"/>', b"<Quiet>maybe</Quiet>", b"<VersionId>null</VersionId>",
    b"\x00", b"\xff", b"<x:y/>", b'<e xmlns:x="urn:x"><x:Key>a</x:Key></e>', b"\xef\xbb\xbf",
    b'<?xml version="1.1"?>', b"<PartNumber>0</PartNumber>",
    b"<PartNumber>99999999999</PartNumber>", b"<ETag>x</ETag>",
    b"<LocationConstraint>mars-1</LocationConstraint>", b"<ChecksumCRC32>AAAA</ChecksumCRC32>",
]  # fmt: skip
JSON = [
    b"null", b"true", b"0", b"-1", b"1.5", b"1e400", b"9" * 400, b'""', b'"NaN"', b"[]", b"{}",
    b"[null]", b'{"a":null}', b'"\\ud800"', b'"\\u0000"', b"[" * 600, b"[" * 200 + b"]" * 200,
    b'{"a":' * 90 + b"1" + b"}" * 90, b"\xff", b"NaN", b",", b"//", b"", b'{"__type":"x"}',
]  # fmt: skip
FRAMES = [
    b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"-1\r\n", b"5;a=b\r\nhello\r\n", b"5\r\nhell\r\n",
    b"\r\n\r\n", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n",
    b"Content-Length: 99999\r\n", b"Content-Length: -1\r\n", b"Expect: 100-continue\r\n",
    b"Host: b\r\n", b"Connection: close\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b": x\r\n", b"a\x00b: c\r\n", b" folded\r\n", b"\n", b"\r", b"HTTP/1.0", b"HTTP/2.0",
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b";chunk-signature=", b"PRI * HTTP/2.0",
    b"Transfer-Encoding: gzip, chunked\r\n", b"x: " + b"y" * 20000 + b"\r\n", b"z: z\r\n" * 300,
]  # fmt: skip
REGIONS = ["us-east-1", "eu-west-1", "", "mars-1", "us-east-1/x", "a" * 300]
SERVICES = ["s3", "iam", "sts", "sqs", "", "s3express", "ec2", "dynamodb", "organizations", "ssm"]


def garbage(random: random.Random) -> bytes:
    """A value that some reader may stumble over."""
    kind = random.random()
    if kind < 0.35:
        return random.choice(NUMBERS)
    if kind < 0.85:
        return random.choice(TEXTS)
    return random.randbytes(random.randrange(20))


def _line(raw: bytes) -> bytes:
    """What can stand in a header without becoming two."""
    return re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"?", raw)


def _word(raw: bytes) -> bytes:
    """What can stand in a request line."""
    return re.sub(rb"[\x00-\x20\x7f-\xff#?]", lambda found: b"%%%02X" % found[0][0], raw)


def change_method(draft: Draft, random: random.Random) -> None:
    draft.method = random.choice(METHODS)


def change_path(draft: Draft, random: random.Random) -> None:
    parts = draft.path.split(b"/")
    at = random.randrange(1, len(parts) + 1)
    piece = _word(random.choice(TEXTS))
    if random.random() < 0.5 and at < len(parts):
        parts[at] = piece
    else:
        parts.insert(at, piece)
    draft.path = b"/" + b"/".join(parts).lstrip(b"/") if random.random() < 0.8 else b"/".join(parts)
    if not draft.path.startswith(b"/"):
        draft.path = b"/" + draft.path


def change_query(draft: Draft, random: random.Random) -> None:
    pairs = draft.query.split(b"&") if draft.query else []
    if pairs and random.random() < 0.5:
        at = random.randrange(len(pairs))
        name = pairs[at].partition(b"=")[0]
        kind = random.random()
        if kind < 0.2:
            del pairs[at]
        elif kind < 0.4:
            pairs.insert(at, pairs[at])
        else:
            pairs[at] = name + b"=" + _word(garbage(random)).replace(b"&", b"%26")
    else:
        value = _word(garbage(random))
        pairs.append(random.choice(QUERY_NAMES) + (b"=" + value if random.random() < 0.8 else b""))
    draft.query = b"&".join(pairs)


def change_header(draft: Draft, random: random.Random) -> None:
    if draft.headers and random.random() < 0.3:
        at = random.randrange(len(draft.headers))
        name, _ = draft.headers[at]
        if random.random() < 0.3:
            del draft.headers[at]
        else:
            draft.headers[at] = (name, _line(garbage(random)))
        return
    draft.headers.append((random.choice(HEADER_NAMES), _line(garbage(random))))


def change_xml(draft: Draft, random: random.Random) -> None:
    spots = [found.start() for found in re.finditer(rb"<", draft.body)] or [0]
    at = random.choice(spots)
    kind = random.random()
    if kind < 0.45:
        draft.body = draft.body[:at] + random.choice(ELEMENTS) + draft.body[at:]
    elif kind < 0.75:
        texts = [found.span(1) for found in re.finditer(rb">([^<]+)<", draft.body)] or [(0, 0)]
        begin, end = random.choice(texts)
        draft.body = draft.body[:begin] + garbage(random) + draft.body[end:]
    else:
        other = random.choice(spots)
        begin, end = min(at, other), max(at, other)
        part = draft.body[begin:end]
        draft.body = draft.body[:begin] + part * random.choice([0, 2, 50]) + draft.body[end:]


def change_form(draft: Draft, random: random.Random) -> None:
    pairs = draft.body.split(b"&")
    at = random.randrange(len(pairs))
    name, _, value = pairs[at].partition(b"=")
    kind = random.random()
    if kind < 0.1:
        del pairs[at]
    elif kind < 0.6:
        pairs[at] = name + b"=" + garbage(random)
    elif kind < 0.7:
        pairs[at] = name + b".1=" + value
    elif kind < 0.8 and len(value) > 1:
        cut = random.randrange(len(value))
        pairs[at] = name + b"=" + value[:cut] + garbage(random) + value[cut + 3 :]
    else:
        pairs.append(random.choice(FORM_NAMES) + b"=" + garbage(random))
    draft.body = b"&".join(pairs)


def change_json(draft: Draft, random: random.Random) -> None:
    tokens = list(re.finditer(rb'"[^"]*"|-?[0-9.]+|true|false|null|[\[\]{}:,]', draft.body))
    if not tokens:
        draft.body = random.choice(JSON)
        return
    begin, end = random.choice(tokens).span()
    kind = random.random()
    if kind < 0.6:
        draft.body = draft.body[:begin] + random.choice(JSON) + draft.body[end:]
    elif kind < 0.8:
        draft.body = draft.body[:begin] + b'"%b"' % garbage(random) + draft.body[end:]
    else:
        draft.body = draft.body[:end] + draft.body[begin:]


def change_body(draft: Draft, random: random.Random) -> None:
    if draft.service in {"iam", "sts", "ec2"} and random.random() < 0.9:
        return change_form(draft, random)
    if draft.service in {"organizations", "ssm"} and random.random() < 0.9:
        return change_json(draft, random)
    if draft.body.lstrip().startswith(b"<") and random.random() < 0.9:
        return change_xml(draft, random)
    draft.body = change_bytes(draft.body, random)
    return None


def change_host(draft: Draft, random: random.Random) -> None:
    draft.host = _line(random.choice(HOSTS))


def change_scope(draft: Draft, random: random.Random) -> None:
    if random.random() < 0.5:
        draft.region = random.choice(REGIONS)
    else:
        draft.service = random.choice(SERVICES)


MEANINGS: list[Callable[[Draft, random.Random], None]] = [
    change_query, change_query, change_header, change_header, change_body, change_body, change_body,
    change_path, change_method, change_host, change_scope,
]  # fmt: skip


def change_meaning(draft: Draft, random: random.Random) -> None:
    """One to three changes that a signature can then cover."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        random.choice(MEANINGS)(draft, random)


def change_bytes(data: bytes, random: random.Random) -> bytes:
    """One to four changes of bytes wherever they fall."""
    raw = bytearray(data)
    for _ in range(random.choice([1, 1, 2, 4])):
        at = random.randrange(len(raw) + 1)
        kind = random.random()
        if kind < 0.3 and at < len(raw):
            raw[at] ^= 1 << random.randrange(8)
        elif kind < 0.5:
            del raw[at : at + random.choice([1, 2, 10, 100])]
        elif kind < 0.65:
            raw[at:at] = raw[at : at + 50]
        elif kind < 0.8:
            raw[at:at] = garbage(random)
        else:
            line = raw.find(b"\r\n", at) + 2
            raw[line:line] = random.choice(FRAMES)
    return bytes(raw)
