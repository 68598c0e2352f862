"""Files that are packed, alone or several together; and archives that mean harm."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from longshore.errors import InvalidRequest, TooLarge, UnreadableFile
from longshore.tables.reading import ReadOptions, ReadResult, archives, limits, streams
from longshore.tables.reading.preview import look
from tables.reading.conftest import cells, codes, kinds
from tables.reading.test_formats import zipped

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Read = Callable[..., ReadResult]
CSV = b"a,b\n1,x\n2,y\n"
TABLE = {"a": [1, 2], "b": ["x", "y"]}
PACK: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "gzip": (gzip.compress, ".gz"),
    "bzip2": (bz2.compress, ".bz2"),
    "xz": (lzma.compress, ".xz"),
    "zstd": (zstd.compress, ".zst"),
}


def tarred(*members: tuple[str, bytes], form: int = tarfile.PAX_FORMAT, mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, content in members:
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))
    return buffer.getvalue()


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("name", ["t.csv", "whatever"])
def test_a_packed_file_is_known_by_its_content(read_bytes: Read, kind: str, name: str) -> None:
    pack, ending = PACK[kind]
    result = read_bytes(pack(CSV), name=name if name == "whatever" else name + ending)
    assert cells(result) == TABLE
    assert result.settings["packed"] == [kind]
    assert result.settings["format"] == "delimited"


@pytest.mark.parametrize("kind", PACK)
def test_the_name_within_is_that_without_the_ending(read_bytes: Read, kind: str) -> None:
    pack, ending = PACK[kind]
    tabs = pack(b"a,b\tc\n1,2\t3\n4,5\t6\n")
    assert cells(read_bytes(tabs, name=f"t.tsv{ending}")) == {"a,b": [1.2, 4.5], "c": [3, 6]}


@pytest.mark.parametrize("kind", PACK)
def test_streams_one_after_the_other_are_one_file(read_bytes: Read, kind: str) -> None:
    pack, ending = PACK[kind]
    parts = [CSV[:5], CSV[5:9], CSV[9:]]
    assert cells(read_bytes(b"".join(map(pack, parts)), name=f"t.csv{ending}")) == TABLE


def test_many_streams_over_the_pieces_that_are_read(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_PACKED_BYTES", 7)
    monkeypatch.setattr(streams, "CHUNK_BYTES", 11)
    rows = [f"{number},n{number}\n".encode() for number in range(50)]
    for pack, ending in PACK.values():
        content = pack(b"a,b\n") + b"".join(map(pack, rows))
        assert cells(read_bytes(content, name=f"t.csv{ending}"))["a"] == list(range(50))


def test_padding_after_xz_and_a_frame_that_zstd_skips(read_bytes: Read) -> None:
    assert cells(read_bytes(lzma.compress(CSV) + bytes(8), name="t.csv.xz")) == TABLE
    skipped = b"\x53\x2a\x4d\x18\x04\x00\x00\x00note"
    assert cells(read_bytes(skipped + zstd.compress(CSV), name="t.csv.zst")) == TABLE


@pytest.mark.parametrize("kind", PACK)
def test_a_packed_file_that_is_cut_off_or_damaged(read_bytes: Read, kind: str) -> None:
    pack, ending = PACK[kind]
    whole = pack(b"a,b\n" + b"".join(b"%d,x%d\n" % (n, n * 7919) for n in range(500)))
    for content in (
        whole[:-9],
        whole[: len(whole) // 2],
        whole + b"garbage that is no stream",
        whole[:20] + b"\xff" * 40,
    ):
        with pytest.raises(UnreadableFile, match=f"the {kind} file is cut off or damaged"):
            read_bytes(content, name=f"t.csv{ending}")


@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_of_any_kind_does_not_go_off(read_bytes: Read, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pack, ending = PACK[kind]
    with pytest.raises(TooLarge, match="unpacks to more than 2,000,000 bytes"):
        read_bytes(pack(bytes(3_000_000)), name=f"t.csv{ending}", limit=2_000_000)
    monkeypatch.setattr(limits, "FREE_UNPACKED_BYTES", 10_000)
    monkeypatch.setattr(limits, "UNPACKED_PER_BYTE", 10)
    with pytest.raises(TooLarge, match="nearly all of it repeated"):
        read_bytes(pack(bytes(3_000_000)), name=f"t.csv{ending}")


def test_what_takes_too_much_memory_to_unpack(read_bytes: Read) -> None:
    compressor = zstd.ZstdCompressor(
        options={
            zstd.CompressionParameter.window_log: 28,
            zstd.CompressionParameter.compression_level: 1,
        }
    )
    content = compressor.compress(CSV) + compressor.flush()
    with pytest.raises(TooLarge, match="zstd file takes too much memory"):
        read_bytes(content, name="t.csv.zst")


def test_xz_with_a_dictionary_that_is_too_large(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "_XZ_MEMORY", 1 << 20)
    with pytest.raises(TooLarge, match="xz file takes too much memory"):
        read_bytes(lzma.compress(CSV, preset=6), name="t.csv.xz")


FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("packing", ["", "gz", "bz2", "xz"])
def test_tar(read_bytes: Read, form: str, packing: str) -> None:
    content = tarred(("folder/t.csv", CSV), form=FORMS[form], mode=f"w:{packing}")
    result = read_bytes(content, name=f"t.tar.{packing}" if packing else "t.csv")
    assert cells(result) == TABLE
    assert result.settings["packed"][-1] == "tar"


def test_a_tar_of_before_there_was_a_mark(read_bytes: Read) -> None:
    content = bytearray(tarred(("t.csv", CSV), form=tarfile.USTAR_FORMAT))
    content[257:265] = bytes(8)
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    assert cells(read_bytes(bytes(content), name="t.tar")) == TABLE


def test_endings_that_stand_for_two(read_bytes: Read) -> None:
    for name, mode in (("t.tgz", "w:gz"), ("t.tbz2", "w:bz2"), ("t.txz", "w:xz")):
        assert cells(read_bytes(tarred(("t.csv", CSV), mode=mode), name=name)) == TABLE


def test_a_name_of_two_hundred_characters_and_one_that_is_no_text(read_bytes: Read) -> None:
    long = "x" * 200 + ".csv"
    content = tarred((long, CSV), ("\udcff.csv", CSV))
    assert cells(read_bytes(content, name="t.tar"))["file"] == [long, long, "?.csv", "?.csv"]


def test_what_is_no_file_in_a_tar_is_never_touched(read_bytes: Read, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_bytes(b"secret\n1\n")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind, link in (
            ("link.csv", tarfile.SYMTYPE, str(secret)),
            ("hard.csv", tarfile.LNKTYPE, str(secret)),
            ("pipe.csv", tarfile.FIFOTYPE, ""),
            ("device.csv", tarfile.CHRTYPE, ""),
            ("folder", tarfile.DIRTYPE, ""),
        ):
            header = tarfile.TarInfo(name)
            header.type, header.linkname = kind, link
            archive.addfile(header)
        header = tarfile.TarInfo("../../../../outside/t.csv")
        header.size = len(CSV)
        archive.addfile(header, io.BytesIO(CSV))
    assert cells(read_bytes(buffer.getvalue(), name="t.tar")) == TABLE
    assert not (tmp_path / "outside").exists()
    only_links = buffer.getvalue()[: 512 * 2] + bytes(1024)
    with pytest.raises(UnreadableFile, match="the tar archive holds no file"):
        read_bytes(only_links, name="t.tar")


def test_a_tar_that_is_cut_off(read_bytes: Read) -> None:
    content = tarred(("t.csv", CSV * 1000))
    with pytest.raises(UnreadableFile, match="tar file is cut off"):
        read_bytes(content[:5000], name="t.tar")


def test_a_tar_whose_header_lies_about_the_size(read_bytes: Read) -> None:
    content = bytearray(tarred(("t.csv", CSV), form=tarfile.GNU_FORMAT))
    content[124:136] = b"\x80" + (1 << 60).to_bytes(11, "big")
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    with pytest.raises(UnreadableFile, match="tar file is cut off"):
        read_bytes(bytes(content), name="t.tar")


def test_too_many_files(read_bytes: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 3)
    members = [(f"{n}.csv", CSV) for n in range(4)]
    for content in (zipped(*members), tarred(*members)):
        with pytest.raises(TooLarge, match="more than 3 files"):
            read_bytes(content, name="t.zip")
    assert read_bytes(zipped(*members[:3]), name="t.zip").table.rows == 6


def test_archives_within_archives(read_bytes: Read) -> None:
    inner = tarred(("t.csv", CSV), mode="w:gz")
    assert cells(read_bytes(zipped(("t.tar.gz", inner)), name="t.zip")) == TABLE
    assert cells(read_bytes(bz2.compress(gzip.compress(CSV)), name="t.csv.gz.bz2")) == TABLE
    for deep in (
        zipped(("t.zip", zipped(("t.tar.gz", inner)))),
        tarred(("t.tar", tarred(("t.tar", tarred(("t.csv", CSV)))))),
    ):
        with pytest.raises(UnreadableFile, match="within an archive"):
            read_bytes(deep, name="t.zip")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_texts_of_the_same_columns_are_put_below_each_other(read_bytes: Read, pack: Callable[..., bytes]) -> None:
    result = read_bytes(
        pack(("y/2020.csv", b"a,b\n1,x\n\n2,y\n"), ("y/2021.csv", b"b;a\nz;03\n"), ("readme.txt", b"What, this, is\n")),
        name="t.zip",
    )
    # The types are those of all values: 03 is no number.
    assert cells(result) == {
        "file": ["y/2020.csv", "y/2020.csv", "y/2021.csv"],
        "a": ["1", "2", "03"],
        "b": ["x", "y", "z"],
    }
    assert codes(result) == ["OtherFiles", "AppendedFiles", "BlankLines"]
    assert result.settings["files"] == ["y/2020.csv", "y/2021.csv"]
    assert result.top is not None
    assert result.top.sheets == ["y/2020.csv", "y/2021.csv"]
    told = result.settings["ledger"]
    assert (told["lines"], told["header"], told["blank"], told["rows"]) == (6, 2, 1, 3)
    origin = result.table.origin
    assert origin is not None
    assert [origin.line_of(result.table.folder, row) for row in range(3)] == [2, 4, 2]


def test_one_of_them_can_be_read_alone(read_bytes: Read) -> None:
    content = zipped(("1.csv", b"a\n1\n"), ("2.csv", b"a\n2\n"), ("notes.txt", b"nothing\n"))
    for sheet, value in (("2.csv", 2), (1, 2), ("0", 1), ("1.csv", 1)):
        result = read_bytes(content, name="t.zip", sheet=sheet)
        assert cells(result) == {"a": [value]}
        assert result.settings["member"] == f"{value}.csv"
    assert cells(read_bytes(content, name="t.zip", sheet="notes.txt")) == {"nothing": []}
    for sheet in ("3.csv", 2, -1):
        with pytest.raises(InvalidRequest, match=r"'1\.csv', '2\.csv'"):
            read_bytes(content, name="t.zip", sheet=sheet)


def test_encodings_and_odd_lines_of_each_file(read_bytes: Read) -> None:
    content = zipped(
        ("1.csv", "ort,n\nKöln,1\nBonn\n".encode("cp1252")),
        ("2.csv", "ort,n\nMünster,2\n".encode("utf-16")),
        ("3.csv", "ort,n\nJülich,3\nDüren,4,5\n".encode()),
    )
    result = read_bytes(content, name="t.zip")
    assert cells(result)["ort"] == ["Köln", "Bonn", "Münster", "Jülich", "Düren"]
    assert cells(result)["n"] == [1, None, 2, 3, 4]
    assert codes(result) == ["AppendedFiles", "ShortLines", "LongLines"]
    assert [warning.message[:5] for warning in result.warnings[1:]] == ["1.csv", "3.csv"]
    odd = result.set_aside
    assert odd is not None
    listed = odd.scan().select("line", "row", "reason", "raw").collect().rows()
    assert [(line, row, raw) for line, row, _, raw in listed] == [(3, 1, "Bonn"), (3, 4, "Düren,4,5")]
    assert listed[1][2].startswith("in 3.csv: ")


def test_a_column_that_is_called_file_already(read_bytes: Read) -> None:
    result = read_bytes(zipped(("1.csv", b"file,a\nx,1\n"), ("2.csv", b"file,a\ny,2\n")), name="t.zip")
    assert cells(result) == {"file": ["1.csv", "2.csv"], "file.1": ["x", "y"], "a": [1, 2]}


def test_many_rows_of_many_files(read_bytes: Read, tiny_blocks: Callable[[int], None]) -> None:
    tiny_blocks(500)
    members = [
        (f"{year}.csv", b"n,when\n" + "".join(f"{n},{year}-01-{n % 28 + 1:02}\n" for n in range(300)).encode())
        for year in range(2000, 2010)
    ]
    result = read_bytes(tarred(*members, mode="w:gz"), name="t.tgz")
    assert kinds(result) == {"file": "string", "n": "int", "when": "date"}
    frame = result.table.scan().collect()
    assert frame.height == 3000
    assert frame["n"].to_list() == list(range(300)) * 10
    assert (frame["file"] == frame["when"].dt.year().cast(pl.String) + ".csv").all()
    origin = result.table.origin
    assert origin is not None
    assert [origin.line_of(result.table.folder, row) for row in (0, 299, 300, 2999)] == [2, 301, 2, 301]


def test_of_different_tables_the_largest_is_read(read_bytes: Read) -> None:
    parquet = io.BytesIO()
    pl.DataFrame({"p": [1]}).write_parquet(parquet)
    content = zipped(("small.csv", CSV), ("large.csv", b"c,d\n" + b"1,2\n" * 500), ("p.parquet", parquet.getvalue()))
    result = read_bytes(content, name="t.zip")
    assert (result.table.names, result.table.rows) == (["c", "d"], 500)
    assert codes(result) == ["OtherTables"]
    assert result.settings["member"] == "large.csv"
    assert result.top is not None
    assert result.top.sheets == ["small.csv", "large.csv", "p.parquet"]
    assert cells(read_bytes(content, name="t.zip", sheet="p.parquet")) == {"p": [1]}


def test_the_option_for_the_archive_is_not_one_for_the_workbook(read_bytes: Read) -> None:
    buffer = io.BytesIO()
    pl.DataFrame({"a": [7]}).write_excel(buffer, worksheet="Inner")
    content = zipped(("t.csv", CSV), ("t.xlsx", buffer.getvalue()))
    result = read_bytes(content, name="t.zip", sheet="t.xlsx")
    assert cells(result) == {"a": [7]}
    assert result.top is not None
    assert result.top.sheets == ["t.csv", "t.xlsx"]
    alone = zipped(("t.xlsx", buffer.getvalue()))
    result = read_bytes(alone, name="t.zip", sheet="Inner")
    assert cells(result) == {"a": [7]}
    assert result.top is not None
    assert result.top.sheets == ["Inner"]


def test_an_archive_without_a_table(read_bytes: Read) -> None:
    with pytest.raises(UnreadableFile, match=r"of 2 files none is a table: 'a\.pdf', 'b\.png'"):
        read_bytes(zipped(("a.pdf", b"%PDF-1.7"), ("b.png", b"\x89PNG\r\n")), name="t.zip")
    texts = zipped(("one.txt", b"w\nx\n"), ("two.txt", b"w\ny\n"))
    assert cells(read_bytes(texts, name="t.zip")) == {"file": ["one.txt", "two.txt"], "w": ["x", "y"]}


def test_a_zip_bomb_of_many_files(read_bytes: Read) -> None:
    members = [(f"{n}.csv", b"a\n" + b"1\n" * 500_000) for n in range(4)]
    with pytest.raises(TooLarge, match="unpacks to more than 2,000,000 bytes"):
        read_bytes(zipped(*members), name="t.zip", limit=2_000_000)


def test_what_is_no_longer_used_is_refused_in_words(read_bytes: Read) -> None:
    with pytest.raises(UnreadableFile, match=r"compress .*use gzip or xz.*What can be read: CSV"):
        read_bytes(b"\x1f\x9d\x90" + bytes(100), name="t.csv.Z")


def test_a_look_lists_the_files(tmp_path: Path) -> None:
    path = tmp_path / "upload"
    path.write_bytes(zipped(("1.csv", b"a\n1\n"), ("2.csv", b"b\n2\n3\n")))

    def seen(**options: Any) -> dict[str, Any]:
        return look(path, tmp_path, name="t.zip", options=ReadOptions(**options), max_unpacked_bytes=10**9)

    found = seen()
    assert found["sheets"] == ["1.csv", "2.csv"]
    assert [column["name"] for column in found["columns"]] == ["b"]
    assert found["reading"]["member"] == "2.csv"
    assert seen(sheet="1.csv")["rows"] == [[1]]
