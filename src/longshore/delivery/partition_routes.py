"""The addresses of partitions; they take what no other address takes.

::

    POST /<partition>           store the form's files
    GET  /<partition>/<name>    a file
    GET  /<partition>           an upload form
    GET  /list/<partition>      the listing
    GET  /list/                 names of the partitions on top

A path that leads to a file is that file, any other is a partition's form. A partition's name with a dot at its end, as
in ``/favicon.ico``, has no form before something was stored there: it is a mistyped file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property

from flask import Flask, Response, render_template, request, url_for
from pydantic import Field, SkipValidation
from werkzeug.routing import Map

from longshore.delivery.names import UnsafePath
from longshore.delivery.partitions import Listing, Partitions
from longshore.delivery.routes import BYTES, TAG, DeliveryFailed, MethodNotAllowed, refused
from longshore.delivery.stored import send_stored
from longshore.errors import InvalidRequest, LongshoreError, shorten
from longshore.web.answer import Answer
from longshore.web.api import Api, refuse_query, sends, takes_form
from longshore.web.file_responses import FrontServer
from longshore.web.request_gate import CACHE_BUSTER
from longshore.web.uploads import receive_all, require_room

AREA = "partitions"
_ANYTHING = re.compile(r"/<path:\w+>/?")
_SESSION_ID = re.compile(r"[0-9a-f]{30}")
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class NothingHere(InvalidRequest):
    """No route takes this address, and no partition can have it."""

    status = 404


class OtherAddresses:
    """What an application's other routes take, asked for when the first request comes and all routes are known.

    :param prefixes: addresses of what stands before the routes: sockets and mounted applications.
    :param alone: fixed addresses beside which others that begin alike may be partitions'.
    """

    def __init__(self, app: Flask, prefixes: Iterable[str] = (), alone: Iterable[str] = ()) -> None:
        self._app = app
        self._prefixes = {_first(prefix) for prefix in prefixes}
        self._alone = frozenset(alone)

    @cached_property
    def first_parts(self) -> frozenset[str]:
        """The first parts of all fixed addresses but those alone: no partition begins with one."""
        rules = {rule.rule for rule in self._app.url_map.iter_rules()} - self._alone
        firsts = self._prefixes | {_first(rule) for rule in rules}
        return frozenset(first for first in firsts if first and "<" not in first)

    @property
    def take_everything(self) -> bool:
        """Whether one of them takes every address, as ours do."""
        return any(_ANYTHING.fullmatch(rule.rule) for rule in self._app.url_map.iter_rules())

    def allowed_methods(self, path: str) -> set[str]:
        """Methods that the other routes take at this address."""
        return set(self._others.bind("localhost").allowed_methods(path)) - {"HEAD", "OPTIONS"}

    @cached_property
    def _others(self) -> Map:
        rules = [rule.empty() for rule in self._app.url_map.iter_rules() if rule.endpoint not in _OURS]
        return Map(rules, converters=self._app.url_map.converters, strict_slashes=False)


def _first(address: str) -> str:
    return address.strip("/").split("/")[0]


READ = "partitions.read_partition"
_OURS = frozenset({READ, "partitions.store_in_partition"})


class PartitionFile(Answer):
    """A file of a partition."""

    name: str
    size: int
    modified: SkipValidation[float] = Field(description="seconds since 1970")
    address: str


class PartitionListing(Answer):
    """What is in a partition."""

    partition: str
    files: list[PartitionFile]
    partitions: list[str] = Field(description="names of those below it")
    stored: list[str] = Field([], description="names under which the form's files were stored just now")


class PartitionNames(Answer):
    """The partitions on top."""

    partitions: list[str]


def declare_partitions(api: Api, partitions: Partitions, others: OtherAddresses, front: FrontServer) -> None:
    """Put the routes that take the rest on the list; register them last."""
    routes = api.group("partitions", __name__, failure=DeliveryFailed, template_folder="templates")
    routes.blueprint.register_error_handler(LongshoreError, refused)

    @routes.endpoint(
        "POST",
        "/<path:address>",
        tag=TAG,
        raw=takes_form(file="the files, each in a field of this name"),
        answer=PartitionListing,
        reads_itself=True,
        any_query=True,  # another route's, perhaps
    )
    def store_in_partition(address: str) -> Response:
        """Store the files of a form, in its field `file`, in a partition; a name that is taken answers 409."""
        partition = _require_partition(address, others)
        if request.mimetype != "multipart/form-data":
            raise NothingHere(
                "nothing takes this here; to store a file in a partition, send a form: curl -F file=@name <address>"
            )
        try:
            stored = _store(partitions, partition)
        except LongshoreError as error:
            if not _wants_page("application/json"):
                raise
            return _page(partitions.look(partition), error=error)
        return _listing(partitions.look(partition), stored, "application/json")

    @routes.endpoint(
        "GET",
        "/<path:address>",
        tag=TAG,
        raw=sends(BYTES, "text/html", "application/json", said="The file, or the partition"),
        reads_itself=True,
        any_query=True,
    )
    def read_partition(address: str) -> Response:
        """A file of a partition, or a partition's upload form."""
        partition = _require_partition(address, others)
        try:
            path = partitions.find_file(partition)
            if path is not None:
                return send_stored(request, path, front.hand_over(AREA, partitions.tree.root, path))
            found = partitions.look(partition)
        except UnsafePath as error:
            raise NothingHere(f"there is nothing at this address: {error.description}") from None
        if not found.exists and "." in partition.rpartition("/")[2]:
            raise NothingHere(f"no file {shorten(partition)!r} is here; GET /list/<partition> tells which are")
        return _listing(found, [], "text/html")

    @routes.endpoint("GET", "/list/<path:address>", tag=TAG, answer=PartitionListing, reads_itself=True)
    def list_partition(address: str) -> Response:
        """The files of a partition, none for an unknown one, which is not made by that."""
        return _listing(partitions.look(address.removesuffix("/")), [], "application/json")

    @routes.endpoint("GET", "/list/", tag=TAG, answer=PartitionNames, reads_itself=True)
    def list_partitions() -> Response:
        """The names of the partitions on top; those below them stand in their listings."""
        response = _readable(PartitionNames(partitions=partitions.names()))
        response.headers["Cache-Control"] = "no-cache"
        return response


