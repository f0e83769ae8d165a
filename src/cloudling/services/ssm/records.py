"""What operations know of a parameter. None is kept yet, so this is no record."""

from __future__ import annotations

from typing import Any, NamedTuple


class Parameter(NamedTuple):
    """A public parameter in one region, which has had one value: its version is the first."""

    name: str
    value: str
    data_type: str
    arn: str
    modified: float
    version: int = 1
    type: str = "String"

    def shown(self, selector: str = "") -> dict[str, Any]:
        """As AWS tells of it; `selector` is what chose the version, with its colon."""
        return {
            "Name": self.name,
            "Type": self.type,
            "Value": self.value,
            "Version": self.version,
            **({"Selector": selector} if selector else {}),
            "LastModifiedDate": self.modified,
            "ARN": self.arn,
            "DataType": self.data_type,
        }
