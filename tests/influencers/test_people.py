"""People of a brand: adding, measuring, vetting, listing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert
from sqlalchemy.orm import Session

from core import clock
from core.errors import Denied, Invalid, Missing, Refused
from core.influencers import queries, service
from core.influencers.measure import engagement, read_account
from core.influencers.models import Relationship
from core.influencers.queries import PeopleFilter
from core.influencers.service import Figures
from core.influencers.tags import known_tags
from core.influencers.vocabulary import CRITERIA, tier_of
from core.instance import Instance
from tests.databases import statements
from tests.world import World

FIGURES = Figures(followers=20_000, posts_counted=10, likes=6_000, comments=500, shares=300)


def add(session: Session, world: World, instance: Instance, name: str = "Aino Laine", **more: Any) -> Relationship:
    """A person on the first brand's list."""
    details = {"display_name": name, **more.pop("details", {})}
    return service.add_person(
        session, world.owner, instance.keyring, brand=world.brand, details=details, platform="instagram",
        handle=more.pop("handle", "@" + name.split()[0]), figures=more.pop("figures", FIGURES),
    )  # fmt: skip


def marks(passed: int = 4) -> dict[str, tuple[int, str]]:
    """A score for every criterion."""
    return dict.fromkeys(CRITERIA, (passed, ""))


@pytest.mark.parametrize(
    ("followers", "tier"),
    [(0, "nano"), (999, "nano"), (1_000, "micro"), (99_999, "micro"), (100_000, "macro"), (1_000_000, "mega")],
)
def test_tiers(followers: int, tier: str) -> None:
    found = tier_of(followers)
    assert found is not None and found.code == tier
    assert tier_of(None) is None


@pytest.mark.parametrize(
    ("text", "platform", "found"),
    [
        ("@Aino.L", "instagram", ("instagram", "aino.l")),
        ("https://www.instagram.com/Aino/?hl=fi", "", ("instagram", "aino")),
        ("tiktok.com/@aino", "", ("tiktok", "aino")),
        ("https://youtube.com/c/AinoChannel", "", ("youtube", "ainochannel")),
        ("https://ainonblogi.fi/", "", ("blog", "ainonblogi.fi")),
    ],
)
def test_accounts_in_any_spelling(text: str, platform: str, found: tuple[str, str]) -> None:
    assert read_account(text, platform) == found


@pytest.mark.parametrize(("text", "platform"), [("two words", "x"), ("aino", ""), ("https://tiktok.com/", ""),
                                                ("https://tiktok.com/@a", "instagram"), ("http://[", "")])  # fmt: skip
def test_what_is_no_account_is_refused(text: str, platform: str) -> None:
    with pytest.raises(Invalid):
        read_account(text, platform)


def test_engagement_is_counted_and_says_what_it_was_made_of(session: Session, world: World, instance: Instance) -> None:
    person = add(session, world, instance)
    rate = engagement(person.channels[0])
    assert rate is not None and rate.counted
    assert (rate.ppm, rate.interactions) == (34_000, 6_800)
    assert (person.engagement_ppm, person.followers, person.handle) == (34_000, 20_000, "aino")


def test_a_stated_rate_is_told_from_a_counted_one(session: Session, world: World, instance: Instance) -> None:
    person = add(session, world, instance, figures=Figures(followers=900, stated_ppm=41_000))
    rate = engagement(person.channels[0])
    assert rate is not None and not rate.counted and person.engagement_ppm == 41_000


def test_the_largest_account_stands_for_the_person(session: Session, world: World, instance: Instance) -> None:
    person = add(session, world, instance)
    service.save_channel(session, world.owner, relationship=person, platform="tiktok", handle="ainolaine",
                         figures=Figures(followers=150_000))  # fmt: skip
    assert (person.platform, person.followers, person.engagement_ppm) == ("tiktok", 150_000, None)
    assert person.identity_key == "instagram:aino"


def test_nobody_is_on_the_list_twice(session: Session, world: World, instance: Instance) -> None:
    add(session, world, instance)
    with pytest.raises(Invalid) as refused:
        add(session, world, instance, name="Other", handle="https://instagram.com/AINO")
    assert refused.value.field == "handle" and "Aino Laine" in str(refused.value.message)


