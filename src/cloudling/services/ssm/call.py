"""The handle of Systems Manager's operations."""

from __future__ import annotations

from cloudling.kernel import Call


class SsmCall(Call):
    """Nothing is kept yet: public parameters follow from EC2's images."""
