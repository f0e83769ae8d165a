"""The policy language of AWS and how its policies decide; no store and no I/O."""

from cloudling.kernel.authorize import messages
from cloudling.kernel.authorize.context import CallFacts, Question
from cloudling.kernel.authorize.controls import NO_CONTROLS, Controls
from cloudling.kernel.authorize.decisions import Decision, NamedPolicy, PolicyType
from cloudling.kernel.authorize.documents import Policy, parse, size
from cloudling.kernel.authorize.evaluation import evaluate, evaluate_trust, plainly_allows
from cloudling.kernel.authorize.explanation import Check, Evaluation, Matched, explain
from cloudling.kernel.authorize.grammar import Kind, MalformedPolicyDocument
from cloudling.kernel.authorize.holdings import PrincipalPolicies

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
    "messages",
    "parse",
    "plainly_allows",
    "size",
]
