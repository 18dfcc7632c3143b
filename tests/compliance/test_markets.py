"""A publication for several markets: whoever writes what they are told passes everywhere, or a person decides."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from core.compliance.engine import Report, check_everywhere
from core.compliance.told import joined, label_kit
from core.content.findings import fresh, labels
from core.plugin_api.compliance import CompliancePack, ContentContext, Verdict
from tests.compliance.facts import PACKS, facts
from tests.plugin_host.foreign import EXAMPLES

DENMARK = CompliancePack.load(EXAMPLES / "compliance" / "samverk_danish_rules" / "pack.yaml")
COUNTRIES = {**{code: pack for code, pack in PACKS.items() if code != "EU"}, "DK": DENMARK}
MARKETS = [some for count in (1, 2, len(COUNTRIES)) for some in combinations(sorted(COUNTRIES), count)]
BENEFITS = ("paid", "gift_unsolicited", "event_invite")


def languages(packs: list[CompliancePack]) -> list[str]:
    """All languages that packs know, and one that none of them does."""
    rows = [row["lang"] for pack in packs for rule in pack.rules for row in rule.data.get("words", ())]
    return sorted({"et", *rows, *(language for pack in packs for language in pack.languages)})


def publication(markets: tuple[str, ...], language: str, **stated: Any) -> ContentContext:
    return replace(facts("FI", "Uutta", **stated), target_markets=markets, content_language=language)


def told(report: Report) -> dict[str, list[str]]:
    """The labels that the draft page tells to write, with the countries that each serves."""
    return labels(one for one in fresh(report.findings) if one.level != "ok")


def written(report: Report, context: ContentContext) -> list[ContentContext]:
    """The publication with all labels that were told, each of them once the first and once the last."""
    exact = list(told(report))
    orders = [exact[at:] + exact[:at] for at in range(len(exact))]
    return [replace(context, caption=" · ".join([*some, "Uutta"])) for some in orders]


@pytest.mark.parametrize("union", [True, False], ids=["with-eu", "without-eu"])
@pytest.mark.parametrize("markets", MARKETS, ids="-".join)
def test_what_core_tells_to_write_passes_in_every_language(markets: tuple[str, ...], union: bool) -> None:
    packs = [COUNTRIES[code] for code in markets] + ([PACKS["EU"]] if union else [])
    accepted = {row["lang"] for pack in packs for rule in pack.rules if rule.data.get("standing") == "accepted"
                for row in rule.data["words"]}  # fmt: skip
    for language in languages(packs):
        for benefit in BENEFITS:
            context = publication(markets, language, compensation=[benefit])
            unlabelled = check_everywhere(packs, context)
            assert unlabelled.verdict is not Verdict.OK
            for done in written(unlabelled, context):
                report = check_everywhere(packs, done)
                assert not report.holding_up(own_codes_bind=True), (done.caption, language, report.decisive)
                if language in accepted:
                    assert report.verdict is Verdict.OK, (done.caption, language, report.decisive)


@pytest.mark.parametrize("markets", MARKETS, ids="-".join)
def test_a_label_is_said_to_need_a_person_just_where_the_check_asks_for_one(markets: tuple[str, ...]) -> None:
    packs = [COUNTRIES[code] for code in markets] + [PACKS["EU"]]
    for language in languages(packs):
        for benefit in BENEFITS:
            context = publication(markets, language, compensation=[benefit])
            names = [brand.name for brand in context.advertisers]
            kit = label_kit(
                packs, markets, language=language, brands=names, compensation=[benefit], on=context.posted_on
            )
            report = check_everywhere(packs, replace(context, caption=f"{joined(kit)} | Uutta"))
            asked = {finding.jurisdiction for finding in report.findings if finding.verdict is not Verdict.OK}
            assert {label.market for label in kit if label.note} == asked - {"EU"}, (language, benefit)


def test_no_label_is_told_where_none_helps() -> None:
    alcohol = publication(("NO",), "nb", categories=["alcohol"])
    labelled = replace(alcohol, caption="Reklame | Lumi Nordic | Ny")
    packs = [PACKS["NO"], PACKS["EU"]]
    refused = check_everywhere(packs, labelled)
    assert refused.verdict is Verdict.NEEDS_REVIEW and told(refused) == {}
    assert "NO" in told(check_everywhere(packs, alcohol))["Reklame | Lumi Nordic"]


@pytest.mark.parametrize("markets", MARKETS, ids="-".join)
def test_nobody_is_told_two_labels_that_say_the_same_to_one_country(markets: tuple[str, ...]) -> None:
    packs = [*(COUNTRIES[code] for code in markets), PACKS["EU"]]
    for language in languages(packs):
        exact = told(check_everywhere(packs, publication(markets, language)))
        served = [code for countries in exact.values() for code in countries]
        assert sorted(served) == sorted({"EU", *served})
        alone = [text for text, countries in exact.items() if countries == ["EU"]]
        own = {word for pack in packs[:-1] for word in languages_of_label(pack)}
        assert not (alone and language in own), (alone, language)


def languages_of_label(pack: CompliancePack) -> set[str]:
    """The languages in which a pack proposes a label."""
    rules = [rule for rule in pack.rules if rule.data.get("standing") == "accepted" and not rule.when]
    return {row["lang"] for rule in rules for row in rule.data["words"] if row.get("kit", True)}


def test_a_danish_text_for_finland_and_denmark() -> None:
    packs = [PACKS["FI"], DENMARK, PACKS["EU"]]

    def judged(caption: str) -> dict[str, str]:
        report = check_everywhere(packs, replace(publication(("FI", "DK"), "da"), caption=caption))
        return {finding.rule_id: finding.verdict for finding in report.findings if finding.verdict is not Verdict.OK}

    exact = told(check_everywhere(packs, publication(("FI", "DK"), "da")))
    assert exact == {"Reklame | Lumi Nordic": ["DK", "EU"], "Mainos Lumi Nordic": ["FI"]}
    assert judged("Mainos Lumi Nordic · Reklame | Lumi Nordic | Ny creme") == {}
    assert judged("Reklame | Lumi Nordic · Mainos Lumi Nordic | Ny creme") == {}
    assert judged("Reklame | Lumi Nordic | Ny creme") == {"FI-01": "needs_review"}
    assert judged("Mainos Lumi Nordic | Ny creme, som jeg elsker #reklame")["FI-12"] == "needs_review"
    assert judged("Advertisement Lumi Nordic | Ny creme")["FI-12"] == "violation"


def test_a_text_in_a_language_with_a_word_of_its_own_needs_that_word() -> None:
    swedish = publication(("FI", "SE"), "sv")
    bare = check_everywhere([PACKS["FI"]], replace(swedish, caption="Mainos Lumi Nordic | Ny kräm"))
    assert "FI-12" in bare.decisive and bare.holding_up()


def strange(code: str, language: str, label: str, *more: dict[str, Any]) -> CompliancePack:
    """A country as strict as any, whose own words no other country knows."""
    about = {
        "basis": "statute", "confidence": "official", "source": {"title": "The gazette", "url": "law.test"},
        "valid_from": None, "title": "A rule",
    }  # fmt: skip
    rules: list[dict[str, Any]] = [
        {"kind": "duty", "compensation": ["paid"]},
        {"kind": "label", "standing": "accepted", "words": [{"lang": language, "text": label}, *more]},
        {"kind": "placement"},
        {"kind": "language"},
        {"kind": "advertiser", "where": "label"},
    ]
    head = {"id": f"rules-{language}", "jurisdiction": code, "title": code, "version": 1, "parents": ["EU"]}
    return CompliancePack.from_data(
        {
            "pack": {**head, "reviewed_on": "2026-11-22", "languages": [language]},
            "rules": [{"id": f"{code}-{number:02}", **about, **rule} for number, rule in enumerate(rules, 1)],
        }
    )


def test_a_word_that_is_taken_but_not_proposed_is_told_where_it_is_the_only_one_of_the_language() -> None:
    pack = strange("IS", "is", "Auglýsing {brand}", {"lang": "en", "text": "Advertisement {brand}", "kit": False})
    context = publication(("IS",), "en")
    assert told(check_everywhere([pack], context)) == {"Advertisement Lumi Nordic": ["IS"]}
    assert [check_everywhere([pack], one).verdict for one in written(check_everywhere([pack], context), context)] == [
        Verdict.OK
    ]


def test_a_label_of_two_brands_passes_in_every_pair_of_markets() -> None:
    brands = [{"name": "Lumi Nordic", "aliases": []}, {"name": "Sade Oy", "aliases": []}]
    packs = [*COUNTRIES.values(), PACKS["EU"]]
    for markets in combinations(sorted(COUNTRIES), 2):
        context = publication(markets, "da", brands=brands)
        for done in written(check_everywhere(packs, context), context):
            assert check_everywhere(packs, done).verdict is Verdict.OK, done.caption


def test_labels_that_no_other_country_knows_move_nothing_away_from_the_start() -> None:
    packs = [strange("IS", "is", "Kostuð umfjöllun {brand}"), strange("HU", "hu", "Fizetett tartalom {brand}")]
    packs += [PACKS["FI"], PACKS["EU"]]
    for language in ("is", "hu", "fi", "et"):
        context = publication(("IS", "HU", "FI"), language)
        unlabelled = check_everywhere(packs, context)
        assert len(told(unlabelled)) >= 3
        for done in written(unlabelled, context):
            report = check_everywhere(packs, done)
            assert not report.holding_up(), (done.caption, language, report.decisive)
    own = replace(publication(("IS",), "is"), caption="Kostuð umfjöllun Lumi Nordic | Uutta")
    assert check_everywhere([packs[0], PACKS["EU"]], own).verdict is Verdict.OK
