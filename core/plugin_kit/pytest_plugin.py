"""`pytest --samverk-plugin NAME`: every check of the kit as a test of its own, in any folder, without a test file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from core.plugin_kit.checks import Check, Subject


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options; nothing else happens without them."""
    group = parser.getgroup("samverk", "Samverk's conformance kit")
    group.addoption(
        "--samverk-plugin",
        action="append",
        default=[],
        metavar="NAME",
        help="Try this plugin of Samverk (may be given again; `all` for every one). Without a path, nothing else runs.",
    )
    group.addoption("--samverk-examples", type=int, default=40, metavar="N", help="Made-up cases for each search.")
    group.addoption(
        "--samverk-postgresql",
        default="",
        metavar="URL",
        help="A PostgreSQL where a database for the plugin's tables may be made; without it SQLite alone.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect no files when only the kit was asked for; what a plugin raises is then no Ctrl-C."""
    if not config.getoption("samverk_plugin"):
        return
    from core import ctrl_c

    ctrl_c.listen()
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = []


def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the checks of the named plugins first."""
    names = config.getoption("samverk_plugin")
    if names:
        examples, postgresql = config.getoption("samverk_examples"), config.getoption("samverk_postgresql")
        items[:0] = _items(session, names, examples, postgresql)


def _items(session: pytest.Session, names: list[str], examples: int, postgresql: str) -> Iterator[KitItem]:
    try:
        from core.plugin_kit import checks

        named = [name for name in names if name != "all"]
        found = checks.subjects(named, everything=named != names, examples=examples, postgresql=postgresql)
        checks.known()
    except ModuleNotFoundError as error:
        sentence = f"The kit needs {error.name}: run pip install -e '.[kit]' in the folder of Samverk."
        raise pytest.UsageError(sentence) from None
    except LookupError as error:
        missing = f"There is no plugin {error.args[0]}; `samverk plugin list` names those there are."
        raise pytest.UsageError(missing) from None
    for subject in found:
        for check, about, item in checks.asked(subject):
            name = f"{subject.name}::{check.id}{f'[{about}]' if about else ''}"
            yield KitItem.from_parent(session, name=name, asked=(subject, check, about, item))


class KitItem(pytest.Item):
    """One check of one plugin."""

    def __init__(self, *, asked: tuple[Subject, Check, str, Any], **kwargs: Any) -> None:
        """Keep what is asked of whom."""
        super().__init__(**kwargs)
        self._asked = asked

    def runtest(self) -> None:
        """Ask; a check that has nothing to ask is skipped."""
        from core.plugin_kit import checks, report

        result = checks.run(*self._asked)
        if result is None:
            pytest.skip("nothing to ask")
        if result.broken is not None:
            raise BrokenPromise(report.fault(result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The report alone, not the kit's own lines."""
        if isinstance(excinfo.value, BrokenPromise):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where it stands in the output."""
        return "samverk", None, self.name


class BrokenPromise(Exception):
    """What the report says."""
