"""The manifests: valid, complete, and their references hold."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from longshore.access.probes import PROBES
from longshore.datasets import IMPORTS_QUEUE
from longshore.datasets import QUEUE as DATASETS_QUEUE
from longshore.supervision.worker_pool import HAND_BACK_SECONDS, JOBS_QUEUE, STOP_MARGIN_SECONDS
from support.deploying import DEPLOY, load, parse_command, unknown_settings, walk

FOLDER = DEPLOY / "kubernetes"
KUSTOMIZATION = load(FOLDER / "kustomization.yaml")[0]
FILES = sorted(path for path in FOLDER.glob("*.yaml") if path.name != "kustomization.yaml")
DOCUMENTS = [document for path in FILES for document in load(path)]
DEPLOYMENTS = {each["metadata"]["name"]: each["spec"] for each in DOCUMENTS if each["kind"] == "Deployment"}
SETTINGS = next(each["data"] for each in DOCUMENTS if each["kind"] == "ConfigMap")


def container(name: str) -> dict[str, Any]:
    (only,) = DEPLOYMENTS[name]["template"]["spec"]["containers"]
    return dict(only)


@pytest.mark.skipif(importlib.util.find_spec("kubernetes_validate") is None, reason="kubernetes-validate is missing")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_manifest_is_valid(path: Path) -> None:
    import kubernetes_validate

    for document in load(path):
        kubernetes_validate.validate(document, kubernetes_validate.latest_version(), strict=True)


def test_every_file_is_named_once() -> None:
    assert sorted(KUSTOMIZATION["resources"]) == [path.name for path in FILES]


def test_all_of_it_is_in_one_namespace() -> None:
    spaces = {each["metadata"].get("namespace") for each in DOCUMENTS if each["kind"] != "Namespace"}
    assert spaces == {KUSTOMIZATION["namespace"]}


def test_each_queue_has_a_worker_of_its_own() -> None:
    served = {name: container(name)["args"][2] for name in DEPLOYMENTS if name.startswith("worker-")}
    assert sorted(served.values()) == sorted([DATASETS_QUEUE, IMPORTS_QUEUE, JOBS_QUEUE])


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_commands_and_settings_exist(name: str) -> None:
    assert parse_command(container(name)["args"]) == container(name)["args"][0]
    assert unknown_settings([*SETTINGS, *(each["name"] for each in container(name).get("env", []))]) == []


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_probes_ask_for_what_there_is(name: str) -> None:
    probes = {key: value for key, value in container(name).items() if key.endswith("Probe")}
    assert {"startupProbe", "livenessProbe"} <= set(probes)
    for probe in probes.values():
        if "httpGet" in probe:
            assert probe["httpGet"]["path"] in PROBES
        else:
            words = probe["exec"]["command"]
            assert (words[0], parse_command(words[1:])) == ("longshore", "healthcheck")
            assert words[3] == container(name)["args"][2]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_each_pod_is_shut_in(name: str) -> None:
    pod = DEPLOYMENTS[name]["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container(name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container(name)["resources"]["limits"]


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_the_user_is_that_of_the_image(name: str) -> None:
    context = DEPLOYMENTS[name]["template"]["spec"]["securityContext"]
    user = f"{context['runAsUser']}:{context['runAsGroup']}"
    assert re.search(rf"^USER {user}$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_what_is_mounted_is_there(name: str) -> None:
    pod = DEPLOYMENTS[name]["template"]["spec"]
    volumes = {each["name"]: each for each in pod["volumes"]}
    assert {each["name"] for each in container(name)["volumeMounts"]} == set(volumes)
    claims = {each["metadata"]["name"] for each in DOCUMENTS if each["kind"] == "PersistentVolumeClaim"}
    assert volumes["storage"]["persistentVolumeClaim"]["claimName"] in claims
    accounts = {each["metadata"]["name"] for each in DOCUMENTS if each["kind"] == "ServiceAccount"}
    assert pod["serviceAccountName"] in accounts
    maps = {each["metadata"]["name"] for each in DOCUMENTS if each["kind"] == "ConfigMap"}
    assert {each["configMapRef"]["name"] for each in container(name)["envFrom"]} <= maps


def test_the_files_with_secrets_are_those_that_the_documentation_makes() -> None:
    mount = next(each["mountPath"] for each in container("web")["volumeMounts"] if each["name"] == "secrets")
    named = {value.removeprefix(f"{mount}/") for key, value in SETTINGS.items() if key.endswith("_FILE")}
    page = (DEPLOY.parent / "docs" / "deploying.md").read_text()
    command = re.search(r"create secret generic longshore ((?:.|\\\n)+?)\n```", page)
    assert command is not None
    assert set(re.findall(r"--from-file=([\w-]+)=", command[1])) == named


def test_storage_is_shared_between_nodes() -> None:
    (claim,) = (each for each in DOCUMENTS if each["kind"] == "PersistentVolumeClaim")
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    mount = next(each["mountPath"] for each in container("web")["volumeMounts"] if each["name"] == "storage")
    assert SETTINGS["ROOT_STORAGE_PATH"].startswith(f"{mount}/")


def test_every_selector_chooses_pods_that_there_are() -> None:
    pods = [spec["template"]["metadata"]["labels"] for spec in DEPLOYMENTS.values()]
    chosen = [
        found
        for document in DOCUMENTS
        for each in walk(document)
        for key in ("matchLabels", "selector")
        if isinstance(found := each.get(key), dict) and any(name.startswith("app.kubernetes.io/") for name in found)
    ]
    assert len(chosen) > 10
    assert [labels for labels in chosen if not any(labels.items() <= pod.items() for pod in pods)] == []


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_a_deployment_chooses_its_own_pods_and_has_a_budget(name: str) -> None:
    labels = DEPLOYMENTS[name]["selector"]["matchLabels"]
    assert labels == DEPLOYMENTS[name]["template"]["metadata"]["labels"]
    budgets = [each["spec"] for each in DOCUMENTS if each["kind"] == "PodDisruptionBudget"]
    (budget,) = (each for each in budgets if each["selector"]["matchLabels"] == labels)
    assert DEPLOYMENTS[name]["replicas"] > budget["minAvailable"], "no node could ever be emptied"


@pytest.mark.parametrize("name", [name for name in DEPLOYMENTS if name != "web"])
def test_a_worker_has_time_to_stop(name: str) -> None:
    needed = int(SETTINGS["STOP_TIMEOUT_SECONDS"]) + HAND_BACK_SECONDS + STOP_MARGIN_SECONDS
    assert DEPLOYMENTS[name]["template"]["spec"]["terminationGracePeriodSeconds"] > needed


def test_the_service_finds_the_port_of_the_web_server() -> None:
    (service,) = (each["spec"] for each in DOCUMENTS if each["kind"] == "Service")
    ports = {each["name"]: each["containerPort"] for each in container("web")["ports"]}
    assert ports[service["ports"][0]["targetPort"]] == 5000
    assert SETTINGS["LONGSHORE_URL"] == f"http://web:{service['ports'][0]['port']}"
