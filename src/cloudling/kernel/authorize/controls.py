"""Control policies of organizations: what binds a caller or a resource from above.

Service control policies (SCPs) bind the users, roles and root of member accounts; resource control
policies (RCPs) bind whoever asks for something in one. Neither binds the management account.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_authorization_policies.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from cloudling.kernel.authorize.holdings import candidates

if TYPE_CHECKING:
    from cloudling.kernel.authorize.context import Question
    from cloudling.kernel.authorize.decisions import NamedPolicy
    from cloudling.kernel.authorize.holdings import Candidate

    Levels = tuple[tuple[NamedPolicy, ...], ...]
    Speaking = tuple[tuple[Candidate, ...], ...]

# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
_LISTED = """
    aoss appconfig appstream autoscaling autoscaling-plans budgets clouddirectory cloudfront
    cloudsearch cloudtrail-data codeartifact codebuild codecommit codepipeline cognito-identity
    cognito-idp comprehend comprehendmedical compute-optimizer cost-optimization-hub dax dsql
    dynamodb ecr ecr-public events firehose fis fms gamelift health inspector-scan kendra
    kinesisvideo kms logs memorydb networkmonitor notifications opensearch pca-connector-ad
    personalize polly pricing resource-groups rolesanywhere s3 secretsmanager servicediscovery
    signin sqs sts support swf textract timestream-influxdb transcribe transfer translate wafv2
    workspaces xray
"""
RESOURCE_CONTROLLED = frozenset(_LISTED.split())
_NEVER_CONTROLLED = frozenset({"kms:RetireGrant"})
_SERVICE_LINKED = ":role/aws-service-role/"
_REMEMBERED_ACTIONS = 512
_OUTSIDE = ("anonymous", "service")


class Controls(msgspec.Struct, frozen=True):
    """The account's organization and the control policies that bind it.

    `organization` is the organization's id and `path` what `aws:PrincipalOrgPaths` tells, its last
    slash included; both are "" outside any organization. `service` and `resource` have a level
    each for the root, the units from the top down and the account itself; they are empty where
    that policy type is off or the account is not bound by it, as the `management` account.
    """

    organization: str = ""
    path: str = ""
    management: bool = False
    service: Levels = ()
    resource: Levels = ()
    remembered: dict[tuple[bool, str, bool], Speaking] = {}

    def speaking(self, levels: Levels, action: str, *, allows: bool) -> Speaking:
        """The statements of one effect that speak of an action, for each of the levels."""
        of_service = levels is self.service
        found = self.remembered.get((of_service, action, allows))
        if found is None:
            if len(self.remembered) >= _REMEMBERED_ACTIONS:
                self.remembered.clear()
            spoken = tuple(candidates(level, action, allows=allows) for level in levels)
            found = self.remembered[of_service, action, allows] = spoken
        return found


NO_CONTROLS = Controls()


def binding_caller(question: Question) -> Levels:
    """The SCPs that bind the caller.

    Service-linked roles are bound by none, and neither is who is no principal of an account:
    services, the anonymous, and whom an identity provider vouches for.
    """
    controls, identity = question.organization, question.identity
    free = (
        controls.management
        or identity.kind in _OUTSIDE
        or bool(question.provider)
        or _SERVICE_LINKED in identity.principal_arn
    )
    return () if free else controls.service


def binding_resource(question: Question) -> Levels:
    """The RCPs that bind the resource, whoever asks for it but service-linked roles.

    They hold for the services that AWS lists, and not for who may take on a service-linked role.
    """
    controls, action = question.owner, question.action
    free = (
        controls.management
        or action.partition(":")[0].lower() not in RESOURCE_CONTROLLED
        or action in _NEVER_CONTROLLED
        or _SERVICE_LINKED in question.identity.principal_arn
        or (action.startswith("sts:") and _SERVICE_LINKED in question.resource)
    )
    return () if free else controls.resource
