"""A plugin's own tables: held to its name, upgraded behind its fence, rehearsed up and down on both engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from core.instance import Instance
from core.plugin_host.host import PluginHost
from core.plugin_host.loader import find
from core.plugin_host.own import own_of
from core.plugin_host.records import Record, State
from core.plugin_host.tables import owners, rehearse
from tests.plugin_host.tipping import Site, command, restarted, site  # noqa: F401 - the last is a fixture
from tests.test_migrations import bare  # noqa: F401 - a fixture

OLD = "insert into x_tips_note (created_at, brand, person, words) values ('2026-01-01', 'b', '', 'old')"
NOTES = {"x_tips_note", "x_tips_answer", "x_tips_alembic_version"}


def record(instance: Instance, name: str = "tips") -> Record:
    """The plugin as a new process finds it."""
    return next(one for one in restarted(instance).plugins.records.values() if one.name == name)


def own_tables(instance: Instance) -> set[str]:
    return {name for name in inspect(instance.database.engine).get_table_names() if name.startswith("x_")}


def alone() -> PluginHost:
    """The plugins as they load, whatever the database says."""
    return PluginHost.load(candidates=[one for one in find() if one.name == "tips"])


def test_up_down_and_up_again_leaves_nothing_to_write(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install()
    assert rehearse(alone().active["tips"].plugin, bare.settings.database_url) == []
    assert own_tables(bare) == NOTES


STRAY = "op.create_table('stray', sa.Column('id', sa.Integer()))"


@pytest.mark.parametrize(
    ("file", "words", "said"),
    [
        ("_0002_stars", "batch_op.add_column => str", "On the way up: autogenerate would still write"),
        ("_0002_stars", 'sa.Integer(), server_default="0" => sa.String(9), server_default="0"', "would still write"),
        ("_0001_notes", 'op.drop_table("x_tips_answer") => pass', "On the way down"),
        ("_0001_notes", f"    op.create_table( =>     {STRAY}\n    op.create_table(", "stray"),
        ("_0001_notes", "op.create_table( => op.no_such_thing(", "no_such_thing"),
    ],
)  # fmt: skip
def test_a_rehearsal_says_what_is_wrong(site: Site, bare: Instance, file: str, words: str, said: str) -> None:  # noqa: F811
    site.install(**{file: words})
    faults = rehearse(alone().active["tips"].plugin, bare.settings.database_url)
    assert any(said in fault for fault in faults), faults


def test_one_command_upgrades_core_and_every_plugin(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install()
    answer = command(bare, "db", "upgrade")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert own_tables(bare) == NOTES
    assert "person" in inspect(bare.database.engine).get_table_names()
    assert record(bare).state is State.ACTIVE
    assert command(bare, "db", "upgrade").exit_code == 0, "a second time too"


def test_a_plugin_that_cannot_be_upgraded_waits_alone(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install(1)
    command(bare, "db", "upgrade")
    with bare.database.engine.begin() as connection:
        connection.execute(text(OLD))
    site.install(2, _0002_stars="batch_op.add_column => int")
    answer = command(bare, "db", "upgrade")
    assert answer.exit_code == 1 and answer.stdout == "The database is up to date, but for the tables of tips.\n"
    assert answer.stderr.startswith("The tables of the plugin tips stay as they are, and it stays off. ")
    assert "TypeError" in answer.stderr and answer.stderr.count("\n") == 1
    assert command(bare, "db", "upgrade", "--plugins-may-wait").exit_code == 0
    held = record(bare)
    assert held.state is State.NEEDS_UPGRADE
    assert str(held.reason) == "Its tables are not those of this version. Run: samverk plugin upgrade tips"
    assert "fixed" in restarted(bare).plugins.active
    one = command(bare, "plugin", "upgrade", "tips")
    assert one.exit_code == 1 and "TypeError" in one.output
    site.install(2)
    assert command(bare, "plugin", "upgrade", "tips").exit_code == 0
    assert record(bare).state is State.ACTIVE
    with bare.database.engine.connect() as connection:
        assert connection.execute(text("select words, stars from x_tips_note")).all() == [("old", 0)]


def test_an_older_version_over_newer_tables_is_told_to_install_the_newer(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install(2)
    command(bare, "db", "upgrade")
    site.install(1)
    newer = "Its tables are of a newer version than the one that is installed. Install that version again."
    held = record(bare)
    assert (held.state, str(held.reason)) == (State.NEEDS_UPGRADE, newer)
    for arguments in (("plugin", "list"), ("plugin", "upgrade", "tips"), ("db", "upgrade")):
        answer = command(bare, *arguments)
        assert newer in answer.output and "Can't locate" not in answer.output, arguments
    site.install(2)
    assert record(bare).state is State.ACTIVE


def test_before_its_tables_are_there_it_waits(site: Site, instance: Instance) -> None:  # noqa: F811
    site.install()
    assert record(instance).state is State.NEEDS_UPGRADE
    assert command(instance, "plugin", "upgrade", "tips").exit_code == 0
    assert record(instance).state is State.ACTIVE
    site.install(1)
    assert record(instance).state is State.NEEDS_UPGRADE, "an older version does not write to newer tables"
    assert "tables" in command(instance, "plugin", "upgrade", "fixed").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('ForeignKey("x_tips_note.id") => ForeignKey("person.id")', "which is not a table of the plugin"),
        ("class Answer(Tables):\n => class Answer(Tables):\n    __tablename__ = 'answers'\n", "begin with x_tips_"),
        ("class Answer( => class Alembic_version(", "begin with x_tips_"),
        ("    told_at = internal( =>     told_at = __import__('sqlalchemy').Column(", "does not say who may see it"),
        ('plugin="tips" => plugin="chips"', "were begun with plugin='chips'"),
        ("tables = Tables\n => tables = Note.__table__\n", "must be a subclass of OwnTables"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_is_told_at_start(site: Site, words: str, said: str) -> None:  # noqa: F811
    site.install(init=words)
    (found,) = alone().records.values()
    assert found.state is State.BROKEN and said in str(found.reason)


@pytest.mark.parametrize("name", ["SystemExit", "KeyboardInterrupt"])
def test_a_migration_that_would_end_the_process_costs_its_plugin_alone(site: Site, bare: Instance, name: str) -> None:  # noqa: F811
    site.install(2, _0002_stars=f'revision = "0002" => raise {name}(3)')
    assert command(bare, "db", "upgrade").exit_code == 0
    host = restarted(bare).plugins
    (record,) = (record for record in host.records.values() if record.name == "tips")
    assert str(record.reason) == f"It could not be loaded: {name}: 3." and "fixed" in host.payment_models


def test_tables_without_migrations_are_told_at_start(site: Site, tmp_path: Path) -> None:  # noqa: F811
    site.install()
    (tmp_path / "site" / "tips" / "migrations").rename(tmp_path / "elsewhere")
    (found,) = alone().records.values()
    assert found.state is State.BROKEN and "migrations/versions" in str(found.reason)
    assert 'samverk plugin revision tips "its tables"' in str(found.reason)


def test_the_next_migration_is_written_from_the_tables(site: Site, instance: Instance, tmp_path: Path) -> None:  # noqa: F811
    site.install(1)
    (tmp_path / "site" / "tips" / "edition.py").write_text("NUMBER = 2\n")
    site._forget("tips")
    assert command(instance, "plugin", "revision", "tips", "stars").exit_code == 0
    (made,) = (tmp_path / "site" / "tips" / "migrations" / "versions").glob("0002*.py")
    assert "stars" in made.read_text() and "core" not in made.read_text()
    assert command(instance, "plugin", "upgrade", "tips").exit_code == 0
    again = command(instance, "plugin", "revision", "tips", "more")
    assert "say already" in again.output


@pytest.mark.parametrize(
    ("column", "found"),
    [
        ("told: Mapped[bool] = internal(default=True)", 1),
        ('code: Mapped[str] = internal(String(9), default="it\'s")', "it's"),
    ],
)
def test_rows_that_are_there_get_the_default_of_a_new_column(
    site: Site,  # noqa: F811
    bare: Instance,  # noqa: F811
    column: str,
    found: object,
) -> None:
    site.install()
    command(bare, "db", "upgrade")
    with bare.database.engine.begin() as connection:
        connection.execute(text(OLD))
    site.install(init=f"    told_at = internal( =>     {column}\n    told_at = internal(")
    assert command(bare, "plugin", "revision", "tips", "more").exit_code == 0
    assert command(bare, "plugin", "upgrade", "tips").exit_code == 0
    name = column.partition(":")[0]
    with bare.database.engine.connect() as connection:
        assert connection.execute(text(f"select {name} from x_tips_note")).scalar_one() == found


def test_a_new_column_without_a_default_is_refused(site: Site, instance: Instance) -> None:  # noqa: F811
    site.install(init="    told_at = internal( =>     code: Mapped[str] = internal(String(9))\n    told_at = internal(")
    answer = command(instance, "plugin", "revision", "tips", "more")
    assert answer.exit_code == 1 and "the new column code of x_tips_note" in answer.output
    assert "default=" in answer.output and "Traceback" not in answer.output
    assert len(list((site.folder / "site" / "tips" / "migrations" / "versions").glob("*.py"))) == 2


def test_the_longer_name_has_the_table(instance: Instance) -> None:
    with instance.database.engine.begin() as connection:
        for name in (
            "x_acme_note",
            "x_acme_alembic_version",
            "x_acme_pro_note",
            "x_acme_pro_alembic_version",
            "x_lost",
        ):
            connection.execute(text(f"create table {name} (id integer primary key)"))
        assert owners(connection) == {
            "acme": ["x_acme_alembic_version", "x_acme_note"],
            "acme_pro": ["x_acme_pro_alembic_version", "x_acme_pro_note"],
        }


def test_a_table_under_another_plugins_prefix_is_not_made(site: Site, instance: Instance) -> None:  # noqa: F811
    site.install(init="class Answer(Tables):\n => class Answer(Tables):\n    __tablename__ = 'x_tips_pro_answer'\n")
    (site.folder / "pro").mkdir()
    site.install(name="tips_pro", init='plugin="tips" => plugin="tips_pro"')
    answer = command(instance, "plugin", "upgrade", "tips")
    assert answer.exit_code == 1 and "bears the prefix of the plugin tips_pro" in answer.output


def test_what_alembic_is_told_leaves_core_alone(site: Site, bare: Instance) -> None:  # noqa: F811
    site.install()
    command(bare, "db", "upgrade")
    own = own_of(alone().active["tips"].plugin)
    with bare.database.engine.connect() as connection:
        assert own.missing(connection) == []
        assert own.stands(connection) == own.heads() == {"0002"}
