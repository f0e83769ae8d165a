"""Generated requests: callers, policies, resources and contexts, from a seeded generator.

Biased so that about half are allowed and every exit of the chart occurs. Where AWS's pages do not
determine an answer (a wildcard over several ARN fields, a set operator on a single-valued key, a
principal named only in part by NotPrincipal), nothing is generated.
"""

from dataclasses import replace
from random import Random
from typing import Any

from tests.oracle.keys import HOME, KEYS, OTHERS, STRANGERS, Key
from tests.oracle.literal import Caller, Policy, Request, Statement, canonical_id
from tests.oracle.operators import VARIABLES, Context, as_list, condition_holds
from tests.oracle.principals import principal_keys

AWAY = "444455556666"
ACTIONS = {
    "s3:GetObject": ["arn:aws:s3:::reports/carlos/june.csv", "arn:aws:s3:::logs/finance/a:b.txt"],
    "s3:PutObject": ["arn:aws:s3:::reports/zofia/june.csv", "arn:aws:s3:::logs/finance/1/x"],
    "s3:ListBucket": ["arn:aws:s3:::reports", "arn:aws:s3:::logs"],
    "sqs:SendMessage": ["arn:aws:sqs:us-east-1:{owner}:carlos-queue"],
    "ec2:StopInstances": ["arn:aws:ec2:us-east-1:{owner}:instance/i-0123456789abcdef0"],
    "iam:DeleteUser": ["arn:aws:iam::{owner}:user/accounting/zofia"],
    "sts:AssumeRole": ["arn:aws:iam::{owner}:role/carlos-deploys"],
}
SERVICES = ["sns.amazonaws.com", "cloudtrail.amazonaws.com"]
EVERYTHING: Policy = {
    "Version": VARIABLES,
    "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
}
RCP_EVERYTHING: Policy = {
    "Version": VARIABLES,
    "Statement": {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
}


class Generator:
    """One case per call of `request`."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def request(self) -> Request:
        owner = HOME if self.chance(0.7) else AWAY
        action = self.random.choice(list(ACTIONS))
        resource = self.random.choice(ACTIONS[action]).format(owner=owner)
        trusted = action == "sts:AssumeRole"
        request = Request(self.caller(), action, resource, owner, {}, must_name=trusted)
        request = replace(request, context=self.context(request))
        return self.with_policies(request)

    # Who calls, and with what context.

    def caller(self) -> Caller:
        kinds = ["user"] * 6 + ["role"] * 6 + ["federated"] * 3 + ["root", "service", "anonymous"]
        kind = self.random.choice(kinds)
        name = self.random.choice(["carlos", "zofia"])
        user = f"arn:aws:iam::{HOME}:user/{self.random.choice(['', 'people/'])}{name}"
        if kind == "user":
            return Caller(kind, HOME, user)
        if kind == "root":
            return Caller(kind, HOME, f"arn:aws:iam::{HOME}:root")
        if kind == "federated":
            return Caller(kind, HOME, f"arn:aws:sts::{HOME}:federated-user/visitor", user)
        if kind == "service":
            return Caller(kind, "", self.random.choice(SERVICES))
        if kind == "anonymous":
            return Caller(kind)
        return self.role()

    def role(self) -> Caller:
        linked = self.chance(0.12)
        name = "AWSServiceRoleForECS" if linked else "auditor"
        path = "aws-service-role/ecs.amazonaws.com/" if linked else self.random.choice(["", "ops/"])
        return Caller(
            "role",
            HOME,
            f"arn:aws:sts::{HOME}:assumed-role/{name}/monday",
            f"arn:aws:iam::{HOME}:role/{path}{name}",
            service_linked=linked,
        )

    def context(self, request: Request) -> Context:
        context = principal_keys(request.caller)
        for key in KEYS:
            if not key.requests or not self.is_present(key, request.caller, context):
                continue
            values: list[str] = []
            if key.multivalued:
                # A principal has one path at most.
                most = 1 if key.name == "aws:PrincipalOrgPaths" else self.random.choice([1, 2, 3])
                most = 0 if key.may_be_empty and self.chance(0.3) else most
                values = [self.random.choice(key.requests) for _ in range(most)]
            # The case of tag keys does not matter, in policies or in requests.
            name = key.name.replace("/team", self.random.choice(["/team", "/Team"]))
            context[name] = values if key.multivalued else self.random.choice(key.requests)
        return context

    def is_present(self, key: Key, caller: Caller, context: Context) -> bool:
        """As the page on global condition keys tells of each key's availability."""
        temporary = caller.is_session or context.get("aws:TokenIssueTime") is not None
        if key.name == "aws:TokenIssueTime":
            return caller.is_session or (caller.kind == "user" and self.chance(0.2))
        if key.name == "aws:MultiFactorAuthPresent":
            return temporary and caller.kind != "federated"
        if key.name == "aws:MultiFactorAuthAge":
            return context.get("aws:MultiFactorAuthPresent") == "true"
        if key.name.startswith("aws:Principal") and not caller.account:
            return False
        if key.name == "aws:SourceIp" and caller.kind == "service":
            return False
        return key.always or self.chance(0.6)

    # Which policies there are.

    def with_policies(self, request: Request) -> Request:
        levels = self.random.choice([0, 0, 1, 2, 3])
        resource_policy = self.resource_policy(request)
        return replace(
            request,
            caller=self.with_own_policies(request),
            resource_policy=resource_policy,
            scps=[self.scps(request) for _ in range(levels)],
            rcps=[self.rcps(request) for _ in range(self.random.choice([0, 0, 1, 2]))],
            scp_free=self.chance(0.05),
            rcp_free=self.chance(0.05),
        )

    def with_own_policies(self, request: Request) -> Caller:
        caller = request.caller
        if caller.kind in {"root", "service", "anonymous"}:
            return caller
        session = None
        if caller.is_session and self.chance(0.85 if caller.kind == "federated" else 0.4):
            session = self.policies(request, 0.85, 2)
        return replace(
            caller,
            identity=self.policies(request, 0.72, 3),
            boundary=self.policy(request, 0.82) if self.chance(0.25) else None,
            session=session,
        )

    def policies(self, request: Request, covering: float, most: int) -> list[Policy]:
        count = self.random.randint(1, most)
        chosen = self.random.randrange(count)
        return [self.policy(request, covering if one == chosen else 0) for one in range(count)]

    def policy(
        self, request: Request, covering: float, denying: float = 0.035, kind: str = "identity"
    ) -> Policy:
        """A policy whose Allow covers the request, or whose Deny does, with these chances."""
        principal = kind == "resource"
        old = principal and self.chance(0.25)  # nothing else takes the old version any more
        version = "2008-10-17" if old else VARIABLES
        written = [
            self.statement(request, version, self.random.choice(["Allow", "Deny"]), principal)
            for _ in range(self.random.choice([0, 1, 1, 2]))
        ]
        if self.chance(covering):
            written.append(self.covering(request, version, "Allow", principal))
        if self.chance(denying):
            written.append(self.covering(request, version, "Deny", principal))
        if not written:
            written = [self.statement(request, version, "Allow", principal)]
        self.random.shuffle(written)
        single = len(written) == 1 and self.chance(0.5)
        policy: Policy = {"Statement": written[0] if single else written}
        if not old or self.chance(0.5):
            policy["Version"] = version
        return policy

    def resource_policy(self, request: Request) -> Policy | None:
        foreign = request.owner != HOME or not request.caller.account or request.must_name
        if not request.must_name and not self.chance(0.95 if foreign else 0.5):
            return None
        return self.policy(request, 0.85 if foreign else 0.5, 0.05, "resource")

    def scps(self, request: Request) -> list[Policy]:
        if self.chance(0.6):
            return [EVERYTHING, self.policy(request, 0, 0.05, "scp")]
        return [self.policy(request, 0.88, kind="scp")]

    def rcps(self, request: Request) -> list[Policy]:
        if self.chance(0.3):
            return [RCP_EVERYTHING]
        written = self.statement(request, VARIABLES, "Deny", principal=False)
        if self.chance(0.1):
            written = self.covering(request, VARIABLES, "Deny", principal=False)
        if "*" in as_list(written.get("Action", "*")):  # RCPs name services, and what they deny
            written.pop("NotAction", None)
            written["Action"] = request.action
        rcp = {"Version": VARIABLES, "Statement": [{**written, "Principal": "*"}]}
        return [RCP_EVERYTHING, rcp]

    # Statements: some aimed at the request, some at another.

    def covering(self, request: Request, version: str, effect: str, principal: bool) -> Statement:
        statement: Statement = {"Effect": effect}
        if principal:
            statement |= self.naming(request.caller, effect)
        if principal and request.must_name:  # a trust policy
            statement.pop("NotPrincipal", None)
            statement.setdefault("Principal", "*")
            statement["Action"] = self.random.choice(["sts:AssumeRole", "sts:*", "STS:assume*"])
        else:
            statement |= self.action(request.action) | self.resource(request, version)
        if self.chance(0.4):
            statement["Condition"] = self.condition(request.context, version, wanted=True)
        return statement

    def statement(self, request: Request, version: str, effect: str, principal: bool) -> Statement:
        """A statement that misses the request by at least one of its elements, nearly always."""
        statement = self.covering(request, version, effect, principal)
        missed = self.random.choice(["Action", "Resource", "Condition", "Principal"])
        trust = principal and request.must_name
        if missed == "Action":
            other = "sts:Tag*" if trust else self.random.choice(["s3:Delete*", "iam:List?sers"])
            self.replace(statement, "Action", other)
        elif missed == "Resource" and not trust:
            self.replace(statement, "Resource", self.other(request, version))
        elif missed == "Principal" and principal:
            self.replace(statement, "Principal", self.random.choice(STRANGERS))
            if effect == "Deny" and request.caller.account and not trust:
                del statement["Principal"]
                statement["NotPrincipal"] = {"AWS": all_names(request.caller)}
        else:
            statement["Condition"] = self.condition(request.context, version, wanted=False)
        return statement

    def other(self, request: Request, version: str) -> object:
        """Resources that the request does not ask for; variables of the old version are text."""
        if version != VARIABLES and "carlos" in request.resource:
            return request.resource.replace("carlos", "${aws:PrincipalTag/none, 'carlos'}")
        return self.random.choice(OTHERS)

    def replace(self, statement: Statement, element: str, value: object) -> None:
        statement.pop("Not" + element, None)
        statement[element] = value

    def action(self, action: str) -> Statement:
        service, name = action.split(":")
        if self.chance(0.12):
            other = self.random.choice(["rds:*", "s3:Delete*", ["kms:*", "iam:Get*"]])
            return {"NotAction": other}
        patterns = [
            action,
            action.lower(),
            action.upper(),
            f"{service}:*",
            f"{service}:{name[:4]}*",
            f"{service}:?{name[1:]}",
            f"{service}:*{name[2:6]}*",
            "*",
            ["rds:*", action],
        ]
        return {"Action": self.random.choice(patterns)}

    def resource(self, request: Request, version: str) -> Statement:
        if self.chance(0.1):
            return {"NotResource": self.random.choice(OTHERS)}
        *first, name = request.resource.split(":", 5)
        head = ":".join(first)
        patterns: list[Any] = [
            request.resource,
            f"{head}:*",
            f"{head}:{name[:5]}*",
            f"{head}:*{name[-3:]}",
            f"{head}:{name[:3]}?{name[4:]}",
            "*",
            ["arn:aws:s3:::other", request.resource],
        ]
        username = request.context.get("aws:username")
        if isinstance(username, str) and version == VARIABLES and username in name:
            patterns += [f"{head}:{name.replace(username, '${aws:username}')}"] * 4
        if version == VARIABLES and "carlos" in name:
            default = "${aws:PrincipalTag/none, 'carlos'}"
            patterns += [f"{head}:{name.replace('carlos', default)}"] * 2
        return {"Resource": self.random.choice(patterns)}

    def naming(self, caller: Caller, effect: str) -> Statement:
        """A Principal that names the caller, or a NotPrincipal that names others."""
        if effect == "Deny" and self.chance(0.2):
            return {"NotPrincipal": self.random.choice(STRANGERS)}
        choices: list[Any] = ["*", {"AWS": "*"}]
        if caller.kind == "service":
            choices = [{"Service": caller.arn}, {"Service": [*SERVICES, "ec2.amazonaws.com"]}]
        elif caller.kind != "anonymous":
            root = f"arn:aws:iam::{caller.account}:root"
            names = [caller.arn, caller.arn, caller.account, root]
            names += [caller.entity] * 3 if caller.entity else []
            choices += [{"AWS": name} for name in names]
            choices += [{"AWS": ["999999999999", self.random.choice(names)]}]
            choices += [{"AWS": "999999999999", "CanonicalUser": canonical_id(caller.account)}]
        return {"Principal": self.random.choice(choices)}

    def condition(self, context: Context, version: str, wanted: bool) -> dict[str, Any]:
        """A condition block that holds, or does not, in this context."""
        for _ in range(60):
            block: dict[str, Any] = {}
            for _ in range(self.random.choice([1, 1, 2, 3])):
                operator, key, values = self.comparison(version)
                block.setdefault(operator, {})[key] = values
            if condition_holds(block, context, version) == wanted:
                return block
        return {"StringEquals" if not wanted else "StringNotEquals": {"aws:absent": "x"}}

    def comparison(self, version: str) -> tuple[str, str, Any]:
        key = self.random.choice(KEYS)
        name = key.name.upper() if self.chance(0.1) else key.name
        if self.chance(0.08):
            return "Null", name, self.random.choice(["true", "false"])
        operator = self.random.choice(key.operators)
        if key.multivalued:
            operator = self.random.choice(["ForAllValues:", "ForAnyValue:"]) + operator
        if not key.may_be_empty and self.chance(0.2):
            operator += "IfExists"
        pool = [one for one in key.policies if version == VARIABLES or "${*}" not in one]
        values = self.random.sample(pool, self.random.randint(1, min(3, len(pool))))
        return operator, name, values[0] if len(values) == 1 and self.chance(0.5) else values


def all_names(caller: Caller) -> list[str]:
    """All that NotPrincipal must list to spare a caller: account, role and session."""
    names = [f"arn:aws:iam::{caller.account}:root", caller.arn, caller.entity]
    return [name for name in dict.fromkeys(names) if name]