def _require_partition(address: str, others: OtherAddresses) -> str:
    """The partition of an address, unless that belongs to something else; it takes no query.

    :raises MethodNotAllowed: when another route has this address and does not take this method.
    :raises NothingHere: when the address cannot be a partition's.
    """
    allowed = others.allowed_methods(request.path)
    if allowed:
        raise MethodNotAllowed(request.method, *sorted(allowed))
    first = _first(address)
    if first in others.first_parts:
        raise NothingHere(
            f"there is nothing at this address, and no partition can be: addresses under /{first} are the server's own."
            " Choose another name"
        )
    refuse_query(request, unless=CACHE_BUSTER)
    if _SESSION_ID.fullmatch(first):
        raise NothingHere("there is nothing at this address; a partition is not called like the id of a dataset")
    return address.removesuffix("/")


def _store(partitions: Partitions, partition: str) -> list[str]:
    settings = partitions.settings
    partitions.require_folder(partition)
    require_room(partitions.tree.root, request.content_length or 0, settings.min_free_bytes)
    with receive_all(request, partitions.tree.arrivals, settings.max_upload_bytes) as uploads:
        return partitions.store(partition, uploads)


# -- answers ------------------------------------------------------------------------------------------------------


def _wants_page(default: str) -> bool:
    """Whether a page is preferred to JSON by the request."""
    offers = [default, *({"text/html", "application/json"} - {default})]
    return request.accept_mimetypes.best_match(offers, default=default) == "text/html"


def _listing(listing: Listing, stored: list[str], default: str) -> Response:
    response = _page(listing, stored) if _wants_page(default) else _json(listing, stored)
    response.vary.add("Accept")
    response.headers["Cache-Control"] = "no-cache"
    return response


def _json(listing: Listing, stored: list[str]) -> Response:
    files = [
        PartitionFile(name=entry.name, size=entry.size, modified=entry.modified, address=_address(listing, entry.name))
        for entry in listing.files
    ]
    told = {"stored": stored} if stored else {}
    return _readable(PartitionListing(partition=listing.partition, files=files, partitions=listing.partitions, **told))


def _readable(answer: Answer) -> Response:
    """JSON in which names stay readable: this is looked at in terminals, too."""
    return Response(json.dumps(answer.to_wire(), ensure_ascii=False), content_type="application/json")


def _page(listing: Listing, stored: list[str] | None = None, error: LongshoreError | None = None) -> Response:
    text = render_template(
        "partition.html",
        listing=listing,
        stored=stored or [],
        error=error,
        address_of=lambda name: _address(listing, name),
        own_address=url_for(READ, address=listing.partition),
        trail=_trail(listing.partition),
        readable_size=readable_size,
        readable_time=readable_time,
    )
    return Response(text, status=error.status if error is not None else 200, content_type="text/html; charset=utf-8")


def _address(listing: Listing, name: str) -> str:
    return url_for(READ, address=f"{listing.partition}/{name}")


def _trail(partition: str) -> list[tuple[str, str]]:
    """The parts of a partition's path, each with its address."""
    parts = partition.split("/")
    return [(part, url_for(READ, address="/".join(parts[: place + 1]))) for place, part in enumerate(parts)]


def readable_size(size: int) -> str:
    """Bytes as people say it.

    >>> readable_size(1), readable_size(20_480), readable_size(1_500_000_000)
    ('1 byte', '20 kB', '1.5 GB')
    """
    if size == 1:
        return "1 byte"
    amount, place = float(size), 0
    while amount >= 999.5 and place < len(_UNITS) - 1:
        amount, place = amount / 1000, place + 1
    return f"{amount:.1f} {_UNITS[place]}" if amount < 9.95 and place else f"{amount:.0f} {_UNITS[place]}"


def readable_time(seconds: float) -> str:
    """A time in UTC, to the minute."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
