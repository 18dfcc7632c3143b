"""Both doors of the kit, as an author meets them: a command, and pytest in a folder without a test."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin_kit.bench import GOOD, ROOT

BROKEN = ('return terms.money("most")', 'return -terms.money("most")')


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder with two distributions as pip would leave them: a good one, and one whose cap is below nothing."""
    import shutil

    for name, change in (("good_model", None), ("good_rail", None), ("good_tables", None), ("broken_cap", BROKEN)):
        target = tmp_path / "site" / name
        shutil.copytree(GOOD / ("good_model" if change else name), target, ignore=shutil.ignore_patterns("__pycache__"))
        if change:
            path = target / "__init__.py"
            text = path.read_text("utf-8").replace(*change).replace("good_model", name).replace("good_share", name)
            path.write_text(text.replace("    def rate(", "    def _rate("), "utf-8")
        about = tmp_path / "site" / f"{name}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nAuthor: Ada\n")
        (about / "entry_points.txt").write_text(f"[samverk.plugins]\n{name} = {name}:plugin\n")
    return tmp_path / "site"


def run(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    folder.mkdir(exist_ok=True)
    path = os.pathsep.join([str(site), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    environment |= {"SAMVERK_INSTANCE": str(folder / "instance"), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


SAMVERK = ("-c", "import wsgi; wsgi.cli()", "plugin", "check", "--examples", "10")


def test_the_command_reports_and_exits_by_the_outcome(site: Path, tmp_path: Path) -> None:
    good = run(site, tmp_path / "away", *SAMVERK, "good_model", "good_rail")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "good_rail 1.0 (good_rail): payout_rails" in good.stdout and "FAIL" not in good.stdout
    assert "  ok   same-key" in good.stdout and "promises kept" in good.stdout
    bad = run(site, tmp_path / "away", *SAMVERK, "--quiet", "broken_cap")
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "  FAIL cap " in bad.stdout and "  ok " not in bad.stdout
    assert "The plugin broken_cap fails the check cap of broken_cap" in bad.stdout
    assert "expected: an amount in EUR that is not below nothing" in bad.stdout
    assert "example:  terms: EUR" in bad.stdout and "mend it:" in bad.stdout and "1 broken" in bad.stdout


def test_a_plugin_cannot_end_the_kit(site: Path, tmp_path: Path) -> None:
    """What it raises is no Ctrl-C of whoever sits at the terminal."""
    module = site / "broken_cap" / "__init__.py"
    module.write_text(module.read_text("utf-8").replace(BROKEN[1], "raise KeyboardInterrupt"), "utf-8")
    told = run(site, tmp_path / "away", *SAMVERK, "broken_cap", "good_rail")
    assert told.returncode == 1, told.stdout + told.stderr
    assert "  FAIL cap " in told.stdout and "seen:     KeyboardInterrupt" in told.stdout
    assert "  ok   same-key" in told.stdout, "the next plugin is asked"
    pytest_ = run(site, tmp_path / "away", "-m", "pytest", "-q", "--samverk-plugin", "broken_cap")
    assert pytest_.returncode == 1, pytest_.stdout + pytest_.stderr


def test_the_command_says_that_tables_were_not_tried_on_postgresql(site: Path, tmp_path: Path) -> None:
    told = run(site, tmp_path / "away", *SAMVERK, "--quiet", "good_tables", "good_rail")
    assert told.returncode == 0, told.stdout + told.stderr
    rail, tables = told.stdout.split("good_tables 1.0")
    assert "--postgresql" in tables and "--postgresql" not in rail


def test_the_command_says_what_it_cannot_do(site: Path, tmp_path: Path) -> None:
    unknown = run(site, tmp_path / "away", *SAMVERK, "nobody")
    assert unknown.returncode == 1 and "There is no plugin nobody" in unknown.stderr
    nothing = run(site, tmp_path / "away", *SAMVERK)
    assert nothing.returncode == 2 and "Name a plugin, or say --all." in nothing.stderr
    missing = "import sys; sys.modules['hypothesis'] = None; import wsgi; wsgi.cli()"
    bare = run(site, tmp_path / "away", "-c", missing, "plugin", "check", "good_model")
    assert bare.returncode == 1
    assert bare.stderr == "Error: The kit needs hypothesis: run pip install -e '.[kit]' in the folder of Samverk.\n"


def pytest_in(site: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    options = ("--samverk-examples", "10", "-v", "-p", "no:cacheprovider", *arguments)
    return run(site, folder, "-m", "pytest", *options)


def test_pytest_tries_a_plugin_where_there_is_no_test(site: Path, tmp_path: Path) -> None:
    folder = tmp_path / "away"
    folder.mkdir()
    (folder / "test_own.py").write_text("def test_own():\n    assert not 'asked for'\n")
    good = pytest_in(site, folder, "--samverk-plugin", "good_model")
    assert good.returncode == 0, good.stdout + good.stderr
    assert "good_model::refunds[good_share] PASSED" in good.stdout and "test_own" not in good.stdout
    both = pytest_in(site, folder, "--samverk-plugin", "good_model", "test_own.py")
    assert both.returncode == 1 and "1 failed" in both.stdout and "good_model::cap" in both.stdout


def test_pytest_says_what_is_broken_and_nothing_of_the_kit(site: Path, tmp_path: Path) -> None:
    bad = pytest_in(site, tmp_path / "away", "--samverk-plugin", "broken_cap")
    assert bad.returncode == 1, bad.stdout + bad.stderr
    assert "broken_cap::cap[broken_cap] FAILED" in bad.stdout and "1 failed" in bad.stdout
    assert "expected: an amount in EUR that is not below nothing" in bad.stdout
    assert "plugin_kit/models.py" not in bad.stdout
    unknown = pytest_in(site, tmp_path / "away", "--samverk-plugin", "nobody")
    assert unknown.returncode == 4 and "There is no plugin nobody" in unknown.stderr
