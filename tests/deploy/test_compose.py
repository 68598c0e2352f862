"""The services: read by podman-compose, hardened, limited, and set by settings that exist."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from longshore.supervision.worker_pool import HAND_BACK_SECONDS, STOP_MARGIN_SECONDS
from support.deploying import DEPLOY, load, parse_command, unknown_settings

COMPOSE = load(DEPLOY / "compose.yaml")[0]
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWN = ("web", "worker", "small")
needs_podman_compose = pytest.mark.skipif(
    importlib.util.find_spec("podman_compose") is None or shutil.which("podman") is None,
    reason="podman and podman-compose are not installed",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as a deployer has it after ``prepare.sh``."""
    subprocess.run([DEPLOY / "prepare.sh", tmp_path], check=True, capture_output=True, timeout=60)
    shutil.copy(DEPLOY / "compose.yaml", tmp_path)
    return tmp_path


@needs_podman_compose
@pytest.mark.parametrize(
    ("profiles", "started"),
    [
        ("four", {"web", "worker", "redis", "mongodb"}),
        ("four,postgresql,nginx", {"web", "worker", "redis", "mongodb", "postgresql", "nginx"}),
        ("small", {"small"}),
    ],
)
def test_a_profile_starts_its_services(project: Path, profiles: str, started: set[str]) -> None:
    command = [sys.executable, "-m", "podman_compose", "config"]
    environment = os.environ | {"COMPOSE_PROFILES": profiles}
    done = subprocess.run(
        command, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == started


def test_without_a_profile_nothing_starts_by_mistake() -> None:
    assert [name for name, service in SERVICES.items() if not service.get("profiles")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_each_is_shut_in_and_limited(name: str) -> None:
    service = SERVICES[name]
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", OWN)
def test_what_ours_are_told_are_settings_and_commands(name: str) -> None:
    service = SERVICES[name]
    assert unknown_settings(service["environment"]) == []
    assert parse_command(service["command"]) == service["command"][0]
    if "healthcheck" in service:
        assert parse_command(service["healthcheck"]["test"][2:]) == "healthcheck"


@pytest.mark.parametrize("name", SERVICES)
def test_every_secret_is_declared_and_every_file_named_is_mounted(name: str) -> None:
    service = SERVICES[name]
    mounted = set(service.get("secrets", []))
    assert mounted <= set(COMPOSE["secrets"])
    texts = [*map(str, service.get("environment", {}).values()), *map(str, service.get("command", []))]
    named = {found for text in texts for found in re.findall(r"^/run/secrets/(\S+)", text)}
    assert named <= mounted


@pytest.mark.parametrize("name", SERVICES)
def test_no_password_stands_in_the_file(name: str) -> None:
    values = SERVICES[name].get("environment", {}).items()
    assert [key for key, _ in values if re.search("PASSWORD|SECRET|TOKEN", key) and not key.endswith("_FILE")
            and key != "AUTH_TOKENS"] == []  # fmt: skip


@pytest.mark.parametrize("name", SERVICES)
def test_what_it_waits_for_tells_its_health(name: str) -> None:
    for other, condition in SERVICES[name].get("depends_on", {}).items():
        assert condition["condition"] == "service_healthy"
        # The health check of the web server stands in the image.
        assert "healthcheck" in SERVICES[other] or other == "web"


def test_named_volumes_are_declared() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in used if re.match(r"[a-z]", name)} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OWN)
def test_the_time_to_stop_is_enough(name: str) -> None:
    service = SERVICES[name]
    needed = service["environment"]["STOP_TIMEOUT_SECONDS"] + HAND_BACK_SECONDS + STOP_MARGIN_SECONDS
    assert int(service["stop_grace_period"].removesuffix("s")) > needed


def test_ports_are_open_to_this_machine_only() -> None:
    for name in OWN:
        assert all(":-127.0.0.1:" in port for port in SERVICES[name].get("ports", [])), name


def test_variables_are_explained_where_they_are_chosen() -> None:
    example = (DEPLOY / "env.example").read_text()
    chosen = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    read = set(re.findall(r"\$\{([A-Z_]+)", (DEPLOY / "compose.yaml").read_text()))
    assert chosen <= read | {"COMPOSE_PROFILES"}


def test_secrets_are_made_once_and_kept(project: Path) -> None:
    before = {path.name: path.read_text() for path in (project / "secrets").iterdir()}
    subprocess.run([DEPLOY / "prepare.sh", project], check=True, capture_output=True, timeout=60)
    assert {path.name: path.read_text() for path in (project / "secrets").iterdir()} == before
    assert set(before) == set(COMPOSE["secrets"])


def test_secrets_differ_between_installations(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = tmp_path_factory.mktemp("other")
    subprocess.run([DEPLOY / "prepare.sh", other], check=True, capture_output=True, timeout=60)
    for path in (project / "secrets").iterdir():
        assert path.read_text() != (other / "secrets" / path.name).read_text() or not path.read_text(), path.name


def test_a_password_of_a_store_is_the_one_in_its_address(project: Path) -> None:
    kept = {path.name: path.read_text().strip() for path in (project / "secrets").iterdir()}
    assert f":{kept['redis.conf'].removeprefix('requirepass ')}@redis:" in kept["broker-url"]
    assert f":{kept['mongodb-password']}@mongodb:" in kept["result-backend"]
    assert f":{kept['postgresql-password']}@postgresql/" in kept["database-url"]


def test_only_their_owner_gets_at_the_secrets(project: Path) -> None:
    assert stat.S_IMODE((project / "secrets").stat().st_mode) == 0o700


def test_nginx_overwrites_what_clients_say_of_themselves() -> None:
    conf = (DEPLOY / "nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in conf
    assert "proxy_pass http://web:5000;" in conf
