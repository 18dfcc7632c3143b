"""What the documents for strangers say is true of this tree."""

import inspect
import re
from pathlib import Path

import pytest

from core import settings
from core.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    links = re.findall(r'(?:\]\(|src=")(?!https?:|mailto:)([^)"\s]+)', re.sub(r"```.*?```", "", text, flags=re.S))
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", head).lower().replace(" ", "-") for head in heads}, link


def test_the_readme_names_every_setting_and_no_other() -> None:
    known = set(re.findall(r"SAMVERK_[A-Z_]+", inspect.getsource(settings)))
    assert known == set(re.findall(r"^\| `(SAMVERK_[A-Z_]+)`", README, re.M))


def test_the_readme_names_every_command() -> None:
    table = README[README.index("| command |") : README.index("## Configuration")]
    assert set(COMMANDS) == {name.split()[0] for name in re.findall(r"`([a-z][^`]*)`", table) if "/" not in name}


def test_every_dependency_has_a_line() -> None:
    text = (ROOT / "setup.cfg").read_text("utf-8")
    block = re.search(r"install_requires =\n((?:    .+\n)+)", text)
    assert block
    names = {re.split(r"[\[<>=]", line.strip())[0] for line in block[1].splitlines()}
    table = (ROOT / "CONTRIBUTING.md").read_text("utf-8").split("| library | what for |")[1]
    told = {
        name.strip() for line in table.splitlines() if line.startswith("| ") for name in line.split("|")[1].split(",")
    }
    assert names == told - {"---"}


def test_the_plugin_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime
    from functools import partial
    from importlib import import_module

    from core.plugin_host.loader import Candidate, examine
    from core.plugin_host.records import State
    from samverk import DeliverableApproved, Money, PaymentModel, Terms

    code = README.split("```python\n")[1].split("```")[0]
    (tmp_path / "samverk_welcome.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    load = partial(import_module, "samverk_welcome")
    record = examine(Candidate("welcome", "samverk-welcome", "0.1.0", "", load))
    assert (record.state, record.reason) == (State.ACTIVE, None)
    model = record.provides["payment_models"]["welcome"]
    assert isinstance(model, PaymentModel)
    approved = [
        DeliverableApproved(key=f"d{n}", at=datetime(2026, 1, n, tzinfo=UTC), deliverable=str(n), position=n, planned=2)
        for n in (1, 2)
    ]
    lines = model.earned(Terms("EUR", {"amount": 5000}), approved)
    assert [(line.key, line.amount) for line in lines] == [("d1", Money(5000, "EUR"))]
