"""What one decision costs: the evaluator alone, in this process, for the role of the other cases.

Each question is made anew, as every call makes its own; the policies are compiled once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from benchmarks.scene import BUCKET, policies
from cloudling.kernel.authorize import (
    CallFacts,
    NamedPolicy,
    PrincipalPolicies,
    Question,
    evaluate,
    parse,
    plainly_allows,
)
from cloudling.kernel.identities import Identity, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.cases import Sample

TITLE = "One decision about a role with three policies of ten statements"
_ACCOUNT = "111122223333"
_NOW = 1_800_000_000.0
_ROLE = Identity(
    kind="role",
    account=_ACCOUNT,
    arn=f"arn:aws:sts::{_ACCOUNT}:assumed-role/bench/bench",
    principal_arn=f"arn:aws:iam::{_ACCOUNT}:role/bench",
    unique_id="AROAEXAMPLEEXAMPLEEX1:bench",
    name="bench",
    session=Session(name="bench", issued_at=_NOW, expires_at=_NOW + 3600),
)
_REPEATED = 200


def _held() -> PrincipalPolicies:
    compiled = [parse(text, "identity") for text in policies()]
    return PrincipalPolicies(
        tuple(NamedPolicy(f"bench{n}", "", policy) for n, policy in enumerate(compiled))
    )


def _question(action: str, resource: str) -> Question:
    facts = CallFacts(now=_NOW, source_ip="127.0.0.1", user_agent="benchmarks")
    return Question(identity=_ROLE, action=action, resource=resource, facts=facts)


def samples(seconds: float) -> dict[str, Sample]:
    """Microseconds for each kind of decision: the best and the median of many short runs."""
    held = _held()
    allowed = ("s3:GetObject", f"arn:aws:s3:::{BUCKET}/key")
    denied = ("s3:GetObject", "arn:aws:s3:::elsewhere/key")
    return {
        "yes, the short way": _measured(plainly_allows, held, allowed, seconds),
        "yes, evaluated": _measured(evaluate, held, allowed, seconds),
        "no, evaluated": _measured(evaluate, held, denied, seconds),
    }


def _measured(
    decide: Callable[[Question, PrincipalPolicies], object],
    held: PrincipalPolicies,
    asked: tuple[str, str],
    seconds: float,
) -> Sample:
    found: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        began = time.thread_time_ns()
        for _ in range(_REPEATED):
            decide(_question(*asked), held)
        found.append((time.thread_time_ns() - began) / _REPEATED / 1000)
    found.sort()
    return {"best_us": found[0], "median_us": found[len(found) // 2]}
