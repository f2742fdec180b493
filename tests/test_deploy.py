"""Would what is under deploy/ run, and give nothing away?

Each file is held against an official schema or linter; what no schema knows is tested below.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from check_jsonschema.builtin_schemas import get_builtin_schema
from jsonschema.validators import validator_for

from bot import health
from bot.app import parts
from bot.serving import LINGER, LONGEST_STOP
from bot.settings import Settings
from tests import azure_models
from tests.conftest import ROOT
from tests.containerfile import FILE, context, is_offered, rules_of, stages, steps_of, words
from tests.proxy_config import Nginx, serving

DEPLOY = ROOT / "deploy"
COMPOSE = DEPLOY / "compose"
KUBERNETES = DEPLOY / "kubernetes"
AZURE = DEPLOY / "azure"
NGINX = COMPOSE / "nginx" / "nginx.conf"
PATHS = ["/api/messages", "/slack/events"]
BIN = Path(sys.executable).parent
SECRETS = {
    name.upper()
    for name, one in Settings.model_fields.items()
    if "SecretStr" in str(one.annotation)
}

REPLICAS, STAYING = 3, 2

YAMLLINT = {
    "extends": "default",
    "rules": {
        "line-length": {"max": 180},
        "document-start": "disable",
        "braces": {"max-spaces-inside": 1},
        "comments": {"min-spaces-from-content": 1},
        "truthy": {"check-keys": False},
        "octal-values": "disable",  # Kubernetes takes 0440 as what it means
    },
}

Validator = Callable[[Path], list[str]]


def told(*command: str | Path) -> list[str]:
    """What a linter has to say; nothing when it is content."""
    done = subprocess.run(
        [str(part) for part in command], check=False, capture_output=True, text=True, cwd=ROOT
    )
    return [] if done.returncode == 0 else [done.stdout + done.stderr or "it failed"]


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


# -- every file, by what is official for it


def yamllint(path: Path) -> list[str]:
    return told(BIN / "yamllint", "--strict", "--config-data", json.dumps(YAMLLINT), path)


def compose_spec(path: Path) -> list[str]:
    schema = get_builtin_schema("vendor.compose-spec")
    errors = validator_for(schema)(schema).iter_errors(documents(path)[0])
    return yamllint(path) + [error.message for error in errors]


def kubernetes_schema(path: Path) -> list[str]:
    found = yamllint(path)
    for one in documents(path):
        try:
            kubernetes_validate.validate(one, "1.37", strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(error.message)
    return found


def kustomize(path: Path) -> list[str]:
    if shutil.which("kubectl") is None:
        pytest.skip("needs kubectl: apt-get install kubernetes-client")
    return yamllint(path) + told("kubectl", "kustomize", path.parent)


def hadolint(path: Path) -> list[str]:
    return told(BIN / "hadolint", "--failure-threshold", "style", path)


def shellcheck(path: Path) -> list[str]:
    return told(BIN / "shellcheck", "--enable=all", path) + told("sh", "-n", path)


def bicep(path: Path) -> list[str]:
    return azure_models.problems(azure_models.read(path))


def parameters_of_bicep(path: Path) -> list[str]:
    """The grammar of such files is small: one using, and a param a line."""
    text = re.sub(r"(?m)^//.*$", "", path.read_text(encoding="utf-8"))
    used, *rest = [line for line in text.splitlines() if line]
    match = re.fullmatch(r"using '\./(\w+\.bicep)'", used)
    assert match is not None
    declared = azure_models.read(path.with_name(match[1]))["parameters"]
    given = {}
    for line in rest:
        param = re.fullmatch(
            r"param (\w+) = ('[^']*'|\w+(?:\.\w+)?\('[^']*'(?:, '[^']*')*\))", line
        )
        assert param is not None, line
        given[param[1]] = param[2]
    found = [
        f"{name}: the template has no such parameter" for name in given if name not in declared
    ]
    lacking = {n for n, one in declared.items() if one["default"] is None} - set(given)
    return found + [f"{name}: it must be given" for name in sorted(lacking)]


def nginx(path: Path) -> list[str]:
    with serving(path, start=False) as proxy:
        return proxy.problems


def elsewhere(test: str) -> Validator:
    """It is validated by another module of the tests, which must still name it."""

    def look(path: Path) -> list[str]:
        text = (ROOT / "tests" / test).read_text(encoding="utf-8")
        return [] if path.parent.name in text else [f"tests/{test} says nothing of {path.name}"]

    return look


VALIDATED: dict[str, Validator] = {
    "azure/*.bicep": bicep,
    "azure/*.bicepparam": parameters_of_bicep,
    "compose/*.yaml": compose_spec,
    "compose/.gitignore": lambda path: (
        [] if path.read_text() == "secrets/\n" else ["not only that"]
    ),
    "compose/make-secrets.sh": shellcheck,
    "compose/roll.sh": shellcheck,
    "compose/nginx/nginx.conf": nginx,
    "container/Containerfile": hadolint,
    "kubernetes/kustomization.yaml": kustomize,
    "kubernetes/[!k]*.yaml": kubernetes_schema,
    "organization.yaml": elsewhere("conftest.py"),
    "slack/manifest.yaml": elsewhere("test_slack_manifest.py"),
    "teams/*": elsewhere("test_teams_manifest.py"),
}


def files_of_deploy() -> list[Path]:
    """What git has, or would have: not what an operator made there."""
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "deploy"]
    names = subprocess.run(asked, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return [ROOT / name for name in sorted(set(names.splitlines())) if (ROOT / name).exists()]


def validators(path: Path) -> list[Validator]:
    return [
        one for pattern, one in VALIDATED.items() if any(path == p for p in DEPLOY.glob(pattern))
    ]


@pytest.mark.parametrize("path", files_of_deploy(), ids=lambda p: str(p.relative_to(DEPLOY)))
def test_every_file_is_valid_by_what_is_official_for_it(path: Path):
    found = validators(path)
    assert len(found) == 1, f"nothing validates {path.name}, or too much does"
    assert found[0](path) == []


def wrong(path: Path, old: str, new: str, folder: Path) -> Path:
    """A copy with a mistake in it."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    (folder / path.name).write_text(text.replace(old, new), encoding="utf-8")
    return folder / path.name


