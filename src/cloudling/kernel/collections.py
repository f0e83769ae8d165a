"""Collections as a service declares them on its call handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from cloudling.store.collections import Collection, CollectionSpec
from cloudling.store.records import Record

if TYPE_CHECKING:
    from cloudling.kernel.call import Call

R = TypeVar("R", bound=Record)
Scope = Literal["region", "account", "world"]


class Declared(Generic[R]):
    """`call.<name>`: the collection, bound to the call's own account and region."""

    def __init__(self, spec: CollectionSpec[R]) -> None:
        self.spec = spec
        self.attribute = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name

    @overload
    def __get__(self, call: None, owner: type) -> Declared[R]: ...
    @overload
    def __get__(self, call: Call, owner: type) -> Collection[R]: ...
    def __get__(self, call: Call | None, owner: type) -> Declared[R] | Collection[R]:
        if call is None:
            return self
        worldwide = call.cloud.worldwide
        bound: Collection[R] | None = worldwide.get(self)
        if bound is None:
            bound = call.cloud.store.table(self.spec).bind(call.account, call.region)
            if self.spec.scope == "world":
                worldwide[self] = bound
        # Kept on the handle, so that the next use costs a dictionary look-up.
        setattr(call, self.attribute, bound)
        return bound


def collection(
    record: type[R],
    *,
    name: str,
    key: tuple[str, ...],
    scope: Scope = "region",
    indexes: tuple[str, ...] = (),
    **options: Any,
) -> Declared[R]:
    """Declare that a service keeps such records.

    `name` is the table's, unique in the whole cloud (`s3_buckets`); `key` and `indexes` name
    fields of the record.
    """
    spec = CollectionSpec(
        name=name, record=record, key=key, scope=scope, indexes=indexes, **options
    )
    return Declared(spec)
