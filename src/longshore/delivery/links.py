"""Links: addresses under which a file can be fetched once, or until its time is up.

::

    from longshore import links

    address = links.register("result.csv", download=True)             # a path
    address = links.register(io.StringIO(text), file_name="notes.txt")
    address = links.register_request("https://example.org/big.zip")   # through this server

State is in the database and bytes are on disk, so every process serves every link, and a restart loses none.
"""

from __future__ import annotations

import base64
import io
import logging
import os
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import IO, Any, TypeVar
from urllib.parse import urlencode

from flask import Request, Response
from sqlalchemy.engine import Connection

from longshore.delivery import cache, records, remote
from longshore.delivery.making import Maker
from longshore.delivery.names import clean_name, clean_type, guess_type
from longshore.delivery.records import Link, LinkNotFound
from longshore.delivery.watching import TransferTracker
from longshore.errors import InvalidValue
from longshore.processes.running_job import running_job
from longshore.settings import Settings
from longshore.state.clocks import steady
from longshore.state.database import Database
from longshore.state.leases import ExpiryDetector, Lease
from longshore.web.api import disposition
from longshore.web.file_responses import Content, FrontServer, respond

Key = TypeVar("Key", int, str)

logger = logging.getLogger(__name__)

ADDRESS = "/cached-file"
AREA = "links"
COOKIE = "longshore-taker"
MAX_SECONDS = 10 * 365 * 86400.0
ROOM_STEP = 16
GRACE_SECONDS = 3600.0
"""Age below which a file that the database does not know is left alone: its link is about to be written."""


@dataclass(frozen=True)
class Kept:
    """A copy in the cache.

    :param origin: mark of the file that it is a copy of.
    :param is_fresh: whether it was made just now, and the database does not know it yet.
    """

    file: cache.CachedFile
    origin: str | None = None
    name: str | None = None
    modified: float = 0.0
    is_fresh: bool = True

    def find(self, connection: Connection) -> cache.CachedFile | None:
        """The file that the database knows: this one, or another copy of the same."""
        if not self.is_fresh:
            return cache.find_file(connection, self.file.id)
        return cache.find_copy(connection, self.origin) if self.origin is not None else None


