"""The condition keys that AWS sets of a principal, as its pages tell them."""

from tests.oracle.literal import Caller
from tests.oracle.operators import Context


def principal_keys(caller: Caller) -> Context:
    """The keys that AWS sets of a principal.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    """
    types = {"root": "Account", "user": "User", "role": "AssumedRole", "federated": "FederatedUser"}
    if caller.kind == "anonymous":
        keys = ("aws:PrincipalAccount", "aws:userid")
        return {"aws:PrincipalType": "Anonymous", **dict.fromkeys(keys, "anonymous")}
    if caller.kind == "service":
        return {"aws:PrincipalServiceName": caller.arn, "aws:PrincipalIsAWSService": "true"}
    context: Context = {
        "aws:PrincipalIsAWSService": "false",
        "aws:PrincipalType": types[caller.kind],
        "aws:PrincipalAccount": caller.account,
    }
    context["aws:PrincipalArn"] = caller.entity if caller.kind == "role" else caller.arn
    name = caller.arn.rsplit("/", 1)[-1]
    context["aws:userid"] = {
        "root": caller.account,
        "user": "AIDA" + name.upper(),
        "role": f"AROAEXAMPLE:{name}",
        "federated": f"{caller.account}:{name}",
    }[caller.kind]
    if caller.kind == "user":
        context["aws:username"] = name
    return context
