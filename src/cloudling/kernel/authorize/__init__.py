"""The policy language of AWS and how its policies decide; no store and no I/O."""

from cloudling.kernel.authorize import messages
from cloudling.kernel.authorize.context import CallFacts, Question
from cloudling.kernel.authorize.controls import NO_CONTROLS, Controls
from cloudling.kernel.authorize.documents import Policy, parse, size
from cloudling.kernel.authorize.evaluation import (
    Decision,
    NamedPolicy,
    PolicyType,
    PrincipalPolicies,
    evaluate,
    evaluate_trust,
    plainly_allows,
)
from cloudling.kernel.authorize.grammar import Kind, MalformedPolicyDocument

__all__ = [
    "NO_CONTROLS",
    "CallFacts",
    "Controls",
    "Decision",
    "Kind",
    "MalformedPolicyDocument",
    "NamedPolicy",
    "Policy",
    "PolicyType",
    "PrincipalPolicies",
    "Question",
    "evaluate",
    "evaluate_trust",
    "messages",
    "parse",
    "plainly_allows",
    "size",
]
