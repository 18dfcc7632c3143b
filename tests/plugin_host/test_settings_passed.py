"""Values that their fields take no longer, as after an upgrade: passed over, and told where somebody can mend them."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from core.instance import Instance
from core.plugin_host.models import PluginSetting
from tests.plugin_host.parcels import BLANK, PAGE, TOKEN, fill, parcel, told  # noqa: F401 - a fixture
from tests.world import World, sign_in


def test_what_an_upgrade_takes_no_longer_is_passed_over(instance: Instance, committed: World) -> None:
    fill(instance, committed, None, limit="50")
    fill(instance, committed, committed.brand, address="x", token=TOKEN, limit="60")
    with instance.database.write() as session:
        own = PluginSetting.key == "limit", PluginSetting.brand_id == committed.brand.id
        (row,) = session.scalars(select(PluginSetting).where(*own))
        row.value = 600
    assert told(instance, committed.brand).settings["limit"] == 50
    with instance.database.write() as session:
        session.get_one(PluginSetting, row.id).value = "sixty"
    assert told(instance, committed.brand).settings["limit"] == 50
    assert not fill(instance, committed, committed.brand, address="x", limit="9"), "and is written over"
    assert told(instance, committed.brand).settings["limit"] == 9


def test_what_is_passed_over_is_told_at_its_field_until_it_is_mended(
    instance: Instance, committed: World, app: Flask
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    owner = sign_in(app.test_client(), "owner")
    fill(instance, committed, committed.brand, address="x", token=TOKEN, limit="60", mode="fast")
    with instance.database.write() as session:
        rows = {row.key: row for row in session.scalars(select(PluginSetting))}
        rows["limit"].value, rows["mode"].value = 600, "warp"
        rows["address"].value, rows["address"].value_cipher = None, rows["token"].value_cipher
    page = owner.get(PAGE).text
    assert "“600” is passed over: At most 100. This holds instead: 30" in page
    assert "“warp” is passed over: Choose one of the list. This holds instead: Slow" in page
    assert "“•••” is passed over: This value cannot be taken. Nothing holds instead." in page
    assert page.count("is passed over") == 2 * 3, "at each field, and where the form tells what to mend"
    assert page.count('aria-invalid="true"') == 3 and TOKEN not in page
    told_so = owner.post(PAGE, data={**BLANK, "own-limit": "50"}).text
    assert "This is needed." in told_so and "is passed over" not in told_so, "what was sent has its own errors"
    sent = {**BLANK, "own-limit": "", "own-address": "https://a.example"}
    assert owner.post(PAGE, data=sent).status_code == 303
    assert "is passed over" not in owner.get(PAGE).text
    with instance.database.session() as session:
        assert {row.key for row in session.scalars(select(PluginSetting))} == {"address", "token"}


def test_what_the_installation_says_in_vain_is_told_in_a_brands_form(
    instance: Instance, committed: World, app: Flask
) -> None:
    """Also where the brand says something itself; and never a secret."""
    app.config["WTF_CSRF_ENABLED"] = False
    owner = sign_in(app.test_client(), "owner")
    fill(instance, committed, None, token=TOKEN, limit="50", mode="fast")
    fill(instance, committed, committed.brand, address="x", limit="60")
    assert "The installation says" not in owner.get(PAGE).text
    with instance.database.write() as session:
        rows = {row.key: row for row in session.scalars(select(PluginSetting).where(PluginSetting.brand_id.is_(None)))}
        rows["limit"].value, rows["mode"].value = 600, "warp"
        rows["token"].value, rows["token"].value_cipher = TOKEN, ""
    page = owner.get(PAGE).text
    assert "An empty field goes back to: 30 The installation says “600”, which is passed over: At most 100." in page
    assert "In force: Slow The installation says “warp”, which is passed over: Choose one of the list." in page
    assert "The installation says “•••”, which is passed over: This value cannot be taken." in page
    assert TOKEN not in page and "aria-invalid" not in page
