"""How each kind of AWS service says each refusal: code, status, text and members.

The texts are AWS's; S3 names most in
https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html, the others are in
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Dialect = Literal["s3", "query", "json", "ec2"]


class Words(NamedTuple):
    """How one service says one refusal; `fields` names the details that are members too."""

    code: str
    status: int
    text: str
    fields: tuple[str, ...] = ()


_SKEW = ("RequestTime", "ServerTime", "MaxAllowedSkewMilliseconds")
_ARGUMENT = ("ArgumentName", "ArgumentValue")
_CHUNK = ("AWSAccessKeyId", "StringToSign", "SignatureProvided", "StringToSignBytes")
_BYTES = ("NumberBytesExpected", "NumberBytesProvided")

_HEADER = "The authorization header is malformed; "
_QUERY = "Error parsing the X-Amz-Credential parameter; "
_SCOPE: dict[str, tuple[str, tuple[str, ...]]] = {
    "malformed-credential": (
        "the Credential is mal-formed; expecting "
        '"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
        (),
    ),
    "scope-date-format": (
        'incorrect date format "{date}". This date in the credential must be in the format '
        '"yyyyMMdd".',
        (),
    ),
    "scope-no-region": ("a non-empty region must be provided in the credential.", ()),
    "scope-region": ("the region '{region}' is wrong; expecting '{Region}'", ("Region",)),
    "scope-service": (
        'incorrect service "{service}". This endpoint belongs to "{expected}".',
        (),
    ),
    "scope-terminal": ('incorrect terminal "{terminal}". This endpoint uses "aws4_request".', ()),
}
_DIFFERENCE = "The difference between the request time and the current time is too large."
_HASHES = (
    "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, "
    "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER "
    "or a valid sha256 value."
)

_S3: dict[str, Words] = {
    "anonymous": Words("AccessDenied", 403, "Access Denied"),
    "two-mechanisms": Words(
        "InvalidArgument",
        400,
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature "
        "query string parameter or the Authorization header should be specified",
        _ARGUMENT,
    ),
    "one-space": Words(
        "InvalidArgument",
        400,
        "Authorization header is invalid -- one and only one ' ' (space) required",
        _ARGUMENT,
    ),
    "unsupported-scheme": Words(
        "InvalidArgument", 400, "Unsupported Authorization Type", _ARGUMENT
    ),
    "asymmetric": Words(
        "NotImplemented",
        501,
        "A header you provided implies functionality that is not implemented: {algorithm}",
    ),
    "version-2": Words(
        "InvalidRequest",
        400,
        "The authorization mechanism you have provided is not supported. "
        "Please use AWS4-HMAC-SHA256.",
    ),
    "version-2-header": Words(
        "InvalidArgument",
        400,
        "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature",
        _ARGUMENT,
    ),
    "version-2-parameters": Words(
        "AccessDenied",
        403,
        "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
    ),
    "version-2-expires": Words(
        "AccessDenied", 403, "Invalid date (should be seconds since epoch): {expires}"
    ),
    "version-2-expired": Words(
        "AccessDenied", 403, "Request has expired", ("Expires", "ServerTime")
    ),
    "missing-components": Words(
        "AuthorizationHeaderMalformed",
        400,
        _HEADER + "the authorization header requires three components: Credential, SignedHeaders, "
        "and Signature.",
    ),
    "missing-parameters": Words(
        "AuthorizationQueryParametersError",
        400,
        "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, "
        "X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    ),
    "query-algorithm": Words(
        "AuthorizationQueryParametersError",
        400,
        'X-Amz-Algorithm only supports "AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256"',
    ),
    "query-date": Words(
        "AuthorizationQueryParametersError",
        400,
        "X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"",
    ),
    "expires-number": Words(
        "AuthorizationQueryParametersError", 400, "X-Amz-Expires should be a number"
    ),
    "expires-negative": Words(
        "AuthorizationQueryParametersError", 400, "X-Amz-Expires must be non-negative"
    ),
    "expires-week": Words(
        "AuthorizationQueryParametersError",
        400,
        "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
        "must be less than 604800 seconds",
    ),
    "query-early": Words(
        "AccessDenied",
        403,
        "Request is not yet valid",
        ("X-Amz-Date", "Expires", "ServerTime"),
    ),
    "query-expired": Words(
        "AccessDenied",
        403,
        "Request has expired",
        ("X-Amz-Expires", "Expires", "ServerTime"),
    ),
    "missing-date": Words(
        "AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"
    ),
    "malformed-date": Words(
        "AccessDenied", 403, "AWS authentication requires a valid Date or x-amz-date header"
    ),
    "early": Words("RequestTimeTooSkewed", 403, _DIFFERENCE, _SKEW),
    "late": Words("RequestTimeTooSkewed", 403, _DIFFERENCE, _SKEW),
    "scope-date": Words(
        "AuthorizationHeaderMalformed",
        400,
        _HEADER + "Invalid credential date. Date is not the same as X-Amz-Date.",
    ),
    "query-scope-date": Words(
        "AuthorizationQueryParametersError",
        400,
        'Invalid credential date "{date}". This date is not the same as X-Amz-Date: "{day}".',
    ),
    "not-signed": Words(
        "AccessDenied",
        403,
        "There were headers present in the request which were not signed",
        ("HeadersNotSigned",),
    ),
    "mismatch": Words(
        "SignatureDoesNotMatch",
        403,
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method.",
        (*_CHUNK, "CanonicalRequest", "CanonicalRequestBytes"),
    ),
    "unknown-key": Words(
        "InvalidAccessKeyId",
        403,
        "The AWS Access Key Id you provided does not exist in our records.",
        ("AWSAccessKeyId",),
    ),
    "invalid-token": Words(
        "InvalidToken",
        400,
        "The provided token is malformed or otherwise invalid.",
        ("Token-0",),
    ),
    "expired-token": Words("ExpiredToken", 400, "The provided token has expired.", ("Token-0",)),
    "missing-hash": Words(
        "InvalidRequest", 400, "Missing required header for this request: x-amz-content-sha256"
    ),
    "malformed-hash": Words("InvalidArgument", 400, _HASHES, _ARGUMENT),
    "other-hash": Words(
        "XAmzContentSHA256Mismatch",
        400,
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        ("ClientComputedContentSHA256", "S3ComputedContentSHA256"),
    ),
    "missing-length": Words(
        "MissingContentLength", 411, "You must provide the Content-Length HTTP header."
    ),
    "other-length": Words(
        "IncompleteBody",
        400,
        "You did not provide the number of bytes specified by the Content-Length HTTP header",
        _BYTES,
    ),
    "malformed-chunk": Words("IncompleteBody", 400, "The request body terminated unexpectedly"),
    "malformed-trailer": Words(
        "MalformedTrailerError",
        400,
        "The request contained trailing data that was not well-formed or did not conform to our "
        "published schema.",
    ),
    "too-large": Words(
        "EntityTooLarge",
        400,
        "Your proposed upload exceeds the maximum allowed size",
        ("ProposedSize", "MaxSizeAllowed"),
    ),
}
for _kind, (_text, _members) in _SCOPE.items():
    _S3[_kind] = Words("AuthorizationHeaderMalformed", 400, _HEADER + _text, _members)
    _S3["query-" + _kind] = Words(
        "AuthorizationQueryParametersError", 400, _QUERY + _text, _members
    )

_PARAMETERS = (
    "AWS query-string parameters must include '{parameter}'. "
    "Re-examine the query-string parameters."
)
_BASIC = (
    "Date must be in ISO-8601 'basic format'. Got '{date}'. "
    "See http://en.wikipedia.org/wiki/ISO_8601"
)
_EARLY = "Signature not yet current: {stamp} is still later than {limit} ({clock} + 15 min.)"
_LATE = "Signature expired: {stamp} is now earlier than {limit} ({clock} - 15 min.)"
_AUTHORIZATION = " (Hashed with SHA-256 and encoded with Base64) Authorization={hashed}"
_INCOMPLETE = ("IncompleteSignature", 400)
_MISMATCH = ("SignatureDoesNotMatch", 403)
_OTHER_DATE = (
    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
    "'{date}' != '{day}', from '{stamp}'."
)

_QUERY_WORDS: dict[str, Words] = {
    "anonymous": Words(
        "MissingAuthenticationToken", 403, "Request is missing Authentication Token"
    ),
    "two-mechanisms": Words(
        *_INCOMPLETE, "The request signature does not conform to AWS standards."
    ),
    "one-space": Words(
        *_INCOMPLETE,
        "Authorization header requires 'Credential' parameter. "
        "Authorization header requires 'Signature' parameter. "
        "Authorization header requires 'SignedHeaders' parameter." + _AUTHORIZATION,
    ),
    "asymmetric": Words(
        "NotImplemented", 501, "The {algorithm} algorithm is not implemented here."
    ),
    "version-2": Words(*_INCOMPLETE, "AWS Signature Version 2 is not supported."),
    "missing-components": Words(*_INCOMPLETE, "{missing}" + _AUTHORIZATION),
    "missing-parameters": Words(*_INCOMPLETE, _PARAMETERS),
    "query-algorithm": Words(*_INCOMPLETE, "Unsupported AWS 'algorithm': '{algorithm}'."),
    "missing-date": Words(
        *_INCOMPLETE,
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
        + _AUTHORIZATION,
    ),
    "malformed-date": Words(*_INCOMPLETE, _BASIC),
    "query-date": Words(*_INCOMPLETE, _BASIC),
    "malformed-credential": Words(
        *_INCOMPLETE,
        "Credential must have exactly 5 slash-delimited elements, e.g. "
        "keyid/date/region/service/term, got '{credential}'",
    ),
    "early": Words(*_MISMATCH, _EARLY),
    "late": Words(*_MISMATCH, _LATE),
    "scope-date-format": Words(*_MISMATCH, _OTHER_DATE),
    "scope-date": Words(*_MISMATCH, _OTHER_DATE),
    "scope-no-region": Words(
        *_MISMATCH, "Credential should be scoped to a valid region, not '{region}'."
    ),
    "scope-region": Words(
        *_MISMATCH, "Credential should be scoped to a valid region, not '{region}'."
    ),
    "scope-service": Words(
        *_MISMATCH, "Credential should be scoped to correct service: '{expected}'."
    ),
    "scope-terminal": Words(
        *_MISMATCH,
        "Credential should be scoped with a valid terminator: 'aws4_request', not '{terminal}'.",
    ),
    "not-signed": Words(
        *_MISMATCH, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    ),
    "mismatch": Words(
        *_MISMATCH,
        "The request signature we calculated does not match the signature you provided. Check your "
        "AWS Secret Access Key and signing method. Consult the service documentation for details.",
    ),
    "unknown-key": Words(
        "InvalidClientTokenId", 403, "The security token included in the request is invalid."
    ),
    "invalid-token": Words(
        "InvalidClientTokenId", 403, "The security token included in the request is invalid."
    ),
    "expired-token": Words(
        "ExpiredToken", 403, "The security token included in the request is expired"
    ),
}
_QUERY_WORDS["unsupported-scheme"] = _QUERY_WORDS["one-space"]

_JSON_CODES = {
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "IncompleteSignature": "IncompleteSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
    "InvalidClientTokenId": "UnrecognizedClientException",
    "ExpiredToken": "ExpiredTokenException",
}
_JSON_WORDS = {
    kind: words._replace(
        code=_JSON_CODES.get(words.code, words.code),
        status=words.status if words.status > 500 else 400,
    )
    for kind, words in _QUERY_WORDS.items()
}

_FAILURE = Words("AuthFailure", 401, "AWS was not able to validate the provided access credentials")
_EXPIRED = Words("RequestExpired", 400, "Request has expired.")
_EC2_WORDS = _QUERY_WORDS | {
    "mismatch": _FAILURE,
    "unknown-key": _FAILURE,
    "invalid-token": _FAILURE,
    "early": _EXPIRED,
    "late": _EXPIRED,
    "expired-token": _EXPIRED,
}

WORDS: dict[Dialect, dict[str, Words]] = {
    "s3": _S3,
    "query": _QUERY_WORDS,
    "json": _JSON_WORDS,
    "ec2": _EC2_WORDS,
}
