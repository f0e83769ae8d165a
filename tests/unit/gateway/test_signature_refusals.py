"""What is refused, in which order, and in whose words."""

from __future__ import annotations

import pytest
from botocore import auth
from msgspec.structs import replace
from tests.unit.gateway.signature_requests import (
    ENDPOINT,
    KEY_ID,
    NOW,
    admit,
    make_request,
    sign,
)

from cloudling.gateway.signatures.refusals import Refusal, answer
from cloudling.gateway.signatures.words import WORDS

HEADER = sign(auth.S3SigV4Auth, "GET", ENDPOINT + "/bucket/key")
URL = sign(auth.S3SigV4QueryAuth, "GET", ENDPOINT + "/bucket/key", expires=60)
IAM = sign(auth.SigV4Auth, "POST", ENDPOINT + "/", service="iam", region="us-east-1")
MALFORMED = "The authorization header is malformed; "
PARSING = "Error parsing the X-Amz-Credential parameter; "


def header(request, name, value):
    headers = request.headers | {name: value}
    if value is None:
        del headers[name]
    return replace(request, headers=headers)


def authorization(request, old, new):
    text = request.headers["authorization"]
    assert old in text
    return header(request, "authorization", text.replace(old, new))


def parameter(request, old, new):
    assert old.encode() in request.query
    return replace(request, query=request.query.replace(old.encode(), new.encode()))


def refuse(request, dialect="s3", **options):
    with pytest.raises(Refusal) as refused:
        admit(request, **options)
    return answer(refused.value, dialect)


