"""Pictures of the story: drawn hills, a light and a jar in the colours of the brand; nobody's photographs."""

from __future__ import annotations

import random
from functools import cache
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw

WIDTH, HEIGHT, VARIANTS = 640, 800, 5
PAPER = (246, 240, 228)


@cache
def drawn(colour: str, variant: int) -> bytes:
    """A JPEG in a colour; the same for the same variant."""
    rng = random.Random(f"{colour}{variant}")
    dark = ImageColor.getrgb(colour)[:3]
    picture = Image.new("RGB", (WIDTH, HEIGHT), _mixed(dark, 82))
    draw = ImageDraw.Draw(picture)
    x, y, size = rng.randrange(120, 460), rng.randrange(90, 260), rng.randrange(40, 90)
    draw.ellipse((x - size, y - size, x + size, y + size), fill=PAPER)
    for layer in range(4):
        base = 330 + layer * 90
        tops = [(at * 80, base + rng.randrange(-70, 60)) for at in range(9)]
        draw.polygon([(0, HEIGHT), *tops, (WIDTH, HEIGHT)], fill=_mixed(dark, 62 - layer * 19))
    left = rng.randrange(180, 320)
    draw.rounded_rectangle((left, 520, left + 150, 740), 26, fill=PAPER)
    draw.rounded_rectangle((left + 18, 490, left + 132, 530), 10, fill=_mixed(dark, 25))
    draw.rectangle((left, 600, left + 150, 660), fill=_mixed(dark, 45))
    target = BytesIO()
    picture.save(target, "JPEG", quality=82)
    return target.getvalue()


def _mixed(dark: tuple[int, ...], light: int) -> tuple[int, int, int]:
    red, green, blue = ((own * (100 - light) + paper * light) // 100 for own, paper in zip(dark, PAPER, strict=True))
    return red, green, blue
