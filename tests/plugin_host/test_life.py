"""The life of a plugin on a filled database: installed, switched, upgraded, gone, back."""

# ruff: noqa: F811 - fixtures come from the neighbours

from __future__ import annotations

import re

import pytest
from sqlalchemy import select, text

from core.instance import Instance
from core.plugin_host.models import PluginEntry, PluginSetting
from core.plugin_host.records import State
from core.plugin_host.roll import vanished
from tests.plugin_host.living import Life, life, offers_tip, switch  # noqa: F401 - one is a fixture
from tests.plugin_host.tipping import Site, command, restarted, site, tips  # noqa: F401 - one is a fixture
from tests.world import sign_in


def test_installed_it_is_there_after_its_tables_are(site: Site, instance: Instance) -> None:
    assert "tips" not in restarted(instance).plugins.active
    site.install(1)
    assert "Run: samverk plugin upgrade tips" in command(instance, "plugin", "list").output
    command(instance, "plugin", "upgrade", "tips")
    assert re.search(r"tips +Active", command(instance, "plugin", "list").output)


def test_every_page_stands_while_it_is_on(life: Life) -> None:
    pages = life.walk()
    assert "/admin/x/tips/" in pages and "nightly" in pages["/admin/x/tips/"]
    assert "Tips and notes" in pages["/admin/plugins"]


@pytest.mark.parametrize("brand", [False, True])
def test_switched_off_nothing_new_uses_it_and_what_runs_goes_on(life: Life, brand: bool) -> None:
    assert offers_tip(life)
    switch(life, False, brand=brand)
    assert not offers_tip(life)
    listed = command(life.here, "plugin", "list").output
    assert ("samverk plugin switch tips on" in listed) is not brand
    life.approve(1)
    life.minute()
    assert (life.earned(), life.holds()) == (10_000, []), "a signed deal is paid by what was signed"
    pages = life.walk()
    assert "/admin/x/tips/" not in pages
    switch(life, True, brand=brand)
    assert offers_tip(life)
    assert "nightly" in life.notes(), "its rows wait"


def test_it_is_switched_in_a_terminal_too(life: Life) -> None:
    assert command(life.here, "plugin", "switch", "tips", "off", "--brand", "Havsro").exit_code == 0
    assert not offers_tip(life)
    assert command(life.here, "plugin", "switch", "tips", "on", "--brand", "Havsro").exit_code == 0
    assert offers_tip(life)
    assert "no plugin nobody" in command(life.here, "plugin", "switch", "nobody", "off").output


def test_upgraded_it_keeps_its_rows_its_settings_and_what_it_paid(life: Life) -> None:
    before = life.notes()
    life.site.install(2)
    life.restart()
    assert life.here.plugins.active.get("tips") is None, "its tables are those of the first edition"
    life.minute()
    assert life.holds() == ["c1: tip"], "until then nobody can tell what it pays"
    life.upgraded()
    life.minute()
    assert life.here.plugins.active["tips"].version == "2.0"
    assert before == [words for words in life.notes() if words in before] != []
    life.approve(1)
    assert (life.earned(), life.holds()) == (10_000, [])
    with life.here.database.session() as session:
        assert session.scalars(select(PluginEntry.version).where(PluginEntry.plugin == "tips")).one() == "2.0"
        assert len(session.scalars(select(PluginSetting)).all()) == 2
    life.walk()


def test_gone_it_is_named_and_what_it_pays_is_on_hold_until_it_is_back(life: Life) -> None:
    life.site.uninstall()
    life.restart()
    life.minute()
    assert life.holds() == ["c1: tip"]
    life.approve(1)
    assert (life.earned(), life.earned("c2")) == (5_000, 60_000), "what was booked stays, other parts go on"
    pages = life.walk()
    assert "Tips and notes" in pages["/admin/plugins"] and "not installed any more" in pages["/admin/plugins"]
    assert re.search(r"tips +Not found +1.0  Tips and notes", command(life.here, "plugin", "list").output)
    said = "The payment model Tip is not installed or does not work."
    assert said in pages["/admin/earnings"] and not any("payment model tip" in page for page in pages.values())
    gone = pages["/admin/plugins/tips"]
    assert "What it pays is on hold until it is back." in gone and "samverk plugin purge tips" in gone
    assert "The plugin tips is not found." in command(life.here, "x", "tips", "count").output
    life.site.install(1)
    life.restart()
    life.minute()
    assert (life.earned(), life.holds()) == (10_000, []), "all that happened meanwhile is paid"
    with life.here.database.session() as session:
        assert vanished(session, life.here.plugins) == []
        assert session.scalars(select(PluginEntry.gone_at).where(PluginEntry.plugin == "tips")).one() is None


