"""Patterns mean what Python's ``re`` means, on the engine's path and on ``re``'s own."""

import re
import threading
import time
import warnings

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import InvalidPattern, TimedOut
from longshore.tables.patterns import Pattern, collecting, compile_pattern
from longshore.tables.patterns.helper import Helper

ALPHABET = "abcABCkKsS019_ -.\n\r\t\x1c\x85éÉßıİſK日٣²\u0301\u200d😀$"
TEXTS = st.lists(st.one_of(st.none(), st.text(ALPHABET, max_size=8)), min_size=1, max_size=12)

ATOMS = st.one_of(
    st.sampled_from([*"abckKs01_é日ſ", r"\.", r"\n", r"\$", " ", r"\x41"]),
    st.sampled_from([r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", "."]),
    st.sampled_from(
        ["[abc]", "[^ab]", "[a-c0-9]", r"[^\W\d]", r"[\s\w]", r"[^\s\S]", "[[a]", "[K-k]", "[é-ſ]", "[]^-]"]
    ),
    st.sampled_from(["^", "$", r"\A", r"\Z", r"\b", r"\B"]),
)
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "{,2}", "{1,}", "*?", "+?", "??", "{1,3}?"])


def combine(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, QUANTIFIERS).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
        inner.map(lambda part: f"({part})"),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(st.sampled_from(["i", "s", "m", "a", "im", "-i", "ai"]), inner).map(lambda p: f"(?{p[0]}:{p[1]})"),
        st.tuples(st.sampled_from(["(?=", "(?!", "(?<!", "(?>"]), st.sampled_from("abk")).map(
            lambda p: f"{p[0]}{p[1]})"
        ),
    )


PATTERNS = st.recursive(st.tuples(ATOMS, QUANTIFIERS).map("".join), combine, max_leaves=5)


def python(pattern: str) -> re.Pattern[str] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(pattern)
        except re.error:
            return None


def column(texts: list[str | None]) -> pl.DataFrame:
    return pl.DataFrame({"text": texts}, schema={"text": pl.String})


def contains(pattern: Pattern, texts: list[str | None]) -> list[bool | None]:
    return column(texts).select(pattern.contains(pl.col("text"))).to_series().to_list()


def replace(pattern: Pattern, texts: list[str | None], replacement: str) -> list[str | None]:
    return column(texts).select(pattern.replace(pl.col("text"), replacement)).to_series().to_list()


class InProcess:
    """Stands in for the helper process, so that thousands of examples are quick."""

    def __init__(self, pattern: str, replacement: str | None, limit_seconds: float) -> None:
        self.compiled, self.replacement = python(pattern), replacement

    def run(self, texts: pl.Series) -> pl.Series:
        if self.replacement is None:
            return pl.Series(texts.name, [t if t is None else bool(self.compiled.search(t)) for t in texts], pl.Boolean)
        return pl.Series(
            texts.name, [t if t is None else self.compiled.sub(self.replacement, t) for t in texts], pl.String
        )


@pytest.fixture
def in_process(monkeypatch):
    monkeypatch.setattr("longshore.tables.patterns.Helper", InProcess)


FAST = settings(max_examples=1500, deadline=None)


def test_random_patterns_find_what_re_finds(in_process):
    @FAST
    @given(PATTERNS, TEXTS)
    def check(text, texts):
        compiled = python(text)
        if compiled is None:
            return
        expected = [t if t is None else compiled.search(t) is not None for t in texts]
        assert contains(compile_pattern(text), texts) == expected

    check()


def test_random_replacements_are_those_of_re(in_process):
    @FAST
    @given(PATTERNS, TEXTS, st.sampled_from([r"<\g<0>>", "$1", r"$$\\", "", r"[\1]", r"\1\1${0}", "é\\n"]))
    def check(text, texts, replacement):
        compiled = python(text)
        if compiled is None or ("\\1" in replacement and not compiled.groups):
            return
        expected = [t if t is None else compiled.sub(replacement, t) for t in texts]
        assert replace(compile_pattern(text), texts, replacement) == expected

    check()


@pytest.mark.parametrize(
    "text", [r"(?<=a)b", r"(.)\1", r"(a)?(?(1)b|c)", r"(?>a+)b", r"a*+b", r"(?=a)", r"x*", r"\Bk", r"(a*)*b"]
)
def test_what_the_engine_lacks_goes_to_re(text):
    texts = ["ab", "aab", "bb", "c", "", None, "kk\n"]
    pattern = compile_pattern(text)
    assert contains(pattern, texts) == [t if t is None else bool(re.search(text, t)) for t in texts]
    assert replace(pattern, texts, "<\\g<0>>") == [t if t is None else re.sub(text, "<\\g<0>>", t) for t in texts]


