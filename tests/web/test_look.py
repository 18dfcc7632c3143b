"""What the design system promises of its own files, without a browser."""

import gzip
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "core/web/static"
FACES = ("core/web", "admin", "portal", "plugins")
TEMPLATES = sorted(path for face in FACES for path in (ROOT / face).rglob("*.html"))
UI = (ROOT / "core/web/templates/ui.html").read_text("utf-8")
PAIRS = [  # text on ground, each at least 4.5:1 in light and in dark
    (text, ground) for text in ("ink", "soft", "accent", "ok", "warn", "bad", "info") for ground in ("paper", "card")
] + [("on-accent", "accent"), ("accent", "tint"), ("ink", "tint")]


def zipped(*patterns: str) -> int:
    files = [path for pattern in patterns for path in sorted(STATIC.glob(pattern))]
    return sum(len(gzip.compress(path.read_bytes(), 9, mtime=0)) for path in files)


def test_pages_stay_light() -> None:
    assert 0 < zipped("css/*.css") <= 12_000
    assert 0 < zipped("js/*.js") <= 6_000


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_nothing_that_the_csp_forbids(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=\"|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_every_icon_that_is_named_exists() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    for path in TEMPLATES:
        text = path.read_text("utf-8")
        used = set(re.findall(r'(?:\bicon\(|icon_name=|"icon": |empty_state\()"([\w-]+)"', text))
        assert used <= drawn, f"{path.name}: {used - drawn}"
    turning = re.search(r"set turning = \((.*?)\)", UI)
    assert turning and set(re.findall(r'"([\w-]+)"', turning[1])) <= drawn


def test_every_tone_of_a_state_is_drawn() -> None:
    table = UI[UI.index("set tones") : UI.index("%}", UI.index("set tones"))]
    tones = set(re.findall(r': "(\w+)"', table))
    tokens = (STATIC / "css/tokens.css").read_text("utf-8")
    assert tones == {"ok", "warn", "bad", "info", "done", "quiet"}
    assert all(f'[data-tone="{tone}"]' in tokens for tone in tones)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(d * 2 for d in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), PAIRS)
def test_text_can_be_read_on_its_ground(text: str, ground: str, theme: int) -> None:
    tokens = (STATIC / "css/tokens.css").read_text("utf-8")
    palette = {n: (a, b) for n, a, b in re.findall(r"--([\w-]+): light-dark\((#\w+), (#\w+)\)", tokens)}
    lights = sorted(luminance(palette[name][theme]) for name in (text, ground))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.5
