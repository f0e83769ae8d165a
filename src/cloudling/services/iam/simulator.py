"""The policy simulator: what policies would say, told as AWS tells it.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cloudling.kernel import operation
from cloudling.kernel.authorize import Controls
from cloudling.kernel.authorize.keys import context_keys
from cloudling.kernel.authorize.positions import spans
from cloudling.kernel.identities import Identity
from cloudling.models import actions
from cloudling.services.iam import entities, exclusions, owners, simulation_inputs
from cloudling.services.iam.errors import InvalidInput
from cloudling.services.iam.holdings import Holdings
from cloudling.services.iam.simulations import Match, Outcome, Simulation, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.holdings import Held
    from cloudling.services.iam.records import Group, Role, User

Request = dict[str, Any]
_SEVERITY = ("allowed", "implicitDeny", "explicitDeny")
_VARIABLE = re.compile(r"\$\{\w+\}")


@operation("SimulateCustomPolicy")
async def simulate_custom_policy(call: IamCall, request: Request) -> Request:
    arn = request.get("CallerArn", "")
    if "ResourcePolicy" in request and not arn:
        raise InvalidInput("Invalid caller - Caller must be an IAM user, group or role here.")
    return await _run(
        call,
        request,
        caller_arn=arn,
        policies=simulation_inputs.sources(request, "PolicyInputList"),
        boundary=simulation_inputs.boundary(request),
        controls=_controls(request),
    )


@operation("SimulatePrincipalPolicy")
async def simulate_principal_policy(call: IamCall, request: Request) -> Request:
    arn: str = request["PolicySourceArn"]
    kind, entity = await _entity(call, arn)
    excluded = exclusions.read(request.get("PolicyExclusionList", ()))
    held = await Holdings(call.cloud, call.account).all_of(kind, entity.key)
    attached = [each for each in held if not excluded.covers(each)]
    boundary = simulation_inputs.boundary(request)
    if boundary is None and not excluded.boundary:
        boundary = await _boundary_of(call, entity)
    more = simulation_inputs.sources(request, "PolicyInputList")
    return await _run(
        call,
        request,
        caller_arn=request.get("CallerArn") or arn,
        policies=[await _source(call, each) for each in attached] + more,
        boundary=boundary,
        controls=None if excluded.controls else _controls_of(call),
    )


@operation("GetContextKeysForCustomPolicy")
async def get_context_keys_for_custom_policy(call: IamCall, request: Request) -> Request:
    given = simulation_inputs.sources(request, "PolicyInputList")
    return {"ContextKeyNames": context_keys(source.text for source in given)}


@operation("GetContextKeysForPrincipalPolicy")
async def get_context_keys_for_principal_policy(call: IamCall, request: Request) -> Request:
    kind, entity = await _entity(call, request["PolicySourceArn"])
    held = await Holdings(call.cloud, call.account).all_of(kind, entity.key)
    texts = [each.document for each in held]
    more = simulation_inputs.sources(request, "PolicyInputList")
    return {"ContextKeyNames": context_keys([*texts, *(source.text for source in more)])}


async def _entity(call: IamCall, arn: str) -> tuple[str, User | Group | Role]:
    """The user, group or role whose policies are meant."""
    account = simulation_inputs.entity(arn)[0]
    if account != call.account:
        raise InvalidInput(
            f"Invalid Policy Source Arn: caller's account {call.account} does not have access to "
            f"policies in account {account}"
        )
    return await owners.at(call, arn)


async def _source(call: IamCall, held: Held) -> Source:
    """A policy under the name that AWS's results give it."""
    if held.arn:
        return Source.read(held.name, held.document)
    kind, entity = await owners.of(call, held.owner)
    return Source.read(f"{kind}_{entity.name}_{held.name}", held.document)


async def _boundary_of(call: IamCall, entity: User | Group | Role) -> Source | None:
    arn = getattr(entity, "boundary", "")
    held = await Holdings(call.cloud, call.account).managed(arn) if arn else None
    return Source.read(held.name, held.document) if held else None


def _controls(request: Request) -> Controls | None:
    """An organization's control policies as a request gives them, from its root down."""
    given = request.get("OrderedOrganizationPolicyInputList")
    if not given:
        return None
    levels = []
    for number, level in enumerate(given, start=1):
        found = simulation_inputs.sources(level, "ServiceControlPolicyInputList", "scp")
        if not found:
            raise InvalidInput(
                f"Organization policy at index {number} must contain at least one service control "
                "policy"
            )
        levels.append(tuple(source.named for source in found))
    return Controls(organization="o-simulated", service=tuple(levels))


