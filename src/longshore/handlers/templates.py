"""The deployer's templates: ``GET /template/<path>`` shows the source, ``GET|POST /render/<path>`` fills it with data.

What a template prints is escaped for what it stands in: HTML, or with a name that ends in ``.json`` the inside of a
JSON text. There nothing breaks out of ``"name": "{{ name }}"``, and ``{{ rows }}`` or ``{{ rows | tojson }}`` is JSON.
"""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

from flask import Response, request
from jinja2 import BaseLoader, Template, TemplateError, TemplateNotFound, TemplateSyntaxError, Undefined
from jinja2.loaders import split_template_path
from markupsafe import Markup

from longshore.access.scopes import Scope
from longshore.errors import Internal, InvalidRequest, InvalidValue, TooLarge, shorten
from longshore.handlers.sandboxing import MAX_CHARACTERS, Budget, Sandbox, TooCostly, printable, within
from longshore.web.api import FORMS, Api, sends, takes_bodies
from longshore.web.json import read_json
from longshore.web.jsonp import json_response, read_data, require_callback

logger = logging.getLogger(__name__)

JSON_SUFFIX = ".json"
MAX_SOURCE = 4 * 2**20


class TemplateMissing(InvalidValue):
    """No template has this name."""

    status = 404


class TemplateBroken(Internal):
    """A template has an error in it, which its author can find by the sentence."""

    def __init__(self, description: str) -> None:
        super().__init__()
        self.description = f"{description} [{self.error_id}]"


class TemplateFailed(InvalidValue):
    """A template cannot be filled with the data that was sent."""


