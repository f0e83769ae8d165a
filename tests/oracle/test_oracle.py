"""The evaluator and the literal rendering of AWS's flow chart decide alike.

`CLOUDLING_ORACLE_CASES` and `CLOUDLING_ORACLE_SEED` choose how many cases, and which.
"""

import json
import os
from collections import Counter
from dataclasses import asdict

import pytest
from tests.oracle.adapter import answer, blamed, plainly_disagrees
from tests.oracle.cases import Generator
from tests.oracle.example import ALLOWED, EXPLICIT, Example
from tests.oracle.examples import EXAMPLES
from tests.oracle.literal import BOUNDARY, IDENTITY, RCP, RESOURCE, SCP, SESSION, Request, decide

SHARDS = 4
CASES = int(os.environ.get("CLOUDLING_ORACLE_CASES", "1000"))
SEED = os.environ.get("CLOUDLING_ORACLE_SEED", "2026")
# The exits of the chart, as the literal rendering names them.
EXITS = [
    "Organizations SCPs",
    "Resource-based policies",
    "Identity-based policies",
    "IAM permissions boundaries",
    "Session policies",
    "Session policies: not a session principal",
    "Session policies: allowed",
    "Session policies: role session without any",
    "Session policies: federated user without any",
    "Cross-account: both accounts allow",
    "Cross-account: Identity-based policies",
    "Cross-account: Resource-based policies",
    "Cross-account: Organizations SCPs",
]
TYPES = [IDENTITY, RESOURCE, BOUNDARY, SESSION, SCP, RCP]


def difference(request: Request) -> str:
    """Where the two differ, with all that the decision is made from; "" where they agree."""
    wanted, got = decide(request), answer(request)
    found = ""
    if got.allowed != wanted.allowed:
        found = "allowed"
    elif not wanted.allowed and got.explicit != wanted.explicit:
        found = "explicit"
    elif not wanted.allowed and blamed(got) not in wanted.types:
        found = "policy type"
    elif plainly_disagrees(request):
        found = "plainly_allows"
    if not found:
        return ""
    told = f"{found}: the evaluator {got.allowed, got.explicit, blamed(got)}, AWS's pages {wanted}"
    return f"{told}\n{json.dumps(asdict(request), indent=1)}"


@pytest.mark.parametrize("shard", range(SHARDS))
def test_generated_cases_are_decided_as_the_chart_says(shard: int) -> None:
    generator = Generator(f"{SEED}/{shard}")
    for _ in range(CASES // SHARDS):
        told = difference(generator.request())
        assert not told, told


def test_generated_cases_reach_every_exit() -> None:
    generator = Generator("exits")
    decisions = [decide(generator.request()) for _ in range(1000)]
    allowed = sum(decision.allowed for decision in decisions)
    assert 400 <= allowed <= 600
    implicit = Counter(decision.box for decision in decisions if not decision.explicit)
    assert [box for box in EXITS if implicit[box] < 3] == []
    explicit = Counter(
        kind for decision in decisions if decision.explicit for kind in decision.types
    )
    assert [kind for kind in TYPES if explicit[kind] < 3] == []


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_worked_examples_of_the_pages(example: Example) -> None:
    decision = decide(example.request)
    assert decision.allowed == (example.outcome == ALLOWED)
    assert decision.explicit == (example.outcome == EXPLICIT)
    assert not example.by or example.by in decision.types
    told = difference(example.request)
    assert not told, f"{example.page}\n{told}"
