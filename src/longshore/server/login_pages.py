"""The addresses for browsers to log in and out, and for programs to learn who they are taken for."""

from __future__ import annotations

from typing import Any, Literal
from urllib.parse import urlsplit

from flask import Response, redirect, render_template, request
from pydantic import BaseModel, ConfigDict, Field

from longshore.access.audit import note
from longshore.access.callers import current_caller
from longshore.access.gate import LOGIN, Access, add_error_headers
from longshore.access.logins import Logins
from longshore.access.scopes import Scope, requires
from longshore.errors import InvalidRequest, LongshoreError
from longshore.web.answer import Answer
from longshore.web.api import FORMS, Api, Query, answer_response, sends
from longshore.web.json import read_json

MAX_FORM_BYTES = 10_000
_MAX_NEXT = 2000


TAG = "Access"


class NextQuery(Query):
    """Where to go on."""

    next: str | None = Field(None, description="address on this server to lead to afterwards")


class LoginBody(BaseModel):
    """How to log in."""

    model_config = ConfigDict(extra="forbid")

    token: str
    next: str | None = Field(None, description="as in the query; of the form")


class LoggedIn(Answer):
    """A cookie was set, or ended."""

    success: bool
    user: str = Field("", description="absent after logging out, and where nobody is asked for a token")
    scope: str = Field("", description="read, write or admin")


class Me(Answer):
    """Who the caller is taken for, and what it may do."""

    user: str | None
    scope: Literal["read", "write", "admin"]
    login: bool = Field(description="whether it is logged in with a cookie, and so can log out")
    open: bool = Field(description="whether the server asks nobody for a token")


def declare_access(api: Api, access: Access) -> None:
    """Put ``/login``, ``/logout`` and ``/api/v1/me`` on the list."""
    routes = api.group("access", __name__)

    @routes.endpoint("GET", LOGIN, tag=TAG, query=NextQuery, raw=sends("text/html"), reads_itself=True)
    @requires(Scope.PUBLIC)
    def login_page() -> Any:
        """The page that asks a browser's user for a token."""
        caller = current_caller()
        if access.is_open or (caller is not None and caller.token is not None):
            return redirect(safe_next(request.args.get("next")), 303)
        return _login_page()

    @routes.endpoint(
        "POST",
        LOGIN,
        tag=TAG,
        query=NextQuery,
        body=LoginBody,
        body_kinds=("application/json", *FORMS),
        answer=LoggedIn,
        reads_itself=True,
    )
    @requires(Scope.PUBLIC)
    def log_in() -> Any:
        """Log in with a token, from the page's form or a JSON body; sets a cookie."""
        logins = access.identities.logins
        if logins is None:
            return _answer(redirect("/", 303), LoggedIn(success=True))
        given = _given()
        try:
            token = access.identities.require(str(given.get("token", "")), request.remote_addr or "")
        except LongshoreError as error:
            if not _is_form():
                raise
            response = Response(_login_page(error.description, given.get("next")), status=error.status)
            add_error_headers(response, error)
            return response
        _end_login(logins)  # the browser forgets its cookie now; a copy of it must not outlive that
        note(user=token.name, token=token.name)
        answer = LoggedIn(success=True, user=token.name, scope=token.scope.word)
        response = _answer(redirect(safe_next(given.get("next")), 303), answer)
        _set_cookie(response, logins, logins.begin(token), int(access.settings.login_seconds))
        return response

    @routes.endpoint("POST", "/logout", tag=TAG, answer=LoggedIn, reads_itself=True)
    @requires(Scope.PUBLIC)
    def log_out() -> Any:
        """Log out: the cookie ends, wherever a copy of it is."""
        logins = access.identities.logins
        response = _answer(redirect(LOGIN, 303), LoggedIn(success=True))
        if logins is not None:
            _end_login(logins)
            response.headers["Clear-Site-Data"] = '"cache"'  # what the browser has kept of answers
            _set_cookie(response, logins, "", 0)
        return response

    @routes.endpoint("GET", "/api/v1/me", tag=TAG, answer=Me, reads_itself=True)
    def show_me() -> Me:
        """Who the caller is taken for, and what it may do."""
        caller = current_caller()
        if caller is None:
            return Me(user=None, scope="admin", login=False, open=access.is_open)
        is_login = caller.login is not None
        return Me(user=caller.user, scope=caller.scope.word, login=is_login, open=access.is_open)


def safe_next(wanted: Any) -> str:
    """``wanted`` if it leads to this server, else the start page.

    >>> safe_next("/api/v1/docs?a=1"), safe_next("https://evil.example/"), safe_next("//evil.example"), safe_next(None)
    ('/api/v1/docs?a=1', '/', '/', '/')
    """
    if not isinstance(wanted, str) or not wanted.startswith("/") or len(wanted) > _MAX_NEXT:
        return "/"
    # Browsers read a backslash as a slash and skip tabs and line ends, so "/\\evil" and "/\t/evil" lead away.
    if wanted.startswith("//") or "\\" in wanted or not wanted.isprintable():
        return "/"
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else wanted


def _login_page(error: str = "", wanted: Any = None) -> str:
    return render_template("login.html", error=error, next=safe_next(wanted or request.args.get("next")))


def _is_form() -> bool:
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def _given() -> dict[str, Any]:
    """The fields of the form or the JSON body.

    :raises InvalidRequest: for anything else.
    """
    request.max_content_length = MAX_FORM_BYTES
    if _is_form():
        return request.form.to_dict()
    given = read_json(request.get_data(cache=False))
    if not isinstance(given, dict):
        raise InvalidRequest('send a form with the field token, or {"token": ...}')
    return given


def _answer(page: Any, answer: LoggedIn) -> Any:
    """A redirect for a form, JSON for a program."""
    wants_page = request.accept_mimetypes.best_match(["application/json", "text/html"]) == "text/html"
    return page if _is_form() or wants_page else answer_response(answer)


def _end_login(logins: Logins) -> None:
    """End the login that the current request came with, if it came with one."""
    caller = current_caller()
    if caller is not None and caller.login is not None:
        logins.end(caller.login)


def _set_cookie(response: Response, logins: Logins, value: str, seconds: int) -> None:
    name = logins.secure_cookie_name if request.is_secure else logins.cookie_name
    # Lax, not Strict: a link in a mail should find the user logged in. Changes are checked by their origin besides.
    response.set_cookie(name, value, max_age=seconds, path="/", secure=request.is_secure, httponly=True, samesite="Lax")
    response.headers["Cache-Control"] = "no-store"
