"""Tags of sessions: which are passed, which are inherited along a chain of roles.

https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from cloudling.kernel.tags import TagRules
from cloudling.services.iam.errors import InvalidParameterValue

if TYPE_CHECKING:
    from cloudling.kernel.identities import Identity

Request = dict[str, Any]

_RULES = TagRules(
    duplicate=partial(
        InvalidParameterValue,
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    ),
    reserved=partial(
        InvalidParameterValue, "Tag keys cannot start with 'aws:', which is reserved."
    ),
    # The model bounds how many a request may have.
    too_many=InvalidParameterValue,
    folds_case=True,
)


class SessionTags(NamedTuple):
    """All tags of a new session, and the keys of those that its own chain will inherit."""

    tags: dict[str, str]
    transitive: tuple[str, ...]


def given(request: Request) -> dict[str, str]:
    """The request's tags, checked."""
    return _RULES.given(request)


def chained(identity: Identity, request: Request) -> SessionTags:
    """The request's tags with those that the caller's own session hands on, which stay as are."""
    new, inherited, kept = given(request), _inherited(identity), _transitive(identity)
    named = {key.lower(): key for key in new}
    wanted = [key.lower() for key in request.get("TransitiveTagKeys", ())]
    if any(key not in named for key in wanted):
        raise InvalidParameterValue(
            "The specified transitive tag key must be included in the requested tags."
        )
    if not {key.lower() for key in inherited}.isdisjoint(named):
        raise InvalidParameterValue(
            "One of the specified transitive tag keys can't be set because it conflicts with a "
            "transitive tag key from the calling session."
        )
    return SessionTags(inherited | new, kept + tuple(named[key] for key in dict.fromkeys(wanted)))


def context(request: Request) -> dict[str, str | list[str]]:
    """The condition keys that speak of the tags a request passes."""
    found: dict[str, str | list[str]] = {
        f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in request.get("Tags", ())
    }
    if found:
        found["aws:TagKeys"] = [tag["Key"] for tag in request["Tags"]]
    if request.get("TransitiveTagKeys"):
        found["sts:TransitiveTagKeys"] = list(request["TransitiveTagKeys"])
    return found


def _transitive(identity: Identity) -> tuple[str, ...]:
    return identity.session.transitive_tags if identity.session else ()


def _inherited(identity: Identity) -> dict[str, str]:
    session = identity.session
    return {key: session.tags[key] for key in session.transitive_tags} if session else {}
