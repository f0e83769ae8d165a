"""Bucket policies as S3 takes them: grammar, meaning, size, and the form in which it keeps them.

S3 shares the grammar with other policies of resources but says some things in its own words, with
a Detail; texts and details were learnt from what S3 answered others, in public test cases.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from cloudling.kernel import authorize, principals
from cloudling.kernel.authorize import grammar
from cloudling.services.s3 import policy_statements, publicity
from cloudling.services.s3.errors import MalformedPolicy

if TYPE_CHECKING:
    from cloudling.services.s3.call import S3Call
    from cloudling.services.s3.records import Bucket

Document = dict[str, Any]

LARGEST = 20_480
_POLICY_FIELDS = ("Version", "Id", "Statement")
_STATEMENT_FIELDS = (
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource",
    "Condition",
)  # fmt: skip
_PRINCIPAL = re.compile(r'Invalid principal in policy: "(.*?)":"(.*)"', re.DOTALL)
_KINDS = {kind.upper(): kind for kind in ("AWS", "Service", "Federated", "CanonicalUser")}


class Accepted(NamedTuple):
    """A policy as it is kept, with users and roles by unique id; is it public?"""

    text: str
    public: bool


async def accept(call: S3Call, bucket: Bucket, text: str) -> Accepted:
    """What is kept of a policy that a client put; `MalformedPolicy` says what is wrong."""
    if not text.startswith("{"):
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    if authorize.size(text) > 2 * LARGEST:
        # Whatever the form it is kept in, it will not become so much smaller.
        _refuse_size()
    _check_grammar(text)
    document = _normalized(json.loads(text))
    policy_statements.check(document["Statement"], call.bucket_arn(bucket.name))
    normalized = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    if len(normalized.encode()) > LARGEST:
        _refuse_size()
    compiled = authorize.parse(normalized, "resource")
    try:
        kept = await principals.bound(call.cloud.directory, compiled, normalized, call.partition)
    except principals.UnknownPrincipal as fault:
        raise _in_our_words(str(fault)) from None
    return Accepted(kept, publicity.is_public(document["Statement"]))


async def shown(call: S3Call, kept: str) -> str:
    """A kept policy as it is told: users and roles by the ARNs they have now."""
    return await principals.shown(call.cloud.directory, kept, "resource", call.partition)


def _refuse_size() -> NoReturn:
    raise MalformedPolicy(
        f"Normalized policy document exceeds the maximum allowed size of {LARGEST} bytes"
    )


def _check_grammar(text: str) -> None:
    try:
        authorize.parse(text, "resource")
    except authorize.MalformedPolicyDocument as fault:
        raise _in_our_words(fault.text) from None


def _in_our_words(text: str) -> MalformedPolicy:
    found = _PRINCIPAL.fullmatch(text)
    if found and found[1] in _KINDS:
        detail = f'"{_KINDS[found[1]]}" : "{found[2]}"'
        return MalformedPolicy("Invalid principal in policy", Detail=detail)
    if found or text == grammar.SYNTAX:
        return MalformedPolicy("Invalid policy syntax.")
    return MalformedPolicy(text)


def _normalized(document: Document) -> Document:
    """The elements in S3's order, lists of one without brackets."""
    statements = document["Statement"]
    if isinstance(statements, dict):
        statements = [statements]
    ordered = {name: document[name] for name in _POLICY_FIELDS if name in document}
    ordered["Statement"] = [_statement(each) for each in statements]
    return ordered


def _statement(statement: Document) -> Document:
    found = {name: statement[name] for name in _STATEMENT_FIELDS if name in statement}
    for name, value in found.items():
        if name in ("Principal", "NotPrincipal"):
            found[name] = value if isinstance(value, str) else _singles(value)
        elif name == "Condition":
            found[name] = {operator: _singles(keys) for operator, keys in value.items()}
        else:
            found[name] = _single(value)
    return found


def _singles(values: Document) -> Document:
    return {key: _single(grammar.texts(value)) for key, value in values.items()}


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
