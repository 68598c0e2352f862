"""The folders that a deployer names: they can be used, and by no other user of the machine unless that is meant."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from longshore.errors import SettingsError
from longshore.settings import Settings

log = logging.getLogger(__name__)


def keep_others_out(settings: Settings) -> None:
    """See that what this process and its children write is for nobody whom ``UMASK`` keeps out."""
    os.umask(settings.umask_bits)


def make_chosen_folders(settings: Settings) -> None:
    """Make the folders that settings name and that are not there yet.

    :raises SettingsError: naming the setting whose folder cannot be made.
    """
    for name, folder in _chosen(settings):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(f"{name.upper()}={str(folder)!r} cannot be used: {error.strerror or error}") from None
    if "handlers_dir" in settings.model_fields_set and not settings.handlers_dir.is_dir():
        log.warning("HANDLERS_DIR=%r is no folder, so no handlers are loaded", str(settings.handlers_dir))


def warn_of_open_folders(settings: Settings) -> None:
    """Say once which folders were there before, and let in whom ``UMASK`` keeps out.

    They are left as they are: somebody may have meant it.
    """
    for folder in _folders(settings):
        try:
            mode = stat.S_IMODE(folder.stat().st_mode)
        except OSError:  # not there yet, or unusable, which whoever needs it says
            continue
        if mode & settings.umask_bits & 0o077:
            log.warning(
                "%s is open to other users of this machine (mode %04o), and what it holds may be so, too:"
                " `chmod -R %s %s` keeps them out, or UMASK says that it is meant",
                folder, mode, _without(settings.umask_bits), folder,
            )  # fmt: skip


def _without(mask: int) -> str:
    """The argument of ``chmod`` that takes away what a umask does.

    >>> _without(0o077), _without(0o027)
    ('g-rwx,o-rwx', 'g-w,o-rwx')
    """
    bits = {who: [letter for bit, letter in ((4, "r"), (2, "w"), (1, "x")) if mask >> shift & bit]
            for who, shift in (("g", 3), ("o", 0))}  # fmt: skip
    return ",".join(f"{who}-{''.join(letters)}" for who, letters in bits.items() if letters)


def _folders(settings: Settings) -> Iterator[Path]:
    """The storage folder, and those outside of it."""
    root = settings.root_storage_path
    yield root
    # What is on offer was there before the server, and may be anybody's.
    own = (folder for name, folder in _chosen(settings) if name != "files_root")
    yield from dict.fromkeys(folder for folder in own if not folder.is_relative_to(root))


def _chosen(settings: Settings) -> Iterator[tuple[str, Path]]:
    """The folders that settings name beside the storage folder."""
    for name in ("cache_root", "files_root", "upload_folder", "fstore_root", "storage_root", "kvstore_root"):
        folder = getattr(settings, name)
        if folder is not None:
            yield name, folder
