"""The least policy with which a principal could have done what it did.

One statement for each set of resources; without any one of them some recorded call would fail.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from cloudling.kernel.decisions.activity import widened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.kernel.decisions.activity import Deed

# More resources than this of one action are told by their common beginnings.
MOST_LISTED = 5


def suggest(deeds: Iterable[Deed]) -> dict[str, Any]:
    """The policy document for these deeds; what was refused is none of them."""
    resources: defaultdict[str, set[str]] = defaultdict(set)
    for deed in deeds:
        if deed.outcome != "denied":
            resources[deed.action].add(_told(deed.resource))
    by_resources: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for action, found in sorted(resources.items()):
        by_resources[_few(found)].append(action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": list(found)}
            for found, actions in sorted(by_resources.items(), key=lambda item: item[1])
        ],
    }


def _told(resource: str) -> str:
    """Objects come and go: their bucket is what a policy speaks of."""
    is_object = resource.startswith("arn:aws:s3:::") and "/" in resource
    return widened(resource) if is_object else resource or "*"


def _few(found: set[str]) -> tuple[str, ...]:
    if "*" in found:
        return ("*",)
    if len(found) > MOST_LISTED:
        found = {widened(resource) for resource in found}
    return tuple(sorted(found))
