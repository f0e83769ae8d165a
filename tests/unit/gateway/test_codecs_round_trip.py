"""Codecs against botocore's own serialisers and parsers, and against whatever else may come."""

from __future__ import annotations

import datetime
import string
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudling.gateway.protocols import codecs, rest
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.kernel.errors import AwsError
from cloudling.models import loader

botocore_session = pytest.importorskip("botocore.session")
from botocore import parsers, serialize  # noqa: E402 - after it is known to be there

if TYPE_CHECKING:
    from cloudling.models.loader import Model, Shape

UTC = datetime.UTC
# What both sides can carry: XML 1.0 characters but CR, which XML readers make a line feed.
TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=12
)
WORD = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=12)
MOMENT = st.integers(0, 4_000_000_000)
QUIET = settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
S3_INPUTS = ("ListObjectsV2", "DeleteObjects", "PutBucketTagging",
             "PutBucketLifecycleConfiguration",
             "CompleteMultipartUpload", "CreateBucket", "UploadPart", "PutBucketAcl")  # fmt: skip
S3_OUTPUTS = ("ListObjectsV2", "ListObjectVersions", "ListParts", "GetBucketAcl", "HeadObject",
              "CopyObject", "GetBucketLifecycleConfiguration", "DeleteObjects")  # fmt: skip
QUERY = (("iam", "CreateUser"), ("iam", "CreateRole"), ("sts", "AssumeRole"), ("iam", "ListUsers"),
         ("iam", "SimulateCustomPolicy"), ("ec2", "CreateVolume"), ("ec2", "CreateTags"),
         ("ec2", "AuthorizeSecurityGroupIngress"), ("organizations", "CreateAccount"),
         ("organizations", "ListAccounts"),
         ("organizations", "InviteAccountToOrganization"))  # fmt: skip


def values(model: Model, shape: Shape, depth: int = 0) -> st.SearchStrategy[Any]:
    """Any value of a shape; text in places that are not XML is plain."""
    if shape.type == "structure":
        required = shape.own.get("required", ())
        members = {
            name: values(model, of, depth + 1)
            for name, of in model.members(shape)
            if depth < 5 and not of.get("streaming") and not of.get("eventstream")
        }
        made = st.fixed_dictionaries(
            {name: each for name, each in members.items() if name in required},
            optional={name: each for name, each in members.items() if name not in required},
        )
        # Forms cannot show empty structures.
        return made.filter(bool) if depth and members else made
    if shape.type == "list":
        flat = shape.get("flattened") or "ec2" in model.protocols
        least = 1 if flat or shape.get("location") else 0
        item = values(model, model.shape(shape.own["member"]), depth + 1)
        return st.lists(item, min_size=least, max_size=3)
    if shape.type == "map":
        lower = st.text(string.ascii_lowercase, min_size=1, max_size=6)
        return st.dictionaries(lower, WORD, min_size=1, max_size=3)
    return scalars(shape)


def scalars(shape: Shape) -> st.SearchStrategy[Any]:
    if enum := shape.get("enum"):
        return st.sampled_from(enum)
    text = WORD if shape.get("location") else TEXT.map(lambda each: each.strip() or "x")
    return {
        "string": text,
        "boolean": st.booleans(),
        "integer": st.integers(-(2**31), 2**31 - 1),
        "long": st.integers(-(2**63), 2**63 - 1),
        "float": st.floats(-1e6, 1e6, width=32),
        "double": st.floats(allow_nan=False, allow_infinity=False),
        "timestamp": MOMENT,
        "blob": st.binary(max_size=8),
    }[shape.type]


def described(service: str) -> Any:
    return botocore_session.get_session().get_service_model(service)


MODELS = {service: described(service) for service in loader.services()}


def for_botocore(model: Model, shape: Shape, given: Any) -> Any:
    """Moments as botocore takes them."""
    if shape.type == "structure":
        members = dict(model.members(shape))
        return {name: for_botocore(model, members[name], each) for name, each in given.items()}
    if shape.type == "list":
        return [for_botocore(model, model.shape(shape.own["member"]), each) for each in given]
    if shape.type == "timestamp":
        return datetime.datetime.fromtimestamp(given, UTC)
    return given


def sent_by_botocore(service: str, operation: str, params: Any) -> tuple[WireRequest, str]:
    protocol = loader.load(service).protocols[0]
    request = serialize.create_serializer(protocol, include_validation=False).serialize_to_request(
        params, MODELS[service].operation_model(operation)
    )
    target = urlsplit(request["url_path"])
    query = parse_qsl(target.query, keep_blank_values=True)
    given = request["query_string"]
    for name, value in given.items() if isinstance(given, dict) else ():
        query += [(name, each) for each in (value if isinstance(value, list) else [value])]
    body = request["body"]
    if isinstance(body, dict):
        from urllib.parse import urlencode

        body = urlencode(body)
    wire = WireRequest(
        request["method"],
        query=[(name, str(value)) for name, value in query],
        headers={name.lower(): str(value) for name, value in request["headers"].items()},
        body=body.encode() if isinstance(body, str) else body,
    )
    return wire, target.path


