"""Every environment variable, typed, in one frozen object that is read once at start and passed on."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from longshore.errors import SettingsError

SqliteVfs = Literal["unix", "unix-excl", "unix-none", "unix-dotfile", "unix-namedsem"]
SendFileHeader = Literal["", "X-Accel-Redirect", "X-Sendfile"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

REDIS_SCHEMES = ("redis", "rediss", "unix")
AMQP_SCHEMES = ("amqp", "amqps")
DATABASE_SCHEMES = ("sqlite", "postgresql")
_RATE = r"[1-9]\d{0,8} ?(/|per) ?([1-9]\d{0,4} ?)?(second|minute|hour|day)s?"
_RATES = re.compile(rf"{_RATE}( ?[;,|] ?{_RATE}){{0,9}}")
RESULT_SCHEMES = ("redis", "rediss", "unix", "mongodb", "db")
RESULT_URLS = "redis://, rediss://, unix://, mongodb://, mongodb+srv://, db+postgresql:// or db+sqlite://"


class Settings(BaseSettings):
    """What the environment says. Each field's variable is its name in capitals; each has a description for the docs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, case_sensitive=False)

    port: int = Field(5000, ge=0, le=65535, description="TCP port of the web server; 0 takes any free one")
    bind_interface: str = Field("127.0.0.1", description="address the web server listens on")
    log_level: LogLevel = Field("WARNING", description="least level that is logged, to standard error")
    root_storage_path: Path = Field(Path("storage"), description="folder that holds everything the server keeps")
    umask: str = Field(
        "077",
        pattern=r"^0?0[0-7]{2}$",
        description="rights that the files which the server writes are not given, as for the shell's `umask`: `077`"
        " keeps everyone else out, `027` lets the folder's group read",
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of the state; default: a SQLite file under ROOT_STORAGE_PATH"
    )
    broker_url: SecretStr | None = Field(
        None, description="redis:// or amqp:// URL; default: an embedded Valkey on a private Unix socket"
    )
    internal_secret: SecretStr | None = Field(
        None,
        min_length=16,
        description="shared secret of POST /celeryTaskCompleted, at least 16 characters;"
        " default: made once and kept under ROOT_STORAGE_PATH",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="comma-separated origins whose pages may call this server; default: its own only"
    )
    max_upload_bytes: int = Field(10**9, gt=0, description="largest upload, in bytes")
    max_unpacked_bytes: int = Field(10 * 10**9, gt=0, description="most bytes that a compressed upload may unpack to")
    max_message_bytes: int = Field(
        10**6,
        gt=1000,
        description="largest Socket.IO message that is read; a larger one is refused with InvalidRequest",
    )
    min_free_bytes: int = Field(
        64 * 2**20, ge=0, description="free disk space below which /diagnostic fails and uploads are refused, in bytes"
    )
    view_cache_bytes: int = Field(
        4 * 10**9, ge=0, description="disk space for cached sorted and filtered views, in bytes; oldest go first"
    )
    worker_concurrency: int = Field(
        default_factory=lambda: max(2, min(os.cpu_count() or 2, 4)),
        ge=1,
        description="worker processes on this machine, each of WORKER_THREADS threads; default: the processors, 2 to 4",
    )
    worker_threads: int = Field(
        default_factory=lambda: os.cpu_count() or 2,
        ge=1,
        description="threads of the table engine in each worker process; default: the processors",
    )
    worker_tasks_per_child: int = Field(
        500, ge=1, description="tasks after which a worker process is replaced by a fresh one, which gives memory back"
    )
    stop_timeout_seconds: float = Field(
        5,
        ge=0,
        description="time that running tasks have to finish when the server stops; the next start takes them up again",
    )
    broker_memory_bytes: int = Field(
        512 * 2**20, ge=16 * 2**20, description="memory limit of the embedded broker; above it new work is refused"
    )
    web_threads: int = Field(
        512, ge=8, description="requests that the web server answers at one moment, beside those of open sockets"
    )
    web_sockets: int = Field(512, ge=8, description="Socket.IO connections that may be open at one moment")
    import_timeout_seconds: float = Field(3600, gt=0, description="longest time an upload waits for its import")
    import_concurrency: int = Field(
        2, ge=1, description="files that are read at the same time on this machine, apart from the changes' workers"
    )
    import_memory_bytes: int = Field(
        2 * 10**9,
        ge=300 * 10**6,
        description="most memory of the processes that read one file, without the pages of mapped files; a file that"
        " needs more is refused with TooLarge",
    )
    import_stall_seconds: float = Field(
        300,
        gt=0,
        description="longest time in which the reading of a file may stand still, neither progressing nor writing;"
        " then it is ended with TimedOut",
    )
    change_timeout_seconds: float = Field(
        600, gt=0, description="longest time a REST change waits for its turn and its end"
    )
    execute_commands: bool = Field(
        False,
        description="let everyone who may change a dataset run Python code on it, shut in a process without network,"
        " secrets or files; off: executeCommand answers Disabled",
    )
    command_timeout_seconds: float = Field(
        60, gt=1, description="longest time, and most processor time, of one command of executeCommand"
    )
    command_memory_bytes: int = Field(
        4 * 2**30, ge=2**30, description="most memory (address space) of one command; pandas itself takes about 0.6 GB"
    )
    command_output_bytes: int = Field(
        2**31, gt=0, description="largest result of one command, in bytes of its changed columns"
    )
    handlers_dir: Path = Field(
        Path("handlers"), description="folder whose *.py files are loaded at start: views, jobs, anything"
    )
    template_dir: Path = Field(
        Path("templates"), description="folder of the templates behind GET /template and /render"
    )
    static_dir: Path = Field(Path("static"), description="folder whose files are sent under GET /static")
    task_modules: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="comma-separated modules whose jobs and Celery tasks the workers load"
    )
    mounts: Annotated[tuple[tuple[str, str], ...], NoDecode] = Field(
        (), description="WSGI applications under prefixes, as in `/hms=hms_flask.flask_hms:app,/pram=pram.app:app`"
    )
    result_backend: SecretStr | None = Field(
        None,
        description="where results of jobs and Celery tasks are kept: mongodb://, redis:// or db+postgresql:// URL;"
        " default: beside the other state, in DATABASE_URL",
    )
    result_ttl: float = Field(
        86400, gt=0, le=10**9, description="how long the result of a finished job or Celery task is kept, in seconds"
    )
    strict_json: bool = Field(
        False,
        description="whether `request.json` answers 415 in handlers and mounted Flask applications where the body does"
        " not say that it is JSON, as Flask does since 2.1; by default it is `None` then, as older ones expect",
    )
    job_queues: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated queues that this machine's job workers serve besides `jobs`;"
        " default: those of all jobs",
    )
    job_concurrency: int = Field(
        default_factory=lambda: max(2, os.cpu_count() or 2),
        ge=1,
        description="jobs that run at once on this machine; default: the processors, at least 2",
    )
    job_timeout_seconds: float = Field(
        3600, gt=0, description="longest time of one attempt of a job that does not say its own"
    )
    job_memory_bytes: int = Field(
        4 * 2**30,
        ge=64 * 2**20,
        description="most memory (resident, with all that it starts) of a job that does not say its own",
    )
    cache_root: Path | None = Field(
        None,
        description="folder of what can be made again: cached responses (several servers may share them) and views;"
        " default: below ROOT_STORAGE_PATH",
    )
    files_root: Path | None = Field(
        None, description="folder whose files are on offer under GET /file; default: below ROOT_STORAGE_PATH"
    )
    upload_folder: Path | None = Field(
        None, description="folder of the partitions, `POST /<partition>`; default: below ROOT_STORAGE_PATH"
    )
    fstore_root: Path | None = Field(
        None, description="folder of the path files, `/fs/<path>`; default: below ROOT_STORAGE_PATH"
    )
    send_file_header: SendFileHeader = Field(
        "",
        description="header by which the web server in front sends files itself: X-Accel-Redirect (nginx) or X-Sendfile"
        " (Apache, lighttpd); default: none. Only for a server that nobody can reach except through that one",
    )
    send_file_prefix: str = Field(
        "/longshore-files",
        pattern="^(/[A-Za-z0-9._-]+)+$",
        description="internal address of nginx below which it has the folders `partitions`, `fs` and `links`",
    )
    resumable_ttl: float = Field(
        86400, gt=0, description="how long a resumable upload waits for more, and then for being asked, in seconds"
    )
    storage_root: Path | None = Field(
        None, description="folder of the list stores' database; default: below ROOT_STORAGE_PATH"
    )
    kvstore_root: Path | None = Field(
        None, description="folder of the key-value store; default: below ROOT_STORAGE_PATH"
    )
    sqlite_vfs: SqliteVfs = Field(
        "unix",
        description="how SQLite locks the list stores' file: unix (the safest); unix-dotfile for network file systems"
        " without locks; unix-excl and unix-none for one process only; unix-namedsem where the system has it",
    )
    max_value_bytes: int = Field(10**9, gt=0, description="largest value of the key-value store, in bytes")
    local_event_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="comma-separated sources whose local events are written to standard output"
    )
    link_ttl: float = Field(3600, gt=0, description="how long a link works that does not say its own time, in seconds")
    link_cache_bytes: int = Field(
        10 * 10**9, gt=0, description="disk space for the files behind links, in bytes; those used longest ago go first"
    )
    link_cache_count: int = Field(10_000, gt=0, description="most links at a time; those used longest ago go first")
    remote_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated hosts (`example.org`, `*.example.org`, `10.0.0.5:8080`, `10.0.0.0/8`) from which"
        " links may fetch files; private addresses only where listed as addresses",
    )
    user_header_name: str = Field(
        "Uid",
        description="request header that names the user; where tokens are asked for it counts only from"
        " TRUSTED_PROXIES, and the token's name is the user",
    )
    auth: Literal["none"] | None = Field(
        None, description="`none` says aloud that a server which other machines can reach asks nobody for a token"
    )
    auth_tokens: SecretStr | None = Field(
        None,
        description="tokens that let callers in: comma-separated `name:scope:hash` (scopes read, write, admin), or"
        " `@/path` of a file with one a line, which is read again when it changes; `longshore token make` makes them",
    )
    login_seconds: float = Field(
        7 * 86400, ge=60, description="how long a browser stays logged in, unless its token ends before, in seconds"
    )
    rate_limit: str | None = Field(
        None,
        description="most requests of one token, or of one address without a token, as in `100/second;5000/minute`;"
        " default: no limit but the one on wrong tokens",
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated addresses or networks (`10.0.0.0/8`) of proxies whose X-Forwarded-For,"
        " X-Forwarded-Proto and user header are believed",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="comma-separated names (`data.example.org`, `*.example.org`) that browsers may call this server by,"
        " besides localhost and `BIND_INTERFACE`; `*` for any; default: any with tokens, else no other; has to be set"
        " with `AUTH=none` on an address that other machines reach",
    )
    audit_log: Path | None = Field(
        None, description="file to which a line of JSON is appended for every change; default: standard error"
    )
    response_cache_bytes: int = Field(
        10**9,
        ge=0,
        description="disk space for responses of views that are cached, in bytes; oldest go first; 0 keeps none",
    )
    dataset_ttl: float | None = Field(
        None,
        gt=0,
        description="datasets that nobody changed for so many seconds, and to which nobody is connected, are removed;"
        " default: never",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where settings come from, the first winning: the command line, files that hold secrets, the environment."""
        return init_settings, SecretFiles(settings_cls), env_settings

    @field_validator("log_level", mode="before")
    @classmethod
    def _capital(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.rstrip("/") for part in _parts(value)) if isinstance(value, str) else value

    @field_validator(
        "task_modules", "job_queues", "remote_hosts", "local_event_sources", "trusted_proxies", "allowed_hosts",
        mode="before",
    )  # fmt: skip
    @classmethod
    def _list(cls, value: Any) -> Any:
        return _parts(value) if isinstance(value, str) else value

    @field_validator("mounts", mode="before")
    @classmethod
    def _pairs(cls, value: Any) -> Any:
        return tuple(_mount(part) for part in _parts(value)) if isinstance(value, str) else value

    @field_validator("result_backend")
    @classmethod
    def _known_store(cls, value: SecretStr | None) -> SecretStr | None:
        scheme = urlsplit(value.get_secret_value()).scheme if value is not None else RESULT_SCHEMES[0]
        kind, _, database = scheme.partition("+")
        if kind not in RESULT_SCHEMES or (kind == "db" and database.partition("+")[0] not in DATABASE_SCHEMES):
            raise ValueError("it has to be a URL that begins with " + RESULT_URLS)
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: SecretStr | None) -> SecretStr | None:
        return _require_scheme(value, REDIS_SCHEMES + AMQP_SCHEMES)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: SecretStr | None) -> SecretStr | None:
        return _require_scheme(value, DATABASE_SCHEMES)

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(ip_network(network, strict=False)) for network in value)

    @field_validator("rate_limit")
    @classmethod
    def _rates(cls, value: str | None) -> str | None:
        if value is not None and not _RATES.fullmatch(value.strip()):
            raise ValueError("write limits such as 100/second or 100/second;5000/minute")
        return value

    @field_validator(
        "root_storage_path",
        "handlers_dir",
        "template_dir",
        "static_dir",
        "cache_root",
        "files_root",
        "upload_folder",
        "fstore_root",
        "storage_root",
        "kvstore_root",
        "audit_log",
    )
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().resolve()

    @classmethod
    def from_environment(cls, **overrides: Any) -> Settings:
        """The settings of this process, with ``overrides`` winning over the environment.

        :raises SettingsError: naming the variable, its value and what is allowed.
        """
        try:
            return cls(**overrides)
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from None

    @property
    def umask_bits(self) -> int:
        """``umask`` as the number that the system takes."""
        return int(self.umask, 8)

    @property
    def has_additions(self) -> bool:
        """Whether the deployer added code that has to be loaded: handlers, task modules or mounts."""
        return bool(self.task_modules or self.mounts) or any(self.handlers_dir.glob("*.py"))

    @property
    def datasets_folder(self) -> Path:
        """Where each dataset has a folder of its own, named by its session id."""
        return self.root_storage_path / "datasets"

    @property
    def cache_folder(self) -> Path:
        """Where things lie that can be made again or have an end."""
        return self.cache_root or self.root_storage_path / "cache"

    @property
    def links_folder(self) -> Path:
        """The files behind links: beside the database that knows them, since several servers may share CACHE_ROOT."""
        return self.root_storage_path / "cache" / "links"

    @property
    def responses_folder(self) -> Path:
        """Cached responses of views; several servers may share it."""
        return self.cache_folder / "responses"

    @property
    def files_folder(self) -> Path:
        """The files on offer."""
        return self.files_root or self.root_storage_path / "files"

    @property
    def partitions_folder(self) -> Path:
        """The partitions."""
        return self.upload_folder or self.root_storage_path / "partitions"

    @property
    def path_files_folder(self) -> Path:
        """The path files."""
        return self.fstore_root or self.root_storage_path / "fs"

    @property
    def lists_path(self) -> Path:
        """The list stores' SQLite file."""
        return (self.storage_root or self.root_storage_path / "stores") / "lists.db"

    @property
    def lists_database(self) -> str:
        """SQLAlchemy URL of the list stores: a file of their own, or the PostgreSQL of the rest."""
        if self.database_url is not None and not self.database.startswith("sqlite"):
            return self.database
        return f"sqlite:///file:{quote(str(self.lists_path))}?vfs={self.sqlite_vfs}&uri=true"

    @property
    def values_folder(self) -> Path:
        """The key-value store."""
        return self.kvstore_root or self.root_storage_path / "values"

    @property
    def uploads_folder(self) -> Path:
        """Where request bodies are written while they arrive; on the same file system as the datasets."""
        return self.root_storage_path / "uploads"

    @property
    def results_folder(self) -> Path:
        """Where results of jobs lie that are too large for the result store, named by their job's id."""
        return self.root_storage_path / "results"

    @property
    def broker_folder(self) -> Path:
        """Where the embedded broker keeps its append-only file."""
        return self.root_storage_path / "broker"

    @property
    def broker_socket(self) -> Path:
        """Unix socket of the embedded broker.

        It stands in a temporary folder, named by the file ``address``, where ``broker_folder`` is too deep
        for the operating system's limit on such paths (108 bytes on Linux, 104 on macOS).
        """
        try:
            return Path((self.broker_folder / "address").read_text().strip())
        except FileNotFoundError:
            return self.broker_folder / "valkey.sock"

    @property
    def redis_url(self) -> str | None:
        """The broker as redis-py and python-socketio name it; None if it is not Redis."""
        if self.broker_url is None:
            return f"unix://{quote(str(self.broker_socket))}"
        url = self.broker_url.get_secret_value()
        return url if urlsplit(url).scheme in REDIS_SCHEMES else None

    @property
    def kombu_url(self) -> str:
        """The broker as Celery and kombu name it."""
        if self.broker_url is None:
            return f"redis+socket://{quote(str(self.broker_socket))}"
        url = self.broker_url.get_secret_value()
        return f"redis+socket{url.removeprefix('unix')}" if url.startswith("unix:") else url

    @property
    def broker_tls(self) -> dict[str, Any] | None:
        """What kombu is told of a broker over TLS, if its URL says nothing of that; None for every other broker.

        By itself it takes any certificate of a Redis (redis-py does not), and of a RabbitMQ any that somebody vouches
        for, whatever its name.
        """
        parts = urlsplit(self.kombu_url)
        if parts.scheme == "rediss":
            return {"ssl_cert_reqs": "required"}
        return {"server_hostname": parts.hostname} if parts.scheme == "amqps" else None

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the state."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.root_storage_path / 'longshore.db'}"

    def require_result_url(self) -> str:
        """Where results are kept, when that is not beside the other state.

        :raises SettingsError: when ``RESULT_BACKEND`` is not set.
        """
        if self.result_backend is None:
            raise SettingsError("RESULT_BACKEND is not set")
        return self.result_backend.get_secret_value()

    @property
    def own_url(self) -> str:
        """Where this machine itself reaches the web server."""
        return url_of(self.bind_interface, self.port)

    @property
    def log_number(self) -> int:
        """Python's number of the log level."""
        return logging.getLevelNamesMapping()[self.log_level]

    def child_environment(self, **variables: str) -> Mapping[str, str]:
        """The environment of a process that is to have these settings: this one's, with ``variables`` on top."""
        chosen = {
            "PORT": str(self.port),
            "BIND_INTERFACE": self.bind_interface,
            "LOG_LEVEL": self.log_level,
            "ROOT_STORAGE_PATH": str(self.root_storage_path),
        }
        # A lower-case twin would win or lose by the order of the environment.
        kept = {name: value for name, value in os.environ.items() if name.upper() not in chosen}
        return kept | chosen | variables

    def require_internal_secret(self) -> str:
        """The shared secret, made on first use and kept in a file that only this user can read."""
        if self.internal_secret is not None:
            return self.internal_secret.get_secret_value()
        path = self.root_storage_path / "internal-secret"
        self.root_storage_path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return _read_secret(path) or _make_secret(path)


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets from files, as containers are handed them: ``DATABASE_URL_FILE`` names one that holds ``DATABASE_URL``.

    A secret in the environment shows in whatever lists a container's variables.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The secret of one field; None where no file is named. Not asked for a field that is no secret."""
        variable = file_variable(field_name)
        path = _variable(variable)
        if path is None:
            return None, field_name, False
        if _variable(field_name) is not None:
            raise SettingsError(f"{field_name.upper()} and {variable} contradict each other; unset one of them")
        return _read_setting(variable, Path(path)), field_name, False

    def __call__(self) -> dict[str, Any]:
        """What the files hold, by field.

        :raises SettingsError: for a file that cannot be read or holds nothing, and where the variable is set as well.
        """
        found = {name: self.get_field_value(self.settings_cls.model_fields[name], name)[0] for name in secret_fields()}
        return {name: value for name, value in found.items() if value is not None}


def secret_fields() -> tuple[str, ...]:
    """The settings that may hold a password: their values appear nowhere, and each may stand in a file of its own."""
    return tuple(name for name in Settings.model_fields if _is_secret(name))


def file_variable(field: str) -> str:
    """The variable that names the file with a secret.

    >>> file_variable("broker_url")
    'BROKER_URL_FILE'
    """
    return f"{field.upper()}_FILE"


def _variable(name: str) -> str | None:
    """A variable of the environment, in whichever case; None where it is absent or empty."""
    return next((value for each, value in os.environ.items() if each.upper() == name.upper() and value), None)


def _read_setting(variable: str, path: Path, *, may_be_empty: bool = False) -> str:
    """The secret in a file; that of the tokens is named instead, since it is read again whenever it changes.

    :raises SettingsError: when it cannot be read, or is empty and may not be.
    """
    try:
        content = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise SettingsError(f"{variable}={str(path)!r} cannot be used: {reason}") from None
    if not content and not may_be_empty:
        raise SettingsError(f"{variable}={str(path)!r} cannot be used: the file is empty")
    return f"@{path}" if variable == file_variable("auth_tokens") else content


def _read_secret(path: Path) -> str:
    """What is kept; "" where nothing is."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return ""


def _make_secret(path: Path) -> str:
    """Make a secret and keep it, unless another process has done so meanwhile.

    A file that is there and empty, of a server that is just writing or of one that found the disk full, is no secret:
    with an empty one anybody could sign a login.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+") as file:
        fcntl.flock(handle, fcntl.LOCK_EX)
        kept = file.read().strip()
        if kept:
            return kept
        made = secrets.token_urlsafe(32)
        try:
            file.write(made)
            file.flush()
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, 0)  # half of a secret would be taken for one
            raise
        return made


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _mount(text: str) -> tuple[str, str]:
    prefix, _, target = text.partition("=")
    module, _, name = target.partition(":")
    prefix = prefix.strip()
    if not prefix.startswith("/") or not module.strip() or not name.strip():
        raise ValueError(f"{text!r} is no mount; write /prefix=package.module:application")
    return prefix.rstrip("/"), target.strip()  # that of / is empty, as WSGI has it