class Links:
    """The service. One per process; safe for threads."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings = settings
        self.database = database
        self.cache = cache.FileCache(settings.links_folder, settings.link_cache_bytes)
        self._transfer_watch = ExpiryDetector(records.GRACE_SECONDS)
        self._taker_watch = ExpiryDetector(records.GRACE_SECONDS)
        self.front = FrontServer(settings.send_file_header, settings.send_file_prefix)
        self._makers: dict[str, Maker] = {"request": lambda source: remote.fetch(source, settings.remote_hosts)}

    # -- making links ----------------------------------------------------------------------------------------------

    def register(
        self,
        file: str | os.PathLike[str] | IO[bytes] | io.StringIO,
        file_name: str | None = None,
        content_type: str | None = None,
        mime_type: str | None = None,
        one_time_service: bool | None = None,
        download: bool = False,
        expires_in: float | None = None,
    ) -> str:
        """Keep a file as it is now, and give it an address.

        What a job hands out lives as long as its result, for any number of downloads, unless it says otherwise.

        :param file: a path, ``io.BytesIO``, ``io.StringIO`` (sent as UTF-8) or any open binary file.
        :param file_name: what a download is called; a path has a name already.
        :param content_type: with parameters, as ``text/csv; charset=utf-8``; ``mime_type`` is the same without; found
            by the name when absent.
        :param one_time_service: whether the address is used up once the whole content was delivered; by default it is,
            unless a job makes it.
        :param expires_in: seconds; default: ``LINK_TTL``, or the time of the job's result.
        :return: the address on this server, beginning with a slash.
        :raises FileNotFoundError: when there is no such file.
        :raises TooLarge: when it is larger than the whole cache.
        :raises InvalidValue: for an ``expires_in`` out of range, or a text file object.
        """
        expires = self._expiry(expires_in)
        content_type = clean_type(content_type or mime_type)

        def describe(kept: Kept) -> Link:
            name = clean_name(file_name or kept.name or "file")
            return Link(
                uid=records.new_uid(),
                file_id=kept.file.id,
                source=None,
                name=name,
                content_type=content_type or guess_type(name, is_text=isinstance(file, io.StringIO)),
                modified=kept.modified,
                one_time=_is_one_time(one_time_service),
                download=download,
                expires=expires,
                job_id=running_job.id,
            )

        link = self._add(file, describe)
        running_job.links += 1
        self._make_room()
        return address_of(link)

    def _add(self, file: Any, describe: Callable[[Kept], Link]) -> Link:
        """Write down a link and its file together: a file without a link may be removed at any moment."""
        while True:
            kept = self._keep(file)
            with self.database.writing() as connection:
                there = kept.find(connection)
                if there is None and kept.is_fresh:
                    cache.add_file(connection, kept.file, kept.origin)
                    there = kept.file
                if there is not None:
                    link = describe(replace(kept, file=there))
                    records.add_link(connection, link)
            if there != kept.file and kept.is_fresh:  # somebody else was quicker
                self.cache.path_of(kept.file.id).unlink(missing_ok=True)
            if there is not None:
                return link

    def register_request(
        self,
        url: str,
        headers: Mapping[str, str] | None = None,
        file_name_fallback: str | None = None,
        download: bool = True,
        one_time_service: bool | None = None,
        expires_in: float | None = None,
    ) -> str:
        """An address that fetches a file from another server when it is opened, and passes it on as it comes.

        :param headers: sent to the other server, such as an authorization.
        :param file_name_fallback: name of the download when the other server gives none.
        :raises Disabled: for a host that ``REMOTE_HOSTS`` does not list.
        :raises InvalidValue: for anything but an http(s) URL.
        """
        remote.check_url(url, self.settings.remote_hosts)
        name = clean_name(file_name_fallback or PurePosixPath(remote.path_of(url)).name or "file")
        source = {"kind": "request", "url": url, "headers": dict(headers or {}), "name": name}
        return self.register_made(
            source, name, download=download, one_time_service=one_time_service, expires_in=expires_in
        )

    def register_made(
        self,
        source: dict[str, Any],
        name: str,
        *,
        content_type: str | None = None,
        download: bool = True,
        one_time_service: bool | None = None,
        expires_in: float | None = None,
    ) -> str:
        """An address for a file that is made when it is opened.

        :param source: JSON with a ``kind`` for which there is a maker; the maker gets it.
        """
        if source.get("kind") not in self._makers:
            raise ValueError(f"nothing makes files of kind {source.get('kind')!r}")
        link = Link(
            uid=records.new_uid(),
            file_id=None,
            source=source,
            name=name,
            content_type=content_type or guess_type(name),
            modified=time.time(),
            one_time=_is_one_time(one_time_service),
            download=download,
            expires=self._expiry(expires_in),
            job_id=running_job.id,
        )
        with self.database.writing() as connection:
            records.add_link(connection, link)
        running_job.links += 1
        self._make_room()
        return address_of(link)

    def add_maker(self, kind: str, maker: Maker) -> None:
        """Say how files of a kind are made when their link is opened."""
        self._makers[kind] = maker

    def _expiry(self, expires_in: float | None) -> float:
        if expires_in is None and running_job.id is not None:
            return records.UNSETTLED  # until its worker knows how long the result is kept
        seconds = self.settings.link_ttl if expires_in is None else expires_in
        if not 0 < seconds <= MAX_SECONDS:
            raise InvalidValue(f"expires_in: give seconds from more than 0 to {MAX_SECONDS:.0f}, not {seconds!r}")
        return time.time() + seconds

    def _keep(self, file: Any) -> Kept:
        """A copy of the file in the cache: one that is known, or a fresh one."""
        if isinstance(file, str | os.PathLike):
            return self._keep_path(Path(file))
        if isinstance(file, io.StringIO):
            return Kept(self.cache.keep_stream(io.BytesIO(file.getvalue().encode())), modified=time.time())
        if isinstance(file, io.TextIOBase) or not hasattr(file, "read"):
            raise InvalidValue("give a path, io.BytesIO, io.StringIO or a file that is open in binary mode")
        if hasattr(file, "seekable") and file.seekable():
            file.seek(0)
        own = getattr(file, "name", None)
        name = Path(own).name if isinstance(own, str) else None
        return Kept(self.cache.keep_stream(file), name=name, modified=time.time())

    def _keep_path(self, path: Path) -> Kept:
        origin, modified = cache.identity_of(path), path.stat().st_mtime
        with self.database.reading() as connection:
            known = cache.find_copy(connection, origin)
        if known is not None:
            return Kept(known, origin, path.name, modified, is_fresh=False)
        fresh, origin = self.cache.keep_path(path)
        return Kept(fresh, origin, path.name, modified)

    # -- serving ---------------------------------------------------------------------------------------------------

    def open(self, uid: str, request: Request, *, download: bool) -> Response:
        """Answer a request for a link.

        :param download: whether the request asks for a download; the link may do so by itself.
        :raises LinkNotFound: unknown, used up or expired.
        :raises LinkTaken: when another taker is getting a one-time file.
        """
        with self.database.reading() as connection:
            link, kept = records.open_link(connection, uid)
        # A request without the cookie is nobody we know, not even the one before it. The next one may bring the cookie
        # while this one is still sending, as a player does that jumps: then both are the same taker.
        taker = request.cookies.get(COOKIE) or secrets.token_urlsafe(12)
        if link.source is not None:
            response = self._open_made(link, request, taker, download=download or link.download)
        elif kept is not None:
            response = self._open_file(link, kept, request, taker, download=download or link.download)
        else:
            raise LinkNotFound.now()
        if link.one_time and COOKIE not in request.cookies:
            response.set_cookie(COOKIE, taker, path=ADDRESS, secure=request.is_secure, httponly=True, samesite="Lax")
        return response

    def _open_file(
        self, link: Link, kept: cache.CachedFile, request: Request, taker: str, *, download: bool
    ) -> Response:
        path = self.cache.path_of(kept.id)
        content = Content(
            path=path,
            size=kept.size,
            etag=kept.sha256[:32],
            modified=link.modified,
            content_type=link.content_type,
            name=link.name,
            download=download,
            digest=base64.b64encode(bytes.fromhex(kept.sha256)).decode(),
            # What can be taken once has to be counted here.
            handed_over={} if link.one_time else self.front.hand_over(AREA, self.cache.folder, path),
        )
        watch = self._watch(link, kept.size, request, taker) if link.one_time else None
        if watch is None:
            self._touch(link.uid)
        try:
            return respond(request, content, watch)
        except FileNotFoundError:
            raise LinkNotFound.now() from None

    def _open_made(self, link: Link, request: Request, taker: str, *, download: bool) -> Response:
        assert link.source is not None  # noqa: S101 - the caller looked
        if request.method == "HEAD":
            response = Response(content_type=link.content_type)
            response.headers["Accept-Ranges"] = "none"
            return response
        # Its bytes are not known before; the claim on the first one stands for all of them.
        watch = self._watch(link, 1, request, taker) if link.one_time else None
        if watch is not None:
            watch.begin([(0, 1)])
        try:
            made = self._makers[link.source["kind"]](link.source)
        except BaseException:
            if watch is not None:
                watch.end()
            raise
        response = Response(_Passing(made.pieces, watch), content_type=made.content_type, direct_passthrough=True)
        if made.size is not None:
            response.content_length = made.size
        response.headers["Accept-Ranges"] = "none"
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Content-Disposition"] = disposition(made.name, download=download)
        return response

    def _watch(self, link: Link, size: int, request: Request, taker: str) -> TransferTracker:
        return TransferTracker(
            self.database,
            link.uid,
            size,
            taker=taker,
            address=request.remote_addr or "",
            connection=request.environ.get("gunicorn.socket"),
            on_used=self.release,
        )

    def _touch(self, uid: str) -> None:
        with self.database.writing(durable=False) as connection:
            records.touch(connection, uid)

    # -- keeping house ---------------------------------------------------------------------------------------------

    def withdraw(self, uid: str) -> None:
        """Make an address lead nowhere.

        :raises LinkNotFound: when it does already.
        """
        with self.database.writing() as connection:
            if not records.forget(connection, uid):
                raise LinkNotFound.now()
        self.release()

    def release(self) -> None:
        """Remove the cached files that no address needs any more."""
        with self.database.writing() as connection:
            unused = cache.take_unused(connection)
        for file_id in unused:
            self.cache.path_of(file_id).unlink(missing_ok=True)

    def _make_room(self) -> None:
        """Withdraw the addresses used longest ago while there are too many, or their files are too large together."""
        while True:
            with self.database.writing(durable=False) as connection:
                over = records.count_links(connection) - self.settings.link_cache_count
                if over > 0:
                    dropped = records.drop_least_recent(connection, over)
                elif cache.total_bytes(connection) > self.settings.link_cache_bytes:
                    dropped = records.drop_least_recent(connection, ROOM_STEP, with_files=True)
                else:
                    return
            self.release()
            if not dropped:
                return

    def break_leases(self) -> None:
        """End the transfers that have stalled for long, and unbind links from takers that took nothing for as long."""
        with self.database.reading() as connection:
            transfers, takers = records.transfer_leases(connection), records.taker_leases(connection)
        stalled = _run_out(self._transfer_watch, transfers)
        left = _run_out(self._taker_watch, takers)
        if not stalled and not left:
            return
        with self.database.writing(durable=False) as connection:
            for number, lease in stalled.items():
                records.break_transfer(connection, number, lease)
            for uid, lease in left.items():
                records.unbind(connection, uid, lease)

    def sweep(self) -> None:
        """Remove what is over: links whose time is up, and files that nothing knows."""
        with self.database.writing(durable=False) as connection:
            gone = records.sweep(connection, time.time())
            known = cache.all_files(connection)
        if gone:
            self.release()
        self.cache.sweep(known, steady.now() - GRACE_SECONDS)


def _is_one_time(asked: bool | None) -> bool:
    return running_job.id is None if asked is None else asked


def _run_out(watch: ExpiryDetector, leases: dict[Key, Lease]) -> dict[Key, Lease]:
    watch.keep(leases)
    return {key: lease for key, lease in leases.items() if watch.has_run_out(key, lease)}


def address_of(link: Link) -> str:
    """Where a link can be fetched, on this server."""
    asked = {"uid": link.uid} | ({"download": "true"} if link.download else {})
    return f"{ADDRESS}?{urlencode(asked)}"


class _Passing:
    """The body of an answer that is made piece by piece; it counts as delivered when the last piece went out."""

    def __init__(self, pieces: Iterator[bytes], watch: TransferTracker | None) -> None:
        self._pieces = pieces
        self._watch = watch

    def __iter__(self) -> Iterator[bytes]:
        if self._watch is None:
            yield from self._pieces
            return
        last = next(self._pieces, None)
        for piece in self._pieces:
            if last is not None:
                yield last
            last = piece
        self._watch.sending((0, 1))
        if last is not None:
            yield last
        self._watch.sent((0, 1))

    def close(self) -> None:
        """Called by the web server at the end, also when nothing was sent."""
        close = getattr(self._pieces, "close", None)
        try:
            if close is not None:
                close()
        finally:
            if self._watch is not None:
                self._watch.end()