@pytest.mark.parametrize("operation", S3_INPUTS)
def test_what_botocore_sends_to_s3_is_what_was_meant(operation: str) -> None:
    model = loader.load("s3")
    shape = model.input(operation)
    assert shape is not None

    @QUIET
    @given(values(model, shape))
    def check(params: Any) -> None:
        wire, path = sent_by_botocore("s3", operation, for_botocore(model, shape, params))
        found, labels = rest.match(model, wire.method, path.encode(), wire.query, wire.headers)
        assert found == operation
        assert {name: unquote(text) for name, text in labels.items()} == {
            name: params[name] for name in labels
        }
        wire.labels = labels
        parsed = codecs.codec(model, operation, "rest-xml").parse(wire)
        parsed.pop("Body", None)
        assert parsed == params

    check()


@pytest.mark.parametrize(("service", "operation"), QUERY)
def test_what_botocore_sends_as_a_form_is_what_was_meant(service: str, operation: str) -> None:
    model = loader.load(service)
    shape = model.input(operation)
    assert shape is not None

    @QUIET
    @given(values(model, shape))
    def check(params: Any) -> None:
        wire, _ = sent_by_botocore(service, operation, for_botocore(model, shape, params))
        assert codecs.codec(model, operation, model.protocols[0]).parse(wire) == params

    check()


def plain(read: Any) -> Any:
    """What botocore has read, in our values."""
    if isinstance(read, dict):
        return {name: plain(each) for name, each in read.items() if name != "ResponseMetadata"}
    if isinstance(read, list):
        return [plain(each) for each in read]
    return int(read.timestamp()) if isinstance(read, datetime.datetime) else read


@pytest.mark.parametrize(
    ("service", "operation"),
    [*(("s3", each) for each in S3_OUTPUTS), ("iam", "GetUser"), ("iam", "ListRoles"),
     ("sts", "AssumeRole"), ("sts", "GetCallerIdentity"), ("ec2", "DescribeVolumes"),
     ("ec2", "DescribeKeyPairs"), ("ec2", "DescribeVpcs"), ("organizations", "ListAccounts"),
     ("organizations", "DescribeHandshake"), ("organizations", "ListPolicies")],
)  # fmt: skip
def test_what_is_answered_is_what_botocore_reads(service: str, operation: str) -> None:
    model = loader.load(service)
    shape = model.output(operation)
    assert shape is not None
    protocol, members = model.protocols[0], dict(model.members(shape))
    read_by = MODELS[service].operation_model(operation).output_shape

    @QUIET
    @given(values(model, shape))
    def check(result: Any) -> None:
        result.pop("Expires", None)  # free text, which botocore insists to be a date
        status, headers, body = codecs.codec(model, operation, protocol).serialize(result, "R")
        assert isinstance(body, bytes)
        answer = {"status_code": status, "headers": Headers(headers), "body": body}
        read = plain(parsers.create_parser(protocol).parse(answer, read_by))
        expected = dict(result)
        if "Metadata" in members:  # botocore makes an empty map of no headers
            expected.setdefault("Metadata", {})
        if payload := shape.get("payload"):  # botocore makes something of no body
            expected.setdefault(payload, {})
        assert read == expected

    check()


class Headers(dict[str, str]):
    """Names of headers in any case."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in pairs})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(str(name).lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


MARKUP = st.sampled_from(
    ["<Delete>", "</Delete>", "<Object>", "</Object>", "<Key>", "</Key>", "<Quiet>", "</Quiet>",
     "true", "&amp;", "&#0;", "&#x1;", "<![CDATA[", "]]>", "<!--", "-->", "<?xml", "?>",
     "<!DOCTYPE a",
     "[<!ENTITY b 'c'>]", ">", "&b;", "xmlns='u'", "<a:b/>", " ", "\x00", "é"]
)  # fmt: skip


def refused_with(codec: codecs.Codec, wire: WireRequest) -> int:
    """The status of the refusal; 0 when there is none. Nothing but refusals may be raised."""
    try:
        assert isinstance(codec.parse(wire), dict)
    except AwsError as refused:
        return refused.http_status
    return 0


@given(
    st.one_of(st.lists(MARKUP, max_size=15).map("".join).map(str.encode), st.binary(max_size=60))
)
@settings(max_examples=150, deadline=None)
def test_no_document_does_worse_than_being_refused(body: bytes) -> None:
    codec = codecs.codec(loader.load("s3"), "DeleteObjects", "rest-xml")
    wire = WireRequest("POST", {"Bucket": "b"}, [("delete", "")], {}, body)
    assert refused_with(codec, wire) in {0, 400}


FORM = st.sampled_from(
    ["Tags", "member", "1", "2", "Key", "Value", "UserName", ".", "=", "&", "%", "%41", "+", "٣"]
)


@given(st.one_of(st.lists(FORM, max_size=15).map("".join).map(str.encode), st.binary(max_size=40)))
@settings(max_examples=150, deadline=None)
def test_no_form_does_worse_than_being_refused(body: bytes) -> None:
    codec = codecs.codec(loader.load("iam"), "CreateUser", "query")
    assert refused_with(codec, WireRequest(body=body)) in {0, 400}


HEADERS = st.sampled_from(
    ["content-length", "if-modified-since", "x-amz-object-lock-retain-until-date", "expires",
     "x-amz-server-side-encryption-bucket-key-enabled", "x-amz-meta-a", "x-amz-tagging"]
)  # fmt: skip


@given(st.dictionaries(HEADERS, st.text(max_size=12)))
def test_no_header_does_worse_than_being_refused(headers: dict[str, str]) -> None:
    codec = codecs.codec(loader.load("s3"), "PutObject", "rest-xml")
    wire = WireRequest("PUT", {"Bucket": "b", "Key": "k"}, [], headers)
    assert refused_with(codec, wire) in {0, 400}