@pytest.mark.parametrize("text", ["abc", r"\d+-\w*", r"(a|b){2,3}c", r"^x.*", r"[^a-z]\s", r"(?s)a.b", r"(?a)\w"])
def test_common_patterns_run_inside_the_engine(text):
    assert compile_pattern(text).translation.holds_everywhere


@pytest.mark.parametrize("text", [r"\bcat\b", "(?i)cat", "end$", r"(?i)\bk"])
def test_patterns_that_hold_for_ascii_lines_run_inside_the_engine(text, monkeypatch):
    def refuse(*_):
        raise AssertionError("the helper was used")

    monkeypatch.setattr(Helper, "run", refuse)
    assert contains(compile_pattern(text), ["cat", "bend", "K", "", None])


def test_named_groups_and_dollar_signs_in_templates():
    pattern = compile_pattern(r"(\d+) (?P<unit>kg|lb)")
    assert replace(pattern, ["5 kg, 7 lb", None, "x"], r"\g<unit>$\1${unit}") == ["kg$5${unit}, lb$7${unit}", None, "x"]


def test_long_columns_are_handled_in_pieces():
    texts = [f"n{i % 40_000}n" for i in range(120_000)]
    assert replace(compile_pattern(r"(?<=n)\d+"), texts, "") == ["nn"] * len(texts)
    assert contains(compile_pattern(r"(?=n7)"), texts) == [t.startswith("n7") for t in texts]


def test_repeated_values_are_computed_once():
    frame = column(["ab", None, "cb"] * 1000).lazy()
    found = frame.filter(compile_pattern("(?<=a)b").contains(pl.col("text"))).collect()
    assert found["text"].to_list() == ["ab"] * 1000


EVIL = compile_pattern(r"(a+)+\1?$", limit_seconds=0.3)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_a_catastrophic_pattern_ends(engine):
    frame = column(["a" * 40 + "!"]).lazy().filter(EVIL.contains(pl.col("text")))
    started = time.monotonic()
    with pytest.raises(TimedOut, match=r"0\.3 seconds"):
        frame.collect(engine=engine)
    assert time.monotonic() - started < 3


def test_a_catastrophic_replacement_ends_while_writing(tmp_path):
    column(["a" * 40 + "!"] * 5).write_parquet(tmp_path / "in.parquet")
    frame = pl.scan_parquet(tmp_path / "in.parquet").with_columns(EVIL.replace(pl.col("text"), "x"))
    with pytest.raises(TimedOut):
        frame.sink_parquet(tmp_path / "out.parquet")


def test_other_threads_go_on_while_a_pattern_runs():
    failed = []

    def run():
        try:
            contains(EVIL, ["a" * 40 + "!"])
        except TimedOut as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    ticks = 0
    while thread.is_alive():
        thread.join(0.005)
        ticks += 1
    assert failed
    assert ticks > 20


def test_the_helper_ends_with_its_expression():
    helper = Helper("(?<=a)b", None, 5)
    assert helper.run(pl.Series(["ab"])).to_list() == [True]
    process = helper._process
    del helper
    assert process.returncode is not None


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a(b", r"at character 1: missing \), unterminated subpattern; write \\\( for a literal"),
        ("*a", "at character 0: nothing to repeat"),
        ("[a", "at character 0: unterminated character set"),
        ("a\\", "bad escape"),
        (r"(?<=a*)b", "fixed"),
        ("(" * 3000 + ")" * 3000, "too many groups"),
        ("a" * 10_001, "10,001 characters"),
        ("a{99999999999999999999}", "malformed"),
    ],
)
def test_a_malformed_pattern_is_explained(text, sentence):
    with pytest.raises(InvalidPattern, match=sentence):
        compile_pattern(text)


@pytest.mark.parametrize("replacement", [r"\2", r"\g<nix>", "\\", r"\q", r"\g<"])
def test_a_malformed_replacement_is_refused_before_anything_runs(replacement):
    with pytest.raises(InvalidPattern, match="replacement"):
        compile_pattern("(a)").replace(pl.col("text"), replacement)


def test_sets_that_python_warns_about_are_quiet():
    assert contains(compile_pattern("[[a]"), ["[", "b"]) == [True, False]


def test_an_error_that_an_engine_has_wrapped_is_found():
    error = pl.exceptions.ComputeError("python error")
    error.__cause__ = TimedOut("too long")

    class Frame:
        def collect(self):
            raise error

    with pytest.raises(TimedOut, match="too long"):
        collecting(Frame())
