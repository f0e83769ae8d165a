"""Every decision of who may do what: reported, recorded, explained."""

from cloudling.kernel.decisions.asked import NO_DECISIONS, Asked, Decisions, Denied

__all__ = ["NO_DECISIONS", "Asked", "Decisions", "Denied"]
