"""EC2's errors.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
"""

from __future__ import annotations

from cloudling.kernel import AwsError


class InvalidParameterValue(AwsError):
    """A parameter names something that is not there, or says what cannot be."""
