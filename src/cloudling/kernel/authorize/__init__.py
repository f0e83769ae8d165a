"""The policy language of AWS and how its policies decide; no store and no I/O."""

from cloudling.kernel.authorize import messages
from cloudling.kernel.authorize.context import CallFacts, Question
from cloudling.kernel.authorize.controls import NO_CONTROLS, Controls
from cloudling.kernel.authorize.decisions import Decision, NamedPolicy, PolicyType
from cloudling.kernel.authorize.documents import Policy, parse, rename_principals, size
from cloudling.kernel.authorize.evaluation import (
    evaluate,
    evaluate_trust,
    plainly_allows,
    resource_case,
    trust_case,
)
from cloudling.kernel.authorize.explanation import Check, Evaluation, Matched, explain, explain_case
from cloudling.kernel.authorize.grammar import Kind, MalformedPolicyDocument
from cloudling.kernel.authorize.holdings import PrincipalPolicies
from cloudling.kernel.authorize.remedies import lacking, nearly, refusing_levels

__all__ = [
    "NO_CONTROLS",
    "CallFacts",
    "Check",
    "Controls",
    "Decision",
    "Evaluation",
    "Kind",
    "MalformedPolicyDocument",
    "Matched",
    "NamedPolicy",
    "Policy",
    "PolicyType",
    "PrincipalPolicies",
    "Question",
    "evaluate",
    "evaluate_trust",
    "explain",
    "explain_case",
    "lacking",
    "messages",
    "nearly",
    "parse",
    "plainly_allows",
    "refusing_levels",
    "rename_principals",
    "resource_case",
    "size",
    "trust_case",
]
