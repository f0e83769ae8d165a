"""Access advisor: which services somebody could use, who used them last, and what opens them.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from cloudling.kernel import arns, operation
from cloudling.models import actions
from cloudling.services.iam import entities, owners, policies, simulation_inputs
from cloudling.services.iam.errors import NoSuchEntity
from cloudling.services.iam.holdings import Holdings
from cloudling.services.iam.reach import Reach
from cloudling.services.iam.records import AccessReport, Visit, Visitor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cloudling.services.iam.call import IamCall
    from cloudling.services.iam.holdings import Held

Request = dict[str, Any]
_DAY = 86_400
_TRACKED = 400 * _DAY
# AWS says nothing of how long a report stays; a week bounds what is kept.
_KEPT = 7 * _DAY


@operation("GenerateServiceLastAccessedDetails", transaction=False)
async def generate_service_last_accessed_details(call: IamCall, request: Request) -> Request:
    arn = request["Arn"]
    texts, visited = await _subject(call, arn)
    # Of all services it reads every action: not for the loop to wait for.
    services = await asyncio.to_thread(Reach(texts).services)
    now = call.clock.now()
    report = AccessReport(
        id=call.cloud.ids.request_id(),
        caller=call.identity.arn,
        arn=arn,
        level=request.get("Granularity", "SERVICE_LEVEL"),
        created=now,
        services=tuple(services),
        visitors=tuple(visited),
        visits=tuple(_visits(call, visited, set(services), now - _TRACKED)),
    )
    async with call.unit(final=True):
        for old in await call.access_reports.page(limit=None):
            if old.created < now - _KEPT:
                await call.access_reports.delete(old.id)
        await call.access_reports.put(report)
    return {"JobId": report.id}


@operation("GetServiceLastAccessedDetails")
async def get_service_last_accessed_details(call: IamCall, request: Request) -> Request:
    report = await _require(call, request["JobId"])
    shown, more = entities.page(call, request, report.services)
    return {
        **_head(report),
        "JobType": report.level,
        "ServicesLastAccessed": [_service(report, name) for name in shown],
        **more,
    }


@operation("GetServiceLastAccessedDetailsWithEntities")
async def get_service_last_accessed_details_with_entities(
    call: IamCall, request: Request
) -> Request:
    """Whoever came last stands first; those who never came, at the end."""
    report = await _require(call, request["JobId"])
    last: dict[int, float] = {}
    for visit in report.visits:
        if visit.service == request["ServiceNamespace"]:
            last[visit.visitor] = max(visit.last, last.get(visit.visitor, 0.0))
    order = sorted(range(len(report.visitors)), key=lambda place: -last.get(place, 0.0))
    shown, more = entities.page(call, request, order)
    told = [_entity(report.visitors[place], last.get(place)) for place in shown]
    return {**_head(report), "EntityDetailsList": told, **more}


@operation("ListPoliciesGrantingServiceAccess")
async def list_policies_granting_service_access(call: IamCall, request: Request) -> Request:
    kind, entity = await _entity_at(call, request["Arn"])
    held = await Holdings(call.cloud, call.account).all_of(kind, entity.key)
    shown, more = entities.page(call, request, request["ServiceNamespaces"])
    granting = [(each, Reach([each.document])) for each in held]
    told = [
        {
            "ServiceNamespace": name,
            "Policies": [
                await _policy(call, each) for each, reach in granting if reach.opens(name)
            ],
        }
        for name in shown
    ]
    return {"PoliciesGrantingServiceAccess": told, **more}


async def _subject(call: IamCall, arn: str) -> tuple[list[str], list[Visitor]]:
    """The documents that count for an ARN, and the users and roles who could use them."""
    if ":policy/" in arn:
        policy = await policies.require(call, arn)
        held = await Holdings(call.cloud, call.account).managed(policy.arn)
        attached = [each.owner for each in await call.attachments.find(policy=policy.arn)]
        return [held.document] if held else [], await _visitors(call, attached)
    kind, entity = await _entity_at(call, arn)
    texts = [
        each.document for each in await Holdings(call.cloud, call.account).all_of(kind, entity.key)
    ]
    return texts, await _visitors(call, [f"{kind}/{entity.key}"])


async def _entity_at(call: IamCall, arn: str) -> tuple[owners.Kind, owners.Entity]:
    if simulation_inputs.entity(arn)[0] != call.account:
        raise NoSuchEntity(f"{arn} does not exist.")
    return await owners.at(call, arn)


async def _visitors(call: IamCall, named: Iterable[str]) -> list[Visitor]:
    """Users and roles, and a group's members, each once and in order."""
    found = set()
    for owner in named:
        kind, _, key = owner.partition("/")
        if kind == "group":
            members = await call.memberships.find(group_key=key)
            found |= {f"user/{each.member}" for each in members}
        else:
            found.add(owner)
    visitors = []
    for owner in sorted(found):
        kind, one = await owners.of(call, owner)
        arn = arns.iam(call.account, kind, one.path, one.name, call.partition)
        visitors.append(Visitor(kind, one.name, one.path, one.id, arn))
    return visitors


