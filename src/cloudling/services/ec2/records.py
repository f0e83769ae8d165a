"""What EC2 keeps: the nouns of a network, and the rules of its security groups."""

from __future__ import annotations

from cloudling.kernel import Record


class Beginning(Record, frozen=True, kw_only=True):
    """An account has been given its default network in a region; it is given one only once."""

    name: str
    at: float


class Vpc(Record, frozen=True, kw_only=True):
    """A virtual private cloud. `association` is the id that binds its block to it."""

    id: str
    cidr: str
    association: str
    dhcp_options: str
    is_default: bool = False
    tenancy: str = "default"
    dns_support: bool = True
    dns_hostnames: bool = False
    usage_metrics: bool = False


class Subnet(Record, frozen=True, kw_only=True):
    """A range of a VPC's addresses in one zone."""

    id: str
    vpc: str
    cidr: str
    zone: str
    zone_id: str
    default_for_zone: bool = False
    public: bool = False


class Route(Record, frozen=True, kw_only=True):
    """Where a range of addresses is reached; `origin` says who wrote it."""

    cidr: str
    gateway: str
    origin: str = "CreateRoute"


class RouteTableUse(Record, frozen=True, kw_only=True):
    """Who uses a route table: a subnet, or the whole VPC as its main table."""

    id: str
    main: bool = False
    subnet: str = ""


class RouteTable(Record, frozen=True, kw_only=True):
    """How packets leave the subnets of a VPC."""

    id: str
    vpc: str
    routes: list[Route]
    uses: list[RouteTableUse]


class InternetGateway(Record, frozen=True, kw_only=True):
    """The door between a VPC and the internet; "" while it is attached to none."""

    id: str
    vpc: str = ""


class NetworkAclEntry(Record, frozen=True, kw_only=True):
    """One numbered rule of a network ACL."""

    number: int
    cidr: str
    allow: bool
    egress: bool
    protocol: str = "-1"


class NetworkAcl(Record, frozen=True, kw_only=True):
    """What may pass a subnet's border. `subnets` maps each to its association's id."""

    id: str
    vpc: str
    entries: list[NetworkAclEntry]
    subnets: dict[str, str]
    is_default: bool = False


class DhcpOptions(Record, frozen=True, kw_only=True):
    """What instances are told when they ask for an address."""

    id: str
    options: dict[str, list[str]]


class SecurityGroup(Record, frozen=True, kw_only=True):
    """A named set of rules; the rules are records of their own.

    `folded` is the name in small letters, by which it is unique in its VPC.
    """

    id: str
    vpc: str
    name: str
    folded: str
    description: str


class SecurityGroupRule(Record, frozen=True, kw_only=True):
    """One rule: a protocol, its ports, and one peer.

    `peer` is an IPv4 or IPv6 range, a prefix list's id or a security group's, as `peer_kind`
    says: cidr, cidr6, prefix-list or group. `from_port` and `to_port` are type and code of ICMP,
    and -1 where all are meant.
    """

    id: str
    group_id: str
    number: int
    egress: bool
    protocol: str
    from_port: int
    to_port: int
    peer_kind: str
    peer: str
    description: str | None = None


class KeyPair(Record, frozen=True, kw_only=True):
    """A public key: its `line` for `authorized_keys`, and the `material` that is described."""

    id: str
    name: str
    kind: str
    fingerprint: str
    line: str
    material: str
    created: float
