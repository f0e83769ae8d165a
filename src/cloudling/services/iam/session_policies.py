"""Policies that narrow a session: which are taken, how long they may be, and how large packed.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from cloudling.services.iam import documents, policies
from cloudling.services.iam.errors import PackedPolicyTooLarge, ValidationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.services.iam.call import IamCall

Request = dict[str, Any]
PLAIN_SIZE = 2048
MOST_POLICIES = 10
# AWS publishes neither its packed form nor its limit. Nine tags of a key of two characters and a
# value of 250 take 498 % of it, so tags are not compressed and a little over 460 bytes are allowed
# (https://github.com/aws-actions/configure-aws-credentials/issues/1898, July 2026).
_PACKED_SIZE = 463
_TAG_OVERHEAD = 4
# What a binary form of the policy language need not spell out.
_WORDS = (
    b"arn:aws:iam::aws:policy/arn:aws:sqs:arn:aws:kms:arn:aws:logs:arn:aws:lambda:arn:aws:dynamodb:"
    b'"NotPrincipal""NotAction":"NotResource":"Condition":{"StringEquals":{"StringLike":{"Bool":{'
    b'"aws:RequestedRegion":"aws:SourceIp":"ForAllValues:"ForAnyValue:"ec2:Describe*""sts:*""iam:*"'
    b'"s3:ListBucket","s3:DeleteObject","s3:PutObject","s3:GetObject*"]"arn:aws:s3:::"*"}]}'
    b'{"Version":"2012-10-17","Statement":[{"Sid":"Stmt1","Effect":"Deny","Effect":"Allow",'
    b'"Action":["Action":"s3:*","Resource":["Resource":"*"}]}'
)


class SessionPolicies(NamedTuple):
    """The text of the inline policy, "" for none, and the ARNs of the managed ones."""

    inline: str
    managed: tuple[str, ...]

    def packed(self, tags: Mapping[str, str]) -> Request:
        """The answer's per cent of the packed limit; PackedPolicyTooLarge beyond it."""
        size = sum(len(key.encode()) + len(value.encode()) for key, value in tags.items())
        size += _TAG_OVERHEAD * len(tags) + self._compressed()
        percent = -(-size * 100 // _PACKED_SIZE)
        if percent <= 100:
            return {"PackedPolicySize": percent} if percent else {}
        if tags:
            raise PackedPolicyTooLarge(
                f"Packed size of session tags consumes {percent}% of allotted space."
            )
        raise PackedPolicyTooLarge(
            f"Packed policy consumes {percent}% of allotted space, please use smaller policy."
        )

    def _compressed(self) -> int:
        if not (self.inline or self.managed):
            return 0
        document = json.loads(self.inline) if self.inline else ""
        plain = json.dumps(document, separators=(",", ":")) + " ".join(self.managed)
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=_WORDS)
        return len(packer.compress(plain.encode()) + packer.flush())


async def given(place: IamCall, request: Request) -> SessionPolicies:
    """The request's session policies, checked; managed ones are those of the place's account."""
    inline = request.get("Policy", "")
    managed = tuple(each["arn"] for each in request.get("PolicyArns", ()) if "arn" in each)
    if len(managed) > MOST_POLICIES:
        _refuse_length("policyArns", MOST_POLICIES)
    if len(inline) + sum(map(len, managed)) > PLAIN_SIZE:
        _refuse_length("policy", PLAIN_SIZE)
    if inline:
        documents.parsed(inline, "session")
    for arn in managed:
        if await policies.find(place, arn) is None:
            raise ValidationError(f"Policy {arn} does not exist or is not attachable.")
    return SessionPolicies(inline, managed)


def _refuse_length(member: str, most: int) -> NoReturn:
    raise ValidationError(
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: Member "
        f"must have length less than or equal to {most}"
    )