@pytest.mark.parametrize(
    ("validator", "path", "old", "new"),
    [
        (compose_spec, COMPOSE / "compose.yaml", "read_only: true", "readonly: true"),
        (compose_spec, COMPOSE / "teams.yaml", "secrets: [", "secrets:  ["),
        (kubernetes_schema, KUBERNETES / "deployment.yaml", "replicas: 3", "replica: 3"),
        (kubernetes_schema, KUBERNETES / "ingress.yaml", "pathType: Exact", "pathTyp: Exact"),
        (kubernetes_schema, KUBERNETES / "network-policy.yaml", "port: 5432", "port: [5432]"),
        (kustomize, KUBERNETES / "kustomization.yaml", "  - service.yaml", "  - servise.yaml"),
        (hadolint, FILE, "debian:12-slim", "debian"),
        (hadolint, FILE, "--no-install-recommends ca-certificates", "ca-certificates"),
        (shellcheck, COMPOSE / "make-secrets.sh", 'cd "$(dirname "$0")"', "cd $(dirname $0)"),
        (bicep, AZURE / "run.bicep", "minReplicas: 3", "minReplicas: 'three'"),
        (bicep, AZURE / "run.bicep", "minReplicas: 3", "minimumReplicas: 3"),
        (bicep, AZURE / "run.bicep", "geoRedundantBackup: 'Disabled'", "geoRedundantBackup: 'No'"),
        (bicep, AZURE / "run.bicep", "keyVaultUrl:", "vaultUrl:"),
        (bicep, AZURE / "bot.bicep", "enableCalling: false", "enableCalls: false"),
        (nginx, NGINX, "client_max_body_size 256k;", "client_max_body 256k;"),
    ],
)
def test_what_is_official_refuses_a_mistake(
    validator: Validator, path: Path, old: str, new: str, tmp_path: Path
):
    assert validator(wrong(path, old, new, tmp_path)) != []


def test_a_parameter_that_the_template_does_not_know_is_refused(tmp_path: Path):
    shutil.copy(AZURE / "run.bicep", tmp_path)
    sample = wrong(AZURE / "run.sample.bicepparam", "param registry", "param registery", tmp_path)
    assert parameters_of_bicep(sample) == [
        "registery: the template has no such parameter",
        "registry: it must be given",
    ]


# -- nothing given away, nothing unknown


def texts() -> Iterator[tuple[Path, str]]:
    for path in files_of_deploy():
        if path.suffix != ".png":
            yield path, path.read_text(encoding="utf-8")


