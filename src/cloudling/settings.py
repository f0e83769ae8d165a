"""Every setting: its name, type, default and meaning, and where its value comes from.

A setting is a flag of `cloudling start`, a `CLOUDLING_*` variable and a key of the configuration
file; the first of these that speaks wins, else the default holds.
"""

from __future__ import annotations

import os
import sys
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

PREFIX = "CLOUDLING_"
# What tools that point at LocalStack set already; both name the host that clients use.
HOST_VARIABLES = ("LOCALSTACK_HOST", "HOSTNAME_EXTERNAL")
LEVELS = ("debug", "info", "warning", "error")


IAM_MODES = ("enforce", "observe", "off")


class UserError(Exception):
    """Why Cloudling cannot start, in words for its user: what happened, why, what to do."""


class SettingError(UserError):
    """A setting's value makes no sense; the text names the source it came from."""


class Kind(NamedTuple):
    """How a setting is read from text; `words` says what is accepted, for the docs and errors."""

    words: str
    read: Callable[[str], Any]
    repeats: bool = False
    choices: tuple[str, ...] = ()
    # True for what a bare flag turns on (`--memory`).
    bare: bool = False


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError
    return value.strip()


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        number = int(value)
        if not low <= number <= high:
            raise ValueError
        return number

    return read


def _address(value: str) -> str:
    import ipaddress  # noqa: PLC0415 - costs 5 ms, which `cloudling --help` need not wait for

    return str(ipaddress.ip_address(value.strip()))


def _address4(value: str) -> str:
    import ipaddress  # noqa: PLC0415 - as above

    return str(ipaddress.IPv4Address(value.strip()))


def _account(value: str) -> str:
    if len(value) != 12 or not (value.isascii() and value.isdigit()):
        raise ValueError
    return value


def _region(value: str) -> str:
    """A name of the form `eu-west-1`; whether AWS has it is known to the models."""
    parts = value.split("-")
    if len(parts) < 3 or not parts[-1].isdigit() or not all(part.isalnum() for part in parts):
        raise ValueError
    return value.lower()


def _origin(value: str) -> str:
    """An origin as browsers send it: scheme, host and port, no path."""
    scheme, separator, rest = value.rstrip("/").lower().partition("://")
    if not separator or scheme not in ("http", "https") or not rest or "/" in rest:
        raise ValueError
    return f"{scheme}://{rest}"


def _hostname(value: str) -> str:
    """A host name without its port, in lower case; `*.` in front stands for any label."""
    name = value.strip().lower().rstrip(".")
    head, colon, port = name.rpartition(":")
    if colon and port.isdigit():
        name = head
    bare = name.removeprefix("*.")
    if not bare or not all(c.isalnum() or c in "-._" for c in bare):
        raise ValueError
    return name


_TRUE = frozenset(("on", "true", "yes", "1"))
_FALSE = frozenset(("off", "false", "no", "0"))


def _switch(value: str) -> bool:
    word = value.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError


def _choice(*choices: str) -> Kind:
    def read(value: str) -> str:
        word = value.strip().lower()
        if word not in choices:
            raise ValueError
        return word

    return Kind(" or ".join(f"`{choice}`" for choice in choices), read, choices=choices)


TEXT = Kind("text", _text)
PORT = Kind("a number from 1 to 65535", _number(1, 65535))
SEED = Kind("a whole number", _number(0, 2**63 - 1))
FOLDER = Kind("a folder", lambda value: Path(_text(value)).expanduser().absolute())
SWITCH = Kind("`on` or `off`", _switch, choices=("on", "off"))
FLAG = Kind("`on` or `off`", _switch, bare=True)
ADDRESS = Kind("an IP address", _address)
ADDRESS4 = Kind("an IPv4 address", _address4)
SECONDS = Kind("a number of seconds from 1 to 3600", _number(1, 3600))
ACCOUNT = Kind("twelve digits", _account)
REGION = Kind("a region such as `eu-west-1`", _region)
HOSTNAME = Kind("a host name; `*.` in front stands for any label", _hostname, repeats=True)
ORIGIN = Kind("an origin such as `http://app.test:3000`", _origin, repeats=True)


def setting(default: Any, kind: Kind, meaning: str, shown: str = "") -> Any:
    """A field of `Settings`; `shown` replaces a default that differs between machines."""
    metadata = {"kind": kind, "meaning": meaning, "shown": shown}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


