"""Containers of one's own: podman with a storage, a configuration and networks that nobody else's containers share."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
TOOLS = ("podman", "buildah", "runc", "mmdebstrap", "dnsmasq")
PACKAGES = {"dnsmasq": "dnsmasq-base"}
PLUGIN_FOLDERS = ("/usr/lib/cni", "/usr/libexec/cni", "/opt/cni/bin")
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin"
COMMAND_SECONDS = 900
ADDRESSES = Path("/var/lib/cni/networks")
"""Where the network plugins note which addresses they gave, whatever podman is told; ours are named `stack-...`."""

# Everything else lies below the storage's own folder by itself; with a `static_dir` named here, the process that starts
# a dead container again would look for it elsewhere.
CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1000:1000"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/tmp"
[network]
network_config_dir = "{folder}/networks"
"""
STORAGE_CONF = """\
[storage]
driver = "overlay"
runroot = "{folder}/run"
graphroot = "{folder}/graph"
"""


class CommandError(Exception):
    """A command failed; the message has what it wrote last."""


def why_not() -> str:
    """Why containers cannot be run on this machine; "" where nothing speaks against trying."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "it needs Linux, and root"
    missing = [PACKAGES.get(tool, tool) for tool in TOOLS if shutil.which(tool, path=SEARCH_PATH) is None]
    if not any(Path(folder, "dnsname").exists() for folder in PLUGIN_FOLDERS):
        missing.append("golang-github-containernetworking-plugin-dnsname")
    return f"missing: {', '.join(missing)} (packages of Debian)" if missing else ""


class Machine:
    """A place for containers in a folder of their own; a context manager that leaves nothing behind.

    :param kept: a folder that stays, with the images in it, so that the next run finds them; default: a temporary one.
    :ivar base: the image that all others begin with, made by mmdebstrap: no registry is asked.
    """

    base = "localhost/stack-base:latest"

    def __init__(self, kept: Path | None = None) -> None:
        self.is_kept = kept is not None
        if kept is not None:
            kept.mkdir(parents=True, exist_ok=True)
        self.folder = kept.resolve() if kept is not None else Path(tempfile.mkdtemp(prefix="longshore-stack-"))
        self.environment = os.environ | {
            "PATH": SEARCH_PATH,
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "TMPDIR": str(self.folder),
        }
        for name, text in (("containers.conf", CONTAINERS_CONF), ("storage.conf", STORAGE_CONF)):
            (self.folder / name).write_text(text.format(folder=self.folder))
        (self.folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for words in (
            ("rm", "--all", "--force", "--volumes"),
            ("volume", "rm", "--all", "--force"),
            ("network", "prune", "--force"),
        ):
            self.run("podman", *words, check=False)
        if self.is_kept:
            return
        self.run("podman", "rmi", "--all", "--force", check=False)
        for place in _mounts_below(self.folder):
            self.run("umount", "--lazy", place, check=False)
        # What was killed in the middle may write on for a moment.
        deadline = time.monotonic() + 10
        while self.folder.exists() and time.monotonic() < deadline:
            shutil.rmtree(self.folder, ignore_errors=True)
        for leases in ADDRESSES.glob("stack-*"):
            shutil.rmtree(leases, ignore_errors=True)
        if self.folder.exists():
            print(f"{self.folder} could not be removed; something in it is still mounted", file=sys.stderr)

    def run(
        self, *words: str, check: bool = True, environment: dict[str, str] | None = None, folder: Path | None = None
    ) -> str:
        """What a command prints.

        :raises CommandError: when it fails, unless ``check`` is False, or takes too long.
        """
        try:
            done = subprocess.run(
                words, env={**self.environment, **(environment or {})}, cwd=folder or self.folder, check=False,
                capture_output=True, text=True, errors="replace", timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise CommandError(f"{' '.join(words)}: not done after {COMMAND_SECONDS} s") from None
        if check and done.returncode:
            last = "\n".join((done.stdout + done.stderr).splitlines()[-25:])
            raise CommandError(f"{' '.join(words)}: exit code {done.returncode}\n{last}")
        return done.stdout

    def make_base(self) -> None:
        """Make the base image of Debian's packages, of the release that this machine has; unless it was kept."""
        if self.run("podman", "images", "--quiet", self.base).strip():
            return
        archive = self.folder / "base.tar"
        self.run("mmdebstrap", "--quiet", "--variant=minbase", _release(), str(archive))
        self.run("podman", "import", "--quiet", str(archive), self.base)
        archive.unlink()

    def why_no_containers(self) -> str:
        """Why no container starts here though the programs are there; "" if one does."""
        try:
            self.run("podman", "run", "--rm", "--read-only", "--network", "none", self.base, "true")
        except CommandError as error:
            return f"containers do not start here: {str(error).splitlines()[-1]}"
        return ""

    def why_no_network(self) -> str:
        """Why containers get no network of their own here; "" if they do, and find each other by name."""
        network = "stack-try"
        try:
            self.run("podman", "network", "create", network)
            self.run("podman", "run", "--detach", "--network", network, "--name", "stack-try-one", self.base,
                     "sleep", "60")  # fmt: skip
            self.run("podman", "run", "--rm", "--network", network, self.base, "getent", "hosts", "stack-try-one")
        except CommandError as error:
            return f"no network between containers here: {str(error).splitlines()[-1]}"
        finally:
            self.run("podman", "rm", "--force", "stack-try-one", check=False)
            self.run("podman", "network", "rm", "--force", network, check=False)
        return ""

    def build(self, tag: str, dockerfile: Path, **arguments: str) -> None:
        """Build an image from the repository, with the packages' sources of this machine's own pip."""
        pip, volumes = self._pip()
        words = ["--format", "docker", "--network", "host", "--isolation", "oci", "--runtime", "runc", "--layers",
                 "--signature-policy", str(self.folder / "policy.json"), "--ignorefile", str(ROOT / ".dockerignore"),
                 "--secret", f"id=pip,src={pip}", "--secret", f"id=npm,src={self._npm()}"]  # fmt: skip
        for source, target in volumes.items():
            words += ["--volume", f"{source}:{target}:ro"]
        for name, value in {"BASE": self.base, **arguments}.items():
            words += ["--build-arg", f"{name}={value}"]
        self.run("buildah", "build", *words, "--file", str(dockerfile), "--tag", tag, str(ROOT))

    def _pip(self) -> tuple[Path, dict[str, str]]:
        """A configuration for pip inside of a build, and what has to be mounted there for it: folders that it names.

        The certificates go elsewhere, since the base image brings its own.
        """
        lines, volumes = ["[global]"], {}
        for name, value in self._pip_settings().items():
            words = value.split()
            if name == "cert" and Path(value).exists():
                volumes[value], words = CERTIFICATES, [CERTIFICATES]
            for word in words:
                path = Path(word.removeprefix("file://"))
                if path.is_absolute() and path.exists() and word != CERTIFICATES:
                    # An index names its files by relative addresses, and these often lie beside it.
                    where = str(path.parent if "index" in name else path)
                    volumes[where] = where
            lines.append(f"{name} = {' '.join(words)}")
        target = self.folder / "pip.conf"
        target.write_text("\n".join(lines) + "\n")
        return target, volumes

    def _pip_settings(self) -> dict[str, str]:
        wanted = ("index-url", "extra-index-url", "find-links", "cert", "constraint", "trusted-host", "timeout",
                  "default-timeout")  # fmt: skip
        found: dict[str, str] = {}
        for line in self.run(sys.executable, "-m", "pip", "config", "list").splitlines():
            name, _, value = line.partition("=")
            name = name.rpartition(".")[2]
            if name in wanted:
                found[name] = value.strip("'\"")
        return found

    def _npm(self) -> Path:
        target = self.folder / "npmrc"
        lines = []
        if shutil.which("npm", path=SEARCH_PATH):
            registry = self.run("npm", "config", "get", "registry", check=False).strip()
            lines += [f"registry={registry}"] if registry.startswith("http") else []
        if "cert" in self._pip_settings():
            lines.append(f"cafile={CERTIFICATES}")
        target.write_text("\n".join(lines) + "\n")
        return target

    def size(self, image: str) -> int:
        """Bytes of an image."""
        return int(self.run("podman", "image", "inspect", "--format", "{{.Size}}", image))


CERTIFICATES = "/run/build/certificates.crt"


def _mounts_below(folder: Path) -> list[str]:
    """What is mounted below a folder, the innermost first."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    return sorted((place for place in places if Path(place).is_relative_to(folder)), reverse=True)


def _release() -> str:
    lines = Path("/etc/os-release").read_text().splitlines()
    names = dict(line.split("=", 1) for line in lines if "=" in line)
    return names.get("VERSION_CODENAME", "stable").strip('"')
