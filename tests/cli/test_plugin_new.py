"""`samverk plugin new`: what it writes works as it stands, beside the example that it was made of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from core.cli.main import samverk
from core.cli.plugin_new import KINDS, ROOT
from core.plugin_kit.checks import run_all, subjects
from tests.plugin_host.foreign import install_distribution, install_example


@pytest.fixture(autouse=True)
def own_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAMVERK_INSTANCE", str(tmp_path / "instance"))


def new(name: str, kind: str, into: Path) -> Result:
    return CliRunner().invoke(samverk, ["plugin", "new", name, "--kind", kind, "--into", str(into)])


SERVICES = re.compile("Mastodon|WooCommerce|Woo|Denmark|Danish|Danmark|dansk|Reklame|JSON gateway|bonus for each")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("denmark", "compliance"),
        ("bank", "payout-rails"),
        ("server", "payout-rails"),
        ("refused", "payout-rails"),
        ("money", "payment-models"),
        ("orders", "sales-sources"),
        ("posts", "platforms"),
    ],
)
def test_a_natural_name_works(name: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = new(name, kind, tmp_path)
    assert made.exit_code == 0, made.output
    install_distribution(tmp_path, monkeypatch, tmp_path / f"samverk-{name}")
    (subject,) = subjects([name], examples=5)
    assert [str(result.broken) for result in run_all(subject) if result.broken] == []


def test_a_country_in_a_name_has_its_capitals_in_the_title(tmp_path: Path) -> None:
    assert new("rules_of_south_korea", "compliance", tmp_path).exit_code == 0
    folder = tmp_path / "samverk-rules-of-south-korea"
    module = folder / "samverk_rules_of_south_korea"
    assert 'title = T("Rules of South Korea")' in (module / "__init__.py").read_text("utf-8")
    assert "title: Rules of South Korea" in (module / "pack.yaml").read_text("utf-8")
    assert (folder / "README.md").read_text("utf-8").startswith("# Rules of South Korea\n")


@pytest.mark.parametrize("kind", KINDS)
def test_it_does_not_say_of_itself_what_the_example_is(kind: str, tmp_path: Path) -> None:
    new("fair_share", kind, tmp_path)
    folder = tmp_path / "samverk-fair-share"
    said = [(folder / name).read_text("utf-8") for name in ("README.md", "pyproject.toml")]
    if kind == "compliance":
        said += [path.read_text("utf-8") for path in (folder / "samverk_fair_share").iterdir()]
        assert "REPLACE" in "".join(said)
    assert not SERVICES.search("\n".join(said)), SERVICES.search("\n".join(said))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_there_and_keeps_every_promise(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"fair_{KINDS[kind]}"
    written = new(name, kind, tmp_path)
    assert written.exit_code == 0, written.output
    assert f"plugin check {name}" in written.output and f"samverk_{name}/__init__.py" in written.output
    install_example(tmp_path, monkeypatch, KINDS[kind])
    assert install_distribution(tmp_path, monkeypatch, tmp_path / f"samverk-fair-{kind}") == name
    listed = CliRunner().invoke(samverk, ["plugin", "list"]).output
    title = name.replace("_", " ").capitalize()
    assert any("Active" in line and line.endswith(title) for line in listed.splitlines()), listed
    (subject,) = subjects([name], examples=5)
    results = list(run_all(subject))
    assert len(results) > 12
    assert [(result.check.id, str(result.broken)) for result in results if result.broken] == []


def test_a_payment_model_is_25_lines_besides_its_imports(tmp_path: Path) -> None:
    new("fair_share", "payment-models", tmp_path)
    text = (tmp_path / "samverk-fair-share" / "samverk_fair_share" / "__init__.py").read_text("utf-8")
    code = text.partition("\n)\n")[2]
    assert code.startswith('\nT = texts("fair_share")\n\n\nclass FairShare(PaymentModel):')
    assert len([line for line in code.splitlines() if line.strip()]) <= 25


@pytest.mark.parametrize(
    ("name", "kind", "sentence"),
    [
        ("Fair", "pages", "'Fair' cannot be a plugin's name"),
        ("fair-share", "pages", "'fair-share' cannot be a plugin's name"),
        ("fair__share", "pages", "cannot be a plugin's name"),
        ("2nd", "pages", "cannot be a plugin's name"),
        ("x", "pages", "take 2 to 40 small letters"),
        ("f" * 41, "pages", "take 2 to 40 small letters"),
        ("retainer", "pages", "The name retainer is taken: it is the plugin retainer (samverk). my_retainer is free."),
        ("csv", "platforms", "has one of that name among its sales sources. my_csv is free."),
        ("Fair Share", "pages", "a letter first, as in fair_share."),
    ],
)
def test_a_bad_or_taken_name_is_refused(name: str, kind: str, sentence: str, tmp_path: Path) -> None:
    answer = new(name, kind, tmp_path)
    assert answer.exit_code == 1 and sentence in answer.output
    assert not list(tmp_path.glob("samverk-*"))


def test_a_package_that_is_installed_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "samverk_here.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    assert "a package samverk_here is installed here" in new("here", "pages", tmp_path).output


def test_nothing_is_written_over_and_nothing_into_the_checkout(tmp_path: Path) -> None:
    assert new("fair_share", "pages", tmp_path / "deep" / "down").exit_code == 0
    page = tmp_path / "deep" / "down" / "samverk-fair-share" / "samverk_fair_share" / "__init__.py"
    page.write_text("# mine")
    again = new("fair_share", "pages", tmp_path / "deep" / "down")
    assert again.exit_code == 1 and "is there already; nothing was written." in again.output
    assert page.read_text() == "# mine"
    inside = new("fair_share", "pages", ROOT / "plugins")
    assert inside.exit_code == 1 and "lies in Samverk's own folder" in inside.output
    assert not (ROOT / "plugins" / "samverk-fair-share").exists()
    assert new("fair_share", "cakes", tmp_path).exit_code == 2
