"""Reads: any window of a table, filtered, searched and sorted. See :mod:`.views`."""

from longshore.tables.viewing.parameters import PageParameters, ViewParameters
from longshore.tables.viewing.views import Page, Views, ViewSize

__all__ = ["Page", "PageParameters", "ViewParameters", "ViewSize", "Views"]
