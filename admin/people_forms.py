"""The forms about a person: what is known, an account with its figures, a note, a vetting."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from wtforms import EmailField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import TextInput

from core.i18n import LOCALES, current_locale, day, language
from core.influencers.measure import PPM
from core.influencers.models import Channel, Relationship
from core.influencers.rows import read_tags
from core.influencers.service import Figures
from core.influencers.vocabulary import CRITERIA, EVIDENCE, PLATFORM_NAMES
from core.places import country_choices
from core.plugin_api.text import T, Tc
from core.web.forms import AtMost, BaseForm, ChoiceField, DayField, NumberField, Required, WholeField

MANY = 10_000_000_000
SCORES = [SelectChoice(str(score), str(score)) for score in range(1, 6)]
VERDICTS = [SelectChoice("passed", T("Passed")), SelectChoice("failed", Tc("vetting", "Failed"))]
LANGUAGES = ("fi", "sv", "nb", "en", "da", "is", "et", "de", "fr", "es", "it", "nl", "pl", "ru", "so", "ar")


class TypedDayField(DayField):
    """A day that is typed rather than picked, shown as the reader writes it."""

    widget = TextInput()

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return (self.data.isoformat() if current_locale() == "en" else day(self.data, "short")) if self.data else ""


class AccountForm(BaseForm):
    """An account on a platform with the figures of a moment."""

    platform = ChoiceField(T("Platform"), options=list(PLATFORM_NAMES.items()))
    handle = StringField(T("Account"), [Required(), AtMost(500)], description=T("@name or the address of the profile."))
    followers = WholeField(T("Followers"), low=0, high=MANY)
    posts_counted = WholeField(T("Posts counted"), low=1, high=1_000_000, description=T("For example the last 10."))
    likes = WholeField(T("Likes on these posts"), low=0, high=MANY)
    comments = WholeField(T("Comments on these posts"), low=0, high=MANY)
    shares = WholeField(T("Shares of these posts"), low=0, high=MANY)
    rate = NumberField(
        T("Engagement rate as stated, %"), low=0, high=1000, description=T("Used only when the counts are not known.")
    )
    evidence = ChoiceField(T("Where the figures come from"), options=list(EVIDENCE.items()))
    measured_on = TypedDayField(T("Measured on"))

    def figures(self) -> Figures:
        """What was filled in."""
        stated = None if self.rate.data is None else int(self.rate.data * PPM / Decimal(100))
        names = ("followers", "posts_counted", "likes", "comments", "shares", "evidence", "measured_on")
        return Figures(stated_ppm=stated, **{name: self[name].data for name in names})

    def show(self, channel: Channel) -> None:
        """Fill in what is known."""
        for name in (
            "platform",
            "followers",
            "posts_counted",
            "likes",
            "comments",
            "shares",
            "evidence",
            "measured_on",
        ):
            self[name].data = getattr(channel, name)
        self.handle.data = channel.url or channel.handle
        if channel.stated_ppm is not None:
            self.rate.data = (Decimal(channel.stated_ppm) * 100 / PPM).normalize()


class PersonForm(BaseForm):
    """What a brand knows of a person."""

    display_name = StringField(T("Name"), [Required(), AtMost(120)])
    email = EmailField(T("E-mail"), [AtMost(254)])
    phone = StringField(T("Phone"), [AtMost(40)])
    country = ChoiceField(T("Country"), blank=T("Not known"))
    language = ChoiceField(T("Language"), blank=T("Not known"))
    niche = StringField(T("Field or topic"), [AtMost(120)])
    tags = StringField(T("Tags"), [AtMost(900)], description=T("Separated by commas."))
    referral = StringField(T("Found through"), [AtMost(160)])
    risk = StringField(
        T("Risk"), [AtMost(300)], description=T("What others should know before they invite the person.")
    )
    street = StringField(T("Street address"), [AtMost(160)])
    postcode = StringField(T("Postcode"), [AtMost(20)])
    city = StringField(T("City"), [AtMost(80)])
    address_country = ChoiceField(T("Country of the address"), blank=T("Not known"))
    iban = StringField(T("IBAN"), [AtMost(60)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Give countries and languages their names in the reader's language."""
        super().__init__(*args, **kwargs)
        for field in (self.country, self.address_country):
            field.choices = [field.choices[0], *country_choices(every=True)]
        spoken = sorted(
            ((code, language(code)) for code in LANGUAGES), key=lambda pair: (pair[0] not in LOCALES, pair[1])
        )
        self.language.choices = [self.language.choices[0], *spoken]

    def details(self) -> dict[str, Any]:
        """What was filled in, as the service takes it; an empty IBAN means that nothing changes."""
        given = {name: field.data for name, field in self._fields.items() if name not in ("csrf_token", "tags", "iban")}
        return given | {"tags": read_tags(self.tags.data or ""), "iban": self.iban.data or None}

    def show(self, row: Relationship) -> None:
        """Fill in what is known; the account number is never shown again."""
        for name, field in self._fields.items():
            if name not in ("csrf_token", "tags", "iban"):
                field.data = getattr(row, name)
        self.tags.data = ", ".join(row.tags)


class NewPersonForm(PersonForm):
    """A person and their first account."""

    platform = ChoiceField(T("Platform"), options=list(PLATFORM_NAMES.items()))
    handle = StringField(T("Account"), [AtMost(500)], description=T("@name or the address of the profile."))
    followers = WholeField(T("Followers"), low=0, high=MANY)

    def details(self) -> dict[str, Any]:
        """What was filled in about the person, without the account."""
        return {k: v for k, v in super().details().items() if k not in ("platform", "handle", "followers")}


class NoteForm(BaseForm):
    """A note of the brand."""

    text = TextAreaField(T("Write a note"), [Required(), AtMost(5000)])


class VetForm(BaseForm):
    """The verdict; the eight criteria are added below."""

    verdict = RadioField(T("Verdict"), [Required()], choices=VERDICTS, validate_choice=False)
    summary = TextAreaField(T("In a sentence"), [AtMost(1000)], description=T("Needed when the verdict is failed."))

    def scores(self) -> dict[str, tuple[int, str]]:
        """Score and remark by criterion; 0 where none was given."""
        return {code: (self.score(code), self[f"{code}_remark"].data or "") for code in CRITERIA}

    def score(self, code: str) -> int:
        """The score of a criterion, 0 without one."""
        data = self[f"{code}_score"].data
        return int(data) if data in ("1", "2", "3", "4", "5") else 0


for _code, _criterion in CRITERIA.items():
    setattr(
        VetForm,
        f"{_code}_score",
        RadioField(_criterion.name, choices=SCORES, validate_choice=False, description=_criterion.question),
    )
    setattr(VetForm, f"{_code}_remark", StringField(T("Remark"), [AtMost(300)]))
