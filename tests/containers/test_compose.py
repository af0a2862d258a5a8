"""docker-compose.yml gives every process what its settings ask for. No engine is needed to see that."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from admissions.settings import AdmissionsSettings
from audit.settings import AuditSettings
from beds.settings import BedsSettings
from common.auth import Verifier
from common.crypto import MasterKeys
from common.settings import ServiceSettings
from gateway.settings import GatewaySettings
from tools.deployment import new_secrets, write_secrets
from tools.stack.programs import PROGRAMS
from tools.stack.provision import Login

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
SETTINGS: dict[str, type[ServiceSettings]] = {
    "beds": BedsSettings,
    "admissions": AdmissionsSettings,
    "audit": AuditSettings,
    "gateway": GatewaySettings,
}
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]


@pytest.fixture(scope="module")
def secrets() -> dict[str, str]:
    return dict(new_secrets())


def _environment(service: str, secrets: dict[str, str]) -> dict[str, str]:
    """What Compose makes of `${NAME:?why}` and `${NAME:-default}`."""

    def value(found: re.Match[str]) -> str:
        name, kind, rest = found.groups()
        return secrets[name] if kind == ":?" else secrets.get(name, rest)

    given: dict[str, str] = SERVICES[service]["environment"]
    return {name: re.sub(r"\$\{(\w+)(:[?-])([^}]*)\}", value, text) for name, text in given.items()}


def test_the_file_is_what_compose_understands():
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [str(checker), "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_program_is_there():
    assert {program.name for program in PROGRAMS} == set(SETTINGS)
    for program in PROGRAMS:
        assert SERVICES[program.name]["command"] == ["python", "-m", program.module]


@pytest.mark.parametrize("service", SETTINGS)
def test_the_settings_of_a_program_are_complete(service, secrets, monkeypatch):
    for variable in _interfering():
        monkeypatch.delenv(variable)
    for variable, value in _environment(service, secrets).items():
        monkeypatch.setenv(variable, value)

    settings = SETTINGS[service]()

    assert (settings.host, settings.port) == ("0.0.0.0", 8080)
    assert settings.kafka_bootstrap_servers == "kafka:9092"
    assert Login.of(settings.database_url.get_secret_value()).database == service
    MasterKeys(settings.master_keyset.get_secret_value())
    Verifier(settings.token_public_key, service)


def _interfering() -> list[str]:
    """Variables of this process that could fill a gap in the file."""
    prefixes = ("WARDLINE_", "KAFKA_", *(f"{service.upper()}_" for service in SETTINGS))
    return [name for name in os.environ if name.startswith(prefixes)]


def test_the_gateway_finds_the_services(secrets):
    given = _environment("gateway", secrets)
    for service in SETTINGS.keys() - {"gateway"}:
        assert given[f"GATEWAY_{service.upper()}_URL"] == f"http://{service}:8080"


def test_migrations_run_first_and_make_every_login(secrets):
    given = _environment("migrate", secrets)
    assert SERVICES["migrate"]["command"] == ["wardline", "migrate"]
    assert given["POSTGRES_ADMIN_URL"].startswith("postgresql://postgres:")
    for program in PROGRAMS:
        assert SERVICES[program.name]["depends_on"]["migrate"] == {
            "condition": "service_completed_successfully"
        }
        for variable, role in program.logins.items():
            login = Login.of(given[variable])
            assert (login.role, login.database) == (role, program.name)
            assert login.password == secrets[f"{role.upper()}_PASSWORD"]
        own = _environment(program.name, secrets)[f"{program.name.upper()}_DATABASE_URL"]
        assert own == given[f"{program.name.upper()}_DATABASE_URL"]


def test_a_missing_secret_stops_compose_with_a_sentence(secrets):
    """Every variable of the file that is no default is one that `wardline secrets` writes."""
    asked = re.findall(r"\$\{(\w+)(:[?-])?([^}]*)\}", FILE.read_text())
    assert {name for name, kind, _ in asked if kind == ":?"} == set(secrets)
    assert {name for name, kind, _ in asked if kind != ":?"} == {"WARDLINE_PORT"}
    assert all("wardline secrets" in why for _, kind, why in asked if kind == ":?")


def test_images_are_pinned():
    stages = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    for image in [*stages, *(service["image"] for service in SERVICES.values())]:
        assert re.search(r":\d", image), image


@pytest.mark.parametrize("service", SERVICES)
def test_every_container_has_few_rights_and_says_how_it_is(service):
    container = SERVICES[service]
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert "healthcheck" in container
    assert service == "kafka" or container["read_only"] is True
    assert service == "gateway" or ("ports" not in container and container["networks"] == ["inside"])


def test_the_image_has_every_package():
    recipe = (ROOT / "Dockerfile").read_text()
    for project in ROOT.glob("*/**/pyproject.toml"):
        folder = project.parent.relative_to(ROOT)
        if folder.parts[0] in ("libs", "services", "gateway"):
            assert f"--editable {folder}" in recipe


def test_secrets_are_closed_and_never_written_over(tmp_path):
    file = tmp_path / ".env"
    write_secrets(file)
    assert file.stat().st_mode & 0o077 == 0
    written = dotenv_values(file)
    assert written.keys() == dict(new_secrets()).keys()
    MasterKeys(written["BEDS_MASTER_KEYSET"] or "")
    with pytest.raises(FileExistsError):
        write_secrets(file)
