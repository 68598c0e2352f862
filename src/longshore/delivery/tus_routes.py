"""Resumable uploads over HTTP, by the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload).

::

    OPTIONS /tus/       what is possible
    POST    /tus/       begin an upload, with its first bytes if the client likes
    HEAD    /tus/<id>   how much has arrived
    PATCH   /tus/<id>   more bytes
    GET     /tus/<id>   the same as HEAD, as JSON
    DELETE  /tus/<id>   give it up

``Upload-Metadata`` names the file (``filename``) and what it becomes (``target``): ``dataset``, ``partition:<path>`` or
``path:<path>``. When the last byte has arrived, ``Upload-Result`` tells where the file is.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import time
from email.utils import formatdate
from typing import Any

from flask import Response, request, url_for
from pydantic import Field
from werkzeug.datastructures import Headers

from longshore.delivery.growing import Extension
from longshore.delivery.resumable import Resumable, ResumableUploads, UploadNotFound, new_id
from longshore.delivery.routes import DeliveryFailed, failed
from longshore.errors import (
    InvalidRequest,
    InvalidValue,
    LongshoreError,
    StorageFull,
    TooLarge,
    is_disk_full,
    looks_misspelt,
    shorten,
    unknown_name,
)
from longshore.web.answer import Answer
from longshore.web.api import Api, answer_response, takes_bodies
from longshore.web.request_body import reading
from longshore.web.request_gate import WRITING

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
ALGORITHMS = ("sha1", "sha256", "sha512", "md5")
BYTES_TYPE = "application/offset+octet-stream"
DEFAULT_TARGET = "dataset"
RENEW_SECONDS = 60.0
PAUSE_SECONDS = 0.05
"""Silence after which all that came is written, so that a client that comes back finds it."""
LARGEST = 2**62
_NAMES = ("filename", "name")
_OURS = ("filename", "target")
_WELL_KNOWN = frozenset({"filetype", "fileType", "filesize"})
"""What clients of the protocol send, and is near to a name of ours."""
HEADERS = (
    "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "Upload-Checksum", "X-HTTP-Method-Override",
)  # fmt: skip
"""Headers that pages of other origins have to be allowed to send."""
ANSWER_HEADERS = (
    "Tus-Resumable", "Tus-Version", "Tus-Extension", "Tus-Max-Size", "Tus-Checksum-Algorithm", "Upload-Offset",
    "Upload-Length", "Upload-Metadata", "Upload-Expires", "Upload-Result",
)  # fmt: skip
"""Headers that they have to be allowed to read."""


ADDRESS = "/tus/<upload_id>"
TAG = "Resumable uploads"
NO_CONTENT = {"responses": {"204": {"description": "Done"}}}


def _headers_of(*names: str) -> tuple[dict[str, Any], ...]:
    """Headers of the protocol in the OpenAPI document."""
    return tuple({"name": name, "in": "header", "required": False, "schema": {"type": "string"}} for name in names)


SPOKEN: dict[str, Any] = {**_headers_of("Tus-Resumable")[0], "required": True, "schema": {"const": VERSION}}


class OtherVersion(InvalidRequest):
    """The client speaks another version of the protocol."""

    status = 412


class WrongType(InvalidRequest):
    """Bytes come with another content type."""

    status = 415


class ChecksumMismatch(InvalidValue):
    """The bytes are not those that the client summed up; none of them was kept."""

    status = 460


class ResumableState(Answer):
    """How much of a resumable upload has arrived."""

    offset: int = Field(description="bytes that are here")
    size: int = Field(description="bytes that were announced")
    name: str
    result: dict[str, Any] | None = Field(description="what it has become, once all has arrived")


def declare_tus(api: Api, uploads: ResumableUploads) -> None:
    """Put the protocol's routes on the list."""
    routes = api.group("tus", __name__, failure=DeliveryFailed)
    routes.blueprint.register_error_handler(LongshoreError, failed)

    @routes.blueprint.before_request
    def check_version() -> None:
        if request.method not in ("GET", "OPTIONS") and request.headers.get("Tus-Resumable") != VERSION:
            raise OtherVersion(f"this server speaks version {VERSION} of the tus protocol; say so in Tus-Resumable")
        if request.method in WRITING:
            _refuse_extensions()

    @routes.blueprint.after_request
    def stamp(response: Response) -> Response:
        response.headers["Tus-Resumable"] = VERSION
        response.headers["Cache-Control"] = "no-store"
        if response.status_code == OtherVersion.status:
            response.headers["Tus-Version"] = VERSION
        return response

    @routes.endpoint("OPTIONS", "/tus/", tag=TAG, raw=NO_CONTENT, reads_itself=True)
    def describe_resumable_uploads() -> Response:
        """What resumable uploads can do here, in headers."""
        return capabilities()

    @routes.endpoint("OPTIONS", ADDRESS, tag=TAG, raw=NO_CONTENT, reads_itself=True)
    def describe_resumable_upload(upload_id: str) -> Response:
        """What resumable uploads can do here, in headers; the same for each of them."""
        return capabilities()

    def capabilities() -> Response:
        return Response(
            status=204,
            headers={
                "Tus-Version": VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(uploads.settings.max_upload_bytes),
                "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
            },
        )

    @routes.endpoint(
        "POST",
        "/tus/",
        tag=TAG,
        raw=takes_bodies(BYTES_TYPE) | {"responses": {"201": {"description": "Begun; its address is in Location"}}},
        headers=(SPOKEN, *_headers_of("Upload-Length", "Upload-Metadata", "Upload-Checksum")),
        status=201,
        reads_itself=True,
    )
    def begin_resumable_upload() -> Response:
        """Begin a resumable upload (tus 1.0.0); its metadata say what it becomes."""
        return _begin(uploads)

    @routes.endpoint("GET", ADDRESS, tag=TAG, answer=ResumableState, reads_itself=True)
    def show_resumable_upload(upload_id: str) -> Response:
        """How much of a resumable upload has arrived: in headers for HEAD, as JSON for GET."""
        upload = uploads.finish(uploads.require(upload_id))
        state = ResumableState(offset=uploads.offset(upload), size=upload.size, name=upload.name, result=upload.result)
        response = answer_response(state)
        response.headers.update(_headers(uploads, upload))
        response.headers["Upload-Length"] = str(upload.size)
        if upload.described:
            response.headers["Upload-Metadata"] = upload.described
        return response

    @routes.endpoint(
        "PATCH",
        ADDRESS,
        tag=TAG,
        raw=takes_bodies(BYTES_TYPE) | NO_CONTENT,
        headers=(SPOKEN, *_headers_of("Upload-Offset", "Upload-Checksum")),
        status=204,
        reads_itself=True,
    )
    def extend_resumable_upload(upload_id: str) -> Response:
        """More bytes of a resumable upload; what arrives before a break stays."""
        return _extend(uploads, upload_id)

    @routes.endpoint("DELETE", ADDRESS, tag=TAG, raw=NO_CONTENT, headers=(SPOKEN,), status=204, reads_itself=True)
    def end_resumable_upload(upload_id: str) -> Response:
        """Give up a resumable upload; what it has become already stays."""
        uploads.end(uploads.require(upload_id))
        return Response(status=204)

    @routes.endpoint(
        "POST",
        ADDRESS,
        tag=TAG,
        raw=takes_bodies(BYTES_TYPE) | NO_CONTENT,
        headers=(SPOKEN, *_headers_of("X-HTTP-Method-Override", "Upload-Offset", "Upload-Checksum")),
        status=204,
        reads_itself=True,
    )
    def override_resumable_upload(upload_id: str) -> Response:
        """PATCH and DELETE for clients that cannot send them, by X-HTTP-Method-Override."""
        method = request.headers.get("X-HTTP-Method-Override", "")
        if method not in ("PATCH", "DELETE"):
            raise InvalidRequest("send more bytes with PATCH, or say so in X-HTTP-Method-Override")
        return extend_resumable_upload(upload_id) if method == "PATCH" else end_resumable_upload(upload_id)


