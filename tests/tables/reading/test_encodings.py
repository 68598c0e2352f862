"""Encodings are detected, however late in the file they show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longshore.tables.reading import ReadResult
from tables.reading.conftest import cells, codes

Read = Callable[..., ReadResult]

FRENCH = "Événement à Besançon, où l'été fut très chaud; forêt brûlée, garçons, élèves, naïveté".replace(",", " ")
GERMAN = "Größe Übermut Äpfel Straße süß Müller schön während für Jürgen"
JAPANESE = "東京都渋谷区で開催された会議に参加しました。日本語のテキストです。カタカナとひらがな"
RUSSIAN = "Привет мир это проверка кодировки текста для таблицы данных"
POLISH = "Zażółć gęślą jaźń wśród źdźbeł łąki święty żółw ćma śnieg"


def table(text: str, rows: int = 30) -> str:
    words = text.split()
    return "имя,b\n".replace("имя", "name") + "".join(f"{text} {words[i % len(words)]},{i}\n" for i in range(rows))


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "utf-8"),
        (FRENCH, "utf-8-sig"),
        (FRENCH, "latin-1"),
        (GERMAN, "cp1252"),
        (FRENCH, "utf-16"),
        (FRENCH, "utf-16-le"),
        (FRENCH, "utf-16-be"),
        (JAPANESE, "shift_jis"),
        (JAPANESE, "euc_jp"),
        (JAPANESE, "utf-16"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (POLISH, "cp1250"),
    ],
)
def test_detected(read_bytes: Read, text: str, encoding: str) -> None:
    content = table(text)
    result = read_bytes(content.encode(encoding))
    assert cells(result)["name"][0] == f"{text} {text.split()[0]}"
    assert cells(result)["b"] == list(range(30))


@pytest.mark.parametrize("rest", ["1;2;3\n", "x;Jürgen;3\n", ""])
@pytest.mark.parametrize("above", ["", "Übersicht\n"])
def test_names_alone_tell_the_encoding(read_bytes: Read, above: str, rest: str) -> None:
    content = f"{above}Größe;Länge;Tag\n{rest}".encode("cp1252")
    result = read_bytes(content, initialSkip=1 if above else 0)
    assert [column.name for column in result.table.columns] == ["Größe", "Länge", "Tag"]
    assert (result.settings["encoding"], result.warnings) == ("cp1252", [])


def test_a_bad_byte_in_a_name_is_told(read_bytes: Read) -> None:
    result = read_bytes("Größe ÄÖÜ;b".encode() + b"\xff\n1;2\n")
    assert [column.name for column in result.table.columns] == ["Größe ÄÖÜ", "b\ufffd"]
    assert codes(result) == ["InvalidBytes"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "cp932", "latin-1"])
def test_given(read_bytes: Read, encoding: str) -> None:
    text = JAPANESE if encoding == "cp932" else "é"
    result = read_bytes(f"a,b\n{text},1\n".encode(encoding), encoding=encoding)
    assert cells(result)["a"] == [text]


def test_a_byte_far_into_the_file_changes_the_encoding(read_bytes: Read, tiny_blocks: Callable[[int], None]) -> None:
    tiny_blocks(10_000)
    content = b"name,b\n" + b"plain text,1\n" * 20_000 + "Besançon,2\n".encode("latin-1") + b"x,3\n"
    result = read_bytes(content)
    assert cells(result)["name"][20_000] == "Besançon"
    assert (result.table.rows, result.warnings) == (20_002, [])


def test_one_bad_byte_does_not_spoil_utf8(read_bytes: Read) -> None:
    content = table(FRENCH).encode() + b"bad\xffbyte,5\n"
    result = read_bytes(content)
    assert cells(result)["name"][-1] == "bad\ufffdbyte"
    assert cells(result)["name"][0].startswith(FRENCH)
    assert codes(result) == ["InvalidBytes"]
    assert result.warnings[0].count == 1


def test_bad_bytes_under_a_given_encoding(read_bytes: Read) -> None:
    result = read_bytes(b"a,b\nx\xffy,1\n", encoding="utf-8")
    assert (cells(result)["a"], codes(result)) == (["x\ufffdy"], ["InvalidBytes"])


def test_a_mark_belongs_to_no_name(read_bytes: Read) -> None:
    assert read_bytes('\ufeff"a",b\n1,2\n'.encode()).table.names == ["a", "b"]
