"""A real nginx with the configuration that is shipped as an example."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from support.waiting import eventually

EXAMPLE = Path(__file__).parents[2] / "examples" / "nginx" / "longshore.conf"
KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
# A user's search path often lacks the folder where Debian puts servers.
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def nginx_before(url: str, storage: Path, folder: Path) -> Iterator[str]:
    """The address of an nginx before the server at ``url``.

    :param folder: for its own files.
    """
    folder.mkdir()
    port = free_port()
    shipped = EXAMPLE.read_text()
    for before, after in (
        ("127.0.0.1:5000", urlsplit(url).netloc),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
        ("/var/lib/longshore/", f"{storage}/"),
    ):
        assert before in shipped
        shipped = shipped.replace(before, after)
    (folder / "longshore.conf").write_text(shipped)
    with running_nginx(folder, f"include {folder}/longshore.conf;"):
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: httpx.get(f"{address}/hello").text == "World!", what="nginx")
        yield address


@contextmanager
def serving_folder(served: Path, folder: Path) -> Iterator[str]:
    """The address of an nginx that sends the files of a folder by itself; ``folder`` is for its own files."""
    folder.mkdir()
    port = free_port()
    server = f"server {{ listen 127.0.0.1:{port}; root {served}; sendfile on; tcp_nopush on; }}"
    with running_nginx(folder, server):
        eventually(lambda: httpx.get(f"http://127.0.0.1:{port}/").status_code == 403, what="nginx")
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_nginx(folder: Path, http: str) -> Iterator[None]:
    """An nginx, with what stands in its ``http`` block; all its files are in ``folder``."""
    assert NGINX is not None
    temporary = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in KINDS)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(
        f"{user} worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary}\n{http} }}\n"
    )
    command = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    process = subprocess.Popen(command)
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