def data_folder() -> Path:
    """Where this user's clouds are kept unless a setting says otherwise."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cloudling"
    return _xdg("XDG_DATA_HOME", ".local/share") / "cloudling"


def log_folder() -> Path:
    """Where detached clouds write their logs: the store wants the data folder for itself."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Logs" / "cloudling"
    return _xdg("XDG_STATE_HOME", ".local/state") / "cloudling"


def cache_folder() -> Path:
    """Where what can be made again is kept, once for all clouds of this user."""
    return _xdg("XDG_CACHE_HOME", ".cache") / "cloudling"


def config_file() -> Path:
    """The configuration file that is read when it is there."""
    return _xdg("XDG_CONFIG_HOME", ".config") / "cloudling" / "cloudling.toml"


def _xdg(variable: str, fallback: str) -> Path:
    # The XDG specification says that a relative path is to be ignored.
    named = os.environ.get(variable, "")
    return Path(named) if named.startswith("/") else Path.home() / fallback


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One cloud's settings, checked and of the right types."""

    host: str = setting(
        "127.0.0.1",
        TEXT,
        "The address to listen on; on 127.0.0.1, also ::1 where the machine has it.",
    )
    port: int = setting(4566, PORT, "The port that answers for every service.")
    data: Path = setting(  # noqa: RUF009 - `setting` makes a dataclass field
        data_folder,
        FOLDER,
        "Where the cloud is kept; one cloud at a time may use it.",
        "the user's data folder (`~/.local/share/cloudling`)",
    )
    memory: bool = setting(False, FLAG, "Keep nothing: the cloud ends with its process.")
    iam: str = setting(
        "enforce",
        _choice(*IAM_MODES),
        "Whether policies decide: `observe` lets all pass and logs what would be denied.",
    )
    development_keys: str = setting(
        "auto",
        _choice("auto", "on", "off"),
        "The well-known keys `test`/`test`; `auto` has them only on a loopback address.",
    )
    account: str = setting("000000000000", ACCOUNT, "The account of the root that starts it.")
    region: str = setting("us-east-1", REGION, "The region of a call that names none.")
    hostname: tuple[str, ...] = setting(
        (), HOSTNAME, "A further host name that clients may use for this cloud."
    )
    allow_origin: tuple[str, ...] = setting(
        (), ORIGIN, "A web origin whose pages may use this cloud as programs do."
    )
    source_ip: str = setting(
        "",
        ADDRESS,
        "The address that policies see as every caller's (`aws:SourceIp`).",
        "the caller's own",
    )
    loopback_counts_as_tls: bool = setting(
        False,
        FLAG,
        "Plain connections of this machine count as encrypted, for `aws:SecureTransport` and "
        "whatever else AWS asks TLS for.",
    )
    durability: str = setting(
        "fast",
        _choice("fast", "strict"),
        "`fast` survives the end of the process, `strict` the end of the machine's power.",
    )
    object_encryption: bool = setting(
        True, SWITCH, "Whether the bytes of objects are encrypted on the disk."
    )
    driver: str = setting(
        "auto",
        _choice("auto", "namespace", "none"),
        "What runs instances: `namespace` refuses to start where this machine cannot, `auto` says "
        "so when one is launched, `none` launches none.",
    )
    internet: str = setting(
        "refuse",
        _choice("refuse", "allow"),
        "Whether instances reach the internet, by way of their gateways and through this machine.",
    )
    instance_endpoint: str = setting(
        "variable",
        _choice("variable", "transparent"),
        "How programs in instances find the cloud: by `AWS_ENDPOINT_URL` as well, or only by "
        "AWS's own names, which lead here either way.",
    )
    host_address: str = setting(
        "198.18.0.1",
        ADDRESS4,
        "The address as which instances, and the rules of security groups, see this machine.",
    )
    orphan_grace: int = setting(
        10, SECONDS, "How long instances run on when the cloud's own process has died."
    )
    cache: Path = setting(  # noqa: RUF009 - `setting` makes a dataclass field
        cache_folder,
        FOLDER,
        "Where the systems that stand behind images are built, once for all clouds of a user.",
        "the user's cache (`~/.cache/cloudling`)",
    )
    log_level: str = setting("info", _choice(*LEVELS), "How much the log says.")
    access_log: bool = setting(
        True, SWITCH, "Whether calls are remembered, a line each, for `cloudling logs --access`."
    )
    seed: int | None = setting(
        None, SEED, "Makes ids repeat from run to run, for tests; never keys or tokens.", "none"
    )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the cloud."""
        import ipaddress  # noqa: PLC0415 - costs 5 ms, which `cloudling --help` need not wait for

        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def has_development_keys(self) -> bool:
        """Whether the well-known keys are accepted."""
        if self.development_keys == "auto":
            return self.loopback
        return self.development_keys == "on"


class Setting(NamedTuple):
    """One setting as its three sources and the docs name it."""

    field: str
    kind: Kind
    default: Any
    meaning: str
    shown: str

    @property
    def name(self) -> str:
        return self.field.replace("_", "-")

    @property
    def flag(self) -> str:
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        return PREFIX + self.field.upper()

    def read(self, value: object, source: str) -> Any:
        """The value that one source gives, in its type."""
        if self.kind.repeats:
            words = value if isinstance(value, list | tuple) else str(value).split(",")
            return tuple(self._read_one(word, source) for word in words if str(word).strip())
        return self._read_one(value, source)

    def _read_one(self, value: object, source: str) -> Any:
        if isinstance(value, bool):
            value = "on" if value else "off"
        try:
            if not isinstance(value, str | int):
                raise ValueError
            return self.kind.read(str(value))
        except ValueError:
            raise SettingError(
                f"{source} says {value!r}, which is not {self.kind.words.replace('`', '')}. "
                f"Correct it, or leave it out."
            ) from None


def _as_setting(entry: Field[Any]) -> Setting:
    shown: str = entry.metadata["shown"]
    default = None if shown else entry.default
    return Setting(entry.name, entry.metadata["kind"], default, entry.metadata["meaning"], shown)


SETTINGS: tuple[Setting, ...] = tuple(_as_setting(entry) for entry in fields(Settings))


def load(
    flags: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
    config: Path | None = None,
) -> Settings:
    """The settings that flags (by field name), variables and the configuration file add up to.

    `config` must exist when named; otherwise `CLOUDLING_CONFIG` or the user's own file, where
    there is one, is read.
    """
    environment = os.environ if environment is None else environment
    by_flag = {one.field: one.read(value, one.flag) for one, value in _given(flags or {})}
    by_variable = {
        one.field: one.read(environment[one.variable], one.variable)
        for one in SETTINGS
        if environment.get(one.variable, "")
    }
    values: dict[str, Any] = {}
    for layer in (_read_file(config, environment), by_variable, by_flag):
        _settle_place(values, layer)
        values.update(layer)
    values["hostname"] = (*values.get("hostname", ()), *_external_names(environment))
    return Settings(**values)


def _given(flags: Mapping[str, object]) -> Iterable[tuple[Setting, object]]:
    return ((one, flags[one.field]) for one in SETTINGS if flags.get(one.field) is not None)


def _settle_place(below: dict[str, Any], layer: Mapping[str, Any]) -> None:
    """`memory` and `data` exclude each other: a source overrides both of the sources below it."""
    if layer.get("memory") and "data" in layer:
        raise SettingError(
            "Both memory and data are set, and a cloud in memory keeps nothing in a folder. "
            "Leave one of them out."
        )
    if "data" in layer:
        below.pop("memory", None)


def _external_names(environment: Mapping[str, str]) -> tuple[str, ...]:
    hostname = next(one for one in SETTINGS if one.field == "hostname")
    names: list[str] = []
    for variable in HOST_VARIABLES:
        names.extend(hostname.read(environment.get(variable, ""), variable))
    return tuple(names)


def _read_file(named: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415 - costs 8 ms, and most commands read no file

    variable = environment.get(f"{PREFIX}CONFIG", "")
    path = named or (Path(variable).expanduser() if variable else config_file())
    try:
        with path.open("rb") as file:
            table = tomllib.load(file)
    except FileNotFoundError:
        if named or variable:
            raise SettingError(
                f"The configuration file {path} does not exist. Correct its name in "
                f"{'--config' if named else 'CLOUDLING_CONFIG'}."
            ) from None
        return {}
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise SettingError(
            f"The configuration file {path} cannot be read: {error}. Correct it and start again."
        ) from None
    return _from_table(table, path)


def _from_table(table: Mapping[str, object], path: Path) -> dict[str, Any]:
    known = {one.name: one for one in SETTINGS}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in known:
            raise SettingError(
                f"There is no setting {key!r}, which {path} names. {_nearest(key, known)}"
            )
        values[known[key].field] = known[key].read(value, f"{key} in {path}")
    return values


def _nearest(key: str, names: Iterable[str]) -> str:
    import difflib  # noqa: PLC0415 - only for an error

    close = difflib.get_close_matches(key.replace("_", "-").lower(), list(names), 1, 0.5)
    return f"Did you mean {close[0]!r}?" if close else "docs/settings.md lists them all."
