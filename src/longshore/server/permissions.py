"""Which other users of the machine get at what this server keeps: none, unless its deployer says otherwise."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from longshore.settings import Settings

log = logging.getLogger(__name__)


def keep_others_out(settings: Settings) -> None:
    """See that what this process and its children write is for nobody whom ``UMASK`` keeps out."""
    os.umask(settings.umask_bits)


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
    chosen = (settings.cache_root, settings.upload_folder, settings.fstore_root, settings.storage_root,
              settings.kvstore_root)  # fmt: skip
    yield from dict.fromkeys(each for each in chosen if each is not None and not each.is_relative_to(root))
