"""What the documents point to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("services/*/README.md")]


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: str(document.relative_to(ROOT)))
def test_links_lead_somewhere(document):
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text()):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        assert target.exists(), link
        assert not anchor or anchor in _anchors(target), link


def test_paths_in_the_walk_exist():
    walk = (ROOT / "docs" / "architecture.md").read_text()
    rooms = [ROOT, ROOT / "gateway/gateway", ROOT / "libs/common", ROOT / "libs/common/common"]
    rooms += [ROOT / "services" / name / name for name in ("beds", "admissions", "audit")]
    rooms += [ROOT / "services" / name for name in ("beds", "admissions", "audit")]
    for path in re.findall(r"`([\w/]+\.py)\b", walk):
        assert any((room / path).exists() for room in rooms), path
