"""The store: records in SQLite, bytes beside them, and one transaction a turn of the loop."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cloudling.store import sqlite
from cloudling.store.blobs import SCHEMA, Blobs
from cloudling.store.cache import Cache
from cloudling.store.cipher import Vault
from cloudling.store.commits import Commits, Turn
from cloudling.store.files import BlobFiles
from cloudling.store.folders import DataFolder
from cloudling.store.records import Record
from cloudling.store.secrets import master_key
from cloudling.store.sync import NoSync, Syncer
from cloudling.store.tables import Table
from cloudling.store.units import Unit

if TYPE_CHECKING:
    from cloudling.store.collections import CollectionSpec

R = TypeVar("R", bound=Record)

CACHE = 8 * 1024 * 1024  # bytes of stored records whose decoded form is kept


class Store:
    """One cloud's state. All of it is for the loop's thread, unless said otherwise."""

    blobs: Blobs

    def __init__(self, connection: sqlite.Connection, sync: Syncer | NoSync, vault: Vault) -> None:
        self.commits = Commits(connection, sync)
        self._vault = vault
        self._sync = sync
        cache: Cache[Any] = Cache(CACHE)
        self._unit = Unit(self.commits, cache)
        self.commits.forget = self._unit.forget
        self._tables: dict[str, Table[Any]] = {}
        self._resources = ExitStack()

    @classmethod
    def open(
        cls,
        folder: Path | None,
        *,
        durability: str = "fast",
        encrypt_objects: bool = True,
    ) -> Store:
        """Open the data folder, made if it is not there; None keeps everything in memory.

        `durability` is "fast", which leaves syncing to a thread, or "strict": no turn is committed
        before it is on the disk.
        """
        if durability not in {"fast", "strict"}:
            raise ValueError(f"Durability is fast or strict, not {durability!r}.")
        with ExitStack() as stack:
            if folder is None:
                store = cls._open_memory(stack, encrypt_objects)
            else:
                store = cls._open_folder(stack, folder, encrypt_objects, durability == "strict")
            store._resources = stack.pop_all()
        return store

    @classmethod
    def _open_memory(cls, stack: ExitStack, encrypt: bool) -> Store:
        blobs = Path(tempfile.mkdtemp(prefix="cloudling-"))
        stack.callback(shutil.rmtree, blobs, ignore_errors=True)
        connection = sqlite.connect(None, SCHEMA)
        stack.callback(connection.close)
        vault = Vault(master_key(None))
        store = cls(connection, NoSync(), vault)
        store._add_blobs(BlobFiles(blobs), encrypt=encrypt)
        return store

    @classmethod
    def _open_folder(cls, stack: ExitStack, path: Path, encrypt: bool, strict: bool) -> Store:
        folder = DataFolder(path)
        stack.callback(folder.close)
        folder.blobs.mkdir(mode=0o700, exist_ok=True)
        vault = Vault(master_key(folder.master_key))
        sync = Syncer(folder.database, strict=strict)
        stack.callback(sync.log.release)
        connection = sqlite.connect(folder.database, SCHEMA)
        stack.callback(connection.close)
        store = cls(connection, sync, vault)
        files = BlobFiles(folder.blobs)
        store._add_blobs(files, encrypt=encrypt)
        sync.start(files.sweep, lambda: connection.total_changes)
        stack.callback(sync.stop)
        return store

    def _add_blobs(self, files: BlobFiles, *, encrypt: bool) -> None:
        self.blobs = Blobs(files, self._vault, self._unit, self._sync, encrypt=encrypt)

    def table(self, spec: CollectionSpec[R]) -> Table[R]:
        """The collection in all its scopes; its table is made at the first call."""
        table = self._tables.get(spec.name)
        if table is None:
            table = Table(spec, self._unit)
            self._create(table)
            self._tables[spec.name] = table
            self._unit.forgetting.append(table.touch)
        elif table.spec is not spec and table.spec != spec:
            raise ValueError(f"The collection {spec.name} is declared twice, differently.")
        return table

    def _create(self, table: Table[Any]) -> None:
        if self._unit.active:
            table.create()
            # The table must outlive the unit that happened to need it first.
            self._unit.afterwards.append(partial(self._create, table))
        else:
            with self._unit:
                table.create()

    def unit(self) -> Unit:
        """What is written in `with store.unit():` is kept whole or not at all."""
        return self._unit

    @property
    def dirty(self) -> bool:
        """Whether an answer made now must wait for a commit."""
        return self.commits.dirty

    @property
    def fault(self) -> str | None:
        """Why nothing is written any more; None while all is well."""
        fault = self.commits.fault
        return self._sync.fault if fault is None else str(fault)

    def barrier(self) -> Turn:
        """What an answer made now must wait for."""
        return self.commits.barrier()

    async def committed(self) -> None:
        """Wait until all that was written is committed; raises the fault when it was not."""
        turn = self.commits.barrier()
        if turn.done:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        turn.when_done(partial(_settle, done))
        await done

    def secret(self, name: str, length: int = 32) -> bytes:
        """A secret of this store, the same at every start; any thread."""
        return self._vault.derive(f"secret:{name}", length)

    async def reset(self) -> None:
        """Remove every record and every blob of every scope."""
        sql = "SELECT name FROM sqlite_master WHERE type='table' AND name NOT GLOB 'blob_*'"
        with self._unit:
            for (name,) in self.commits.fetch(sql):
                self._unit.execute(f"DELETE FROM {name}")  # noqa: S608 - from the schema itself
            self.blobs.release_all()
            self._unit.forget_all()
        await self.committed()

    async def close(self) -> None:
        """Commit what is open, sync it, and let go of the folder."""
        self.shut()

    def shut(self) -> None:
        """As `close`, where no loop runs."""
        self.commits.commit()
        self._resources.close()


def _settle(done: asyncio.Future[None], fault: BaseException | None) -> None:
    if done.done():
        return  # who waited has gone
    if fault is None:
        done.set_result(None)
    else:
        done.set_exception(fault)