def _refuse_extensions() -> None:
    """:raises InvalidRequest: for a header of an extension that is not offered: what it asks for would not be done."""
    for name in dict(request.headers):
        if name.casefold().startswith("upload-") and name.casefold() not in _OWN_HEADERS:
            extension = _OTHER_EXTENSIONS.get(name.casefold(), "an extension")
            raise InvalidRequest(
                f"{name}: this belongs to {extension} of the tus protocol, which is not offered here; "
                f"there are {EXTENSIONS.replace(',', ', ')}"
            )


_OWN_HEADERS = frozenset(name.casefold() for name in HEADERS)
_OTHER_EXTENSIONS = {
    "upload-concat": "the extension concatenation",
    "upload-defer-length": "the extension creation-defer-length",
}


def _begin(uploads: ResumableUploads) -> Response:
    upload = _read_upload(uploads)
    uploads.begin(upload)
    if request.mimetype == BYTES_TYPE:
        _take_bytes(uploads, upload, 0)
    upload = uploads.finish(upload)
    response = Response(status=201, headers=_headers(uploads, upload))
    response.headers["Location"] = url_for("tus.show_resumable_upload", upload_id=upload.id)
    return response


def _extend(uploads: ResumableUploads, upload_id: str) -> Response:
    if request.mimetype != BYTES_TYPE:
        raise WrongType(f"bytes come with Content-Type: {BYTES_TYPE}")
    upload = uploads.finish(uploads.require(upload_id))
    if upload.result is None:
        _take_bytes(uploads, upload, _require_number("Upload-Offset"))
        upload = uploads.finish(upload)
    elif _require_number("Upload-Offset") != upload.size:
        raise _is_whole(upload)
    return Response(status=204, headers=_headers(uploads, upload))


