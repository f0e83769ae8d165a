"""The systems that images promise by their names, and what each adds to the root below it."""

from __future__ import annotations

from typing import NamedTuple


class Family(NamedTuple):
    """What AWS's image of that name is, and whom one logs in as there."""

    label: str
    user: str
    comment: str


FAMILIES = {
    "amazon-linux-2": Family("Amazon Linux 2", "ec2-user", "EC2 Default User"),
    "amazon-linux-2023": Family("Amazon Linux 2023", "ec2-user", "EC2 Default User"),
    "ubuntu-22.04": Family("Ubuntu 22.04 LTS", "ubuntu", "Ubuntu"),
    "ubuntu-24.04": Family("Ubuntu 24.04 LTS", "ubuntu", "Ubuntu"),
    "debian-12": Family("Debian 12", "admin", "Debian"),
}
EVERYBODY = "ec2-user"
USER_ID = 1000
# What `sudo` and user data keep, so that programs find the cloud and trust it.
KEPT = (
    "AWS_ENDPOINT_URL",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "SSL_CERT_FILE",
    "PIP_NO_INDEX",
)


def users_of(family: Family) -> tuple[str, ...]:
    """The names of user 1000: the family's own first, and the one that every root knows."""
    return (family.user,) if family.user == EVERYBODY else (family.user, EVERYBODY)


def motd(family: Family, title: str) -> str:
    """What a login reads: the truth about the system."""
    return f"\nThis is {title}, which Cloudling puts behind images of {family.label}.\n\n"
