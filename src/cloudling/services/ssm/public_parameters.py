"""The public parameters of the caller's region, as EC2's images have them at this moment."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cloudling.services.ssm import names, publishers
from cloudling.services.ssm.records import Parameter

if TYPE_CHECKING:
    from cloudling.services.ssm.call import SsmCall

_SERVICE = "ssm.amazonaws.com"


async def known(call: SsmCall) -> dict[str, Parameter]:
    """All of them by name, in order; EC2 is asked by the service, whatever the caller may see."""
    ec2 = call.aws.as_service(_SERVICE, call.account).ec2
    images = (await ec2.describe_images(Owners=["amazon"]))["Images"]
    found: dict[str, Parameter] = {}
    for image in sorted(images, key=_age):
        for name, data_type in publishers.parameters_of(image):
            found[name] = _parameter(call, name, data_type, image)
    return dict(sorted(found.items()))


def _age(image: dict[str, Any]) -> tuple[str, str]:
    """Builds of one day are told apart by the number in their names."""
    return image["CreationDate"], image["Name"]


def _parameter(call: SsmCall, name: str, data_type: str, image: dict[str, Any]) -> Parameter:
    published = datetime.fromisoformat(image["CreationDate"]).timestamp()
    arn = names.public_arn(call, name)
    return Parameter(name, image["ImageId"], data_type, arn, published)
