"""Encodings are found from a few letters: what is most common wins until words tell another language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from longshore.tables.reading import ReadOptions, ReadResult, read
from longshore.tables.reading.guessing import guess
from longshore.tables.reading.preview import look
from tables.reading.conftest import cells, codes

Read = Callable[..., ReadResult]

CORPUS = {
    "french": (
        ("cp1252", "iso8859_15", "mac_roman", "cp850"),
        ["Café crème", "Pâté de forêt", "Crème brûlée"],
        "Les élèves ont été très étonnés de voir que la forêt brûlait déjà à côté de l'église où ils étaient nés",
    ),
    "german": (
        ("cp1252", "cp850", "mac_roman"),
        ["Müller", "Jäger", "Groß Köris"],
        "Die Straße führt über die Brücke zum Schloß und die Bäume blühen schön für die Gäste aus Österreich",
    ),
    "spanish": (
        ("cp1252", "mac_roman"),
        ["España", "Perú", "Panamá"],
        "El niño pequeño comió más jamón y después durmió en el sillón según la señora García Núñez",
    ),
    "portuguese": (
        ("cp1252",),
        ["São Paulo", "Açúcar", "Pão de queijo"],
        "A educação não é só uma obrigação: as crianças têm direito à informação e à participação na decisão",
    ),
    "italian": (
        ("cp1252",),
        ["città", "perché", "caffè"],
        "La libertà è più preziosa della felicità, perciò la società dovrà essere giusta e più umana, perché così è",
    ),
    "swedish": (
        ("cp1252", "cp850"),
        ["Malmö", "Gävle", "Västerås"],
        "På hösten går många människor ut i skogen för att plocka bär, och sedan äter de smörgåsar på ön",
    ),
    "danish": (
        ("cp1252",),
        ["Ærø", "Rødgrød", "Århus"],
        "På øen står der små røde huse, hvor børnene leger på græsset og spiser æbler",
    ),
    "icelandic": (
        ("cp1252",),
        ["Þórður", "Seyðisfjörður", "Ísafjörður"],
        "Það er ekki hægt að segja það með öðrum orðum en þeim sem við þekkjum í íslensku",
    ),
    "polish": (
        ("cp1250", "iso8859_2"),
        ["Łódź", "Kraków", "Gdańsk"],
        "Zażółć gęślą jaźń, wśród źdźbeł łąki święty żółw i ćma czekają na śnieg, a książę wciąż śpi",
    ),
    "czech": (
        ("cp1250", "iso8859_2"),
        ["Plzeň", "Česká Třebíč", "Ústí nad Labem"],
        "Příliš žluťoučký kůň úpěl ďábelské ódy, protože měl hlad a nikdo mu nechtěl dát něco dobrého",
    ),
    "hungarian": (
        ("cp1250",),
        ["Győr", "Székesfehérvár", "Hódmezővásárhely"],
        "Az öreg hölgy gyűrűjét a fűben találták meg, és nagyon örült, hogy újra a kezén őrizheti",
    ),
    "croatian": (
        ("cp1250",),
        ["Čakovec", "Šibenik", "Požega"],
        "Ako želite naručiti još kolača, molimo vas da nam to kažete večeras, jer ćemo sutra otići kući",
    ),
    "russian": (
        ("cp1251", "koi8_r", "cp866"),
        ["Москва", "Тверь", "Псков"],
        "Съешь ещё этих мягких французских булок, да выпей чаю, и всё будет хорошо в этом большом городе",
    ),
    "ukrainian": (
        ("cp1251",),
        ["Київ", "Львів", "Одеса"],
        "Щасливі люди живуть у своїх містах і їдять смачний хліб, коли їхні діти граються біля річки",
    ),
    "bulgarian": (
        ("cp1251",),
        ["София", "Пловдив", "Варна"],
        "Всички хора се раждат свободни и равни по достойнство и права и следва да се отнасят помежду си",
    ),
    "greek": (
        ("cp1253",),
        ["Αθήνα", "Πάτρα", "Θεσσαλονίκη"],
        "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα",
    ),
    "turkish": (
        ("cp1254",),
        ["İstanbul", "Diyarbakır", "Şanlıurfa"],
        "Bütün insanlar hür, haysiyet ve haklar bakımından eşit doğarlar, akıl ve vicdana sahiptirler",
    ),
    "hebrew": (
        ("cp1255",),
        ["ירושלים", "תל אביב", "חיפה"],
        "כל בני האדם נולדו בני חורין ושווים בערכם ובזכויותיהם כולם חוננו בתבונה ובמצפון",
    ),
    "arabic": (
        ("cp1256",),
        ["القاهرة", "دمشق", "بغداد"],
        "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق وقد وهبوا عقلا وضميرا",
    ),
    "lithuanian": (
        ("cp1257",),
        ["Šiauliai", "Panevėžys", "Mažeikiai"],
        "Visi žmonės gimsta laisvi ir lygūs savo orumu ir teisėmis, jiems suteiktas protas ir sąžinė",
    ),
    "latvian": (
        ("cp1257",),
        ["Ķekava", "Bērzciems", "Liepāja"],
        "Visi cilvēki piedzimst brīvi un vienlīdzīgi savā pašcieņā un tiesībās, viņi ir apveltīti ar saprātu",
    ),
    "thai": (
        ("cp874",),
        ["กรุงเทพ", "เชียงใหม่", "ขอนแก่น"],
        "มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ",
    ),
    "japanese": (
        ("cp932", "euc_jp"),
        ["東京都", "大阪府", "りんご"],
        "すべての人間は、生まれながらにして自由であり、かつ、尊厳と権利とについて平等である。",
    ),
    "katakana": (
        ("cp932", "euc_jp"),
        ["テレビ", "カメラ", "コーヒー"],
        "コンピューターとプリンターとカメラとテレビとラジオのカタログ",
    ),
    "simplified": (
        ("gb18030",),
        ["北京", "上海", "苹果"],
        "人人生而自由,在尊严和权利上一律平等。他们赋有理性和良心,并应以兄弟关系的精神相对待。",
    ),
    "traditional": (
        ("big5",),
        ["臺北市", "高雄", "蘋果"],
        "人人生而自由，在尊嚴和權利上一律平等。他們賦有理性和良心，並應以兄弟關係的精神相對待。",
    ),
    "korean": (
        ("cp949",),
        ["서울", "부산", "사과"],
        "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    ),
}
ENCODED = [(language, encoding) for language, (encodings, _, _) in CORPUS.items() for encoding in encodings]


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_three_values_are_enough(read_bytes: Read, language: str, encoding: str) -> None:
    values = CORPUS[language][1]
    content = "name,price\n" + "".join(f"{value},{number}\n" for number, value in enumerate(values))
    assert cells(read_bytes(content.encode(encoding)))["name"] == values


@pytest.mark.parametrize(("language", "encoding"), ENCODED)
def test_sentences(read_bytes: Read, language: str, encoding: str) -> None:
    sentence = CORPUS[language][2]
    result = read_bytes(f"text;number\n{sentence};1\n{sentence};2\n".encode(encoding))
    assert cells(result)["text"] == [sentence, sentence]
    assert codes(result) == []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"item,price\nTea,\xa35\nJam,\xa33\nRoll,\xa31\n", "£5"),
        (b"item,price\nTea,\x805\nJam,\x803\n", "€5"),
        (b"item,price\nTea,5 \x80\n", "5 €"),
        (b"size,n\n5 m\xb3,1\n", "5 m³"),
        (b"unit,n\nm\xb3,1\n", "m³"),
        (b"size,n\nm\xb2,1\nm\xb3,2\n", "m²"),
        (b"what,n\ncaf\xe9,1\n", "café"),
        (b"what,n\nM\xfcller,1\n", "Müller"),
        (b"what,n\n20 \xb0C,1\n", "20 °C"),
        (b"what,n\n5 \xb5g,1\n", "5 µg"),
        (b"what,n\n\xa9 2020,1\n", "© 2020"),
        (b"what,n\n\xbd,1\n", "½"),
        (b"what,n\n1\xbd cups,1\n", "1½ cups"),
        (b"what,n\n\xdf,1\n", "ß"),
        (b"what,n\n\xe9,1\n", "é"),
        (b"what,n\nit\x92s,1\n", "it’s"),
        (b"what,n\n2010\x962020,1\n", "2010–2020"),
        (b"what,n\nna\xefve,1\n", "naïve"),
        (b"what,n\na\xf1o,1\n", "año"),
        (b"what,n\nCAF\xc9,1\n", "CAFÉ"),
        (b"what,n\nAcme\xae,1\n", "Acme®"),
        (b"what,n\n\xb15,1\n", "±5"),
        (b"what,n\nR\xb2,1\n", "R²"),
    ],
)
def test_few_bytes_are_what_is_most_common(read_bytes: Read, content: bytes, text: str) -> None:
    result = read_bytes(content, types="text")
    assert text in [value for values in cells(result).values() for value in values]
    assert (result.settings["encoding"], codes(result)) == ("cp1252", [])


def test_a_weak_choice_is_told_with_the_others(read_bytes: Read) -> None:
    result = read_bytes(b"what,n\nn\xba 5,1\nplain,2\n")
    assert cells(result)["what"] == ["nº 5", "plain"]
    (warning,) = result.warnings
    assert (warning.code, warning.count) == ("UncertainEncoding", 1)
    assert warning.message == (
        "the letters beyond ASCII are too few to tell the encoding for certain: they were taken for nº in cp1252, "
        "and could be nş in cp1250. If so, say which encoding it is"
    )
    assert warning.examples == [{"encoding": "cp1252", "content": "nº"}, {"encoding": "cp1250", "content": "nş"}]


def test_who_says_the_encoding_is_told_nothing(read_bytes: Read) -> None:
    assert codes(read_bytes(b"what,n\nn\xba 5,1\n", encoding="cp1252")) == []


def test_what_a_column_repeats_says_no_more_than_once() -> None:
    assert guess(b"n\xba 5\n" * 1000) == guess(b"n\xba 5\n")


def test_a_look_at_the_beginning_decides_as_the_import_does(tmp_path: Path) -> None:
    beginning = b"what,n\n" + b"caf\xe9,1\n" + b"plain,2\n" * 40_000
    whole = beginning + "Привет всем людям,3\n".encode("cp1251") * 20_000
    found = []
    for name, content, is_whole in (("part", beginning, False), ("whole", whole, True)):
        (path := tmp_path / name).write_bytes(content)
        (folder := tmp_path / f"{name}-folder").mkdir()
        options = {"name": "a.csv", "options": ReadOptions(), "max_unpacked_bytes": 1 << 30}
        found.append(look(path, folder, **options, is_whole=is_whole)["rows"][0])
    assert found[0] == found[1]
    assert "café" in found[0]


def test_a_character_is_not_cut_where_the_beginning_ends(tmp_path: Path) -> None:
    content = "名前,価格\n".encode("cp932") + "東京都渋谷区テレビ".encode("cp932") * 20_000 + b",1\nx,2\n"
    (path := tmp_path / "long.csv").write_bytes(content)
    (folder := tmp_path / "folder").mkdir()
    result = read(path, folder, name="long.csv", options=ReadOptions(), max_unpacked_bytes=1 << 30)
    assert (result.settings["encoding"], result.table.names, codes(result)) == ("cp932", ["名前", "価格"], [])