S3_HEADERS = [
    (("/s3/", "/iam/"), 'incorrect service "iam". This endpoint belongs to "s3".'),
    (("/eu-west-1/", "//"), "a non-empty region must be provided in the credential."),
    (
        ("/20261121/", "/2026112/"),
        'incorrect date format "2026112". This date in the credential must be in the format '
        '"yyyyMMdd".',
    ),
    (("/20261121/", "/20261120/"), "Invalid credential date. Date is not the same as X-Amz-Date."),
    (("aws4_request", "aws4"), 'incorrect terminal "aws4". This endpoint uses "aws4_request".'),
    (
        ("/eu-west-1/", "/"),
        "the Credential is mal-formed; expecting "
        '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    ),
    (
        ("SignedHeaders=", "Signed="),
        "the authorization header requires three components: Credential, SignedHeaders, and "
        "Signature.",
    ),
]


@pytest.mark.parametrize(("change", "text"), S3_HEADERS)
def test_s3_tells_what_is_wrong_in_the_header(change, text):
    error = refuse(authorization(HEADER, *change))
    assert (error.error_code, error.http_status) == ("AuthorizationHeaderMalformed", 400)
    assert error.text == MALFORMED + text


def test_s3_names_the_region_it_expects():
    error = refuse(HEADER, region="us-west-2")
    assert error.error_code == "AuthorizationHeaderMalformed"
    assert error.text == MALFORMED + "the region 'eu-west-1' is wrong; expecting 'us-west-2'"
    assert error.fields == {"Region": "us-west-2"}
    error = refuse(URL, region="us-west-2")
    assert error.error_code == "AuthorizationQueryParametersError"
    assert error.text == PARSING + "the region 'eu-west-1' is wrong; expecting 'us-west-2'"
    admit(HEADER, region=None)


def test_what_is_no_region_is_told_of_the_first():
    error = refuse(authorization(HEADER, "/eu-west-1/", "/US/"), region=None)
    assert error.text == MALFORMED + "the region 'US' is wrong; expecting 'us-east-1'"
    assert error.fields == {"Region": "us-east-1"}


REQUIRED = (
    "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
    "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
)
S3_URLS = [
    (("X-Amz-Credential=", "x="), REQUIRED),
    (("X-Amz-Signature=", "x="), REQUIRED),
    (("X-Amz-Date=", "x="), REQUIRED),
    (("X-Amz-SignedHeaders=", "x="), REQUIRED),
    (("X-Amz-Expires=", "x="), REQUIRED),
    (
        ("HMAC-SHA256", "HMAC-SHA1"),
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
    ),
    (
        ("20261121T020000Z", "2026-11-21"),
        "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    ),
    (("Expires=60", "Expires=1h"), "X-Amz-Expires should be a number"),
    (("Expires=60", "Expires="), "X-Amz-Expires should be a number"),
    (("Expires=60", "Expires=-1"), "X-Amz-Expires must be non-negative"),
    (
        ("Expires=60", "Expires=604801"),
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be less than 604800 seconds",
    ),
    (
        ("%2Fs3%2F", "%2Fec2%2F"),
        PARSING + 'incorrect service "ec2". This endpoint belongs to "s3".',
    ),
    (
        ("%2F20261121%2F", "%2F20261122%2F"),
        'Invalid credential date "20261122". This date is not the same as X-Amz-Date: "20261121".',
    ),
]


@pytest.mark.parametrize(("change", "text"), S3_URLS)
def test_s3_tells_what_is_wrong_in_the_url(change, text):
    error = refuse(parameter(URL, *change))
    assert (error.error_code, error.http_status) == ("AuthorizationQueryParametersError", 400)
    assert error.text == text


def test_a_url_is_valid_from_its_date_to_its_end():
    admit(URL, now=NOW + 60)
    admit(URL, now=NOW - 900)
    error = refuse(URL, now=NOW + 61)
    assert (error.error_code, error.http_status) == ("AccessDenied", 403)
    assert error.text == "Request has expired"
    assert error.fields == {
        "X-Amz-Expires": "60",
        "Expires": "2026-11-21T02:01:00Z",
        "ServerTime": "2026-11-21T02:01:01Z",
    }
    error = refuse(URL, now=NOW - 901)
    assert (error.error_code, error.text) == ("AccessDenied", "Request is not yet valid")


@pytest.mark.parametrize("seconds", [901, -901])
def test_s3_refuses_a_skewed_clock(seconds):
    admit(HEADER, now=NOW + seconds / 901 * 900)
    error = refuse(HEADER, now=NOW + seconds)
    assert (error.error_code, error.http_status) == ("RequestTimeTooSkewed", 403)
    assert error.text == (
        "The difference between the request time and the current time is too large."
    )
    assert error.fields["RequestTime"] == "20261121T020000Z"
    assert error.fields["MaxAllowedSkewMilliseconds"] == "900000"
    assert error.fields["ServerTime"].endswith("Z")


S3_OTHERS = [
    (
        header(HEADER, "x-amz-meta-a", "1"),
        403,
        "AccessDenied",
        {"HeadersNotSigned": "x-amz-meta-a"},
    ),
    (header(HEADER, "content-md5", "1"), 403, "AccessDenied", {"HeadersNotSigned": "content-md5"}),
    (header(URL, "x-amz-acl", "private"), 403, "AccessDenied", {"HeadersNotSigned": "x-amz-acl"}),
    (
        authorization(HEADER, "SignedHeaders=host;", "SignedHeaders="),
        403,
        "AccessDenied",
        {"HeadersNotSigned": "host"},
    ),
    (header(HEADER, "x-amz-content-sha256", None), 400, "InvalidRequest", {}),
    (
        header(HEADER, "x-amz-content-sha256", "abc"),
        400,
        "InvalidArgument",
        {"ArgumentName": "x-amz-content-sha256", "ArgumentValue": "abc"},
    ),
    (
        header(HEADER, "x-amz-content-sha256", "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD"),
        501,
        "NotImplemented",
        {},
    ),
    (authorization(HEADER, "HMAC-SHA256", "ECDSA-P256-SHA256"), 501, "NotImplemented", {}),
    (parameter(URL, "HMAC-SHA256", "ECDSA-P256-SHA256"), 501, "NotImplemented", {}),
    (header(HEADER, "x-amz-date", None), 403, "AccessDenied", {}),
    (header(HEADER, "x-amz-date", "yesterday"), 403, "AccessDenied", {}),
    (header(HEADER, "x-amz-date", "99999999T999999Z"), 403, "AccessDenied", {}),
    (
        header(HEADER, "authorization", "Bearer x"),
        400,
        "InvalidArgument",
        {"ArgumentName": "Authorization", "ArgumentValue": "Bearer x"},
    ),
    (
        header(HEADER, "authorization", "AWS4-HMAC-SHA256"),
        400,
        "InvalidArgument",
        {"ArgumentName": "Authorization", "ArgumentValue": "AWS4-HMAC-SHA256"},
    ),
    (
        header(URL, "authorization", "AWS4-HMAC-SHA256 x"),
        400,
        "InvalidArgument",
        {"ArgumentName": "Authorization", "ArgumentValue": "AWS4-HMAC-SHA256 x"},
    ),
]


@pytest.mark.parametrize(("request_", "status", "code", "fields"), S3_OTHERS)
def test_s3_refuses(request_, status, code, fields):
    error = refuse(request_)
    assert (error.http_status, error.error_code, error.fields) == (status, code, fields)


def test_an_unsigned_header_of_a_proxy_is_no_matter():
    admit(header(header(HEADER, "x-forwarded-for", "::1"), "x-amzn-trace-id", "Root=1"))


def test_query_services_tell_the_skew_in_their_way():
    options = {"service": "iam", "region": None, "payload_hash": IAM.headers.get("x", "")}
    error = refuse(IAM, "query", now=NOW + 1000, **options)
    assert (error.error_code, error.http_status) == ("SignatureDoesNotMatch", 403)
    assert error.text == (
        "Signature expired: 20261121T020000Z is now earlier than 20261121T020140Z "
        "(20261121T021640Z - 15 min.)"
    )
    error = refuse(IAM, "query", now=NOW - 1000, **options)
    assert error.text == (
        "Signature not yet current: 20261121T020000Z is still later than 20261121T015820Z "
        "(20261121T014320Z + 15 min.)"
    )


MISMATCH = ("SignatureDoesNotMatch", 403)
INCOMPLETE = ("IncompleteSignature", 400)
QUERY = [
    (authorization(IAM, "/iam/", "/s3/"), MISMATCH, "scoped to correct service: 'iam'."),
    (authorization(IAM, "/us-east-1/", "/mars/"), MISMATCH, "a valid region, not 'mars'."),
    (
        authorization(IAM, "aws4_request", "x"),
        MISMATCH,
        "valid terminator: 'aws4_request', not 'x'.",
    ),
    (
        authorization(IAM, "/20261121/", "/20261120/"),
        MISMATCH,
        "'20261120' != '20261121', from '20261121T020000Z'.",
    ),
    (
        authorization(IAM, "SignedHeaders=host;", "SignedHeaders="),
        MISMATCH,
        "must be a 'SignedHeader' in the AWS Authorization.",
    ),
    (
        authorization(IAM, "/iam/", "/"),
        INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got ",
    ),
    (
        authorization(IAM, "Signature=", "Sig="),
        INCOMPLETE,
        "Authorization header requires 'Signature' parameter. (Hashed with SHA-256 and encoded "
        "with Base64) Authorization=",
    ),
    (
        header(IAM, "x-amz-date", None),
        INCOMPLETE,
        "either a 'X-Amz-Date' or a 'Date' header.",
    ),
    (
        header(IAM, "x-amz-date", "x"),
        INCOMPLETE,
        "Got 'x'. See http://en.wikipedia.org/wiki/ISO_8601",
    ),
    (
        IAM,
        MISMATCH,
        "Check your AWS Secret Access Key and signing method. "
        "Consult the service documentation for details.",
    ),
]


@pytest.mark.parametrize(("request_", "code", "text"), QUERY)
def test_query_services_refuse(request_, code, text):
    error = refuse(request_, "query", service="iam", region="us-east-1", payload_hash="other")
    assert (error.error_code, error.http_status) == code
    assert text in error.text


NO_KEY = "The AWS Access Key Id you provided does not exist in our records."
NO_TOKEN = "The security token included in the request is invalid."
NO_ACCESS = "AWS was not able to validate the provided access credentials"
WORDING = [
    ("s3", "InvalidAccessKeyId", 403, NO_KEY),
    ("query", "InvalidClientTokenId", 403, NO_TOKEN),
    ("json", "UnrecognizedClientException", 400, NO_TOKEN),
    ("ec2", "AuthFailure", 401, NO_ACCESS),
]


@pytest.mark.parametrize(("dialect", "code", "status", "text"), WORDING)
def test_an_unknown_key_is_told_with_a_hint_of_ours(dialect, code, status, text):
    refusal = Refusal("unknown-key", {"AWSAccessKeyId": KEY_ID})
    error = answer(refusal, dialect, "Start with --x.")
    assert (error.error_code, error.http_status) == (code, status)
    assert error.text == f"{text} Start with --x."
    assert answer(refusal, dialect).text == text
    assert error.fields == ({"AWSAccessKeyId": KEY_ID} if dialect == "s3" else {})


def test_tokens_are_told_in_each_dialect():
    expired = [answer(Refusal("expired-token"), dialect) for dialect in WORDS]
    assert [(error.error_code, error.http_status) for error in expired] == [
        ("ExpiredToken", 400),
        ("ExpiredToken", 403),
        ("ExpiredTokenException", 400),
        ("RequestExpired", 400),
    ]
    invalid = answer(Refusal("invalid-token", {"Token-0": "x"}), "s3")
    assert (invalid.error_code, invalid.fields) == ("InvalidToken", {"Token-0": "x"})


def test_every_refusal_has_words_in_every_dialect():
    class Anything(dict):
        def __missing__(self, name):
            return "{" + name + "}"

    for dialect in WORDS:
        for kind in WORDS["s3"]:
            error = answer(Refusal(kind, Anything()), dialect)
            assert error.text
            assert 400 <= error.http_status <= 501


def test_unreadable_forms_of_one_request():
    request = make_request("GET", ENDPOINT, {"authorization": "AWS4-HMAC-SHA256 \u00e9=,,,="})
    assert refuse(request).error_code == "AuthorizationHeaderMalformed"
