"""What EC2 keeps of instances, and of all that is made with one: interfaces, volumes, images."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from cloudling.kernel import Record


class MetadataOptions(Struct, frozen=True, kw_only=True):
    """How an instance is told of itself."""

    tokens: str = "optional"
    hops: int = 1
    endpoint: str = "enabled"
    ipv6: str = "disabled"
    tags: str = "disabled"


class Instance(Record, frozen=True, kw_only=True):
    """A virtual machine.

    `root` is the machines' name for what its disk lies over, `family` for what that is made of,
    `key_line` the public key as it was
    at the launch, `launched` the moment of the last start. `reason` is the code and words of the
    last change of state, `transition` the same for people. `ended` is when it was terminated,
    and `forced` says that it shall end without an orderly shutdown.
    `starts` counts how often it was to start, `booted` is the count that it runs with.
    """

    id: str
    reservation: str
    index: int
    image: str
    root: str
    family: str
    type: str
    architecture: str
    cores: int
    threads: int
    vpc: str
    subnet: str
    zone: str
    zone_id: str
    state: str
    launched: float
    created: float
    volume: str
    root_device: str
    account: str
    token: str = ""
    key_name: str = ""
    key_line: str = ""
    user_data: bytes | None = None
    tenancy: str = "default"
    affinity: str = ""
    monitoring: bool = False
    protected: bool = False
    unstoppable: bool = False
    shutdown: str = "stop"
    ebs_optimized: bool = False
    ena: bool = True
    boot_mode: str = ""
    hypervisor: str = "xen"
    credits: str = ""
    recovery: str = "default"
    metadata: MetadataOptions = MetadataOptions()
    reason: tuple[str, str] = ("", "")
    transition: str = ""
    ended: float = 0.0
    forced: bool = False
    starts: int = 1
    booted: int = 0


class Reservation(Record, frozen=True, kw_only=True):
    """One launch: the instances of it, and what was asked, for whoever asks again."""

    id: str
    instances: list[str]
    token: str = ""
    digest: str = ""


class NetworkInterface(Record, frozen=True, kw_only=True):
    """A card with an address in a subnet. `public` is its public address while it has one.

    `is_public` says that it gets one whenever its instance starts.
    """

    id: str
    vpc: str
    subnet: str
    zone: str
    zone_id: str
    mac: str
    address: str
    groups: list[str]
    description: str = ""
    source_check: bool = True
    is_public: bool = False
    public: str = ""
    instance: str = ""
    device: int = 0
    attachment: str = ""
    attached: float = 0.0
    deleted_with_instance: bool = True
    requester: str = ""


class PublicAddress(Record, frozen=True, kw_only=True):
    """A public address is one interface's at a time, in the whole cloud."""

    address: str
    account: str
    region: str
    interface: str


class Volume(Record, frozen=True, kw_only=True):
    """The disk below an instance; "" as `instance` once that is gone.

    `machine` is the machines' name for the disk.
    """

    id: str
    machine: str
    size: int
    kind: str
    snapshot: str
    zone: str
    zone_id: str
    created: float
    device: str
    instance: str
    attached: float
    deleted_with_instance: bool = True
    iops: int = 0
    throughput: int = 0
    state: str = "in-use"


class Snapshot(Record, frozen=True, kw_only=True):
    """A disk as it was; `root` is the machines' name for it."""

    id: str
    root: str
    volume: str
    size: int
    started: float
    state: str
    description: str
    progress: int = 0
    family: str = ""


class Image(Record, frozen=True, kw_only=True):
    """A machine image of the account's own, made of a snapshot.

    `instance` is what it is made from, and `reboots` whether that has to stop meanwhile.
    `permissions` say who may launch it: the member of LaunchPermission, and its value. `ended` is
    when it was given up.
    """

    id: str
    name: str
    state: str
    snapshot: str
    root: str
    size: int
    kind: str
    created: float
    architecture: str
    root_device: str
    account: str
    region: str
    description: str = ""
    instance: str = ""
    reboots: bool = False
    reason: tuple[str, str] = ("", "")
    permissions: tuple[tuple[str, str], ...] = ()
    ended: float = 0.0
    boot_mode: str = ""
    metadata: str = ""
    ena: bool = True
    deleted_with_instance: bool = True
    iops: int = 0
    throughput: int = 0
    source: tuple[str, str] = ("", "")
    family: str = ""


class ProfileAssociation(Record, frozen=True, kw_only=True):
    """An instance profile that an instance has."""

    id: str
    instance: str
    arn: str
    profile: str
    role: str
    at: float
    state: str = "associated"


class MetadataDefaults(Record, frozen=True, kw_only=True):
    """What an account wants of the metadata options of new instances in a region."""

    name: str = "metadata"
    tokens: str = ""
    hops: int | UnsetType = UNSET
    endpoint: str = ""
    tags: str = ""
