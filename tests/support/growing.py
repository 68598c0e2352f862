"""Small files that grow when they are read, made anew: ``python growing.py FOLDER`` writes all of them.

Each is named for what it is, has a few MB at most, and stands for a table, or for nothing, that is hundreds to millions
of times as large. Beside its maker stands what should become of it: ``read``, or the error.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import struct
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TOO_LARGE, UNREADABLE, READ = "TooLarge", "UnreadableFile", "read"
COLUMNS = 60_000
"""More than a table may have."""
LONG = "x" * 100_000
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Growing:
    """One of them.

    :param name: of the file.
    :param becomes: what its reading should end with.
    """

    name: str
    becomes: str
    make: Callable[[], bytes]


ALL: dict[str, Growing] = {}


def growing(name: str, becomes: str) -> Callable[[Callable[[], bytes]], Callable[[], bytes]]:
    """Declare one."""

    def declare(make: Callable[[], bytes]) -> Callable[[], bytes]:
        assert name not in ALL
        ALL[name] = Growing(name, becomes, make)
        return make

    return declare


# -- packed --------------------------------------------------------------------------------------------------------


def deflated(begin: bytes, repeated: bytes, size: int) -> bytes:
    """``begin`` and then about ``size`` bytes of the same, as one stream; packed once and put down many times."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    block = repeated * (_CHUNK // len(repeated))
    piece = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (size // len(block) + 1) + packer.flush()


def zipped(members: dict[str, bytes | tuple[bytes, int]]) -> bytes:
    """A zip archive; a member that is packed already comes with its unpacked size, and with a wrong sum."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            if isinstance(content, bytes):
                archive.writestr(name, content)
            else:
                _put_packed(archive, name, *content)
    return out.getvalue()


def _put_packed(archive: zipfile.ZipFile, name: str, packed: bytes, size: int) -> None:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.compress_size, info.file_size, info.CRC = len(packed), size, 0
    file = archive.fp
    assert file is not None
    info.header_offset = file.tell()
    file.write(info.FileHeader())
    file.write(packed)
    archive.start_dir = file.tell()
    archive.filelist.append(info)
    archive.NameToInfo[name] = info
    archive._didModify = True  # type: ignore[attr-defined]


@growing("same-lines.csv.gz", TOO_LARGE)
def _same_lines() -> bytes:
    member = gzip.compress(b"1,2\n" * (_CHUNK // 4), 9)
    return gzip.compress(b"a,b\n") + member * 66


@growing("same-lines.csv.zip", TOO_LARGE)
def _same_lines_zipped() -> bytes:
    return zipped({"t.csv": (deflated(b"a,b\n", b"1,2\n", 1_100_000_000), 1_100_000_004)})


@growing("blank-lines.csv.gz", READ)
def _blank_lines() -> bytes:
    return gzip.compress(b"a,b\n1,2\n" + b"\n" * 40_000_000 + b"3,4\n", 9)


@growing("one-field.csv.gz", READ)
def _one_field() -> bytes:
    return gzip.compress(b'a,b\n"' + b"x" * 80_000_000 + b'",1\n', 9)


@growing("short-lines-under-many-names.csv.gz", TOO_LARGE)
def _short_lines() -> bytes:
    return gzip.compress(",".join(f"c{i}" for i in range(5000)).encode() + b"\n" + b"1\n" * 2_000_000, 9)


@growing("short-lines-under-some-names.csv.gz", TOO_LARGE)
def _short_lines_under_some() -> bytes:
    return gzip.compress(b"a,b,c,d,e,f,g,h,i,j\n" + b"1\n" * 15_000_000, 9)


@growing("names-between-rows.csv", READ)
def _names_between_rows() -> bytes:
    return b"x,y,z\n" + b"1,2,3\n4,5,6\na,b,c\n" * 28_000


@growing("tables-below-each-other.csv", READ)
def _tables_below_each_other() -> bytes:
    return b"x,y\n1,2\n\nT\n\n" * 30_000


@growing("quotes-between-two-bars.csv.gz", READ)
def _quotes_between_two_bars() -> bytes:
    return gzip.compress(b"a||b\n1||x\n2||y\n" + b'""""""""\n' * 1_000_000, 9)


@growing("fixed-widths-and-a-long-line.csv.gz", READ)
def _fixed_widths_and_a_long_line() -> bytes:
    return gzip.compress(b"a  b\nc  1\nd  2\n" + b"x" * 20_000_000 + b"\n" + b"e  3\n" * 1_000_000, 9)


@growing("archives-in-archives.zip", UNREADABLE)
def _archives() -> bytes:
    content = b"a,b\n1,2\n"
    for _ in range(4):
        content = zipped({"t.zip": content})
    return content


@growing("many-members.zip", READ)
def _many_members() -> bytes:
    return zipped({f"t{i}.csv": b"a\n1\n" for i in range(5000)})


@growing("many-lines.csv.xz", READ)
def _xz() -> bytes:
    return lzma.compress(b"1,2\n" * 10_000_000, preset=1)


@growing("many-lines.csv.bz2", READ)
def _bz2() -> bytes:
    return bz2.compress(b"1,2\n" * 5_000_000)


@growing("many-lines.csv.zst", READ)
def _zst() -> bytes:
    return bytes(pa.compress(b"1,2\n" * 10_000_000, codec="zstd", asbytes=True))


@growing("blanks.csv.zst", TOO_LARGE)
def _blanks() -> bytes:
    return bytes(pa.compress(bytes(1_500_000_000), codec="zstd", asbytes=True))


@growing("sparse.tar", TOO_LARGE)
def _sparse() -> bytes:
    header = tarfile.TarInfo("t.csv")
    header.type = tarfile.GNUTYPE_SPARSE
    block = bytearray(header.tobuf(tarfile.GNU_FORMAT))
    size = 8_000_000_000
    block[386:410] = b"%011o\0%011o\0" % (size - 512, 0)
    block[483:495] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block) + bytes(1024)


# -- pages, XML and databases --------------------------------------------------------------------------------------


@growing("spans.html", TOO_LARGE)
def _spans() -> bytes:
    return b"<table>" + b"<tr><td rowspan=65534 colspan=1000>x" + b"<tr><td>y" * 60_000


@growing("spans-of-a-long-text.html", TOO_LARGE)
def _long_spans() -> bytes:
    return b"<table><tr><td rowspan=4000 colspan=1000>" + LONG.encode() + b"<tr><td>y" * 4000


@growing("deep.html", TOO_LARGE)
def _deep_page() -> bytes:
    return b"<html>" + b"<div>" * 8000


@growing("entities.xml", UNREADABLE)
def _entities_of_xml() -> bytes:
    return b"<?xml version='1.0'?>" + _ENTITIES.encode() + b"<t><r>&j;</r><r/></t>"


@growing("names.xml", TOO_LARGE)
def _names_of_xml() -> bytes:
    return b"<t>" + b"".join(b"<r a%d='1'/>" % n for n in range(COLUMNS)) + b"</t>"


@growing("names-times-records.xml", TOO_LARGE)
def _records_of_xml() -> bytes:
    return b"<t>" + b"".join(b"<r a%d='1'/>" % n for n in range(20_000)) + b"<r/>" * 300_000 + b"</t>"


@growing("deep.xml", UNREADABLE)
def _deep_xml() -> bytes:
    return b"<t>" + b"<a>" * 500_000


@growing("made-up.db", TOO_LARGE)
def _made_up() -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a, b AS (printf('%.*c', 10000000, 'x')))")
        connection.execute(
            "WITH c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c LIMIT 5000) INSERT INTO t SELECT i FROM c"
        )
        connection.commit()
        return connection.serialize()


@growing("blanks.avro", TOO_LARGE)
def _avro() -> bytes:
    return avro('"string"', 1, zigzag(1_500_000_000), bytes(1_500_000_000))


@growing("nothing.avro", TOO_LARGE)
def _nothing_of_avro() -> bytes:
    return avro('"null"', 2**40, b"", b"")


def zigzag(number: int) -> bytes:
    """A whole number as Avro has it."""
    number, out = number << 1, bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def avro(kind: str, rows: int, first: bytes, rest: bytes) -> bytes:
    """A file of Avro with one column and one deflated block."""
    schema = f'{{"type":"record","name":"r","fields":[{{"name":"a","type":{kind}}}]}}'.encode()
    deflating = zlib.compressobj(1, zlib.DEFLATED, -15)
    block = deflating.compress(first) + deflating.compress(rest) + deflating.flush()
    head = b"Obj\x01" + zigzag(2)
    for name, value in ((b"avro.schema", schema), (b"avro.codec", b"deflate")):
        head += zigzag(len(name)) + name + zigzag(len(value)) + value
    return head + zigzag(0) + bytes(16) + zigzag(rows) + zigzag(len(block)) + block + bytes(16)


# -- wide and deep text ----------------------------------------------------------------------------------------------


@growing("names.csv", TOO_LARGE)
def _names() -> bytes:
    header = ",".join(f"c{i}" for i in range(COLUMNS))
    return f"{header}\n{',1' * (COLUMNS - 1)}\n".encode()


@growing("wide.csv", READ)
def _wide() -> bytes:
    return b"".join(",".join(str(i * j) for i in range(8000)).encode() + b"\n" for j in range(1, 4))


@growing("unnamed.csv", TOO_LARGE)
def _unnamed() -> bytes:
    return b"," * COLUMNS + b"\n" + b"," * COLUMNS + b"\n"


@growing("key-per-record.ndjson", TOO_LARGE)
def _keys() -> bytes:
    return b"".join(b'{"k%d":1}\n' % i for i in range(COLUMNS))


@growing("keys-times-records.ndjson", TOO_LARGE)
def _keys_times_records() -> bytes:
    return b"".join(b'{"k%d":1}\n' % i for i in range(11_000))


@growing("keys-after-plain-lines.ndjson", TOO_LARGE)
def _keys_after() -> bytes:
    return b'{"a":1}\n' * 200_000 + b"".join(b'{"k%d":1}\n' % i for i in range(11_000))


@growing("some-keys.ndjson", READ)
def _some_keys() -> bytes:
    return b"".join(b'{"k%d":1}\n' % i for i in range(2000))


@growing("one-record.ndjson", TOO_LARGE)
def _one_record() -> bytes:
    return (json.dumps({f"k{i}": i for i in range(COLUMNS)}) + "\n").encode() * 2


@growing("broken-keys.ndjson", TOO_LARGE)
def _broken_keys() -> bytes:
    return b'{"a":NaN}\n' + b"".join(b'{"k%d":1}\n' % i for i in range(COLUMNS))


@growing("key-per-record.json", TOO_LARGE)
def _keys_in_array() -> bytes:
    return json.dumps([{f"k{i}": i} for i in range(COLUMNS)]).encode()


@growing("keyed-records.json", TOO_LARGE)
def _keyed_records() -> bytes:
    return json.dumps({f"r{i}": {f"k{i}": i} for i in range(11_000)}).encode()


@growing("ragged-rows.json", TOO_LARGE)
def _ragged_rows() -> bytes:
    return json.dumps([["a"], *([i] for i in range(3000)), list(range(COLUMNS))]).encode()


@growing("deep-array.json", UNREADABLE)
def _deep_array() -> bytes:
    return b"[" * 200_000 + b"]" * 200_000


@growing("deep-object.json", UNREADABLE)
def _deep_object() -> bytes:
    return b'[{"a":' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}]"


@growing("deep-lines.ndjson", UNREADABLE)
def _deep_lines() -> bytes:
    return (b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n") * 20


# -- workbooks -------------------------------------------------------------------------------------------------------

_SPREADSHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_ENTITIES = (
    '<!DOCTYPE x [<!ENTITY a "lollollol">'
    + "".join(f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(9))
    + "]>"
)
_OUTSIDE = '<!DOCTYPE x [<!ENTITY j SYSTEM "file:///etc/passwd">]>'


def package(sheet: bytes | tuple[bytes, int], shared: str = "", kind: str = "xml", book: bytes = b"") -> bytes:
    """A workbook of .xlsx, or of .xlsb, with one sheet."""
    book = (
        book
        or (
            f'<workbook {_SPREADSHEET} xmlns:r="{_OFFICE}"><sheets><sheet name="s" sheetId="1" r:id="rId1"/></sheets>'
            "</workbook>"
        ).encode()
    )
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="{kind}" ContentType="application/xml"/></Types>'
    )
    parts: dict[str, bytes | tuple[bytes, int]] = {
        "[Content_Types].xml": types.encode(),
        "_rels/.rels": _relations(("rId1", "officeDocument", f"xl/workbook.{kind}")),
        f"xl/workbook.{kind}": book,
        f"xl/_rels/workbook.{kind}.rels": _relations(
            ("rId1", "worksheet", f"worksheets/sheet1.{kind}"), ("rId2", "sharedStrings", f"sharedStrings.{kind}")
        ),
        f"xl/worksheets/sheet1.{kind}": sheet,
    }
    if kind == "xml":
        parts["xl/sharedStrings.xml"] = f"<sst {_SPREADSHEET}>{shared}</sst>".encode()
    return zipped(parts)


def _relations(*each: tuple[str, str, str]) -> bytes:
    listed = "".join(f'<Relationship Id="{i}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for i, kind, to in each)
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{listed}</Relationships>'.encode()


def sheet(rows: str, before: str = "") -> bytes:
    """A sheet of .xlsx."""
    return f'<?xml version="1.0"?>{before}<worksheet {_SPREADSHEET}><sheetData>{rows}</sheetData></worksheet>'.encode()


def two_cells(far: str, row: int) -> str:
    """The first cell, and one far away."""
    return f'<row r="1"><c r="A1"><v>1</v></c></row><row r="{row}"><c r="{far}{row}"><v>2</v></c></row>'


@growing("far-corner.xlsx", TOO_LARGE)
def _corner() -> bytes:
    return package(sheet(two_cells("XFD", 1_048_576)))


@growing("far-row.xlsx", TOO_LARGE)
def _far_row() -> bytes:
    return package(sheet(two_cells("BD", 1_048_576)))


@growing("far-column.xlsx", TOO_LARGE)
def _far_column() -> bytes:
    return package(sheet(two_cells("XFD", 3600)))


@growing("near-row.xlsx", READ)
def _near_row() -> bytes:
    return package(sheet(two_cells("F", 1_048_576)))


@growing("one-cell.xlsx", TOO_LARGE)
def _one_cell() -> bytes:
    text = "z" * 40_000_000
    return package(sheet(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{text}</t></is></c></row>'))


@growing("shared-text.xlsx", TOO_LARGE)
def _shared_text() -> bytes:
    rows = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 100_001))
    return package(sheet(rows), f"<si><t>{'y' * 32_000}</t></si>")


@growing("blank-part.xlsx", TOO_LARGE)
def _blank_part() -> bytes:
    begin = f"<worksheet {_SPREADSHEET}><sheetData>".encode()
    return package((deflated(begin, b" ", 1_100_000_000), 1_100_000_000))


@growing("entities.xlsx", UNREADABLE)
def _entities() -> bytes:
    return package(sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row>', _ENTITIES))


@growing("outside.xlsx", UNREADABLE)
def _outside() -> bytes:
    return package(sheet('<row r="1"><c r="A1" t="inlineStr"><is><t>&j;</t></is></c></row>', _OUTSIDE))


def records(each: Iterable[tuple[int, bytes]]) -> bytes:
    """A part of .xlsb: kinds and bodies, shorter than 128 bytes."""
    out = bytearray()
    for kind, body in each:
        out += bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        out += bytes([len(body)]) + body
    return bytes(out)


@growing("far-rows.xlsb", TOO_LARGE)
def _far_rows() -> bytes:
    def wide(text: str) -> bytes:
        return struct.pack("<I", len(text)) + text.encode("utf-16-le")

    def row(number: int) -> bytes:
        return struct.pack("<IIHBBBII", number, 0, 300, 0, 0, 0, 1, 0) + struct.pack("<I", 0)

    def cell(column: int, value: float) -> bytes:
        return struct.pack("<IId", column, 0, value)

    book = records(
        [(131, b""), (143, b""), (156, struct.pack("<II", 0, 1) + wide("rId1") + wide("s")), (144, b""), (132, b"")]
    )
    size = struct.pack("<IIII", 0, 1_048_575, 0, 300)
    cells = [(0, row(0)), (5, cell(0, 1.0)), (0, row(1_048_575)), (5, cell(300, 2.0))]
    content = records([(129, b""), (148, size), (145, b""), *cells, (146, b""), (130, b"")])
    return package(content, kind="bin", book=book)


def ods(rows: str, before: str = "") -> bytes:
    """A workbook of .ods."""
    urn = "urn:oasis:names:tc:opendocument:xmlns:"
    names = "".join(f' xmlns:{each}="{urn}{each}:1.0"' for each in ("office", "table", "text"))
    content = (
        f'<?xml version="1.0"?>{before}<office:document-content{names}><office:body><office:spreadsheet>'
        f'<table:table table:name="s">{rows}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    manifest = f'<manifest:manifest xmlns:manifest="{urn}manifest:1.0"/>'
    return zipped(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": manifest.encode(),
        }
    )


def ods_cell(text: str, **repeats: int) -> str:
    """A cell of text."""
    repeated = "".join(f' table:number-{what}-repeated="{count}"' for what, count in repeats.items())
    return f'<table:table-cell office:value-type="string"{repeated}><text:p>{text}</text:p></table:table-cell>'


@growing("blanks.ods", TOO_LARGE)
def _blanks() -> bytes:
    return ods(
        f"<table:table-row>{ods_cell('a<text:s text:c=' + chr(34) + '2000000000' + chr(34) + '/>')}</table:table-row>"
    )


@growing("same-rows.ods", TOO_LARGE)
def _same_rows_of_text() -> bytes:
    return ods(f'<table:table-row table:number-rows-repeated="1000000000">{ods_cell("q" * 3000)}</table:table-row>')


@growing("same-columns.ods", READ)
def _same_columns() -> bytes:
    return ods(f"<table:table-row>{ods_cell('1', columns=4000)}</table:table-row>" * 2)


@growing("same-cells.ods", UNREADABLE)
def _same_cells() -> bytes:
    cell = ods_cell("1", columns=16_384)
    return ods(f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>')


@growing("entities.ods", UNREADABLE)
def _entities_of_ods() -> bytes:
    return ods(f"<table:table-row>{ods_cell('&j;')}</table:table-row>", _ENTITIES)


# -- columns -----------------------------------------------------------------------------------------------------------


def parquet(tables: Iterable[pa.Table]) -> bytes:
    """Tables of one schema as row groups of one Parquet file."""
    out = io.BytesIO()
    writer: pq.ParquetWriter | None = None
    for table in tables:
        writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
        writer.write_table(table, row_group_size=table.num_rows)
    assert writer is not None
    writer.close()
    return out.getvalue()


def one_long_text(rows: int) -> pa.Table:
    """The same long text in each row, kept once."""
    return pa.table({"a": pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), pa.array([LONG]))})


@growing("same-number.parquet", TOO_LARGE)
def _same_number() -> bytes:
    group = pa.table({"a": pa.repeat(7, 5_000_000)})
    return parquet([group] * 21)


@growing("nothing.parquet", TOO_LARGE)
def _nothing() -> bytes:
    group = pa.table({f"c{i}": pa.nulls(1_000_000, pa.string()) for i in range(30)})
    return parquet([group] * 4)


@growing("same-text.parquet", TOO_LARGE)
def _same_text() -> bytes:
    return parquet([one_long_text(120_000)])


@growing("columns.parquet", TOO_LARGE)
def _columns() -> bytes:
    return parquet([pa.table({f"c{i}": pa.array([1], pa.int8()) for i in range(COLUMNS)})])


@growing("deep.parquet", READ)
def _deep() -> bytes:
    values: pa.Array = pa.array([1, 2, 3])
    for _ in range(40):
        values = pa.ListArray.from_arrays(pa.array(range(len(values) + 1), pa.int32()), values)
    return parquet([pa.table({"a": values})])


@growing("same-text.arrow", TOO_LARGE)
def _same_text_of_arrow() -> bytes:
    out = io.BytesIO()
    table = one_long_text(120_000)
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(out, table.schema, options=options) as file:
        file.write_table(table)
    return out.getvalue()


@growing("same-number.arrows", TOO_LARGE)
def _same_number_of_stream() -> bytes:
    out = io.BytesIO()
    table = pa.table({"a": pa.repeat(0, 5_000_000)})
    with pa.ipc.new_stream(out, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as stream:
        for _ in range(30):
            stream.write_table(table)
    return out.getvalue()


def main() -> None:
    """Write all of them into the folder that the argument names."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for each in ALL.values():
        content = each.make()
        (folder / each.name).write_bytes(content)
        print(f"{each.name:<40} {len(content):>10,} bytes")


if __name__ == "__main__":
    main()
