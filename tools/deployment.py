"""The secrets of an installation in containers, as an environment file for docker-compose.yml."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.keys.steps import first_search_key
from tools.stack.programs import PROGRAMS
from tools.stack.secrets import Secrets


def new_secrets() -> Iterator[tuple[str, str]]:
    """Fresh values, by variable: passwords of the databases' roles, keys of the services, the token key."""
    with TemporaryDirectory() as folder:
        secrets = Secrets(Path(folder))
        for role in ["postgres", *(role for program in PROGRAMS for role in program.logins.values())]:
            yield f"{role.upper()}_PASSWORD", secrets.password(role)
        for program in PROGRAMS:
            yield f"{program.name.upper()}_MASTER_KEYSET", _on_one_line(secrets.keyset(program.name))
            yield f"{program.name.upper()}_INDEX_KEY", secrets.key(program.name)
        yield "ADMISSIONS_SEARCH_KEYS", first_search_key()
        yield "GATEWAY_TOKEN_PRIVATE_KEY", secrets.token_private_key()
        yield "WARDLINE_TOKEN_PUBLIC_KEY", secrets.token_public_key()


def _on_one_line(text: str) -> str:
    return json.dumps(json.loads(text))


def write_secrets(path: Path) -> None:
    """Write them into a file that only its owner can read. Raises FileExistsError: lost keys are lost data."""
    secrets = "".join(f"{name}='{value}'\n" for name, value in new_secrets())
    path.touch(mode=0o600, exist_ok=False)
    path.write_text(secrets)