def _controls_of(call: IamCall) -> Controls | None:
    controls = call.cloud.organizations.controls(call.account)
    return controls if controls.organization else None


async def _run(  # noqa: PLR0913 - what the two operations get in their own ways; all by name
    call: IamCall,
    request: Request,
    *,
    caller_arn: str,
    policies: Sequence[Source],
    boundary: Source | None,
    controls: Controls | None,
) -> Request:
    simulation_inputs.check_actions(request)
    resources = simulation_inputs.resources(request)
    nobody = Identity(kind="user", account=call.account, arn="", principal_arn="", unique_id="")
    caller = await simulation_inputs.caller(call, caller_arn) if caller_arn else nobody
    simulation = Simulation(
        caller=caller,
        is_named=bool(caller_arn),
        tags=await call.tags.of(caller_arn) if caller_arn else {},
        now=call.clock.now(),
        policies=policies,
        boundary=boundary,
        resource_policy=simulation_inputs.resource_policy(request),
        owner=simulation_inputs.owner(request, caller.account),
        entries=simulation_inputs.entries(request),
        controls=controls,
    )
    asked, more = entities.page(call, request, request["ActionNames"])
    missing = simulation.missing()
    results = [_result(simulation, name, resources, missing) for name in asked]
    return {"EvaluationResults": results, **more}


def _result(
    simulation: Simulation, action: str, resources: list[str], missing: list[str]
) -> Request:
    """One action's result: the worst of all resources, then each of them."""
    outcomes = [simulation.weigh(action, name) for name in resources or ["*"]]
    worst = max((one.verdict for one in outcomes), key=_SEVERITY.index)
    told: Request = {
        "EvalActionName": action,
        "EvalResourceName": _template(action, resources),
        "EvalDecision": worst,
        "MatchedStatements": _matched(
            match for one in outcomes if one.verdict == worst for match in one.matches
        ),
        "MissingContextValues": missing,
        **_limits(outcomes),
    }
    if resources:
        told |= _details(outcomes)
        told["ResourceSpecificResults"] = [
            {
                "EvalResourceName": name,
                "EvalResourceDecision": one.verdict,
                "MatchedStatements": _matched(one.matches),
                "MissingContextValues": missing,
                **{key: value for key, value in _limits([one]).items() if key != _ORGANIZATIONS},
                **_details([one]),
            }
            for name, one in zip(resources, outcomes, strict=True)
        ]
    return told


_ORGANIZATIONS = "OrganizationsDecisionDetail"


def _limits(outcomes: list[Outcome]) -> Request:
    """Whether organization and boundary let it pass, where there are such."""
    told: Request = {}
    if outcomes[0].by_organization is not None:
        passes = all(one.by_organization for one in outcomes)
        told[_ORGANIZATIONS] = {"AllowedByOrganizations": passes}
    if outcomes[0].by_boundary is not None:
        passes = all(one.by_boundary for one in outcomes)
        told["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": passes}
    return told


def _details(outcomes: list[Outcome]) -> Request:
    """Each kind of policy's worst verdict; empty in one account, none where the end came before."""
    if any(one.by_organization is False for one in outcomes):
        return {}
    found: dict[str, str] = {}
    for one in outcomes:
        for kind, verdict in (one.details or {}).items():
            found[kind] = max(verdict, found.get(kind, "allowed"), key=_SEVERITY.index)
    return {"EvalDecisionDetails": found}


def _matched(matches: Iterable[Match]) -> list[Request]:
    """Each statement once, with its place in its policy's text."""
    return [_place(match) for match in dict.fromkeys(matches)]


def _place(match: Match) -> Request:
    start, end = spans(match.source.text)[match.position]
    return {
        "SourcePolicyId": match.source.id,
        "SourcePolicyType": match.source.type,
        "StartPosition": {"Line": start.line, "Column": start.column},
        "EndPosition": {"Line": end.line, "Column": end.column},
    }


def _template(action: str, resources: list[str]) -> str:
    """The form of ARN that the first resource has; "*" where the action has none such."""
    known = actions.find(action)
    if known is None or not resources:
        return "*"
    forms = actions.load(action.partition(":")[0].lower()).resources
    for kind in known.resources:
        pieces = (re.escape(piece) for piece in _VARIABLE.split(forms[kind]))
        if re.fullmatch(".*".join(pieces), resources[0]):
            return forms[kind]
    return "*"