def _headers(uploads: ResumableUploads, upload: Resumable) -> Headers:
    """What every answer about an upload says."""
    headers = Headers({"Upload-Offset": str(uploads.offset(upload)), "Upload-Expires": _date(upload.expires)})
    if upload.result is not None:
        headers["Upload-Result"] = json.dumps(upload.result)
    return headers


def _date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)


# -- what a request says ------------------------------------------------------------------------------------------


def _read_upload(uploads: ResumableUploads) -> Resumable:
    """The upload that a request wants to begin; raises InvalidRequest."""
    described = request.headers.get("Upload-Metadata", "")
    given = read_metadata(described)
    kind, _, path = given.pop("target", DEFAULT_TARGET).partition(":")
    if kind not in uploads.targets or (kind == DEFAULT_TARGET) != (path == ""):
        raise InvalidRequest(
            f"{shorten(f'{kind}:{path}')!r} is no target; write dataset, partition:<path> or path:<path>"
        )
    names = [given.pop(key) for key in _NAMES if key in given]
    for name in given:
        if name not in _WELL_KNOWN and looks_misspelt(name, _OURS):
            raise InvalidRequest(f"Upload-Metadata: {unknown_name(name, _OURS)}")
    now = time.time()
    return Resumable(
        id=new_id(),
        size=_require_number("Upload-Length"),
        name=names[0] if names else path.rpartition("/")[2] if kind == "path" else "upload",
        kind=kind,
        path=path.strip("/"),
        described=described,
        options=given,
        asked_by=request.headers.get(uploads.settings.user_header_name),
        created=now,
        expires=now + uploads.settings.resumable_ttl,
    )


