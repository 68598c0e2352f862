"""Archives of several files: zip and tar. Names inside them are names and never paths.

Which of the files are tables tells the beginning of each. Tables of the same columns are put below each other, see
:mod:`longshore.tables.reading.together`; of others the largest is read. Files that are sent together are kept as a tar.
"""

from __future__ import annotations

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from longshore.errors import TooLarge, UnreadableFile
from longshore.tables.reading.choosing import listed, require, tell_of_others
from longshore.tables.reading.context import Reading
from longshore.tables.reading.packing import is_clutter
from longshore.tables.reading.results import ReadWarning, SheetTop, plural

ARCHIVES = ("zip", "tar")
MAX_MEMBERS = 10_000
"""Files in an archive; each takes a look."""
HEAD_BYTES = 4096
_BROKEN = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    gzip.BadGzipFile,
    NotImplementedError,
)
_NO_TABLES = ("readme", "license", "licence", "copying", "changelog", "notice", "manifest", "authors")


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    :param name: as it stands there, for people; it may be anything.
    :param size: in bytes, as the archive says; it may lie.
    :param open: gives its content.
    """

    name: str
    size: int
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@contextmanager
def open_archive(path: Path, kind: str) -> Iterator[list[Member]]:
    """The files of an archive, without what operating systems add; links, devices and folders are none.

    :raises UnreadableFile: if it is damaged, encrypted, or holds no file; also for what is read within.
    :raises TooLarge: for too many files.
    """
    try:
        with (_zip_members if kind == "zip" else _tar_members)(path) as members:
            kept = [member for member in members if not is_clutter(member.name)]
            if not kept:
                raise UnreadableFile(f"the {kind} archive holds no file; it must hold a table")
            yield kept
    except _BROKEN as error:
        raise UnreadableFile(f"the {kind} file is cut off, damaged, or compressed in an unknown way") from error


@contextmanager
def _zip_members(path: Path) -> Iterator[list[Member]]:
    with zipfile.ZipFile(path) as archive:
        files = [each for each in archive.infolist() if not each.is_dir()]
        _require_few(len(files))
        if any(each.flag_bits & 1 for each in files):
            raise UnreadableFile("the zip archive is encrypted; pack it without a password")

        def opener(each: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
            return lambda: archive.open(each)

        yield [Member(_text(each.filename), each.file_size, opener(each)) for each in files]


@contextmanager
def _tar_members(path: Path) -> Iterator[list[Member]]:
    with tarfile.open(path, "r:") as archive:

        def opener(each: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
            def content() -> IO[bytes]:
                file = archive.extractfile(each)
                if file is None:
                    raise EOFError
                return file

            return content

        members = []
        for number, each in enumerate(archive, start=1):
            _require_few(number)
            if each.isreg():
                members.append(Member(_text(each.name), each.size, opener(each)))
        yield members


def keep_together(files: Iterable[tuple[str, Path]], target: Path) -> None:
    """Write a tar of some files, which are removed one after the other: at no time twice as much stands on the disk.

    :param files: what each is to be called and where it lies; of equal names the later ones are numbered.
    """
    taken: set[str] = set()
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        for name, path in files:
            header = tarfile.TarInfo(_unused(base_name(name) or "file", taken))
            header.size = path.stat().st_size
            with path.open("rb") as content:
                archive.addfile(header, content)
            path.unlink()
            taken.add(header.name)


def _unused(name: str, taken: set[str]) -> str:
    """The name, or with a number before its ending if another file has it.

    >>> _unused("t.csv", {"t.csv"})
    't (2).csv'
    """
    path, number, found = PurePosixPath(name), 1, name
    while found in taken:
        number += 1
        found = f"{path.stem} ({number}){path.suffix}"
    return found


def _require_few(count: int) -> None:
    if count > MAX_MEMBERS:
        raise TooLarge(f"the archive holds more than {MAX_MEMBERS:,} files, which is the limit; send it in parts")


def _text(name: str) -> str:
    """A name without the halves of characters that stand for bytes which are no text."""
    return name.encode("utf-8", "replace").decode()


def base_name(name: str) -> str:
    """The last part of a member's name.

    >>> base_name("..\\\\etc/t.csv")
    't.csv'
    """
    return PurePosixPath(name.replace("\\", "/")).name


def tables_among(
    reading: Reading, members: Sequence[Member], kind_of: Callable[[bytes, str], str | None]
) -> tuple[list[Member], set[str]]:
    """The files that may be tables, and of which formats they are; a warning tells of the others.

    :param kind_of: the format of a file, by its beginning and its name: ``text`` for one without columns, None if it is
        of none that is known.
    :raises UnreadableFile: if none of several files is a table.
    """
    if len(members) == 1:
        return list(members), set()
    kinds = [_kind_of(member, kind_of) for member in members]
    names = [member.name for member in members]
    if not set(kinds) - {None, "text"}:
        kinds = ["delimited" if kind == "text" else None for kind in kinds]
    tables = [member for member, kind in zip(members, kinds, strict=True) if kind not in (None, "text")]
    if not tables:
        raise UnreadableFile(f"of {len(members)} files none is a table: {listed(names)}")
    others = [name for name, kind in zip(names, kinds, strict=True) if kind in (None, "text")]
    if others:
        has = plural(len(others), "file was taken for no table", "files were taken for no tables")
        reading.warn(ReadWarning("OtherFiles", f"{has}: {listed(others)}", len(others)))
    return tables, {kind for kind in kinds if kind not in (None, "text")}


def choose_member(reading: Reading, members: Sequence[Member], tables: Sequence[Member]) -> Member:
    """The file to read: the one that was asked for, else the largest; it goes into the settings.

    :raises InvalidRequest: if the options ask for one that is not there.
    """
    if len(members) == 1:
        return members[0]
    names, wanted = [member.name for member in tables], reading.options.sheet
    chosen = max(tables, key=lambda member: member.size)
    if len(tables) > 1:
        if wanted is not None:
            # By its name a file can be asked for that was taken for no table.
            named = [member for member in members if member.name == wanted]
            chosen = named[0] if named else tables[require(wanted, names, "the archive")]
        else:
            tell_of_others(reading, names, tables.index(chosen), "the archive")
        reading.top = SheetTop(names)
        # The option is not meant for what is in the file.
        reading.options = reading.options.model_copy(update={"sheet": None})
    reading.settings["member"] = chosen.name
    return chosen


def _kind_of(member: Member, kind_of: Callable[[bytes, str], str | None]) -> str | None:
    """The format of a file among several; what tells of the others is no table."""
    name = base_name(member.name).lower()
    if name.startswith(_NO_TABLES) or name.endswith((".md", ".rst")):
        return None
    with member.open() as file:
        head = file.read(HEAD_BYTES)
    return kind_of(head, name) if head else None