def _require_scheme(value: SecretStr | None, allowed: tuple[str, ...]) -> SecretStr | None:
    if value is None:
        return None
    scheme = urlsplit(value.get_secret_value()).scheme
    # SQLAlchemy and kombu name a driver after a plus sign.
    if scheme.split("+")[0] not in allowed:
        raise ValueError(f"it has to be a URL that begins with one of {', '.join(f'{name}://' for name in allowed)}")
    return value


def _is_secret(field: str) -> bool:
    """Whether a setting may hold a password, in which case its value appears nowhere."""
    return field in Settings.model_fields and "SecretStr" in str(Settings.model_fields[field].annotation)


def _sentence(error: ValidationError) -> str:
    parts = []
    for problem in error.errors():
        field = str(problem["loc"][0]) if problem["loc"] else "settings"
        shown = "" if _is_secret(field) else f"={problem.get('input')!r}"
        reason = problem["msg"].removeprefix("Value error, ")
        parts.append(f"{field.upper()}{shown} cannot be used: {reason}")
    return "; ".join(parts)


_ONE_WORD = re.compile(r"[\x21-\x7e]+")


def client_token() -> str | None:
    """The token that clients show when they are given none: ``LONGSHORE_TOKEN``, or what its file holds.

    An empty file is none: whoever brings up containers has to name one, also where nobody asks for tokens.

    :raises SettingsError: for a file that cannot be read, and for what is no token.
    """
    variable = file_variable("longshore_token")
    path = _variable(variable)
    if (said := _variable("longshore_token")) or path is None:
        return said and require_token(said, "LONGSHORE_TOKEN")
    held = _read_setting(variable, Path(path), may_be_empty=True)
    return require_token(held, f"what {variable} names") if held else None


def require_token(text: str, source: str) -> str:
    """A token that can be sent.

    :param source: what held it; the text itself is shown nowhere, since a part of it may be a token.
    :raises SettingsError: for anything but one word, such as a file that holds a table of tokens.
    """
    if not _ONE_WORD.fullmatch(text):
        raise SettingsError(f"{source} is no token: that is one word in one line, as `longshore token make` prints it")
    return text


def client_url() -> str:
    """The server that clients ask when they are given none: ``LONGSHORE_URL``, else the one with these settings.

    A job is run with the settings of its server, whose web server may be in another container.
    """
    return _variable("longshore_url") or Settings.from_environment().own_url


def reachable_host(host: str) -> str:
    """The address by which a machine itself reaches a server that listens on ``host`` there.

    >>> reachable_host("0.0.0.0"), reachable_host("10.0.0.5")
    ('127.0.0.1', '10.0.0.5')
    """
    return {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104 - recognised, not bound


def url_of(host: str, port: int) -> str:
    """Where a machine itself finds a server that listens on ``host`` there.

    >>> url_of("::", 5000)
    'http://[::1]:5000'
    """
    host = reachable_host(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
