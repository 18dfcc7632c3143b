"""How a good plugin is changed: mostly words of its one module."""

from __future__ import annotations

from tests.plugin_kit.bench import Changes

Control = tuple[str, Changes]
"""A check, and the change by which a good plugin fails it and no other."""

INIT = "__init__.py"


def init(old: str, new: str) -> Changes:
    return {INIT: (old, new)}


def model(old: str, new: str, needs: str = "") -> Changes:
    """A change to the model without its rate, which would tell the same fault a second time."""
    imported = (
        ("    Line,\n", "    Line,\n    Money,\n")
        if needs == "Money"
        else ("\nfrom samverk", f"\nimport {needs}\nfrom samverk")
    )
    return {INIT: [("    def rate(", "    def _rate("), *([imported] if needs else []), (old, new)]}


def field(text: str) -> Changes:
    """A rail that asks its payees something."""
    asked = (
        '    title = T("Bank")\n\n    def submit',
        f'    title = T("Bank")\n    payee_fields = ({text},)\n\n    def submit',
    )
    return {INIT: [("    Accepted,\n", "    Accepted,\n    FieldKind,\n    SettingField,\n"), asked]}
