"""Datasets of files that lie on this server already: ``POST /api/v1/imports``, ``.../look``. Nothing is sent twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from flask import Response
from pydantic import Field

from longshore.datasets.answers import Look, Uploaded
from longshore.datasets.preview import look_at_copy
from longshore.datasets.routes import TAG, import_copy
from longshore.datasets.service import Datasets
from longshore.datasets.wire import UploadQuery
from longshore.delivery.offered import Offered
from longshore.delivery.partitions import Partitions
from longshore.delivery.path_files import PathFiles
from longshore.delivery.stored import open_regular
from longshore.delivery.trees import NoSuchFile
from longshore.errors import shorten
from longshore.tables.core.validation import parse_model
from longshore.web.api import IDEMPOTENCY_KEY, Api


class StoredFile(UploadQuery):
    """A file that lies on this server, and how to read it."""

    area: Literal["offered", "partition", "path"] = Field(
        description="where it lies: among the files on offer, in a partition, or at a path of `/fs/`"
    )
    path: str = Field(min_length=1, description="its name there: `sub/name`, `partition/name` or the path")


def declare_stored_imports(
    api: Api, datasets: Datasets, offered: Offered, partitions: Partitions, paths: PathFiles
) -> None:
    """Put the route on the list."""

    @api.endpoint(
        "POST", "/api/v1/imports", tag=TAG, body=StoredFile, answer=Uploaded, status=201, headers=(IDEMPOTENCY_KEY,)
    )
    def import_stored_file(body: dict[str, Any]) -> Response:
        """Make a dataset of a file that lies on this server already, as an upload of it would; the file stays."""
        wanted = parse_model(StoredFile, body)
        path = _locate(wanted, offered, partitions, paths)
        with open_regular(path) as file:
            return import_copy(datasets, file, wanted.name or path.name, wanted)

    @api.endpoint("POST", "/api/v1/imports/look", tag=TAG, body=StoredFile, answer=Look)
    def look_at_stored_file(body: dict[str, Any]) -> Look:
        """How a file that lies on this server would be read: columns, types, the first rows; nothing is kept.

        Of a text over 30 MB the beginning is looked at; other files of that size are too large.
        """
        wanted = parse_model(StoredFile, body)
        path = _locate(wanted, offered, partitions, paths)
        with open_regular(path) as file:
            return look_at_copy(file, datasets.settings, wanted.name or path.name, wanted)


def _locate(wanted: StoredFile, offered: Offered, partitions: Partitions, paths: PathFiles) -> Path:
    """The file, which the caller could also fetch.

    :raises UnsafePath: for a path that leads out of its folder, or can lead nowhere.
    :raises NoSuchFile: when there is none.
    """
    if wanted.area == "offered":
        return offered.require(wanted.path)
    if wanted.area == "path":
        return paths.tree.locate(wanted.path)
    found = partitions.find_file(wanted.path)
    if found is None:
        raise NoSuchFile(f"no partition has a file {shorten(wanted.path)!r}; GET /list/<partition> lists them")
    return found
