"""Resumable uploads that become datasets; what :mod:`longshore.delivery.resumable` calls a target."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from longshore.datasets.service import Asker, Datasets
from longshore.datasets.wire import UploadQuery
from longshore.errors import InvalidRequest, SessionNotFound, looks_misspelt, unknown_name
from longshore.web.api import read_strings
from longshore.web.uploads import fresh_name

FOLDER = "resumable"


class Finished(Protocol):
    """What is read of an upload."""

    @property
    def id(self) -> str:
        """What nobody else knows of it."""

    @property
    def name(self) -> str:
        """The client's name for the file."""

    @property
    def options(self) -> Mapping[str, str]:
        """Reading options among the client's metadata, as text."""

    @property
    def asked_by(self) -> str | None:
        """The user."""


class IntoDataset:
    """Makes a dataset of a file that has arrived piece by piece."""

    def __init__(self, service: Datasets, base: str) -> None:
        self.service = service
        self.base = base
        self.arrivals = service.settings.uploads_folder / FOLDER

    def check(self, upload: Finished) -> None:
        """Refuse reading options that are none; raises InvalidRequest."""
        _options(upload)

    def take(self, source: Path, upload: Finished) -> dict[str, Any]:
        """Hand the file to the workers, which import it; the dataset's address and that of the import's answer.

        The dataset's id follows from the upload's, so that a second call finds what the first one made.
        """
        session_id = session_of(upload.id)
        try:
            entry_id = self.service.find_import(session_id)
        except SessionNotFound:
            entry_id = self._create(session_id, source, upload)
        location = f"{self.base}/{session_id}"
        taken = {"sessionID": session_id, "location": location}
        return taken if entry_id is None else {**taken, "request": f"{location}/requests/{entry_id}"}

    def _create(self, session_id: str, source: Path, upload: Finished) -> int:
        options = _options(upload)
        # The service moves the file away; the other name keeps it until the upload's record says where it went.
        second = source.with_name(fresh_name())
        os.link(source, second)
        os.utime(second)  # whoever tidies up takes it for new, however long ago its last byte came
        try:
            asker = Asker(options.request_id, options.socket_id, upload.asked_by)
            return self.service.create(second, upload.name, options, asker, session_id)[1]
        finally:
            second.unlink(missing_ok=True)


def session_of(upload_id: str) -> str:
    """The id of the dataset that an upload becomes; nobody finds out one from the other without knowing that."""
    return hashlib.sha256(f"dataset of {upload_id}".encode()).hexdigest()[:30]


def _options(upload: Finished) -> UploadQuery:
    """The reading options.

    Clients put what they like among the metadata, such as ``filetype``; so a name that no option has is let through,
    unless it is nearly one.

    :raises InvalidRequest: for an option that is none, and for a name that looks misspelt.
    """
    known = {field.alias or name for name, field in UploadQuery.model_fields.items()} - {"name", "wait"}
    for name in upload.options.keys() - known:
        if looks_misspelt(name, known):
            raise InvalidRequest(f"Upload-Metadata: {unknown_name(name, known)}")
    return read_strings(UploadQuery, {name: value for name, value in upload.options.items() if name in known and value})
