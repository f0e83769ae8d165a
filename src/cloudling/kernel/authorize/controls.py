"""What an account's organization says of it: the control policies above it, and where it stands.

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from cloudling.kernel.authorize.evaluation import NamedPolicy

    Levels = tuple[tuple[NamedPolicy, ...], ...]


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


NO_CONTROLS = Controls()
