"""What goes over S3's, IAM's and STS's wires, both ways."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import fromstring

import pytest

from cloudling.gateway.protocols import codecs, query, rest_xml
from cloudling.gateway.protocols.errors import (
    InvalidArgument,
    MalformedInput,
    MalformedXML,
    MissingRequestBodyError,
)
from cloudling.gateway.protocols.text import Fragment
from cloudling.gateway.protocols.wire import WireRequest
from cloudling.kernel.errors import AccessDenied, AwsError, InternalFailure
from cloudling.kernel.lasting import Lasting
from cloudling.kernel.streams import Bytes
from cloudling.models import loader

if TYPE_CHECKING:
    from cloudling.gateway.protocols.codecs import Codec

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
PLACE = {"Bucket": "b", "Key": "k"}


def s3(operation: str) -> Codec:
    return codecs.codec(loader.load("s3"), operation, "rest-xml")


def of_query(service: str, operation: str) -> Codec:
    return codecs.codec(loader.load(service), operation, "query")


def written(operation: str, **result: Any) -> str:
    _, _, body = s3(operation).serialize(result, "R")
    assert isinstance(body, bytes)
    return body.decode()


def test_codecs_are_made_once() -> None:
    assert s3("PutObject") is s3("PutObject")
    with pytest.raises(KeyError):
        s3("NoSuchOperation")


class TestS3Requests:
    def test_a_stream_is_passed_on_untouched(self) -> None:
        body = Bytes(b"content")
        headers = {
            "content-length": "7",
            "content-type": "text/plain",
            "x-amz-meta-colour": "Blue",
            "x-amz-meta-": "empty",
            "expires": "whenever",
            "host": "h",
        }
        assert s3("PutObject").streams
        assert s3("PutObject").parse(WireRequest("PUT", PLACE, [], headers, body)) == {
            "Bucket": "b",
            "Key": "k",
            "ContentLength": 7,
            "ContentType": "text/plain",
            "Expires": "whenever",
            "Metadata": {"colour": "Blue", "": "empty"},
            "Body": body,
        }
        assert not s3("DeleteObjects").streams

    def test_an_empty_stream_is_a_body(self) -> None:
        body = Bytes(b"")
        assert s3("PutObject").parse(WireRequest("PUT", PLACE, [], {}, body))["Body"] is body

    def test_documents(self) -> None:
        body = (
            f'<Delete xmlns="{NAMESPACE}"><Object><Key>a&amp;b</Key></Object>'
            "<Quiet>true</Quiet><Unknown><Key>x</Key></Unknown>"
            "<Object><Key> c </Key><VersionId>null</VersionId></Object></Delete>"
        ).encode()
        assert s3("DeleteObjects").parse(WireRequest("POST", {"Bucket": "b"}, [], {}, body)) == {
            "Bucket": "b",
            "Delete": {
                "Objects": [{"Key": "a&b"}, {"Key": " c ", "VersionId": "null"}],
                "Quiet": True,
            },
        }

    def test_attributes_and_other_roots(self) -> None:
        body = (
            b'<Any><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/'
            b'XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee></Grant>'
            b"</AccessControlList></Any>"
        )
        parsed = s3("PutBucketAcl").parse(WireRequest("PUT", {"Bucket": "b"}, [], {}, body))
        grants = parsed["AccessControlPolicy"]["Grants"]
        assert grants == [{"Grantee": {"Type": "Group", "URI": "u"}}]

    @pytest.mark.parametrize(
        "body",
        [
            b"<Delete",
            b"text",
            b"<Delete></Other>",
            b"<Delete><Quiet>maybe</Quiet></Delete>",
            b"<!DOCTYPE a [<!ENTITY x 'y'>]><Delete>&x;</Delete>",
            b"<!DOCTYPE Delete><Delete/>",
            b"<Delete>&undefined;</Delete>",
            "<Delete/>".encode("utf-16"),
            "<!DOCTYPE a [<!ENTITY x 'y'>]><Delete>&x;</Delete>".encode("utf-16"),
            b'<?xml version="1.0" encoding="utf-16"?><Delete>\xff</Delete>',
            b"<Delete>" + b"<a>" * 120 + b"</a>" * 120 + b"</Delete>",
            b"<p:Delete/>",
        ],
    )
    def test_what_is_no_document(self, body: bytes) -> None:
        with pytest.raises(MalformedXML) as refused:
            s3("DeleteObjects").parse(WireRequest("POST", {"Bucket": "b"}, [], {}, body))
        assert refused.value.http_status == 400
        assert refused.value.error_code == "MalformedXML"

    def test_the_words_of_a_dtd_may_stand_in_text(self) -> None:
        body = b"<Delete><Object><Key><![CDATA[<!DOCTYPE a>]]></Key></Object></Delete>"
        parsed = s3("DeleteObjects").parse(WireRequest("POST", {"Bucket": "b"}, [], {}, body))
        assert parsed["Delete"]["Objects"] == [{"Key": "<!DOCTYPE a>"}]

    def test_what_must_have_a_body(self) -> None:
        with pytest.raises(MissingRequestBodyError):
            s3("DeleteObjects").parse(WireRequest("POST", {"Bucket": "b"}, [("delete", "")]))
        assert s3("CreateBucket").parse(WireRequest("PUT", {"Bucket": "b"})) == {"Bucket": "b"}

    @pytest.mark.parametrize("value", ["abc", "", "1.5", "99999999999", "٣", "1_0"])
    def test_numbers_that_are_none(self, value: str) -> None:
        with pytest.raises(InvalidArgument) as refused:
            s3("ListObjectsV2").parse(WireRequest("GET", {"Bucket": "b"}, [("max-keys", value)]))
        assert refused.value.text == "Provided max-keys not an integer or within integer range"
        assert refused.value.fields == {"ArgumentName": "max-keys", "ArgumentValue": value}

    def test_conditions_that_cannot_be_read_do_not_count(self) -> None:
        headers = {"if-modified-since": "yesterday", "if-match": '"e"'}
        parsed = s3("GetObject").parse(WireRequest("GET", PLACE, [], headers))
        assert parsed == {**PLACE, "IfMatch": '"e"'}

    def test_dates_in_headers(self) -> None:
        headers = {"if-modified-since": "Sat, 21 Nov 2026 01:02:03 GMT"}
        parsed = s3("GetObject").parse(WireRequest("GET", PLACE, [], headers))
        assert parsed["IfModifiedSince"] == 1795222923

    def test_the_same_names_with_other_values(self) -> None:
        for number in range(3):
            headers = {
                "host": "x",
                "content-length": f"{number}",
                "x-amz-meta-Colour": f"red {number}",
                "content-type": f"text/{number}",
            }
            parsed = s3("PutObject").parse(WireRequest("PUT", PLACE, [], headers))
            assert parsed == {
                **PLACE,
                "ContentType": f"text/{number}",
                "ContentLength": number,
                "Metadata": {"Colour": f"red {number}"},
                "Body": b"",
            }

    def test_names_that_are_strange_are_not_remembered(self) -> None:
        plans: dict[tuple[str, ...], Any] = {}
        for number in range(2 * rest_xml.MOST_PLANS):
            rest_xml.plan_headers(plans, (f"x-{number}",), {}, {}, None)
        assert len(plans) <= rest_xml.MOST_PLANS
        count = len(plans)
        names = (f"x-amz-meta-{'x' * rest_xml.LONGEST_PLAN}",)
        assert rest_xml.plan_headers(plans, names, {}, {}, "x-amz-meta-") == ([], [], [*names])
        assert len(plans) == count

    def test_lists_in_headers(self) -> None:
        headers = {"x-amz-object-attributes": "ETag, ObjectSize,Checksum"}
        parsed = s3("GetObjectAttributes").parse(WireRequest("GET", PLACE, [], headers))
        assert parsed["ObjectAttributes"] == ["ETag", "ObjectSize", "Checksum"]

    def test_policies_are_text(self) -> None:
        wire = WireRequest("PUT", {"Bucket": "b"}, [("policy", "")], {}, b'{"\xc3\xa9": 1}')
        assert s3("PutBucketPolicy").parse(wire)["Policy"] == '{"é": 1}'
        wire.body = b"\xff"
        with pytest.raises(MalformedXML):
            s3("PutBucketPolicy").parse(wire)


class TestS3Answers:
    def test_lists(self) -> None:
        entry = {"Key": "a", "LastModified": 1795222923.9, "ETag": '"e"', "Size": 0}
        assert written("ListObjectsV2", Name="b", Prefix="", KeyCount=1, Contents=[entry]) == (
            f'{HEAD}<ListBucketResult xmlns="{NAMESPACE}"><Contents><Key>a</Key>'
            "<LastModified>2026-11-21T01:02:03.000Z</LastModified><ETag>&quot;e&quot;</ETag>"
            "<Size>0</Size></Contents><Name>b</Name><Prefix></Prefix><KeyCount>1</KeyCount>"
            "</ListBucketResult>"
        )
        empty = written("ListObjectsV2", Name="b", Contents=[], CommonPrefixes=[])
        assert empty == (
            f'{HEAD}<ListBucketResult xmlns="{NAMESPACE}"><Name>b</Name></ListBucketResult>'
        )

    def test_absent_wrapped_lists_and_empty_ones(self) -> None:
        assert "<Buckets></Buckets>" in written("ListBuckets", Buckets=[])
        assert "Buckets>" not in written("ListBuckets").replace("ListAllMyBucketsResult", "")
        assert written("GetBucketTagging", TagSet=[{"Key": "k", "Value": ""}]) == (
            f'{HEAD}<Tagging xmlns="{NAMESPACE}"><TagSet><Tag><Key>k</Key><Value></Value></Tag>'
            "</TagSet></Tagging>"
        )

    def test_location(self) -> None:
        opening = f'{HEAD}<LocationConstraint xmlns="{NAMESPACE}">'
        filled = written("GetBucketLocation", LocationConstraint="eu-west-1")
        assert filled == f"{opening}eu-west-1</LocationConstraint>"
        assert written("GetBucketLocation") == f"{opening}</LocationConstraint>"

    def test_grantees(self) -> None:
        grant = {"Grantee": {"Type": "CanonicalUser", "ID": "i"}, "Permission": "FULL_CONTROL"}
        assert (
            '<Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xsi:type="CanonicalUser"><ID>i</ID></Grantee>'
        ) in written("GetBucketAcl", Owner={"ID": "i"}, Grants=[grant])

    @pytest.mark.parametrize(
        ("key", "text"),
        [
            ("a\x01b\x00", "a&#x1;b&#x0;"),
            ("<&>\"'", "&lt;&amp;&gt;&quot;'"),
            ("a\r\n\tb", "a&#xd;\n\tb"),
            ("\ufffe é😀\x7f", "&#xfffe; é😀\x7f"),
            ("\ud800", "&#xd800;"),
        ],
    )
    def test_what_xml_cannot_hold_is_a_reference(self, key: str, text: str) -> None:
        assert f"<Key>{text}</Key>" in written("ListObjectsV2", Contents=[{"Key": key}])

    def test_objects(self) -> None:
        result = {
            "Body": b"content",
            "ETag": '"e"',
            "LastModified": 1795222923.9,
            "ContentLength": 7,
            "Metadata": {"colour": "Blue"},
            "DeleteMarker": False,
        }
        status, headers, body = s3("GetObject").serialize(result, "R", "H")
        found = {name.lower(): value for name, value in headers}
        assert (status, body) == (200, b"content")
        assert found["etag"] == '"e"'
        assert found["last-modified"] == "Sat, 21 Nov 2026 01:02:03 GMT"
        assert found["content-length"] == "7"
        assert found["x-amz-meta-colour"] == "Blue"
        assert found["x-amz-delete-marker"] == "false"
        assert (found["x-amz-request-id"], found["x-amz-id-2"]) == ("R", "H")
        assert "content-type" not in found

    def test_streams_pass_through_and_parts_are_206(self) -> None:
        stream = Bytes(b"x")
        status, _, body = s3("GetObject").serialize(
            {"Body": stream, "ContentRange": "bytes 0-0/7"}, "R"
        )
        assert (status, body) == (206, stream)

    def test_no_line_is_smuggled_into_a_header(self) -> None:
        _, headers, _ = s3("GetObject").serialize(
            {
                "Body": b"",
                "ContentDisposition": "a\r\nSet-Cookie: b",
                "Metadata": {"x": "é€", "y": "é"},
            },
            "R",
        )
        found = dict(headers)
        assert found["Content-Disposition"] == "a  Set-Cookie: b"
        assert found["x-amz-meta-x"] == "=?UTF-8?B?w6nigqw=?="
        assert found["x-amz-meta-y"] == "=?UTF-8?B?w6k=?="

    def test_statuses_and_bodies_that_are_none(self) -> None:
        assert s3("DeleteObject").serialize({}, "R") == (204, [("x-amz-request-id", "R")], b"")
        assert s3("PutBucketPolicy").serialize({}, "R")[0] == 204

    def test_fragments_and_lasting_items_say_the_same(self) -> None:
        items = [{"Key": f"é{n}", "Size": n, "ETag": '"e"'} for n in range(3)]
        codec = s3("ListObjectsV2")
        plain = codec.serialize({"Contents": items}, "R")
        fragments = [codec.fragment("Contents", item) for item in items]
        lasting = [Lasting(item) for item in items]
        assert codec.serialize({"Contents": fragments}, "R") == plain
        assert codec.serialize({"Contents": Fragment("".join(fragments))}, "R") == plain
        for _ in range(2):
            assert codec.serialize({"Contents": lasting}, "R") == plain
        # Another list writes the same items in its own way.
        versions = s3("ListObjectVersions").serialize({"Versions": lasting}, "R")
        assert versions == s3("ListObjectVersions").serialize({"Versions": items}, "R")
        assert codec.serialize({"Contents": lasting}, "R") == plain


class TestS3Errors:
    def test_the_error_stands_alone(self) -> None:
        error = AwsError("Not <here>.", code="NoSuchKey", Key="a&b", Count=2, Sure=True, Gone=None)
        status, headers, body = s3("GetObject").fail(error, "R", "H")
        assert status == 404  # the model's
        assert (
            body
            == (
                f"{HEAD}<Error><Code>NoSuchKey</Code><Message>Not &lt;here&gt;.</Message>"
                "<Key>a&amp;b</Key><Count>2</Count><Sure>true</Sure><RequestId>R</RequestId>"
                "<HostId>H</HostId></Error>"
            ).encode()
        )
        assert ("Content-Type", "application/xml") in headers

    def test_no_body_for_head_and_not_modified(self) -> None:
        status, headers, body = s3("HeadObject").fail(AccessDenied("no"), "R", "H")
        assert (status, body) == (403, b"")
        assert headers == [("x-amz-request-id", "R"), ("x-amz-id-2", "H")]
        error = AwsError("", code="NotModified", status=304, headers={"ETag": '"e"'})
        status, headers, body = s3("GetObject").fail(error, "R")
        assert (status, body) == (304, b"")
        assert ("ETag", '"e"') in headers

    def test_before_the_operation_is_known(self) -> None:
        fail = codecs.failing(loader.load("s3"), "rest-xml", "HEAD")
        assert fail(AccessDenied("no"), "R")[2] == b""
        fail = codecs.failing(loader.load("sts"), "query")
        assert b"<Code>AccessDenied</Code>" in fail(AccessDenied("no"), "R")[2]


class TestQuery:
    def parse(self, operation: str, body: bytes, service: str = "iam") -> dict[str, Any]:
        return of_query(service, operation).parse(WireRequest(body=body))

    def test_lists_and_structures(self) -> None:
        body = (
            b"Action=CreateUser&UserName=a%2Bb+c&Tags.member.2.Key=y&Tags.member.2.Value="
            b"&Tags.member.1.Key=x&Tags.member.1.Value=1%3D&Tags.member.10.Key=z"
        )
        assert self.parse("CreateUser", body) == {
            "UserName": "a+b c",
            "Tags": [{"Key": "x", "Value": "1="}, {"Key": "y", "Value": ""}, {"Key": "z"}],
        }

    def test_the_query_string_counts_too(self) -> None:
        codec = of_query("iam", "GetUser")
        assert codec.parse(WireRequest("GET", query=[("UserName", "bob")])) == {"UserName": "bob"}
        assert codec.parse(WireRequest(form={"UserName": "bob"})) == {"UserName": "bob"}

    @pytest.mark.parametrize(
        ("operation", "body"),
        [
            ("ListUsers", b"MaxItems=abc"),
            ("ListUsers", b"MaxItems="),
            ("CreateUser", b"UserName.member.1=1"),
            ("CreateUser", b"UserName=%FF"),
            ("CreateUser", b"UserName=\xff"),
            ("CreateUser", b"Tags=x"),
            ("CreateUser", b"Tags.member.x.Key=1"),
            ("CreateUser", b"Tags.member.1=1"),
            ("CreateUser", "Tags.member.²=1".encode()),
            ("CreateUser", b"a" + b".a" * 200 + b"=1"),
            ("CreateUser", b"Tags.member." + b"1" * 5000 + b".Key=1"),
            ("SimulateCustomPolicy", b"ContextEntries.member.1.ContextKeyValues.member=1"),
        ],
    )
    def test_what_does_not_fit(self, operation: str, body: bytes) -> None:
        with pytest.raises(MalformedInput) as refused:
            self.parse(operation, body)
        assert refused.value.http_status == 400

    def test_an_empty_list(self) -> None:
        assert self.parse("CreateUser", b"Tags=&UserName=a") == {"UserName": "a", "Tags": []}

    def test_answers(self) -> None:
        result = {"User": {"UserName": "b", "CreateDate": 1795222923.9, "Path": "/"}}
        status, headers, body = of_query("iam", "GetUser").serialize(result, "R")
        assert status == 200
        assert headers == [("x-amzn-RequestId", "R"), ("Content-Type", "text/xml")]
        assert body == (
            b'<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetUserResult>'
            b"<User><Path>/</Path><UserName>b</UserName>"
            b"<CreateDate>2026-11-21T01:02:03Z</CreateDate></User></GetUserResult>"
            b"<ResponseMetadata><RequestId>R</RequestId></ResponseMetadata></GetUserResponse>\n"
        )

    def test_errors(self) -> None:
        fail = of_query("iam", "GetUser").fail
        status, _, body = fail(AwsError("Gone.", code="NoSuchEntityException"), "R")
        assert status == 404
        assert body == (
            b'<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error>'
            b"<Type>Sender</Type><Code>NoSuchEntity</Code><Message>Gone.</Message></Error>"
            b"<RequestId>R</RequestId></ErrorResponse>\n"
        )
        status, _, body = fail(InternalFailure(), "R")
        assert status == 500
        assert b"<Type>Receiver</Type>" in body

    def test_the_operation_is_named_with_its_version(self) -> None:
        sts = loader.load("sts")
        form = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        assert query.operation_in(form, sts) == "GetCallerIdentity"
        with pytest.raises(query.MissingAction):
            query.operation_in({}, sts)
        for changed, version in (({"Version": "1"}, "1"), ({"Action": "X"}, "2011-06-15")):
            wrong = {**form, **changed}
            with pytest.raises(query.InvalidAction) as refused:
                query.operation_in(wrong, sts)
            words = f"Could not find operation {wrong['Action']} for version {version}"
            assert refused.value.text == words
        with pytest.raises(query.InvalidAction, match="NO_VERSION_SPECIFIED"):
            query.operation_in({"Action": "GetCallerIdentity"}, sts)

    def test_pairs(self) -> None:
        raw = b"a=1&b&c=x%20y+z&=e&d%2B=%E2%82%AC"
        assert query.pairs(raw) == [
            ("a", "1"), ("b", ""), ("c", "x y z"), ("", "e"), ("d+", "€")
        ]  # fmt: skip


@pytest.mark.parametrize("service", loader.services())
def test_every_operation_can_be_generated(service: str) -> None:
    model = loader.load(service)
    for operation in model.operations:
        for protocol in model.protocols:
            made = codecs.codec(model, operation, protocol)
            status, _, body = made.serialize({}, "R")
            assert 200 <= status < 300
            if body:
                assert isinstance(body, bytes)
                # An XML document, or a JSON one.
                fromstring(body) if body[:1] == b"<" else json.loads(body)  # noqa: S314 - our own


def test_numbers_that_are_special() -> None:
    from cloudling.gateway.protocols import text

    assert [text.number(each) for each in (math.nan, math.inf, -math.inf)] == [
        "NaN", "Infinity", "-Infinity"
    ]  # fmt: skip
