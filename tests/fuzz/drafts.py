"""Valid requests to begin with: every operation of the served models, and richer ones by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

import botocore.session
from botocore import serialize
from botocore.model import ListShape, MapShape, StructureShape
from tests.raw import Draft

if TYPE_CHECKING:
    import random

    from botocore.model import OperationModel, Shape

BUCKETS = ["fuzz-first", "fuzz-second", "fuzz.dotted", "not-there"]
KEYS = ["plain.txt", "a/b/c", "a//b", "../../x", ".", "%00", "caf\u00e9 \U0001f389", "k" * 1024]
TRUST = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"000000000000"},'
    '"Action":"sts:AssumeRole","Condition":{"StringLike":{"aws:username":["a*","${aws:userid}"]}}}]}'
)
POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"One","Effect":"Allow","Action":["s3:Get*","iam:*"],'
    '"Resource":["arn:aws:s3:::fuzz-*/*","*"],"Condition":{"NumericLessThan":{"s3:max-keys":"10"},'
    '"IpAddress":{"aws:SourceIp":"127.0.0.0/8"},"DateGreaterThan":{"aws:CurrentTime":'
    '"2020-01-01T00:00:00Z"},"Null":{"aws:TokenIssueTime":"true"}}}]}'
)
# What members are called when their value should be of something that is there.
KNOWN: dict[str, list[str]] = {
    "Bucket": BUCKETS,
    "Key": KEYS,
    "CopySource": ["/fuzz-first/plain.txt", "fuzz-first/a%2Fb?versionId=null", "fuzz-second/a//b"],
    "UserName": ["fuzz-user", "other-user"],
    "GroupName": ["fuzz-group"],
    "RoleName": ["fuzz-role"],
    "PolicyName": ["fuzz-policy"],
    "PolicyArn": [
        "arn:aws:iam::000000000000:policy/fuzz-policy",
        "arn:aws:iam::aws:policy/AmazonS3FullAccess",
    ],
    "RoleArn": ["arn:aws:iam::000000000000:role/fuzz-role"],
    "RoleSessionName": ["fuzz"],
    "PolicyDocument": [POLICY],
    "AssumeRolePolicyDocument": [TRUST],
    "Policy": [POLICY],
    "VersionId": ["null", "v1"],
    "Range": ["bytes=0-1", "bytes=-5", "bytes=7-"],
    "UploadId": ["not-an-upload"],
    "ContentMD5": [],
    "ExpectedBucketOwner": ["000000000000"],
    "ImageId": ["ami-12345678"],
    "InstanceId": ["i-1234567890abcdef0"],
    "ResourceType": ["instance", "volume", "nothing"],
}
# Of the hundreds of operations of EC2 and Systems Manager, some by name; the rest is drawn.
MODELS = ("s3", "iam", "sts", "organizations", "ec2", "ssm")
DRAWN = {"ec2": 30, "ssm": 5}
ALWAYS = {
    "ec2": ("RunInstances", "CreateTags", "AssociateIamInstanceProfile", "CreateVolume"),
    "ssm": ("GetParameter", "GetParameters", "GetParametersByPath", "PutParameter"),
}
DROPPED = frozenset({"ContentMD5", "ContentLength", "SSECustomerKey", "CopySourceSSECustomerKey"})


def every_operation(random: random.Random) -> list[Draft]:
    """Two requests of each operation: one with what it needs, one with all members."""
    session = botocore.session.get_session()
    drafts = []
    for service in MODELS:
        model = session.get_service_model(service)
        serializer = serialize.create_serializer(model.resolved_protocol, include_validation=False)
        names = list(model.operation_names)
        if service in DRAWN:
            names = [*ALWAYS[service], *random.sample(names, DRAWN[service])]
        for name in names:
            operation = model.operation_model(name)
            for full in (False, True):
                value = (
                    _value(operation.input_shape, random, full=full)
                    if operation.input_shape
                    else {}
                )
                drafts.append(_draft(service, operation, serializer, value))
    return drafts


def _draft(service: str, operation: OperationModel, serializer: Any, value: Any) -> Draft:
    made = serializer.serialize_to_request(value, operation)
    path, _, query = made["url_path"].partition("?")
    given = made["query_string"] or {}
    pairs = given.items() if isinstance(given, dict) else given
    more = urlencode([(name, item) for name, item in pairs], doseq=True, quote_via=quote)
    body = made["body"]
    headers = [(str(n).encode(), str(v).encode("utf-8")) for n, v in made["headers"].items()]
    if isinstance(body, dict):
        body = urlencode(body, quote_via=quote).encode()
        headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
    if isinstance(body, str):
        body = body.encode()
    if service == "s3":
        label = str(value.get("Bucket", ""))
        path = urlsplit(path).path if "://" in path else path
        path = path.replace("{Bucket}", label) or "/"
    full_query = "&".join(filter(None, [query, more])).encode()
    return Draft(made["method"], path.encode(), full_query, headers, body or b"", service)


def _value(shape: Shape, random: random.Random, *, full: bool, depth: int = 0) -> Any:
    if isinstance(shape, StructureShape):
        names = list(shape.members) if full and depth < 5 else shape.required_members
        chosen = [name for name in names if name not in DROPPED]
        return {
            name: _member(name, shape.members[name], random, full=full, depth=depth + 1)
            for name in chosen
        }
    if isinstance(shape, ListShape):
        return [_value(shape.member, random, full=full, depth=depth + 1)]
    if isinstance(shape, MapShape):
        return {"one": _value(shape.value, random, full=full, depth=depth + 1)}
    return _scalar(shape, random)


def _member(name: str, shape: Shape, random: random.Random, *, full: bool, depth: int) -> Any:
    known = KNOWN.get(name)
    if known and shape.type_name == "string":
        return random.choice(known)
    return _value(shape, random, full=full, depth=depth)


def _scalar(shape: Shape, random: random.Random) -> Any:
    if shape.type_name == "string":
        enum = getattr(shape, "enum", None)
        return random.choice(enum) if enum else "value"
    samples: dict[str, Any] = {
        "integer": random.choice([1, 2, 1000]),
        "long": 5,
        "boolean": random.random() < 0.5,
        "timestamp": 1_700_000_000,
        "blob": b"some bytes",
        "float": 1.5,
        "double": 1.5,
    }
    return samples.get(shape.type_name, "value")


def by_hand() -> list[Draft]:
    """What clients send most, and what has a form of its own."""
    parts = b"".join(
        b"<Part><PartNumber>%d</PartNumber><ETag>&quot;%s&quot;</ETag></Part>" % (n, b"0" * 32)
        for n in (1, 2)
    )
    xml = b'<?xml version="1.0" encoding="UTF-8"?>'
    space = b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    names = b"".join(b"<Object><Key>k%d</Key></Object>" % n for n in range(5))
    first = b"/fuzz-first"
    typed = [(b"Content-Type", b"text/plain"), (b"x-amz-meta-colour", b"blue")]
    return [
        Draft("PUT", first + b"/plain.txt", body=b"hello " * 30, headers=typed),
        Draft("PUT", first + b"/large", body=b"0123456789" * 3000),
        Draft("PUT", first + b"/x", headers=[(b"x-amz-checksum-crc32", b"AAAAAA==")]),
        Draft("GET", first + b"/plain.txt", headers=[(b"Range", b"bytes=1-5")]),
        Draft("GET", first + b"/large", headers=[(b"If-None-Match", b'"abc"')]),
        Draft("HEAD", first + b"/plain.txt"),
        Draft("DELETE", first + b"/x"),
        Draft("GET", first, b"list-type=2&prefix=a&delimiter=/&max-keys=3&encoding-type=url"),
        Draft("GET", first, b"prefix=&marker=a&max-keys=1"),
        Draft("GET", first, b"versions&key-marker=a"),
        Draft("POST", first, b"delete", body=xml + b"<Delete%b>%b</Delete>" % (space, names)),
        Draft("POST", first + b"/up", b"uploads="),
        Draft(
            "POST",
            first + b"/up",
            b"uploadId=UPLOAD",
            body=xml + b"<CompleteMultipartUpload%b>%b</CompleteMultipartUpload>" % (space, parts),
        ),
        Draft("PUT", first + b"/up", b"partNumber=1&uploadId=UPLOAD", body=b"part " * 100),
        Draft(
            "PUT",
            first + b"/plain.txt",
            b"tagging",
            body=xml
            + b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
        ),
        Draft(
            "PUT", b"/fuzz-second/copy", headers=[(b"x-amz-copy-source", b"/fuzz-first/plain.txt")]
        ),
        Draft("GET", b"/plain.txt", host=b"fuzz-first.localhost"),
        Draft("GET", b"/", b"list-type=2", host=b"fuzz-first.s3.us-east-1.amazonaws.com"),
        Draft(
            "OPTIONS",
            first + b"/plain.txt",
            headers=[(b"Origin", b"http://localhost:3000")],
            service="",
        ),
        Draft(
            "POST",
            first,
            headers=[(b"Content-Type", b"multipart/form-data; boundary=x")],
            body=b'--x\r\nContent-Disposition: form-data; name="key"\r\n\r\nk\r\n--x--\r\n',
            service="",
        ),
        Draft("GET", b"/_cloudling/health", service=""),
        Draft("GET", b"/_cloudling/status", service=""),
    ]