def test_another_brand_may_know_the_same_person_and_learns_nothing(
    session: Session, world: World, instance: Instance
) -> None:
    mine = add(session, world, instance)
    theirs = service.add_person(
        session, world.outsider, instance.keyring, brand=world.other_brand,
        details={"display_name": "Aino"}, platform="instagram", handle="aino",
    )  # fmt: skip
    assert queries.list_people(session, world.outsider, PeopleFilter()).rows == [theirs]
    with pytest.raises(Missing):
        queries.get_relationship(session, world.outsider, mine.public_id)


def test_a_viewer_changes_nothing(session: Session, world: World, instance: Instance) -> None:
    person = add(session, world, instance)
    with pytest.raises(Denied):
        service.add_note(session, world.actors["viewer"], relationship=person, text="Hello")
    with pytest.raises(Denied):
        service.vet(session, world.actors["finance"], relationship=person, scores=marks(), passed=True)


def test_the_account_number_is_checked_encrypted_and_read_again(
    session: Session, world: World, instance: Instance
) -> None:
    person = add(session, world, instance, details={"iban": "FI21 1234 5600 0007 85"})
    assert person.iban_last4 == "0785" and "1234" not in person.iban_cipher
    assert service.read_iban(instance.keyring, person) == "FI2112345600000785"
    with pytest.raises(Invalid) as refused:
        service.edit_person(session, world.owner, instance.keyring, relationship=person, details={"iban": "FI99"})
    assert refused.value.field == "iban"
    service.edit_person(session, world.owner, instance.keyring, relationship=person, details={"iban": ""})
    assert service.read_iban(instance.keyring, person) is None


def test_vetting_needs_all_eight_scores_and_a_reason_to_fail(
    session: Session, world: World, instance: Instance
) -> None:
    person = add(session, world, instance)
    with pytest.raises(Invalid) as missing:
        service.vet(session, world.owner, relationship=person, scores=marks() | {"fit": (0, "")}, passed=True)
    assert missing.value.field == "fit_score"
    with pytest.raises(Invalid) as unsaid:
        service.vet(session, world.owner, relationship=person, scores=marks(2), passed=False)
    assert unsaid.value.field == "summary"
    service.vet(session, world.owner, relationship=person, scores=marks(), passed=True)
    service.vet(session, world.owner, relationship=person, scores=marks(1), passed=False, summary="Bought followers")
    assert person.vetting_state == "failed"
    assert [v.passed for v in queries.vettings_of(session, person)] == [False, True]
    assert len(CRITERIA) == 8


def test_the_only_way_to_know_a_person_by_stays(session: Session, world: World, instance: Instance) -> None:
    person = add(session, world, instance)
    with pytest.raises(Refused):
        service.remove_channel(session, world.owner, relationship=person, channel=person.channels[0])
    service.edit_person(
        session, world.owner, instance.keyring, relationship=person, details={"email": "Aino@Example.com"}
    )
    service.remove_channel(session, world.owner, relationship=person, channel=person.channels[0])
    session.flush()
    assert (person.identity_key, person.followers) == ("email:aino@example.com", None)


def test_own_record_is_the_persons(session: Session, world: World) -> None:
    own = service.save_profile(session, world.creator, display_name="Aino L", country="SE", birth_year=1995)
    assert (own.display_name, own.country) == ("Aino L", "SE")
    with pytest.raises(Invalid):
        service.save_profile(session, world.creator, display_name="A", country="SE", birth_year=clock.today().year)
    with pytest.raises(Denied):
        service.save_profile(session, world.owner, display_name="A", country="SE", birth_year=None)