def test_every_setting_that_is_named_is_one_of_cairn():
    named = {}
    for path, text in texts():
        for name in re.findall(r"\bCAIRN_([A-Z_]+)", text):
            named[name] = path
    known = {name.upper() for name in Settings.model_fields}
    assert len(named) > 10
    assert {
        name: path for name, path in named.items() if name.removesuffix("_FILE") not in known
    } == {}


def test_every_secret_comes_from_a_file_and_none_from_the_environment():
    seen = set()
    for path, text in texts():
        for name in re.findall(r"\bCAIRN_([A-Z_]+)['\"]?\s*(?::|=|\n\s+value:)", text):
            assert name not in SECRETS, f"{path.name}: CAIRN_{name}"
            seen |= {name.removesuffix("_FILE")} & SECRETS
    assert seen == SECRETS - {"SLACK_APP_TOKEN"}, "Socket Mode is for those without an address"


def test_the_image_sets_nothing_that_an_orchestrator_sets_by_a_file():
    """Both a setting and its file stop the start."""
    own = set(re.findall(r"\bCAIRN_[A-Z_]+(?==)", FILE.read_text(encoding="utf-8")))
    assert "CAIRN_HOST" in own
    by_file = {
        name.removesuffix("_FILE")
        for _, text in texts()
        for name in re.findall(r"\bCAIRN_[A-Z_]+_FILE\b", text)
    }
    assert own & by_file == set()


def test_no_file_holds_a_token_a_key_or_an_address_of_an_index():
    for path, text in texts():
        for pattern in (r"xox[a-z]-\w", r"xapp-\w", r"PRIVATE KEY", r"[A-Za-z0-9+/]{43}=",
                        r"--index[-]url", r"--trusted-host", r"pypi\.", r"\bdeb http"):  # fmt: skip
            assert re.search(pattern, text) is None, f"{path.name}: {pattern}"


def images() -> list[str]:
    """Every image that is named."""
    found = [source for source, *_ in stages(FILE)]
    names = {name for _, name, _ in stages(FILE)}
    for path in (COMPOSE / "compose.yaml", COMPOSE / "teams.yaml", COMPOSE / "mail.yaml"):
        services = documents(path)[0]["services"].values()
        found += [service["image"] for service in services if "image" in service]
    found += [one["image"] for one in pod()["containers"]]
    found.append(azure_models.read(AZURE / "run.bicep")["parameters"]["image"]["default"])
    return [image for image in found if image not in names]


def test_every_image_is_of_a_named_version_and_none_is_the_latest():
    assert len(images()) >= 6
    for image in images():
        _, _, tag = image.rpartition(":")
        assert re.fullmatch(r"\d+(\.\d+)*(-[a-z]+)?", tag), image
    for path, text in texts():
        assert not re.search(r":latest|: latest", text), path.name


def test_all_ways_run_the_version_that_this_folder_holds():
    version = re.search(r'(?m)^version = "(.+)"$', (ROOT / "pyproject.toml").read_text())
    assert version is not None
    ours = {image.rpartition(":")[2] for image in images() if "cairn:" in image}
    labels = dict(
        word.split("=", 1)
        for s in steps_of(FILE)
        if s.instruction == "LABEL"
        for word in words(s.value)
    )
    kustomization = documents(KUBERNETES / "kustomization.yaml")[0]
    assert ours == {labels["org.opencontainers.image.version"]} == {version[1]}
    assert {one["newTag"] for one in kustomization["images"]} == ours


# -- the image


def last(instruction: str) -> str:
    """What holds in the image, of what its last stage says."""
    return next(s.value for s in reversed(stages(FILE)[-1][2]) if s.instruction == instruction)


def environment() -> dict[str, str]:
    return dict(word.split("=", 1) for word in words(last("ENV")))


def test_the_image_runs_as_a_number_that_is_not_root_and_stops_in_order():
    assert last("USER") == "10001:10001"
    assert last("STOPSIGNAL") == "SIGTERM"
    assert json.loads(last("ENTRYPOINT")) == ["cairn"]
    assert json.loads(last("CMD")) == ["serve"]
    assert last("EXPOSE") == environment()["CAIRN_PORT"] == "8080"


