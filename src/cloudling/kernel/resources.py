"""ARNs from IAM's own templates: of a resource type, or of what a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns
from cloudling.models import actions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloudling.kernel.call import Call


class Resources:
    """Fills the ARN templates of the service authorization reference."""

    def arn(self, prefix: str, kind: str, values: Mapping[str, str]) -> str:
        """The ARN of a resource type; KeyError when a variable of the template is not given."""
        return arns.fill(actions.load(prefix).resources[kind], values)

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
            names = arns.variables(template)
            if all(name.lower() in values for name in names):
                return arns.fill(template, {name: values[name.lower()] for name in names})
        kinds = action.resources if action else ()
        fitting = [arns.pattern(reference.resources[kind]) for kind in kinds]
        for value in lower.values():
            if value.startswith("arn:") and any(each.fullmatch(value) for each in fitting):
                return value
        return "*"