def test_filters(session: Session, world: World, instance: Instance) -> None:
    add(session, world, instance, "Äijä Öhman", details={"country": "FI", "tags": ["Beauty"]}, handle="aija")
    add(session, world, instance, "Bo Berg", details={"country": "SE", "tags": ["food", "beauty salon"]},
        figures=Figures(followers=500))  # fmt: skip
    gone = add(session, world, instance, "Gone Away")
    service.archive_person(session, world.owner, relationship=gone, archived=True)

    def names(**given: Any) -> list[str]:
        return [r.display_name for r in queries.list_people(session, world.owner, PeopleFilter(**given)).rows]

    assert names() == ["Äijä Öhman", "Bo Berg"]
    assert names(q="öHMAN") == names(tag="BEAUTY") == names(tier="micro") == names(country="fi") == ["Äijä Öhman"]
    assert names(q="@bo berg") == names(tier="nano") == ["Bo Berg"]
    assert names(platform="tiktok") == names(vetting="passed") == names(q="100%") == []
    assert names(archived=True) == ["Gone Away"]


@pytest.mark.parametrize("sort", ["followers", "engagement", "name", "newest"])
def test_pages_forth_and_back_show_everybody_once(session: Session, world: World, sort: str) -> None:
    bulk(session, world, 23)
    whole = [r.id for r in queries.list_people(session, world.owner, PeopleFilter(), sort=sort, size=100).rows]
    pages, mark = [], ""
    while True:
        page = queries.list_people(session, world.owner, PeopleFilter(), sort=sort, mark=mark, size=5)
        pages.append([r.id for r in page.rows])
        if not page.next:
            break
        mark = page.next
    assert [i for ids in pages for i in ids] == whole and len(whole) == 23 == page.total
    for expected in reversed(pages[:-1]):
        assert page.previous
        page = queries.list_people(session, world.owner, PeopleFilter(), sort=sort, mark=page.previous, size=5)
        assert [r.id for r in page.rows] == expected
    assert page.previous is None


@pytest.mark.parametrize("mark", ["x", "[]", '["a",{},1]', '["z",1,1]', '["a",1,true]', "null", '{"a":1}', "9" * 600,
                                  '["a","x",1]', '["a",null,-1]', f'["a",1,{2**70}]'])  # fmt: skip
def test_a_mark_that_is_rubbish_shows_the_first_page(session: Session, world: World, mark: str) -> None:
    bulk(session, world, 3)
    assert len(queries.list_people(session, world.owner, PeopleFilter(), mark=mark).rows) == 3


def test_as_many_statements_with_many_rows_as_with_few(session: Session, world: World) -> None:
    counts = []
    for more in (60, 1_000):
        bulk(session, world, more, start=more)
        with statements(session.get_bind()) as asked:
            queries.list_people(session, world.owner, PeopleFilter(q="name", tier="micro"), sort="engagement")
            known_tags(session, world.owner)
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 3


def test_the_filter_offers_every_tag_of_ones_own_brands_once(session, world, instance) -> None:
    add(session, world, instance, details={"tags": ["Food", "#home"]})
    row = add(session, world, instance, "Bo Ek", details={"tags": ["food", "äiti"]})
    assert known_tags(session, world.owner) == ["food", "home", "äiti"]
    service.edit_person(session, world.owner, instance.keyring, relationship=row, details={"tags": ["skin"]})
    assert "skin" in known_tags(session, world.owner)
    assert known_tags(session, world.outsider) == []


def bulk(session: Session, world: World, count: int, start: int = 0) -> None:
    """Many people at once, some of unknown size and some alike."""
    session.execute(
        insert(Relationship),
        [
            {
                "brand_id": world.brand.id, "identity_key": f"x:{start}-{i}", "display_name": f"Name {i % 7}",
                "followers": None if i % 5 == 0 else i % 4 * 1000, "engagement_ppm": None if i % 3 == 0 else i % 6,
                "search_text": f"name {i % 7}", "tags": ["a"],
            }
            for i in range(count)
        ],
    )  # fmt: skip


def test_figures_that_cannot_be_right_are_told_at_their_field(
    session: Session, world: World, instance: Instance
) -> None:
    person = add(session, world, instance)
    for figures, field in (
        (Figures(followers=-1), "followers"),
        (Figures(followers=10, likes=5), "posts_counted"),
        (Figures(measured_on=date(2999, 1, 1)), "measured_on"),
    ):
        with pytest.raises(Invalid) as refused:
            service.save_channel(
                session, world.owner, relationship=person, platform="tiktok", handle="a", figures=figures
            )
        assert refused.value.field == field
    assert len(person.channels) == 1