def test_the_image_holds_what_runs_and_not_what_builds():
    copied = [s.value for s in stages(FILE)[-1][2] if s.instruction == "COPY"]
    assert copied == ["--from=builder /opt/cairn /opt/cairn"]
    installed = [
        s.value for s in [*stages(FILE)[0][2], *stages(FILE)[-1][2]] if "apt-get" in s.value
    ]
    assert len(installed) == 1
    packages = re.search(r"--no-install-recommends ([\w .-]+?) &&", installed[0])
    assert packages is not None
    assert packages[1].split() == ["ca-certificates", "python3", "tzdata"]


def test_every_package_in_the_image_is_hashed():
    for step in steps_of(FILE):
        for command in step.value.split("&&") if step.instruction == "RUN" else ():
            if re.search(r"\bpip\b.* (install|wheel) ", command):
                assert "--no-deps" in command
                assert "--require-hashes" in command or "--no-index" in command, command


def test_a_builder_sees_only_what_the_image_is_made_of():
    rules = rules_of(ROOT)
    offered = {path.parts[0] for path in context(ROOT)}
    copied = set()
    for _, _, steps in stages(FILE):
        for step in steps:
            if step.instruction == "COPY" and "--from" not in step.value:
                copied |= set(words(step.value)[:-1])
    assert offered == copied
    for secret in (
        ".env",
        "cairn.db",
        "deploy/compose/secrets/tls_key",
        ".git/config",
        "bot/__pycache__/app.pyc",
    ):
        assert not is_offered(secret, rules), secret


def test_all_that_belongs_to_a_package_of_cairn_is_installed(tmp_path: Path):
    """Pages and styles are data; what is forgotten is missed only where Cairn is installed."""
    from setuptools import Distribution
    from setuptools.command.build_py import build_py

    own = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages = [
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "bot").rglob("__init__.py")
    ]
    made = build_py(Distribution({"packages": packages, "package_data": own["package-data"]}))
    made.package_dir = {"": str(ROOT)}
    made.ensure_finalized()
    installed = {Path(folder) / name for _, folder, _, names in made.data_files for name in names}
    has = {ROOT / path for path in context(ROOT) if path.parts[0] == "bot" and path.suffix != ".py"}
    assert {
        path for path in has if not any(path.samefile(one) for one in map(resolved, installed))
    } == set()


def resolved(path: Path) -> Path:
    return path if path.is_absolute() else ROOT / path


# -- compose


def services() -> dict[str, Any]:
    found: dict[str, Any] = documents(COMPOSE / "compose.yaml")[0]["services"]
    return found


def seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)s", text)
    assert match is not None
    return float(match[1])


@pytest.mark.parametrize("name", ["cairn", "database", "proxy"])
def test_every_service_has_the_least_rights_and_an_end(name: str):
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert int(service["user"].split(":")[0]) > 0
    assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}
    assert service["healthcheck"]["test"][0] == "CMD"
    assert not {"privileged", "network_mode", "cap_add", "pid", "ipc", "devices"} & set(service)
    assert any(one.startswith("/tmp:") for one in service["tmpfs"])


def test_only_the_proxy_is_reached_and_the_database_reaches_nothing():
    all_of_it = documents(COMPOSE / "compose.yaml")[0]
    assert {name: s["ports"] for name, s in services().items() if "ports" in s} == {
        "proxy": ["443:8443"]
    }
    assert {name: sorted(s["networks"]) for name, s in services().items()} == {
        "cairn": ["back", "front"],
        "database": ["back"],
        "proxy": ["front"],
    }
    assert all_of_it["networks"]["back"] == {"internal": True}


def test_the_services_of_compose_see_each_their_own_secrets_and_all_are_files():
    for path in sorted(COMPOSE.glob("*.yaml")):
        all_of_it = documents(path)[0]
        for name, secret in all_of_it["secrets"].items():
            assert secret == {"file": f"./secrets/{name}"}
        given = {secret for s in all_of_it["services"].values() for secret in s.get("secrets", [])}
        assert given == set(all_of_it["secrets"])
        for service in all_of_it["services"].values():
            for value in service.get("environment", {}).values():
                if str(value).startswith("/run/secrets/"):
                    assert value.removeprefix("/run/secrets/") in service["secrets"]
    assert services()["database"]["secrets"] == ["database_password"]
    assert services()["proxy"]["secrets"] == ["tls_certificate", "tls_key"]


