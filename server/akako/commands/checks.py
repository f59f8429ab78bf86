"""The checks of `akako doctor`. Each one changes nothing that a server uses."""

from __future__ import annotations

import asyncio
import os
import pwd
import time
from collections.abc import AsyncIterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Literal, NamedTuple

import httpx2
import psycopg

from akako import assembly
from akako.backends import valkey_connection
from akako.backends.clerk_directory import ClerkDirectory
from akako.backends.postgres import embedded
from akako.backends.postgres.binaries import find_programs
from akako.backends.postgres.embedded import EmbeddedPostgresError
from akako.backends.tokens.key_set import (
    MAX_JWKS_BYTES,
    get_bounded,
    outbound_client,
    parse_key_set,
)
from akako.kernel.core.errors import ApiError
from akako.kernel.core.ids import new_id
from akako.kernel.files.space import Reserve, measure
from akako.migrations.run import prepare
from akako.migrations.steps import MigrationError
from akako.ops import backup_record
from akako.settings import Settings

CONNECT_SECONDS = 5
SKEW_WARN, SKEW_FAIL = 2.0, 30.0  # tokens are valid for a minute
BACKUP_SECONDS = 26 * 3600
LOW_SHARE = 10  # warn below a tenth of the disk
UNKNOWN_USER = "user_akakodoctor000000000000000"


class Result(NamedTuple):
    """The line of one check."""

    state: Literal["ok", "warn", "fail"]
    text: str


async def check_database(settings: Settings) -> Result:
    url = await _database_url(settings)
    if url is None:
        return await asyncio.to_thread(_private_database)
    try:
        version = await asyncio.to_thread(_query, url, "show server_version")
    except psycopg.Error as error:
        return Result("fail", f"{_line(error)}: check AKAKO_DATABASE_URL and the server")
    return Result("ok", f"PostgreSQL {version}")


async def check_schema(settings: Settings) -> Result:
    url = await _database_url(settings)
    if url is None:
        return Result("warn", "not checked, since the private PostgreSQL is not running")
    try:
        await asyncio.to_thread(prepare, url, upgrade=False)
    except MigrationError as error:
        return Result("fail", str(error))
    except psycopg.Error:
        return Result("fail", "not checked, since the database does not respond")
    return Result("ok", "usable by this version")


async def check_valkey(settings: Settings) -> Result:
    if not settings.redis_url:
        needed = ": set AKAKO_REDIS_URL for more than one worker" if settings.production else ""
        return Result("warn" if settings.production else "ok", f"not used{needed}")
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            connection = await valkey_connection.connect(settings.redis_url)
            try:
                reply = await connection.send("PING")
            finally:
                connection.close()
    except (OSError, TimeoutError) as error:
        return Result("fail", f"{_line(error)}: check AKAKO_REDIS_URL and the server")
    if isinstance(reply, Exception):
        return Result("fail", f"{_line(reply)}: check the password in AKAKO_REDIS_URL")
    return Result("ok", "responds")


async def check_files(settings: Settings) -> Result:
    """Write, read and delete a small object. The sweeper removes it if this is interrupted."""
    if not settings.storage_url:
        folder = settings.data_dir / "files"
        if folder.exists() and not os.access(folder, os.W_OK | os.X_OK):
            return Result("fail", f"{folder} is not writable: give it to the service's user")
        return Result("ok", f"in the folder {folder}")
    store = assembly.object_store(settings)
    key = f"documents/{new_id().replace('-', '')}/doctor"
    try:
        await store.put(key, _one_chunk())
        found = await store.head(key)
        await store.delete(key)
    except ApiError:
        return Result(
            "fail", "the bucket refuses or does not respond: check AKAKO_STORAGE_URL, AKAKO_S3_*"
        )
    finally:
        await store.close()
    if found is None:
        return Result("fail", "the bucket lost an object that it had accepted")
    return Result("ok", "the bucket stores and deletes")


async def check_clerk_keys(settings: Settings) -> Result:
    if not settings.clerk_issuer:
        return Result("warn", "AKAKO_CLERK_ISSUER is not set: only development sign-ins work")
    if settings.clerk_jwt_key:
        return Result("ok", "AKAKO_CLERK_JWT_KEY is used")
    url = settings.clerk_keys_url
    async with outbound_client() as client:
        try:
            response, body = await get_bounded(client, url, MAX_JWKS_BYTES)
        except (httpx2.HTTPError, TimeoutError, ValueError) as error:
            return Result("fail", f"{url}: {_line(error)}: check the address and the network")
    if response.status_code != 200:
        return Result("fail", f"{url} has status {response.status_code}: check AKAKO_CLERK_ISSUER")
    try:
        keys = parse_key_set(body)
    except ValueError:
        keys = {}
    if not keys:
        return Result("fail", f"{url} has no usable key: check AKAKO_CLERK_ISSUER")
    return Result("ok", f"{len(keys)} at {url}")


