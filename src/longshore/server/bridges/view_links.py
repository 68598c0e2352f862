"""Addresses under which a view of a dataset can be fetched: ``POST /api/v1/datasets/<session_id>/links``.

The file is made when the address is opened, of the dataset as it is then.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from longshore.datasets.routes import BASE, TAG
from longshore.datasets.service import Datasets, require_session_id
from longshore.datasets.wire import ExportQuery
from longshore.delivery.links import Links
from longshore.delivery.making import Made
from longshore.tables.core.validation import parse_model
from longshore.tables.writing import require_format
from longshore.web.answer import Answer
from longshore.web.api import Api

KIND = "view"


class ViewLink(ExportQuery):
    """What of the dataset is to be had, in which format, and for how long."""

    one_time: bool = Field(True, description="whether the address is used up once the whole file was delivered")
    expires_in: float | None = Field(None, gt=0, description="seconds; default: LINK_TTL of the server")
    download: bool = Field(True, description="whether a browser saves the file, or shows it")


class Address(Answer):
    """Where a file can be fetched."""

    addr: str = Field(description="address on this server, beginning with a slash")


def declare_view_links(api: Api, datasets: Datasets, links: Links) -> None:
    """Put the route on the list, and teach ``links`` how such files are made."""

    @api.endpoint("POST", f"{BASE}/<session_id>/links", tag=TAG, body=ViewLink, answer=Address, status=201)
    def make_link(session_id: str, body: dict[str, Any]) -> Address:
        """An address under which the table, or a view of it, can be fetched as a file, once or for some time."""
        return Address(addr=add_view_link(datasets, links, session_id, parse_model(ViewLink, body)))

    if links is not None:
        links.add_maker(KIND, lambda source: make_view(datasets, source))


def add_view_link(datasets: Datasets, links: Links, session_id: str, wanted: ViewLink) -> str:
    """Write the link down.

    :return: its address.
    :raises SessionNotFound: when there is no such dataset.
    :raises InvalidRequest: for an unknown format.
    :raises LongshoreError: for a view that this table does not have, such as a column that is not there.
    """
    chosen = require_format(wanted.format)
    # Whoever makes the link hears of its mistakes, not whoever opens it.
    name, _, pieces = _export(datasets, require_session_id(session_id), wanted)
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
    source = {"kind": KIND, "session": session_id, "view": wanted.model_dump(mode="json", by_alias=True)}
    return links.register_made(
        source,
        name,
        content_type=chosen.media_type,
        download=wanted.download,
        one_time_service=wanted.one_time,
        expires_in=wanted.expires_in,
    )


def make_view(datasets: Datasets, source: dict[str, Any]) -> Made:
    """The file behind a link, as it is made.

    :raises SessionNotFound: when the dataset has gone.
    """
    name, chosen, pieces = _export(datasets, source["session"], parse_model(ViewLink, source["view"]))
    return Made(name, chosen.media_type, pieces)


def _export(datasets: Datasets, session_id: str, wanted: ViewLink) -> Any:
    options = {"escape_formulas": True} if wanted.escape_formulas else {}
    return datasets.export(session_id, wanted.format, wanted, **options)
