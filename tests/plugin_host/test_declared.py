"""Settings that cannot be break their plugin when it is loaded, with the reason; those of the documentation can."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.i18n import ROOT
from core.plugin_host.host import PluginHost
from samverk import Context
from tests.plugin_host.foreign import install

BROKEN = """
from samverk import FieldKind, Plugin, SettingField, T
class Wrong(Plugin):
    name = "wrong"
    title = T("Wrong")
    api_version = 1
    settings = (SettingField("ok", T("Ok")), {field})
plugin = Wrong()
"""


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ('SettingField("ok", T("Again"))', "the setting ok is declared twice"),
        ('SettingField("No way", T("No"))', "its key is not of small letters"),
        ('SettingField("s", T("S"), secret=True, default="k")', "a secret is a text without a default"),
        ('SettingField("s", T("S"), FieldKind.INTEGER, secret=True)', "a secret is a text without a default"),
        ('SettingField("c", T("C"), FieldKind.CHOICE)', "a choice needs choices"),
        ('SettingField("c", T("C"), FieldKind.CHOICE, choices=("a", "b"))', "a choice needs choices"),
        ('SettingField("n", T("N"), FieldKind.INTEGER, default="ten")', "its default 'ten' is not a value"),
        ('SettingField("n", "N")', "must be SettingField objects with a Text as label"),
    ],
)
def test_settings_that_cannot_be_break_their_plugin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str, reason: str
) -> None:
    install(tmp_path, monkeypatch, "wrong", BROKEN.format(field=field))
    record = next(r for r in PluginHost.load().records.values() if r.name == "wrong")
    assert reason in str(record.reason)


def test_the_plugin_of_the_documentation_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "plugins" / "settings.md").read_text("utf-8")
    install(tmp_path, monkeypatch, "parcels", page.split("```python\n")[1].split("```")[0])
    plugin = PluginHost.load().active["parcels"].plugin
    assert plugin is not None and [field.key for field in plugin.settings] == ["address", "limit", "express", "token"]
    assert [key for key, _ in plugin.check_settings(Context(settings={"express": True}))] == ["token"]
    assert plugin.check_settings(Context(settings={"express": True}, secrets={"token": "k"})) == []