def test_the_longest_stop_is_shorter_than_the_patience_of_each_orchestrator():
    patience = [
        seconds(services()["cairn"]["stop_grace_period"]),
        pod()["terminationGracePeriodSeconds"],
        app()["template"]["terminationGracePeriodSeconds"],
    ]
    assert LINGER < LONGEST_STOP < min(patience)


def test_a_start_has_more_time_than_a_database_that_is_away_is_waited_for():
    """At half a core the rest of a start takes seconds, and is over before any probe fails."""
    kubernetes, azure = pod()["containers"][0]["startupProbe"], azure_probes()["Startup"]
    check = services()["cairn"]["healthcheck"]
    patience = [
        *(probe["periodSeconds"] * probe["failureThreshold"] for probe in (kubernetes, azure)),
        seconds(check["start_period"]) + seconds(check["interval"]) * check["retries"],
    ]
    assert min(patience) >= parts._PATIENCE + 15
    assert azure["failureThreshold"] <= 30, "Azure takes no more"


def test_a_part_that_hangs_takes_no_replica_away():
    """A stop is told to whoever sends requests by the orchestrator itself, at once."""
    for probe in (pod()["containers"][0]["readinessProbe"], azure_probes()["Readiness"]):
        assert probe["timeoutSeconds"] > health._SOON
        assert probe["failureThreshold"] > 1


def test_compose_gives_what_the_guide_says_that_a_department_needs():
    guide = (ROOT / "docs" / "operators" / "running.md").read_text(encoding="utf-8")
    said = re.search(r"replicas of one core and (\d+) MB, PostgreSQL with one core and 1 GB", guide)
    assert said is not None
    limits = {
        name: service["deploy"]["resources"]["limits"] for name, service in services().items()
    }
    assert limits["cairn"].items() >= {"cpus": "1.0", "memory": f"{said[1]}M"}.items()
    assert limits["database"].items() >= {"cpus": "1.0", "memory": "1G"}.items()


def test_the_database_is_of_the_version_that_the_tests_have_or_newer_and_keeps_its_data():
    database = services()["database"]
    assert database["image"].startswith("postgres:16.")
    assert database["volumes"] == ["database:/var/lib/postgresql/data"]
    assert "scram-sha-256" in database["environment"]["POSTGRES_INITDB_ARGS"]


# -- the proxy


@pytest.fixture(scope="module")
def proxy() -> Iterator[Nginx]:
    with serving(NGINX, start=True) as found:
        yield found


def test_the_proxy_lets_through_what_slack_and_microsoft_call(proxy: Nginx):
    for path in PATHS:
        assert proxy.ask("POST", path, b"{}") == (200, path)
    found = re.findall(r"location = (\S+)", NGINX.read_text())
    assert found == [*sorted(PATHS, reverse=True), "/alive"]


@pytest.mark.parametrize(
    "path",
    ["/", "/metrics", "/alive", "/health/ready", "/health/live", "/static/cairn.css",
     "/slack/events/", "/slack/events/../../metrics", "/%2e%2e/metrics", "//metrics",
     "/api/messages/x", "/API/messages", "/slack/events%2f..%2f..%2fmetrics"],
)  # fmt: skip
def test_the_proxy_lets_through_nothing_else(proxy: Nginx, path: str):
    for method in ("GET", "POST"):
        assert proxy.ask(method, path, b"")[0] in (400, 404)
    assert path not in proxy.seen


def test_the_proxy_takes_a_body_as_large_as_cairn_does_and_no_larger(proxy: Nginx):
    from bot.channels.requests import MAX_BODY

    assert proxy.ask("POST", PATHS[0], b"x" * MAX_BODY)[0] == 200
    assert proxy.ask("POST", PATHS[0], b"x" * (MAX_BODY + 1))[0] == 413
    assert proxy.ask("GET", PATHS[0], b"")[0] == 403


def test_the_proxy_writes_no_address_of_anybody(proxy: Nginx):
    proxy.ask("POST", PATHS[0], b"{}")
    proxy.ask("GET", "/metrics", b"")
    proxy.ask("GET", PATHS[0], b"")  # forbidden, which is an error to nginx
    assert proxy.written() == ""
    assert re.findall(r"access_log (.+);", NGINX.read_text()) == ["off"]


