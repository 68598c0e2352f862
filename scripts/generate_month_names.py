"""Write the names of months that the file reader knows, from CLDR's data as Babel has them.

python scripts/generate_month_names.py

Run it when Babel has newer data; the result is kept in the repository, so that no server needs Babel.
"""

from __future__ import annotations

import json
import multiprocessing
import re
from pathlib import Path

from babel import Locale

TARGET = Path(__file__).parents[1] / "src/longshore/tables/formats/month_names.json"
LANGUAGES = re.split(
    " ",
    "af az be bg bs ca cs cy da de el en eo es et eu fi fr ga gl hr hu hy id is it ka kk lt lv mk ms mt nb nl nn pl pt"
    " ro ru sk sl sq sr sr_Latn sv sw tr uk",
)


def months_of(language: str) -> dict[str, int]:
    """Names of months in one language, in small letters, long and short, as they stand in dates and alone."""
    found: dict[str, int] = {}
    months = Locale.parse(language).months
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in months[context][width].items():
                # "de gener" is written with its preposition in Catalan, which the reader takes off by itself.
                word = name.lower().removeprefix("de ").strip().rstrip(".")
                if word.isalpha():
                    found.setdefault(word, number)
    return found


def main() -> None:
    """Write the file."""
    # One process for each: Babel's locales leave traces in each other.
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        months = dict(zip(LANGUAGES, pool.map(months_of, LANGUAGES, chunksize=1), strict=True))
    lines = [f"  {json.dumps(name)}: {json.dumps(words, ensure_ascii=False)}" for name, words in months.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