def test_gone_and_forgotten_it_is_told_by_its_name_and_what_to_do(life: Life) -> None:
    life.site.uninstall()
    life.restart()
    with life.here.database.write() as session:
        session.execute(text("delete from plugin_entry"))
    life.approve(1)
    told = "The payment model “tip” is not installed or does not work: the installation's admin installs the plugin"
    assert str(life.reason("c1")).startswith(told)


def test_gone_without_having_paid_anybody_it_holds_nothing(life: Life) -> None:
    with life.here.database.write() as session:
        session.execute(text("delete from plugin_entry"))
    life.site.install(1, init="        return [Tip] =>         return []")
    life.upgraded()
    life.site.uninstall()
    life.restart()
    life.minute()
    browser = sign_in(life.app().test_client(), "owner")
    for address in ("/admin/plugins", "/admin/plugins/tips"):
        page = browser.get(address).text
        assert "It is not installed any more." in page and "on hold" not in page
    assert browser.get("/admin/plugins/nobody").status_code == 404
    assert "Install the plugin Tips and notes again" in browser.get("/admin/").text, "somebody has set it up"
    with life.here.database.write() as session:
        session.execute(text("delete from plugin_setting"))
    assert "Install the plugin" not in browser.get("/admin/").text, "nothing goes on by it"


def test_an_upgrade_that_failed_is_told_on_its_page(life: Life) -> None:
    life.site.install(2, _0002_stars="batch_op.add_column => int")
    failed = command(life.here, "plugin", "upgrade", "tips")
    assert failed.exit_code == 1 and failed.output.count("\n") == 1 and "TypeError" in failed.output
    life.restart()
    page = sign_in(life.app().test_client(), "owner").get("/admin/plugins/tips/installation").text
    assert "Run: samverk plugin upgrade tips" in page and "It failed last with: TypeError" in page


def test_a_broken_one_is_told_and_holds_what_it_pays(life: Life) -> None:
    life.site.install(1, init='name = "tip" => nmae = "tip"')
    life.restart()
    life.minute()
    (record,) = [one for one in life.here.plugins.records.values() if one.name == "tips"]
    assert record.state is State.BROKEN and life.holds() == ["c1: tip"]
    life.walk()
    life.site.install(1)
    life.restart()
    life.minute()
    assert life.holds() == []


def test_today_tells_the_installation_admin_of_one_that_is_gone_and_in_use(life: Life) -> None:
    asked = "Install the plugin Tips and notes again"
    assert asked not in sign_in(life.app().test_client(), "owner").get("/admin/").text
    life.site.uninstall()
    life.restart()
    life.minute()
    page = sign_in(life.app().test_client(), "owner").get("/admin/").text
    assert page.count(asked) == 1 and "What it pays is on hold until it is back." in page
    assert "/admin/plugins/tips/installation" in page
    assert asked not in sign_in(life.app().test_client(), "manager").get("/admin/").text, (
        "who cannot install it is not asked to"
    )
    life.site.install(1)
    life.restart()
    life.minute()
    assert asked not in sign_in(life.app().test_client(), "owner").get("/admin/").text


def test_the_roll_is_called_by_one_statement_when_nothing_has_changed(life: Life) -> None:
    from core.plugin_host import roll
    from tests.databases import statements

    with statements(life.here.database.engine) as seen:
        roll.call(life.here.database, life.here.plugins)
    assert len([one for one in seen if not one.startswith("BEGIN")]) == 1