class Folder(BaseLoader):
    """Finds templates below one folder; never hidden files, nor what a link leads to outside of it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def find(self, name: str) -> Path:
        """The file of a template.

        :raises TemplateNotFound: when there is none.
        """
        parts = split_template_path(name)  # refuses "..", and drops empty parts
        path = self.root.joinpath(*parts)
        try:
            is_ours = (
                parts == name.split("/")
                and not any(part.startswith(".") for part in parts)
                and path.is_file()
                and path.resolve().is_relative_to(self.root.resolve())
            )
        except (OSError, ValueError):  # a name that the file system cannot even look up
            is_ours = False
        if not is_ours:
            raise TemplateNotFound(name)
        return path

    def read(self, name: str) -> str:
        """A template's source.

        :raises TemplateNotFound: when there is none.
        :raises TemplateSyntaxError: for a file that is no text in UTF-8, or too long.
        """
        path = self.find(name)
        with path.open("rb") as file:
            content = file.read(MAX_SOURCE + 1)
        if len(content) > MAX_SOURCE:
            raise TemplateSyntaxError(f"a template has at most {MAX_SOURCE:,} bytes", 1, name)
        try:
            return content.decode()
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise TemplateSyntaxError("this is no text in UTF-8", line, name) from None

    def get_source(self, environment: Any, template: str) -> tuple[str, str, Any]:
        """What Jinja asks for: the source, a name for messages, and whether it is still up to date."""
        path = self.find(template)
        identity = _identity(path)
        return self.read(template), str(path), lambda: _identity(path) == identity


def _identity(path: Path) -> tuple[int, int, int] | None:
    try:
        about = path.stat()
    except OSError:
        return None
    return about.st_ino, about.st_mtime_ns, about.st_size


class Templates:
    """Renders the templates of one folder; safe for threads."""

    def __init__(self, root: Path) -> None:
        self.folder = Folder(root)
        self._html = Sandbox(loader=self.folder, autoescape=True, finalize=printable, optimized=False)
        # Markup is what the finalizer has made safe for JSON, so nothing is escaped for HTML.
        self._json = Sandbox(loader=self.folder, autoescape=True, finalize=json_text, optimized=False)

    def source(self, name: str) -> str:
        """A template's source.

        :raises TemplateMissing: when there is none.
        :raises TemplateBroken: when it is no text.
        """
        try:
            return self.folder.read(name)
        except TemplateNotFound as error:
            raise _missing(error) from None
        except TemplateSyntaxError as error:
            raise _broken(error) from None

    def render(self, name: str, data: Any) -> str:
        """A template filled with data: the fields of an object by their names, anything else as ``data``.

        :raises TemplateMissing: when there is none of this name, or none that it includes.
        :raises TemplateBroken: for an error in a template.
        :raises TemplateFailed: when it cannot be filled with this data.
        :raises TooLarge: when that takes too much time or memory.
        """
        environment = self._json if name.endswith(JSON_SUFFIX) else self._html
        variables = {"data": data, **data} if isinstance(data, dict) else {"data": data}
        try:
            with within(Budget()):
                text = _collect(environment.get_template(name), variables)
        except TemplateNotFound as error:
            raise _missing(error) from None
        except TemplateSyntaxError as error:
            raise _broken(error) from None
        except (TooCostly, MemoryError) as error:
            raise TooLarge(f"template {shorten(name)!r}{self._place(name, error)}: {_sentence(error)}") from None
        except RecursionError:
            raise TooLarge(f"template {shorten(name)!r} calls or includes itself without end") from None
        except Exception as error:
            # Whatever its author's expressions run into with this data; there is no limit to the kinds.
            logger.info("template %s failed", name, exc_info=not isinstance(error, TemplateError))
            raise TemplateFailed(f"template {shorten(name)!r}{self._place(name, error)}: {_sentence(error)}") from None
        if environment is self._json:
            _check_json(name, text)
        return text

    def _place(self, name: str, error: BaseException) -> str:
        """The line in which an error came up, and the file if it is another one."""
        root = str(self.folder.root)
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(root)]
        if not frames:
            return ""
        file = Path(frames[-1].filename).relative_to(root).as_posix()
        return f", line {frames[-1].lineno}{'' if file == name else f' of {file!r}'}"


def _collect(template: Template, variables: dict[str, Any]) -> str:
    pieces, size = [], 0
    for piece in template.generate(variables):
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise TooCostly(f"it makes a text of more than {MAX_CHARACTERS:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def json_text(value: Any) -> Any:
    """What an expression prints in JSON: text without its quotes, all else as JSON has it.

    >>> json_text('say "hi"'), json_text([1, None])
    (Markup('say \\\\"hi\\\\"'), Markup('[1, null]'))
    """
    printable(value)
    if isinstance(value, Markup | Undefined):
        return value
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return Markup(text[1:-1] if isinstance(value, str) else text)  # noqa: S704 - it is no HTML


def _check_json(name: str, text: str) -> None:
    try:
        read_json(text)
    except InvalidRequest as error:
        reason = error.description.removeprefix("this is not valid JSON: ")
        raise TemplateFailed(f"template {shorten(name)!r} did not make valid JSON of this data: {reason}") from None


def _missing(error: TemplateNotFound) -> TemplateMissing:
    return TemplateMissing(f"there is no template {shorten(str(error.name))!r}")


def _broken(error: TemplateSyntaxError) -> TemplateBroken:
    broken = TemplateBroken(f"template {shorten(str(error.name))!r}, line {error.lineno}: {error.message}")
    logger.warning("%s", broken.description)
    return broken


def _sentence(error: BaseException) -> str:
    message = shorten(" ".join(str(error).split()), 300)
    if isinstance(error, TemplateError):
        return message
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


TAG = "Templates"
ADDRESS = "/render/<path:path>"


def declare_templates(api: Api, templates: Templates) -> None:
    """Put ``/template`` and ``/render`` on the list."""
    routes = api.group("templates", __name__)
    # The data may stand in the query.
    rendering: dict[str, Any] = {"tag": TAG, "scope": Scope.READ, "reads_itself": True, "any_query": True}
    rendered = sends("text/html", "application/json", said="The template, filled")

    @routes.endpoint("GET", "/template/<path:path>", tag=TAG, raw=sends("text/plain"), reads_itself=True)
    def show_template(path: str) -> Response:
        """A template's source."""
        return _plain(templates.source(path), "text/plain")

    @routes.endpoint("GET", ADDRESS, raw=rendered, **rendering)
    def render_template(path: str) -> Response:
        """A template filled with the query's data: HTML, or JSON by its name; with a callback JSONP."""
        return render(path)

    @routes.endpoint("POST", ADDRESS, raw=takes_bodies("application/json", *FORMS) | rendered, **rendering)
    def render_template_with_body(path: str) -> Response:
        """A template filled with the request's data: HTML, or JSON by its name; with a callback JSONP."""
        return render(path)

    def render(path: str) -> Response:
        callback = require_callback(request)
        is_json = path.endswith(JSON_SUFFIX)
        text = templates.render(path, read_data(request))
        if callback is not None:
            return json_response(text if is_json else json.dumps(text), callback=callback)
        return json_response(text) if is_json else _plain(text, "text/html")


def _plain(text: str, kind: str) -> Response:
    response = Response(text, mimetype=kind)
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
