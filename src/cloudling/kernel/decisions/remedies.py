"""What would help a refused call, as its record tells it: least statements, and near misses."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import nearly, refusing_levels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloudling.kernel.authorize import Check, NamedPolicy, PolicyType, Question
    from cloudling.kernel.authorize.checks import Case
    from cloudling.kernel.authorize.remedies import Near, Unmet

Json = dict[str, Any]

_MOST_NEAR = 5
_OF_ORGANIZATION = ("service control policy", "resource control policy")
_OF_RESOURCE = ("resource-based policy", "role trust policy")


def smallest(question: Question, policy_type: PolicyType) -> Json:
    """The statement that would supply what was missing, and nothing else."""
    found: Json = {"Effect": "Allow", "Action": question.action}
    if policy_type in _OF_RESOURCE:
        found = {"Effect": "Allow", "Principal": _principal(question), **found}
    if policy_type != "role trust policy":
        found["Resource"] = _written(question.resource)
    return found


def near_misses(case: Case, check: Check) -> Json:
    """The statements that would have allowed it if all of them had fitted; {} without any.

    Of an organization's policies also those of each level that does not allow it, none of which
    does.
    """
    if check.result != "IMPLICIT_DENY":
        return {}
    near = [_told(near) for near in islice(nearly(case, check.policy_type), _MOST_NEAR)]
    found: Json = {"nearly": near} if near else {}
    if check.policy_type in _OF_ORGANIZATION:
        refusing = refusing_levels(case, check.policy_type)
        found["refusing"] = [[named.arn for named in level] for level in refusing]
    return found


def statement_text(named: NamedPolicy, position: int) -> Json:
    """A statement as its policy's author wrote it."""
    return _statements(named.policy.text)[position]


@lru_cache(maxsize=256)
def _statements(text: str) -> list[Json]:
    found = json.loads(text)["Statement"]
    return found if isinstance(found, list) else [found]


def _principal(question: Question) -> str | Json:
    identity = question.identity
    if question.provider:
        return {"Federated": question.provider}
    if identity.kind == "anonymous":
        return "*"
    return {"Service" if identity.kind == "service" else "AWS": identity.principal_arn}


def _written(resource: str) -> str:
    """A resource as policies write it: what stands for others in a pattern, literally."""
    found = resource.replace("${", "${$}{")
    if resource.startswith("arn:aws:s3:::"):
        found = found.replace("*", "${*}").replace("?", "${?}")
    return found


def _told(near: Near) -> Json:
    text = statement_text(near.policy, near.statement.position)
    return {
        "policy": near.policy.name,
        "policyArn": near.policy.arn,
        "statementNumber": near.statement.position + 1,
        "sid": near.statement.sid,
        "unmet": [_element(text, unmet) for unmet in near.unmet],
    }


def _element(text: Json, unmet: Unmet) -> Json:
    if unmet.element != "Condition":
        name = next(key for key in (unmet.element, f"Not{unmet.element}") if key in text)
        return {"element": name, "wanted": text[name]}
    operator, key, wanted = list(_conditions(text))[unmet.place]
    given = unmet.given
    return {
        "element": "Condition",
        "operator": operator,
        "key": key,
        "wanted": wanted,
        "given": given if given is None or isinstance(given, str) else list(given),
    }


def _conditions(text: Json) -> Iterator[tuple[str, str, Any]]:
    for operator, keys in text["Condition"].items():
        for key, wanted in keys.items():
            yield operator, key, wanted