def _visits(
    call: IamCall, visitors: list[Visitor], services: set[str], since: float
) -> Iterable[Visit]:
    for place, visitor in enumerate(visitors):
        for service, action, last in call.cloud.activity.of(visitor.arn):
            if service in services and last >= since:
                yield Visit(place, service, action, last)


async def _require(call: IamCall, name: str) -> AccessReport:
    """The report, for whoever asked for it."""
    found = await call.access_reports.get(name)
    if found is None or found.caller != call.identity.arn:
        raise NoSuchEntity(f"Job with id {name} does not exist.")
    return found


def _head(report: AccessReport) -> Request:
    return {
        "JobStatus": "COMPLETED",
        "JobCreationDate": report.created,
        "JobCompletionDate": report.created,
    }


def _service(report: AccessReport, name: str) -> Request:
    visits = [visit for visit in report.visits if visit.service == name]
    told: Request = {
        "ServiceName": actions.load(name).title,
        "ServiceNamespace": name,
        "TotalAuthenticatedEntities": len({visit.visitor for visit in visits}),
    }
    if visits:
        last = max(visits, key=lambda visit: visit.last)
        told["LastAuthenticated"] = last.last
        told["LastAuthenticatedEntity"] = report.visitors[last.visitor].arn
    tracked = _tracked(visits) if report.level == "ACTION_LEVEL" else {}
    if tracked:
        told["TrackedActionsLastAccessed"] = [
            {
                "ActionName": action,
                "LastAccessedEntity": report.visitors[visit.visitor].arn,
                "LastAccessedTime": visit.last,
            }
            for action, visit in sorted(tracked.items())
        ]
    return told


def _tracked(visits: list[Visit]) -> dict[str, Visit]:
    """The last visit of each action that AWS tracks: not PassRole, and none on S3's objects."""
    found: dict[str, Visit] = {}
    for visit in visits:
        known = actions.load(visit.service).find(visit.action)
        if known is None or known.name == "PassRole":
            continue
        on_objects = visit.service == "s3" and "object" in known.resources
        if not on_objects and (known.name not in found or found[known.name].last < visit.last):
            found[known.name] = visit
    return found


def _entity(visitor: Visitor, last: float | None) -> Request:
    told: Request = {
        "EntityInfo": {
            "Arn": visitor.arn,
            "Name": visitor.name,
            "Type": visitor.kind.upper(),
            "Id": visitor.id,
            "Path": visitor.path,
        }
    }
    return told if last is None else {**told, "LastAuthenticated": last}


async def _policy(call: IamCall, held: Held) -> Request:
    if held.arn:
        return {"PolicyName": held.name, "PolicyType": "MANAGED", "PolicyArn": held.arn}
    kind, entity = await owners.of(call, held.owner)
    return {
        "PolicyName": held.name,
        "PolicyType": "INLINE",
        "EntityType": kind.upper(),
        "EntityName": entity.name,
    }
