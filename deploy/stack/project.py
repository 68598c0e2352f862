"""The services of ``compose.yaml`` on a machine, with stand-ins for the images of other projects."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
from types import TracebackType

import yaml
from machine import ROOT, Machine

DEPLOY = ROOT / "deploy"
HYDROLOGY = ROOT / "examples" / "hydrology"
IMAGE = "localhost/longshore:stack"
STORES = "localhost/stack-stores:latest"
# Of this run, so that two of them may go on at once.
NETWORK = f"10.89.{os.getpid() % 200 + 54}"


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Project:
    """A folder as ``prepare.sh`` makes it, with the merged application of the examples in it; brought up and down.

    :param profile: what runs: ``four`` or ``small``.
    :param host_network: whether all containers have the host's network, and so no names but addresses and ports.
    """

    def __init__(self, machine: Machine, profile: str, *, host_network: bool = False) -> None:
        self.machine = machine
        self.profile = profile
        self.host_network = host_network
        self.name = f"stack-{profile}{'-host' if host_network else ''}"
        self.folder = machine.folder / self.name
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self._ports = {"redis": free_port(), "mongodb": free_port()} if host_network else {}
        self._prepare(profile)

    def __enter__(self) -> Project:
        self.compose("up", "--detach", "--no-build")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            for service in self.services():
                print(f"--- the last lines of {service} ---\n{self.log(service)}", file=sys.stderr)
        self.compose("down", "--volumes", "--timeout", "30", check=False)

    def _prepare(self, profile: str) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        self.machine.run(str(DEPLOY / "prepare.sh"), str(self.folder))
        shutil.copy(DEPLOY / "compose.yaml", self.folder)
        for name in ("hms_flask", "handlers"):
            shutil.copytree(HYDROLOGY / name, self.folder / "applications" / name)
        (self.folder / ".env").write_text(
            f"COMPOSE_PROFILES={profile}\nPUBLISH=127.0.0.1:{self.port}\nLONGSHORE_IMAGE={IMAGE}\nSUBNET={NETWORK}.0/24\n"
            f"REDIS_IMAGE={STORES}\nMONGODB_IMAGE={STORES}\nNGINX_ADDRESS={NETWORK}.10\n"
            "MOUNTS=/hms=hms_flask.flask_hms:app\nTASK_MODULES=hms_flask.modules.hms_controller\nLOG_LEVEL=INFO\n"
        )
        self._make_tokens()
        # The stand-in knows no passwords.
        mongodb = f"{self._host('mongodb')}:{self._port('mongodb', 27017)}"
        self._write_secret("result-backend", f"mongodb://{mongodb}/longshore")
        if self.host_network:
            broker = (self.folder / "secrets" / "broker-url").read_text()
            self._write_secret("broker-url", broker.replace("@redis:6379", f"@127.0.0.1:{self._ports['redis']}"))
        self._write_services()

    def _make_tokens(self) -> None:
        made = self.machine.run("podman", "run", "--rm", "--network", "none", IMAGE, "token", "make", "stack",
                                "--scope", "admin").split()  # fmt: skip
        self.token, line = made
        self._write_secret("tokens", line)
        self._write_secret("client-token", self.token)

    def _write_secret(self, name: str, text: str) -> None:
        path = self.folder / "secrets" / name
        path.unlink()
        path.write_text(text + "\n")
        path.chmod(0o444)

    def _host(self, service: str) -> str:
        return "127.0.0.1" if self.host_network else service

    def _port(self, service: str, default: int) -> int:
        return self._ports.get(service, default)

    def _write_services(self) -> None:
        """Write ``compose.yaml`` anew with what differs; of two files podman-compose adds lists up."""
        path = self.folder / "compose.yaml"
        composed = yaml.safe_load(path.read_text())
        for service, differences in self._differences().items():
            known = composed["services"][service]
            for name, value in differences.items():
                known[name] = known[name] | value if isinstance(value, dict) and name in known else value
        path.write_text(yaml.safe_dump(composed))

    def _differences(self) -> dict[str, dict[str, object]]:
        """What differs from ``compose.yaml``: the stand-in for MongoDB; for the host's network also ports."""
        nx = "from nx_27017.nx_27017 import main; main()"
        address = "127.0.0.1" if self.host_network else "0.0.0.0"
        port = self._port("mongodb", 27017)
        mongodb: dict[str, object] = {
            "command": ["/opt/nx/bin/python", "-c", nx, "--host", address, "--port", str(port),
                        "--data-dir", "/data/db", "--pid-file", "/tmp/pid", "--log-file", "/tmp/log"],
            "healthcheck": {"test": ["CMD", "/opt/nx/bin/python", "-c",
                                     f"import socket; socket.create_connection(('127.0.0.1', {port}), 3)"]},
        }  # fmt: skip
        if not self.host_network:
            return {"mongodb": mongodb}
        redis = str(self._ports["redis"])
        command = [*yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["redis"]["command"],
                   "--port", redis, "--bind", "127.0.0.1"]  # fmt: skip
        host = {"network_mode": "host"}
        settings = {"environment": {"PORT": str(self.port), "BIND_INTERFACE": "127.0.0.1",
                                    "LONGSHORE_URL": self.address}}  # fmt: skip
        return {
            "web": {**host, **settings},
            "worker": {**host, **settings},
            "redis": {**host, "command": command, "healthcheck": {"test": ["CMD", "redis-cli", "-p", redis, "ping"]}},
            "mongodb": {**host, **mongodb},
        }

    def compose(self, *words: str, check: bool = True) -> str:
        """Run podman-compose on this project."""
        return self.machine.run(
            sys.executable, "-m", "podman_compose", "--in-pod", "false", "--project-name", self.name, *words,
            check=check, folder=self.folder,
        )  # fmt: skip

    def run_beside(self, *words: str, volume: str) -> str:
        """Run a command of Longshore in a container of its own, with what the web server has and a volume besides."""
        service = "small" if self.profile == "small" else "web"
        return self.compose("run", "--rm", "--no-deps", "--volume", volume, service, *words)

    def services(self) -> dict[str, str]:
        """The containers that there are, by the name of their service."""
        listed = json.loads(
            self.machine.run("podman", "ps", "--all", "--format", "json", "--filter",
                             f"label=io.podman.compose.project={self.name}")
        )  # fmt: skip
        return {each["Labels"]["com.docker.compose.service"]: each["Id"] for each in listed}

    def log(self, service: str) -> str:
        """The last lines of a container."""
        return self.machine.run("podman", "logs", "--tail", "25", self.services()[service], check=False)

    def require_health(self, service: str) -> bool:
        """See that a container's own health check passes now.

        :raises CommandError: with what it says, when it does not.
        """
        self.machine.run("podman", "healthcheck", "run", self.services()[service])
        return True

    def init_of(self, service: str) -> int:
        """Number of a container's first process on this machine; 0 while there is none."""
        return int(self.machine.run("podman", "inspect", "--format", "{{.State.Pid}}", self.services()[service]))

    def kill(self, service: str) -> int:
        """Kill -9 a container's first process, and so all of it, as the kernel would; its number."""
        pid = self.init_of(service)
        os.kill(pid, signal.SIGKILL)
        return pid
