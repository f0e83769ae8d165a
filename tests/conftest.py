"""What holds for all tests: how property tests run.

No deadline, since a laden machine is slow and nothing here is a measurement. In CI the examples are
the same each time, so that a red run is a change's own; everywhere else they are new.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "cloudling",
    deadline=None,
    derandomize=bool(os.environ.get("CI")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cloudling")
