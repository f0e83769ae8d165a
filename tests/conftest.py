"""What holds for all tests: how property tests run.

No deadline, since a laden machine is slow and nothing here is a measurement. The examples are the
same each time, so that a red run is a change's own; `CLOUDLING_TEST_EXAMPLES=new` looks for others.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "cloudling",
    deadline=None,
    derandomize=os.environ.get("CLOUDLING_TEST_EXAMPLES") != "new",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("cloudling")