async def check_clerk_secret(settings: Settings) -> Result:
    if not settings.clerk_issuer:
        return Result("ok", "not needed for development sign-ins")
    if not settings.clerk_secret_key:
        return Result("warn", "AKAKO_CLERK_SECRET_KEY is not set: users appear by webhook only")
    directory = ClerkDirectory(settings.clerk_api_url, settings.clerk_secret_key)
    try:
        await directory.get_user(UNKNOWN_USER)
    except ApiError as error:
        text = f"{settings.clerk_api_url} refuses or does not respond ({error.status})"
        return Result("fail", f"{text}: check AKAKO_CLERK_SECRET_KEY and the network")
    finally:
        await directory.close()
    return Result("ok", "accepted")


async def check_disk(settings: Settings) -> Result:
    folder = _existing(settings.data_dir)
    free, size = measure(folder)
    text = f"{free / 2**30:.1f} of {size / 2**30:.1f} GiB free in {folder}"
    try:
        Reserve(settings.reserve_bytes).require(folder)
    except ApiError:
        return Result("fail", f"{text}: uploads are refused, free some space")
    if free < size / LOW_SHARE:
        return Result("warn", f"{text}: free some space or use a larger disk")
    return Result("ok", text)


async def check_permissions(settings: Settings) -> Result:
    folder = settings.data_dir
    if not folder.is_dir():
        return Result("warn", f"{folder} does not exist yet: akako serve creates it")
    status, user = folder.stat(), os.geteuid()
    if user not in (status.st_uid, 0):
        return Result("fail", f"{folder} belongs to {_name(status.st_uid)}: run as that user")
    if status.st_mode & 0o002:
        return Result("fail", f"all users can write to {folder}: chmod o-w {folder}")
    foreign = [
        each.name
        for each in folder.iterdir()
        if each.lstat().st_uid != status.st_uid and each.name != "postgres"
    ]
    if foreign:
        owner = _name(status.st_uid)
        return Result(
            "fail", f"{', '.join(sorted(foreign)[:3])} in {folder}: chown -R {owner} {folder}"
        )
    return Result("ok", f"{folder} belongs to {_name(status.st_uid)}")


async def check_clock(settings: Settings) -> Result:
    """Compare the clock with Clerk's, which signs the tokens, or else with the database's."""
    skew, source = await _skew_of_clerk(settings), "Clerk"
    url = None if skew is not None else await _database_url(settings)
    if url is not None:
        try:
            now = await asyncio.to_thread(_query, url, "select extract(epoch from now())")
        except psycopg.Error:
            now = None
        skew, source = (None if now is None else time.time() - float(str(now))), "the database"
    if skew is None:
        return Result("warn", "not checked, since neither Clerk nor a database responds")
    text = f"{abs(skew):.0f} s from the clock of {source}"
    if abs(skew) >= SKEW_FAIL:
        return Result("fail", f"{text}: turn NTP on (timedatectl set-ntp true)")
    return Result("warn" if abs(skew) > SKEW_WARN else "ok", text)


async def check_backup(settings: Settings) -> Result:
    at = backup_record.latest(settings.data_dir)
    if at is None:
        return Result("warn", "none recorded: schedule akako backup (deploy/akako-backup.timer)")
    hours = (time.time() - at) / 3600
    if hours * 3600 > BACKUP_SECONDS:
        return Result("warn", f"{hours:.0f} hours old: see why akako backup does not succeed")
    return Result("ok", f"{max(hours, 0):.0f} hours old")


async def _database_url(settings: Settings) -> str | None:
    """Return the URL of the database, or None if the private PostgreSQL does not run."""
    if settings.database_url:
        return settings.database_url
    if not settings.data_dir.is_dir():
        return None
    return await asyncio.to_thread(embedded.running_url, settings.data_dir)


def _private_database() -> Result:
    try:
        find_programs(None)
    except EmbeddedPostgresError as error:
        return Result("fail", str(error))
    return Result("warn", "the private PostgreSQL is not running: akako serve starts it")


def _query(url: str, sql: str) -> object:
    with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_SECONDS) as connection:
        row = connection.execute(sql.encode()).fetchone()
    return row and row[0]


async def _skew_of_clerk(settings: Settings) -> float | None:
    if not settings.clerk_issuer:
        return None
    async with outbound_client() as client:
        try:
            response = await client.head(settings.clerk_issuer)
            return time.time() - parsedate_to_datetime(response.headers["date"]).timestamp()
        except (httpx2.HTTPError, KeyError, ValueError):
            return None


async def _one_chunk() -> AsyncIterator[bytes]:
    yield b"akako doctor\n"


def _existing(folder: Path) -> Path:
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
