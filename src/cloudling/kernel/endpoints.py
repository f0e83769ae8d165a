"""Where the services are that have one endpoint for a whole partition (botocore's endpoints.json).

Requests to them are requests to that region, whatever region the client has been set to.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion
"""

from __future__ import annotations

from cloudling.kernel import arns

_IN_VIRGINIA = """
    account billingconductor budgets ce chime cloudfront health iam importexport
    notifications-contacts organizations route53 savingsplans shield support tax waf
"""
_IN_NINGXIA = "account budgets ce cloudfront health organizations route53"
_IN_GOV_WEST = "iam networkmanager organizations route53 support"
_HOMES: dict[str, dict[str, str]] = {
    "aws": {
        **dict.fromkeys(_IN_VIRGINIA.split(), "us-east-1"),
        "networkmanager": "us-west-2",
    },
    "aws-cn": {
        **dict.fromkeys(_IN_NINGXIA.split(), "cn-northwest-1"),
        **dict.fromkeys(("iam", "support"), "cn-north-1"),
    },
    "aws-us-gov": dict.fromkeys(_IN_GOV_WEST.split(), "us-gov-west-1"),
}


def region_of(prefix: str, asked: str) -> str:
    """The region that serves a service's calls from a client of the region `asked`."""
    return _HOMES.get(arns.partition(asked), {}).get(prefix, asked)
