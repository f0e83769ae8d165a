"""ARNs from IAM's own templates: of a resource type, or of what a request names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from cloudling.models import actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.call import Call

_VARIABLE = re.compile(r"\$\{(\w+)\}")


class Resources:
    """Fills the ARN templates of the service authorization reference."""

    def arn(self, prefix: str, kind: str, values: Mapping[str, Any]) -> str:
        """The ARN of a resource type; KeyError when a variable of the template is not given."""
        template = actions.load(prefix).resources[kind]
        return _VARIABLE.sub(lambda found: str(values[found[1]]), template)

    def named(self, call: Call, prefix: str, operation: str, request: Mapping[str, Any]) -> str:
        """The resource that the request's members name; "*" where they name none whole.

        They name it by its ARN, or by all that the ARN's template leaves open.
        """
        reference = actions.load(prefix)
        action = reference.actions.get(operation)
        lower = {key.lower(): value for key, value in request.items() if isinstance(value, str)}
        known = {"partition": call.partition, "region": call.region, "account": call.account}
        for kind in action.resources if action else ():
            template = reference.resources[kind]
            values = {**lower, **known}
            wanted = [name.lower() for name in _VARIABLE.findall(template)]
            if all(name in values for name in wanted):
                return _filled(template, values)
        kinds = action.resources if action else ()
        fitting = [_pattern(reference.resources[kind]) for kind in kinds]
        for value in lower.values():
            if value.startswith("arn:") and any(each.fullmatch(value) for each in fitting):
                return value
        return "*"


@lru_cache(maxsize=1024)
def _pattern(template: str) -> re.Pattern[str]:
    """What ARNs of this template look like."""
    texts = _VARIABLE.sub("\0", template).split("\0")
    return re.compile("[^:]+".join(map(re.escape, texts)))


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its variables' values, whatever the case of their names."""
    return _VARIABLE.sub(lambda found: values[found[1].lower()], template)