def read_metadata(header: str) -> dict[str, str]:
    """The pairs of an ``Upload-Metadata`` header: names, each with a value in base64 or none.

    :raises InvalidRequest: when it is not of that form.

    >>> read_metadata("filename w5xiZXJzaWNodC5jc3Y=,is_last")
    {'filename': 'Übersicht.csv', 'is_last': ''}
    """
    found: dict[str, str] = {}
    seen: list[str] = []
    for pair in header.split(",") if header.strip() else []:
        name, _, value = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise InvalidRequest(f"Upload-Metadata: the value of {shorten(name)!r} is not UTF-8 in base64") from None
        if not name:
            raise InvalidRequest("Upload-Metadata: write names, each with its value in base64, and commas between")
        seen.append(name)
    if len(set(seen)) != len(seen):
        raise InvalidRequest("Upload-Metadata: a name stands in it twice; write each once")
    return found


def _require_number(name: str) -> int:
    text = request.headers.get(name, "")
    if not text.isascii() or not text.isdecimal() or len(text) > 19 or int(text) > LARGEST:
        raise InvalidRequest(f"{name}: give a number of bytes, not {shorten(text)!r}")
    return int(text)


def _require_checksum() -> tuple[Any, bytes] | None:
    """What to sum up the bytes with, and what has to come out; None when the request does not ask for it."""
    header = request.headers.get("Upload-Checksum")
    if header is None:
        return None
    algorithm, _, text = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise InvalidRequest(
            f"Upload-Checksum: {shorten(algorithm)!r} is not known; take one of {', '.join(ALGORITHMS)}"
        )
    try:
        return hashlib.new(algorithm, usedforsecurity=False), base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise InvalidRequest("Upload-Checksum: write the algorithm, a blank, and the sum in base64") from None


# -- bytes --------------------------------------------------------------------------------------------------------


def _take_bytes(uploads: ResumableUploads, upload: Resumable, offset: int) -> None:
    """Add the request's body to an upload.

    :raises OffsetConflict: when it does not follow what is there.
    :raises TooLarge: when it is more than is still missing; nothing of it is kept then.
    :raises ChecksumMismatch: nothing of it is kept.
    :raises ClientDisconnected: when the connection broke; what arrived is kept, unless there is a checksum.
    :raises StorageFull: what fitted is kept, unless there is a checksum.
    """
    checksum = _require_checksum()
    room = upload.size - offset
    if (request.content_length or 0) > room >= 0:
        raise _too_much(upload)
    uploads.renew(upload)
    try:
        with uploads.bytes_of(upload).extending(offset, checked=checksum is not None) as extension:
            _write(uploads, upload, extension, checksum)
    except FileNotFoundError:
        # Somebody else's piece may have made it whole meanwhile, and its file was taken away for what it became.
        if uploads.require(upload.id).result is None:
            raise UploadNotFound.now() from None
        raise _is_whole(upload) from None
    except OSError as error:
        if is_disk_full(error):
            raise StorageFull(
                "the server's disk is full; what arrived is kept. Go on with the upload when there is room"
            ) from error
        raise
    uploads.renew(upload)


def _write(
    uploads: ResumableUploads, upload: Resumable, extension: Extension, checksum: tuple[Any, bytes] | None
) -> None:
    renewed = time.monotonic()
    with reading(request) as body:
        while size := body.read_into(room := extension.room()):
            if extension.offset + size > upload.size:
                extension.reject()
                raise _too_much(upload)
            if checksum is not None:
                checksum[0].update(room[:size])
            extension.filled(size)
            if not body.comes_within(PAUSE_SECONDS):
                extension.flush()
            if time.monotonic() - renewed > RENEW_SECONDS:
                renewed = time.monotonic()
                uploads.renew(upload)
    if checksum is not None:
        if checksum[0].digest() != checksum[1]:
            raise ChecksumMismatch("the bytes do not have the checksum that was announced; send them again")
        extension.approve()


def _is_whole(upload: Resumable) -> TooLarge:
    return TooLarge(f"the upload is whole: all its {upload.size:,} bytes have arrived")


def _too_much(upload: Resumable) -> TooLarge:
    return TooLarge(f"the upload was announced with {upload.size:,} bytes, and these are more")
