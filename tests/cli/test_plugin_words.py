"""`samverk plugin words`: what a plugin says becomes catalogues, and what was translated stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.cli.main import samverk
from tests.plugin_host.foreign import install

TABLES = Path(__file__).parents[1] / "plugin_kit" / "good" / "good_tables"
PLUGIN = """
from samverk import Plugin, texts

T = texts("greeter")


class Greeter(Plugin):
    name = "greeter"
    title = T("Greeter")
    description = T("It greets %(name)s.", name="Ada")
    api_version = 1


plugin = Greeter()
"""


def words(*arguments: str) -> Result:
    return CliRunner().invoke(samverk, ["plugin", "words", *arguments])


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the Swedish one will be."""
    install(tmp_path, monkeypatch, "greeter", PLUGIN)
    page = tmp_path / "site" / "greeter" / "templates" / "x" / "greeter" / "page.html"
    page.parent.mkdir(parents=True)
    page.write_text('<p>{{ _("Good day") }}</p>')
    return tmp_path / "site" / "greeter" / "translations" / "sv" / "LC_MESSAGES" / "greeter.po"


def test_a_catalogue_is_begun_kept_and_brought_up_to_date(catalogue: Path) -> None:
    first = words("greeter", "sv")
    assert (first.exit_code, first.output) == (0, f"{catalogue}: 3 to translate\n")
    catalogue.write_text(
        catalogue.read_text().replace('msgid "Good day"\nmsgstr ""', 'msgid "Good day"\nmsgstr "God dag"')
    )
    module = catalogue.parents[3] / "__init__.py"
    module.write_text(module.read_text().replace('T("Greeter")', 'T("The greeter")'))
    again = words("greeter")
    assert again.output == f"{catalogue}: 2 to translate\n"
    told = catalogue.read_text()
    assert '"Project-Id-Version: greeter 1.0\\n"' in told and "Swedish translations for greeter." in told
    assert 'msgstr "God dag"' in told and 'msgid "The greeter"' in told and 'msgid "Greeter"' not in told


def test_it_says_what_it_cannot_do(catalogue: Path) -> None:
    assert "Name a language to begin with" in words("greeter").output
    assert "There is no plugin nobody" in words("nobody", "sv").output
    assert "samverk i18n update" in words("fixed", "sv").output
    assert words("greeter", "tlh").exit_code == 2
    assert not catalogue.exists()


def test_what_an_installer_copied_is_not_written_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path / "site-packages", monkeypatch, "greeter", PLUGIN)
    install(tmp_path / "site-packages", monkeypatch, "good_tables", TABLES)
    before = sorted((tmp_path / "site-packages").rglob("*.p*"))
    for line in (["words", "greeter", "sv"], ["revision", "good_tables", "more"]):
        refused = CliRunner().invoke(samverk, ["plugin", *line])
        assert refused.exit_code == 1 and " -e FOLDER`" in refused.output and refused.output.count("\n") == 1
    assert [path for path in sorted((tmp_path / "site-packages").rglob("*.p*")) if path.suffix != ".pyc"] == before