def test_compose_asks_the_running_proxy_which_no_half_written_certificate_disturbs(proxy: Nginx):
    *command, address = services()["proxy"]["healthcheck"]["test"]
    assert command[:3] == ["CMD", "curl", "--fail"]
    assert command[3:] == ["--silent", "--noproxy", "*", "--output", "/dev/null"]
    at = re.fullmatch(r"http://(127\.0\.0\.1:\d+)(/\w+)", address)
    assert at is not None
    assert f"listen {at[1]};" in NGINX.read_text()
    certificate = proxy.folder / "certificate"
    whole = certificate.read_bytes()
    certificate.write_bytes(whole[: len(whole) // 2])
    try:
        assert proxy.ask_within(at[2]) == 204
    finally:
        certificate.write_bytes(whole)
    assert proxy.ask_within("/") == proxy.ask_within(PATHS[0]) == 404


def test_a_proxy_that_does_not_run_answers_no_health_check():
    with serving(NGINX, start=True) as stopped:
        assert stopped.ask_within("/alive") == 204
    with pytest.raises(ConnectionRefusedError):
        stopped.ask_within("/alive")


# -- Kubernetes


def objects() -> list[dict[str, Any]]:
    """What kustomize would apply."""
    listed = documents(KUBERNETES / "kustomization.yaml")[0]["resources"]
    return [one for name in listed for one in documents(KUBERNETES / name)]


def of_kind(kind: str) -> dict[str, Any]:
    return next(
        one for one in objects() if one["kind"] == kind and one["metadata"]["name"] == "cairn"
    )


def pod() -> dict[str, Any]:
    found: dict[str, Any] = of_kind("Deployment")["spec"]["template"]["spec"]
    return found


def test_every_manifest_is_applied_but_the_example_of_the_secret():
    listed = documents(KUBERNETES / "kustomization.yaml")[0]["resources"]
    there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
    assert there - set(listed) == {"secret.example.yaml"}
    assert len(listed) == len(set(listed))


def test_three_replicas_serve_and_two_stay_whatever_is_disrupted():
    deployment = of_kind("Deployment")["spec"]
    assert deployment["replicas"] == REPLICAS == services()["cairn"]["deploy"]["replicas"]
    assert (
        of_kind("PodDisruptionBudget")["spec"]["minAvailable"] == STAYING < deployment["replicas"]
    )
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert app()["template"]["scale"]["minReplicas"] == REPLICAS


def test_every_selector_finds_the_pods_of_cairn():
    labels = of_kind("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        of_kind("Deployment")["spec"]["selector"]["matchLabels"],
        of_kind("Service")["spec"]["selector"],
        of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(one["labelSelector"]["matchLabels"] for one in pod()["topologySpreadConstraints"]),
    ]
    assert all(selector and selector.items() <= labels.items() for selector in selectors)
    ports = {one["name"]: one["containerPort"] for one in pod()["containers"][0]["ports"]}
    assert ports == {"http": 8080}
    assert [one["targetPort"] for one in of_kind("Service")["spec"]["ports"]] == ["http"]


def test_the_pods_have_the_least_rights():
    container, own = pod()["containers"][0], pod()["securityContext"]
    assert (
        of_kind("Namespace")["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "restricted"
    )
    assert (own["runAsNonRoot"], own["runAsUser"]) == (True, int(last("USER").split(":")[0]))
    assert own["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["automountServiceAccountToken"] is False
    assert of_kind("ServiceAccount")["automountServiceAccountToken"] is False
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert not {one["kind"] for one in objects()} & {"Role", "RoleBinding", "ClusterRole", "Secret"}


def test_the_secrets_of_the_pods_are_files_that_the_example_names():
    example = documents(KUBERNETES / "secret.example.yaml")[0]
    container = pod()["containers"][0]
    folder = "/run/cairn/secrets/"
    files = [one["value"] for one in container["env"] if one["name"].endswith("_FILE")]
    assert sorted(files) == sorted(folder + name for name in example["stringData"])
    (mounted,) = [one for one in pod()["volumes"] if "secret" in one]
    assert mounted["secret"]["secretName"] == example["metadata"]["name"]
    assert mounted["secret"]["defaultMode"] & 0o007 == 0
    # Whatever else is in the secret, such as the key of the certificate, is in no pod.
    assert sorted(one["key"] for one in mounted["secret"]["items"]) == sorted(example["stringData"])
    assert all(one["key"] == one["path"] for one in mounted["secret"]["items"])
    assert not any("valueFrom" in one for one in container["env"])


def test_cairn_refuses_the_words_of_the_example(tmp_path: Path):
    from bot.errors import SettingsError
    from bot.settings import read_settings

    example = documents(KUBERNETES / "secret.example.yaml")[0]["stringData"]
    assert set(example.values()) == {"replace-me"}
    for name in ("seal_keys", "case_keys", "smtp_url"):
        (tmp_path / name).write_text(example[name])
        with pytest.raises(SettingsError):
            read_settings({f"CAIRN_{name.upper()}_FILE": str(tmp_path / name)})


def test_the_probes_ask_whether_it_lives_and_whether_it_is_ready():
    container = pod()["containers"][0]
    assert {
        name: probe["httpGet"]["path"]
        for name, probe in container.items()
        if name.endswith("Probe")
    } == {
        "startupProbe": "/health/live",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }
    assert {name: probe["httpGet"]["path"] for name, probe in azure_probes().items()} == {
        "Startup": "/health/live",
        "Liveness": "/health/live",
        "Readiness": "/health/ready",
    }


def test_the_ingress_publishes_the_two_paths_and_needs_a_certificate():
    ingress = of_kind("Ingress")["spec"]
    (rule,) = ingress["rules"]
    assert sorted((one["path"], one["pathType"]) for one in rule["http"]["paths"]) == [
        (path, "Exact") for path in PATHS
    ]
    assert [one["hosts"] for one in ingress["tls"]] == [[rule["host"]]]
    assert not {"defaultBackend"} & set(ingress)


def test_nothing_passes_but_what_is_named():
    everything, cairn = [one for one in objects() if one["kind"] == "NetworkPolicy"]
    assert everything["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert cairn["spec"]["policyTypes"] == ["Ingress", "Egress"]
    (inward,) = cairn["spec"]["ingress"]
    assert [list(one["namespaceSelector"]["matchLabels"].values()) for one in inward["from"]] == [
        ["ingress-nginx"],
        ["monitoring"],
    ]
    assert inward["ports"] == [{"protocol": "TCP", "port": 8080}]
    outward = {
        tuple(port["port"] for port in one["ports"]): one["to"] for one in cairn["spec"]["egress"]
    }
    assert set(outward) == {(53, 53), (5432,), (443,), (465, 587)}
    assert all(len(to) == 1 for to in outward.values())
    assert "namespaceSelector" in outward[(5432,)][0]
    assert "namespaceSelector" in outward[(53, 53)][0]
    private = outward[(443,)][0]["ipBlock"]["except"]
    assert {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"} <= set(private)
    assert outward[(465, 587)][0]["ipBlock"]["cidr"].endswith("/32")


def test_a_changed_organization_file_arrives_without_a_restart():
    (mount,) = [
        one for one in pod()["containers"][0]["volumeMounts"] if one["name"] == "organization"
    ]
    assert "subPath" not in mount
    env = {one["name"]: one["value"] for one in pod()["containers"][0]["env"]}
    assert env["CAIRN_ORGANIZATION"] == f"{mount['mountPath']}/organization.yaml"


# -- Azure


def resources() -> dict[str, Any]:
    found: dict[str, Any] = azure_models.read(AZURE / "run.bicep")["resources"]
    return found


def app() -> dict[str, Any]:
    found: dict[str, Any] = resources()["app"]["config"]["properties"]
    return found


def azure_probes() -> dict[str, Any]:
    return {one["type"]: one for one in app()["template"]["containers"][0]["probes"]}


def test_on_azure_only_the_two_paths_are_published():
    assert app()["configuration"]["ingress"]["external"] is False
    assert app()["configuration"]["ingress"]["allowInsecure"] is False
    (rule,) = resources()["paths"]["config"]["properties"]["rules"]
    assert sorted(one["match"]["path"] for one in rule["routes"]) == PATHS
    assert all(set(one["match"]) == {"path"} for one in rule["routes"])


def test_on_azure_every_secret_comes_from_the_vault_by_the_identity_and_is_a_file():
    template = app()["template"]
    secrets = {one["name"]: one for one in app()["configuration"]["secrets"]}
    assert [name for name, one in secrets.items() if "value" in one] == ["organization"]
    for name, one in secrets.items():
        assert name == "organization" or one["keyVaultUrl"] == f"${{vaultAddress}}/{name}"
    (volume,) = template["volumes"]
    files = {one["path"]: one["secretRef"] for one in volume["secrets"]}
    assert set(files.values()) == set(secrets)
    (container,) = template["containers"]
    assert all(set(one) == {"name", "value"} for one in container["env"])
    (mount,) = container["volumeMounts"]
    named = [
        one["value"] for one in container["env"] if str(one["value"]).startswith(mount["mountPath"])
    ]
    assert sorted(named) == sorted(f"{mount['mountPath']}/{path}" for path in files)
    password = azure_models.read(AZURE / "run.bicep")["parameters"]["databasePassword"]
    assert {"type": "secure"} in password["decorators"]


def test_on_azure_people_in_the_organizations_file_stand_in_no_history_of_deployments():
    parameters = azure_models.read(AZURE / "run.bicep")["parameters"]
    assert {"type": "secure"} in parameters["organization"]["decorators"]


def test_on_azure_a_changed_organization_file_makes_a_new_revision():
    """A changed secret alone makes none, and no running replica sees it."""
    (container,) = app()["template"]["containers"]
    made_of = [one["value"] for one in container["env"] if isinstance(one["value"], dict)]
    assert made_of == [
        {"function": {"type": "unique_string", "parameters": {"base_string": "organization"}}}
    ]


def test_on_azure_what_a_first_deployment_leans_on_is_there_before():
    """A role takes minutes to arrive, and a vault is closed to deployments until it is opened."""
    head = (AZURE / "run.bicep").read_text(encoding="utf-8").split("\ntargetScope")[0]
    types = [one["type"] for one in resources().values() if not one["existing"]]
    assert not [one for one in types if one.startswith("Microsoft.Authorization/")]
    assert resources()["vault"]["existing"]
    assert resources()["identity"]["existing"]
    # The last one is for whoever fills the vault.
    roles = ["AcrPull", '"Key Vault Secrets User"', '"Key Vault Secrets Officer"']
    assert re.findall(r"--role (\w+|\"[\w ]+\") ", head) == roles
    assert "az.getSecret(" in (AZURE / "run.sample.bicepparam").read_text(encoding="utf-8")
    assert "--enabled-for-template-deployment true" in head


def test_every_line_of_the_log_that_azure_is_to_alert_on_is_one_of_cairn():
    head = (AZURE / "run.bicep").read_text(encoding="utf-8").split("\ntargetScope")[0]
    lines = re.findall(r"(?m)^//   (\S.*?) {2,}\S", head)
    assert len(lines) > 3
    program = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bot").rglob("*.py"))
    for line in lines:
        assert line == '"level": "error"' or line in program, line


def test_on_azure_the_database_is_in_canada_and_nothing_public_reaches_it():
    server = resources()["server"]["config"]["properties"]
    parameters = azure_models.read(AZURE / "run.bicep")["parameters"]
    assert parameters["location"]["default"] == "canadacentral"
    assert server["network"]["publicNetworkAccess"] == "Disabled"
    assert server["backup"]["geoRedundantBackup"] == "Disabled"
    assert server["version"] == "16"
    assert "sslmode=verify-full" in resources()["databaseUrl"]["config"]["properties"]["value"]
    for name, one in resources().items():
        if not one["existing"] and "location" in one["config"]:
            assert one["config"]["location"] in ("location", "global"), name


def test_every_parameter_of_a_template_is_explained():
    for path in sorted(AZURE.glob("*.bicep")):
        for name, one in azure_models.read(path)["parameters"].items():
            assert any(d["type"] == "description" for d in one["decorators"]), (
                f"{path.name}: {name}"
            )


# -- the runner of the image's steps


def test_the_runner_says_what_is_missing_and_shows_no_traceback(monkeypatch, capsys):
    from tests import image

    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert image.main() == 1
    assert capsys.readouterr().err.startswith("tests.image: needs root")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setenv("PATH", "/nowhere")
    assert image.main() == 1
    assert "needs debootstrap: apt-get install" in capsys.readouterr().err


def test_ci_tries_the_image_before_the_other_tests_and_leaves_none_of_them_out():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    steps = [".venv/bin/python -m tests.image", "make test", "make long"]
    assert [line for line in lines if line in steps] == steps
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert {'-m "not long" tests', "-m long tests"} <= {
        line.partition("loadgroup ")[2] for line in made.splitlines()
    }
