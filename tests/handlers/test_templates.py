"""Templates: what they make of data, what they cannot reach, and how much they may take."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from longshore.errors import LongshoreError, TooLarge
from longshore.handlers import sandboxing
from longshore.handlers.templates import TemplateFailed, TemplateMissing, Templates, declare_templates
from longshore.web.api import Api, error_response

Render = Callable[..., str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "templates"
    made.mkdir()
    return made


@pytest.fixture
def render(folder: Path) -> Render:
    """Renders a source with data, as a template of the given name."""
    templates = Templates(folder)

    def render(source: str, data: Any = None, name: str = "page.html") -> str:
        (folder / name).write_text(source)
        return templates.render(name, {} if data is None else data)

    return render


@pytest.fixture
def client(folder: Path) -> FlaskClient:
    app = Flask("templates")
    api = Api("templates", "1")
    declare_templates(api, Templates(folder))
    api.register(app)
    app.register_error_handler(LongshoreError, error_response)
    return app.test_client()


# -- over HTTP


def test_the_source_as_it_is(client: FlaskClient, folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "sub" / "a.html").write_text("Größe {{ x }}")
    answer = client.get("/template/sub/a.html")
    assert answer.text == "Größe {{ x }}"
    assert answer.content_type == "text/plain; charset=utf-8"
    assert client.post("/template/sub/a.html").status_code == 405


def test_data_of_every_kind_of_request(client: FlaskClient, folder: Path) -> None:
    (folder / "a.html").write_text("{{ name }} {{ n + 1 }} {{ many | join('-') }}")
    assert client.get("/render/a.html?name=Ada&n=1&many=x&many=y").text == "Ada 2 x-y"
    assert client.post("/render/a.html?n=2", data={"name": "Ada", "many": ["1", "2"]}).text == "Ada 3 1-2"
    answer = client.post("/render/a.html", json={"name": "<b>", "n": 0.5, "many": []})
    assert answer.text == "&lt;b&gt; 1.5 "
    assert answer.content_type == "text/html; charset=utf-8"
    (folder / "list.html").write_text("{% for row in data %}{{ row.a }};{% endfor %}")
    assert client.post("/render/list.html", json=[{"a": 1}, {"a": 2}]).text == "1;2;"


def test_json_by_its_name(client: FlaskClient, folder: Path) -> None:
    (folder / "a.json").write_text('{"name": "{{ name }}", "rows": {{ rows }}, "same": {{ rows | tojson }}}')
    data = {"name": 'x", "admin": true, "y": "\n</script>', "rows": [1, None, {"q": '"'}]}
    answer = client.post("/render/a.json", json=data)
    assert answer.content_type == "application/json"
    assert answer.json == {**data, "same": data["rows"]}


def test_jsonp(client: FlaskClient, folder: Path) -> None:
    (folder / "a.html").write_text("<p>{{ name }}</p>")
    (folder / "a.json").write_text('{"name": "{{ name }}"}')
    answer = client.get("/render/a.html?callback=my.cb&name=A")
    assert answer.content_type == "application/javascript"
    assert answer.text == 'my.cb("<p>A</p>");'
    assert client.get("/render/a.json?callback=cb&name=A").text == 'cb({"name": "A"});'
    assert client.get("/render/a.html?callback=alert(1)").status_code == 400


@pytest.mark.parametrize(
    "path",
    ["no.html", "../secret.html", "..%2fsecret.html", "sub/../a.html", ".hidden.html", "out.html", "sub", "a.html/",
     "%00", "a" * 300, "%2fetc/passwd"],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["template", "render"])
def test_what_is_no_template_is_not_found(client: FlaskClient, folder: Path, kind: str, path: str) -> None:
    (folder.parent / "secret.html").write_text("secret")
    (folder / ".hidden.html").write_text("secret")
    (folder / "out.html").symlink_to(folder.parent / "secret.html")
    (folder / "sub").mkdir()
    (folder / "sub" / "a.html").write_text("a")
    answer = client.get(f"/{kind}/{path}", follow_redirects=True)
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace(path, "").replace("../secret.html", "")


def test_an_error_names_template_and_line_and_shows_no_traceback(client: FlaskClient, folder: Path) -> None:
    (folder / "broken.html").write_text("one\n{% if x %}\n{{ x")
    (folder / "failing.html").write_text("one\n\n{{ 1 / zero }}")
    (folder / "outer.html").write_text("{% include 'failing.html' %}")
    (folder / "binary.html").write_bytes(b"a\n\xff")
    (folder / "wrong.json").write_text('{"a": {{ text }}}')
    broken = client.get("/render/broken.html")
    assert (broken.status_code, broken.json and broken.json["error"]) == (500, "Internal")
    assert "template 'broken.html', line 3" in str(broken.json)
    failing = client.get("/render/failing.html?zero=0")
    assert (failing.status_code, failing.json and failing.json["error"]) == (422, "InvalidValue")
    assert "template 'failing.html', line 3: ZeroDivisionError" in str(failing.json)
    assert "template 'outer.html', line 3 of 'failing.html'" in str(client.get("/render/outer.html?zero=0").json)
    assert "template 'binary.html', line 2: this is no text" in str(client.get("/render/binary.html").json)
    assert client.get("/template/binary.html").status_code == 500
    assert "did not make valid JSON" in str(client.get("/render/wrong.json?text=a").json)
    for answer in (broken, failing):
        assert "Traceback" not in answer.text
        assert str(folder) not in answer.text


def test_a_template_that_changes_is_read_again(render: Render) -> None:
    assert render("one") == "one"
    assert render("another") == "another"


def test_includes_and_inheritance(render: Render, folder: Path) -> None:
    (folder / "base.html").write_text("<{% block b %}{% endblock %}>")
    (folder / "part.html").write_text("[{{ name }}]")
    (folder / "macros.html").write_text("{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}")
    source = (
        "{% extends 'base.html' %}{% import 'macros.html' as macros %}"
        "{% block b %}{% include 'part.html' %}{{ macros.m(name) }}{{ super() }}{% endblock %}"
    )
    assert render(source, {"name": "&"}) == "<[&amp;]<i>&amp;</i>>"


def test_macros_and_blocks_in_json_are_escaped_once(render: Render) -> None:
    source = '{% macro m(x) %}"{{ x }}"{% endmacro %}{% set y %}{{ a }}{% endset %}[{{ m(a) }}, "{{ y }}"]'
    assert json.loads(render(source, {"a": 'q"'}, "a.json")) == ['q"', 'q"']


def test_loops_know_their_length(render: Render) -> None:
    source = "{% for x in xs %}{{ loop.index }}/{{ loop.length }}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}"
    assert render(source, {"xs": ["a", "b"]}) == "1/2a,2/2b"
    assert render("{% for x in xs | map('upper') %}{{ loop.length }}{{ x }}{% endfor %}", {"xs": ["a", "b"]}) == "2A2B"
    tree = "{% for n in tree recursive %}{{ n.name }}({{ loop(n.inner) }}){% endfor %}"
    assert render(tree, {"tree": [{"name": "a", "inner": [{"name": "b", "inner": []}]}]}) == "a(b())"
    assert render("{% for k, v in d.items() %}{{ k }}={{ v }}{% else %}none{% endfor %}", {"d": {"a": 1}}) == "a=1"


# -- what cannot be reached

ESCAPES = [
    "''.__class__", "''['__class__']", "''|attr('__class__')", "''|attr('__cla' ~ 'ss__')", "(1).__class__",
    "[].__class__.__base__.__subclasses__()", "'{0.__class__}'.format(1)", "'{0.__class__.__mro__}'.format(1)",
    "'{x.__class__}'.format(x=1)", "'{0[__class__]}'.format(1)", "'{a.__class__}'.format_map({'a': 1})",
    "'%s'|format(''.__class__)", "range.__globals__", "cycler.__init__.__globals__", "joiner.__init__", "dict.mro()",
    "namespace.__init__", "self.__init__", "self._TemplateReference__context", "loop.__class__", "caller.__class__",
    "['x']|map(attribute='__class__')|list", "['x']|map('attr', '__class__')|list", "[1]|groupby('__class__')",
    "['a']|sum(attribute='__class__')", "['a']|sort(attribute='__class__')", "['a']|selectattr('__class__')|list",
    "''.join.__self__", "config", "request", "url_for", "g", "session", "get_flashed_messages", "lipsum()", "environ",
    "(range(3)|map('string')).gi_frame", "data.__class__.__init__", "().__class__.__bases__[0]",
]  # fmt: skip


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_leads_out_of_the_sandbox(render: Render, expression: str) -> None:
    try:
        text = render("{{ " + expression + " }}", {"x": 1})
    except TemplateFailed as error:
        text = error.description
        assert "unsafe" in text or "undefined" in text or "Error" in text
    for sign in ("<class", "class 'str'", "&lt;class", "built-in", "function", "object at", "subclasses", "frame"):
        assert sign not in text.replace("'str object'", "").replace("__subclasses__", "")


@pytest.mark.parametrize(
    "expression", ["data.update({'a': 1})", "data.pop('x')", "xs.append(1)", "xs.clear()", "xs.sort()"]
)
def test_data_is_not_changed(render: Render, expression: str) -> None:
    data = {"x": 1, "xs": [2, 1]}
    with pytest.raises(TemplateFailed, match="unsafe"):
        render("{{ " + expression + " }}", data)
    assert data == {"x": 1, "xs": [2, 1]}


# -- how much it may take

TOO_MUCH = [
    "'x' * 10**9", "10**9 * 'x'", "[0] * 10**9", "'x'|center(10**9)", "'x'.center(10**9)", "'x'.ljust(10**9)",
    "'x'.zfill(10**9)", "'\t'.expandtabs(10**9)", "'%999999999d' % 1", "'%*d' % (10**9, 1)", "'%999999999d'|format(1)",
    "'{:999999999}'.format(1)", "'{:{}}'.format(1, 10**9)", "(7**90000) ** 90000", "(2**90000) * (2**90000)",
    "('a' * 10**6).replace('a', 'b' * 10**5)", "('a' * 10**6)|replace('a', 'b' * 10**5)",
    "('b' * 10**6).join(range(10**5)|map('string'))", "range(10**5)|map('string')|join('b' * 10**6)",
    "[1]|batch(10**9, 0)|list", "[1]|slice(10**9)|list", "{}|tojson(indent=10**9)", "'a'|indent(10**9)",
    "('x' * 10**7) + ('x' * 10**7)", "('x' * 10**7) ~ ('x' * 10**7)",
    "['x' * 10**7, 'x' * 10**7, 'x' * 10**7, 'x' * 10**7]",
    "('a' * 10**7).translate({97: 'b' * 1000})", "('a' * 10**6).translate(''.maketrans({'a': 'b' * 1000}))",
    "('%(a)s' * 10**5) % {'a': 'b' * 1000}", "'%(a)99999s' * 1000 % {'a': 1}",
    "('%99999d' * 1000)|format(*([1] * 1000))",
    "'{0:{a}{b}}'.format(3, a='9999', b='9999')", "'{0:{a[x]}}'.format(3, a={'x': 10**9})",
    "'{0:{a}}'.format(3, a='999999999')", "('{0:99999}' * 1000).format(1)", "('{0}' * 10**5).format('a' * 1000)",
    "('{a}' * 10**5).format_map({'a': 'a' * 1000})", "('	' * 10**6).expandtabs(99999)",
    "('a-' * 3000000)|title", "('a' * 8000000).rfind('b' ~ 'a' * 4000000)", "('a,' * 4000000).split(',')",
]  # fmt: skip


@pytest.mark.parametrize("expression", TOO_MUCH)
def test_what_would_be_too_large_is_not_begun(render: Render, expression: str) -> None:
    with pytest.raises(TooLarge, match=r"template 'page\.html', line 1"):
        render("{{ " + expression + " }}")


DOUBLING = "{% set ns = namespace(x=START) %}{% for i in range(60) %}STEP{% endfor %}"
ENDLESS = {
    "loops in loops": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "calls": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}",
    "itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "includes": "{% include 'page.html' %}",
    "text": DOUBLING.replace("START", "'a'").replace("STEP", "{% set ns.x = ns.x ~ ns.x %}"),
    "sums": DOUBLING.replace("START", "'a'").replace("STEP", "{% set ns.x = ns.x + ns.x %}"),
    "blocks": DOUBLING.replace("START", "'a'").replace(
        "STEP", "{% set z %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = z %}"
    ),
    "lists": DOUBLING.replace("START", "[1]").replace("STEP", "{% set ns.x = [ns.x, ns.x] %}") + "{{ ns.x }}",
    "lists as text": DOUBLING.replace("START", "[1]").replace("STEP", "{% set ns.x = [ns.x, ns.x] %}")
    + "{{ ns.x | string }}",
    "lists in a format": DOUBLING.replace("START", "[1]").replace("STEP", "{% set ns.x = [ns.x, ns.x] %}")
    + "{{ '%s' % ns.x }}",
    **{
        f"lists that are compared by {name}": DOUBLING.replace("START", "[1], y=[1]").replace(
            "STEP", "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}"
        )
        + "{{ EXPRESSION }}".replace("EXPRESSION", expression)
        for name, expression in {
            "==": "ns.x == ns.y",
            "!=": "ns.x != ns.y",
            "<": "ns.x < ns.y",
            "a chain": "1 < 2 < ns.x >= ns.y",
            "in": "ns.x in [ns.y]",
            "not in": "ns.x not in [ns.y]",
            "eq": "ns.x is eq ns.y",
            "lt": "ns.x is lt(ns.y)",
            "is in": "ns.x is in [ns.y]",
            "select": "[ns.x]|select('eq', ns.y)|list",
            "index": "[ns.y].index(ns.x)",
            "unique": "[ns.x, ns.y]|unique|list",
            "sort": "[ns.x, ns.y]|sort",
            "max": "[ns.x, ns.y]|max",
        }.items()
    },
    **{
        f"tuples that are hashed by {name}": DOUBLING.replace("START", "(1,)").replace(
            "STEP", "{% set ns.x = (ns.x, ns.x) %}"
        )
        + "{{ EXPRESSION }}".replace("EXPRESSION", expression)
        for name, expression in {
            "a dict": "{ns.x: 1}",
            "a look-up": "{1: 1}[ns.x]",
            "get": "{1: 1}.get(ns.x)",
            "in": "ns.x in {1: 1}",
        }.items()
    },
    "lists that a loop compares": DOUBLING.replace("START", "[1], y=[1]").replace(
        "STEP", "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}"
    )
    + "{% for a in [ns.x, ns.y] %}{{ loop.changed(a) }}{% endfor %}",
    "slices": "{% set x = 'a' * 9999999 %}{% set ns = namespace(l=[]) %}"
    "{% for i in range(5000) %}{% set ns.l = ns.l + [x[1:]] %}{% endfor %}",
    "capitals": "{% set x = 'a' * 9999999 %}{% set ns = namespace(l=[]) %}"
    "{% for i in range(5000) %}{% set ns.l = ns.l + [x.upper()] %}{% endfor %}",
    "lists that are kept": "{% set ns = namespace(l=[]) %}"
    "{% for i in range(300) %}{% set ns.l = ns.l + [range(100000)|list] %}{% endfor %}",
    "output": "{% for a in range(99999) %}" + "x" * 1000 + "{% endfor %}",
}


@pytest.mark.parametrize("source", ENDLESS.values(), ids=list(ENDLESS))
def test_what_has_no_end_is_ended(render: Render, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxing.Budget.__init__, "__defaults__", (200_000, 5.0))
    with pytest.raises(TooLarge, match=r"template 'page\.html'"):
        render(source)


ORDINARY = {
    "'{:{}{}{}}'.format(7, '*', '>', 5)": "****7",
    "'{0:,}'.format(1234567)": "1,234,567",
    "'{}'.format(1000000000)": "1000000000",
    "'%s of %d' % ('a', 1000000)": "a of 1000000",
    "'%(a)s-%(a)5.1f' % {'a': 2.5}": "2.5-  2.5",
    "'%05d'|format(7)": "00007",
    "'abc'.translate({97: 'x'})": "xbc",
    "'a-b'.rsplit('-')": "[&#39;a&#39;, &#39;b&#39;]",
    "'abc'[1:]": "bc",
    "[1, [2]] == [1, [2]]": "True",
    "(1, 2) in {(1, 2): 3}": "True",
    "{(1, 2): 3}[(1, 2)]": "3",
    "'x' is in ['x']": "True",
    "[[2], [1]]|sort": "[[1], [2]]",
    "'abc'.isalpha()": "True",
}


@pytest.mark.parametrize(("expression", "text"), ORDINARY.items())
def test_what_is_ordinary_goes_on(render: Render, expression: str, text: str) -> None:
    assert render("{{ " + expression + " }}") == text


def test_looking_through_a_long_list_many_times_goes_on(render: Render) -> None:
    source = "{% for r in rows %}{% if r in rows %}x{% endif %}{% endfor %}"
    assert render(source, {"rows": [str(number) for number in range(5000)]}) == "x" * 5000


def test_the_clock_ends_what_takes_few_steps(render: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandboxing.Budget.__init__, "__defaults__", (10**9, 0.0))
    with pytest.raises(TooLarge, match="it takes too long"):
        render("{% for a in range(1000) %}{% endfor %}")


def test_an_ordinary_large_page_is_made(render: Render) -> None:
    rows = [{"name": f"row {number}", "value": number / 7} for number in range(20_000)]
    source = "{% for r in rows %}<tr><td>{{ r.name|upper }}</td><td>{{ '%.2f' % r.value }}</td></tr>{% endfor %}"
    text = render(source, {"rows": rows})
    assert text.count("<tr>") == 20_000
    assert json.loads(render("{{ rows|tojson }}", {"rows": rows}, "a.json")) == rows


def test_a_template_that_is_missing_inside_another_one(render: Render) -> None:
    with pytest.raises(TemplateMissing, match=r"'no\.html'"):
        render("{% include 'no.html' %}")
    assert render("{% include 'no.html' ignore missing %}") == ""
