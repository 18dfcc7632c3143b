"""What holds for any publication, found by search."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from core.compliance.engine import check_content
from core.compliance.kit import exact_label
from core.compliance.told import joined, label_kit
from core.plugin_api.compliance import Confidence, ContentContext, Verdict
from tests.compliance.facts import LANGUAGE, PACKS, facts, overlay

TEXT = (
    "Mainos Kaupallinen yhteistyö Saatu tuote PR-tuote Reklam Annons samarbete betalt partner Reklame Annonse "
    "Produktplassering Advertisement sponsored #ad #reklam #samarbete #love @luminordic BrandY uusi ny jakke tack | ."
)
captions = st.lists(st.sampled_from(TEXT.split()), min_size=1, max_size=14).map(" ".join)
days = st.dates(min_value=date(2018, 1, 1), max_value=date(2027, 1, 1))
benefits = st.sampled_from(
    ["none", "paid", "barter", "gift_unsolicited", "event_invite", "own_product", "family", "loan"]
)
labels = st.lists(
    st.builds(
        overlay,
        st.sampled_from(["Mainos Lumi Nordic", "Reklam", "samarbete", "Advertisement"]),
        start_s=st.integers(0, 60),
        end_s=st.integers(61, 90),
        contrast_ok=st.booleans(),
    ),
    max_size=2,
)


@st.composite
def publications(draw: st.DrawFn, country: str | None = None) -> ContentContext:
    """Any publication for a country that a pack covers."""
    where = country or draw(st.sampled_from(sorted(PACKS)))
    stated: dict[str, Any] = {
        "compensation": [draw(benefits)],
        "posted_on": draw(days).isoformat(),
        "format": draw(st.sampled_from(["post", "story", "reel", "video", "carousel"])),
        "categories": draw(st.lists(st.sampled_from(["alcohol", "energy_drink", "gambling"]), max_size=1)),
        "image_edits": draw(st.lists(st.sampled_from(["skin", "face", "colours"]), max_size=1)),
        "labels": draw(labels),
        "audience_under18_share": draw(st.sampled_from([0.0, 0.15, 0.5])),
        "platform_tag_used": draw(st.booleans()),
        "video_length_s": 90,
    }
    return facts(where, draw(st.none() | captions), **stated)


def rank(country: str, context: ContentContext) -> int:
    return check_content([PACKS[country]], context).verdict.rank


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(sorted(PACKS)))
def test_adding_the_exact_label_never_worsens_a_verdict(data: st.DataObject, country: str) -> None:
    context = data.draw(publications(country))
    label = exact_label(PACKS[country], context)
    assert label
    better = replace(context, caption=f"{label.text} | {context.caption or ''}")
    assert rank(country, better) <= rank(country, context)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(PACKS)), st.sampled_from(["paid", "gift_unsolicited", "event_invite", "barter"]), days)
def test_the_exact_label_passes_in_its_own_country_and_in_the_union(country: str, benefit: str, day: Any) -> None:
    (label,) = label_kit(
        [PACKS[country]], [country], language=LANGUAGE[country], brands=["Lumi Nordic"], compensation=[benefit], on=day
    )
    caption = f"{label.text} | x"
    context = facts(country, caption, compensation=[benefit], posted_on=day.isoformat())
    assert rank(country, context) == rank("EU", context) == 0


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(PACKS)), st.integers(0, 8), st.integers(0, 8))
def test_moving_the_label_later_never_improves(country: str, one: int, two: int) -> None:
    filler = ["tämä", "kirja", "kertoo", "pitkästä", "matkasta", "vuorten", "yli"] * 3
    label = exact_label(PACKS[country], facts(country))
    assert label

    def at(place: int) -> str:
        return " ".join([*filler[: place * 3], label.text, *filler[place * 3 :]])

    early, late = sorted((one, two))
    assert rank(country, facts(country, at(early))) <= rank(country, facts(country, at(late)))


@settings(max_examples=100, deadline=None)
@given(publications(), st.permutations(sorted(PACKS)))
def test_packs_together_are_never_milder_and_their_order_is_irrelevant(
    context: ContentContext, order: list[str]
) -> None:
    together = check_content([PACKS[code] for code in order], context)
    assert together.verdict.rank == max(rank(code, context) for code in PACKS)
    assert together == check_content(PACKS.values(), context)


@settings(max_examples=150, deadline=None)
@given(publications(), st.sampled_from(sorted(PACKS)))
def test_rules_that_are_only_remembered_never_give_a_violation(context: ContentContext, country: str) -> None:
    remembered = tuple(replace(rule, confidence=Confidence.GENERAL) for rule in PACKS[country].rules)
    report = check_content([replace(PACKS[country], rules=remembered)], context)
    assert report.verdict is not Verdict.VIOLATION
    assert not report.holding_up(own_codes_bind=True)


@settings(max_examples=150, deadline=None)
@given(publications())
def test_every_finding_speaks(context: ContentContext) -> None:
    for finding in check_content(PACKS.values(), context).findings:
        assert str(finding.message).strip()
        assert "%(" not in f"{finding.message}{finding.fix or ''}"
        assert (finding.fix is None) == (finding.verdict is Verdict.OK)


def test_labels_of_two_markets_on_one_line_serve_both() -> None:
    kit = label_kit(
        PACKS.values(), ["FI", "SE"], brands=["Lumi Nordic"], compensation=["paid"], on=facts("FI").posted_on
    )
    caption = f"{joined(kit)} | uusi voide"
    assert caption.startswith("Mainos Lumi Nordic · Reklam för Lumi Nordic")
    assert rank("FI", facts("FI", caption)) == 0
    assert rank("SE", facts("SE", caption)) == 0
