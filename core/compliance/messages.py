"""What findings say, in plain words. Some kinds of rules may say it better in their pack; these serve every country."""

from __future__ import annotations

from collections.abc import Mapping

from core.plugin_api.text import T, Text

OWN_WORDS: Mapping[str, tuple[str, ...]] = {
    "duty": ("missing",),
    "deal_duty": ("missing",),
    "label": ("rejected", "doubtful"),
    "language": ("foreign",),
    "platform_tool": ("tag_only",),
    "exempt": ("exempt",),
    "disputed": ("disputed",),
    "image_mark": ("mark_missing", "mark_wrong"),
    "fact": ("fact",),
}
"""For which outcomes a kind of rule has words of its own; the schema refuses those that nobody would read."""
USE = T("Write “%(label)s” at the very start.")
_MOVE = T("Move the label to the very start: “%(label)s”.")

SAID: Mapping[str, tuple[Text, Text | None]] = {
    "missing": (T("This promotes %(brand)s for a benefit, and nothing in it says that it is advertising."), USE),
    "rejected": (T("“%(found)s” does not tell people that this is advertising."), USE),
    "doubtful": (T("“%(found)s” may not be clear enough; a person has to decide."), USE),
    "unknown": (T("“%(found)s” is not a label known to be accepted here; a person has to decide."), USE),
    "foreign": (T("The label “%(found)s” is not in the language of the text."), USE),
    "untranslated": (
        T("“%(found)s” is accepted here, but no label in the language of the text is; a person has to decide."),
        T("Keep “%(label)s” at the very start, and beside it the word for advertising in the language of the text."),
    ),
    "not_first": (T("The label “%(found)s” does not stand at the start of the text."), _MOVE),
    "after_fold": (T("People see the label “%(found)s” only after they open or scroll the text."), _MOVE),
    "end": (T("The label “%(found)s” stands at the end, after the advertising."), _MOVE),
    "among_hashtags": (T("The label “%(found)s” hides among other hashtags."), _MOVE),
    "partial": (
        T("The label “%(found)s” is not visible during the whole promotion."),
        T("Keep “%(label)s” on the screen from the first to the last second of the promotion."),
    ),
    "late": (
        T("The label “%(found)s” comes after the promotion has begun."),
        T("Show “%(label)s” from the first second of the promotion."),
    ),
    "frames": (
        T("Not every commercial picture carries the label “%(found)s”."),
        T("Put “%(label)s” on every picture that promotes %(brand)s."),
    ),
    "illegible": (
        T("The label “%(found)s” cannot be read easily: too pale, too small or covered."),
        T("Make “%(label)s” large, in strong contrast, and clear of buttons."),
    ),
    "elsewhere": (
        T("The label “%(found)s” is not in the publication itself but in a profile or a comment."),
        T("Write “%(label)s” in the publication itself, at the very start."),
    ),
    "tag_only": (
        T("Only the platform's own tool says that this is advertising; that may not be enough."),
        T("Keep the tool on and write “%(label)s” as well, at the very start."),
    ),
    "spoken": (
        T("The label “%(found)s” is spoken but cannot be seen."),
        T("Show “%(label)s” in the picture as well, during the whole promotion."),
    ),
    "text_only": (
        T("The label “%(found)s” is only in the text beside the video, not in the video."),
        T("Show “%(label)s” in the picture as well, during the whole promotion."),
    ),
    "nameless": (T("The label does not say who advertises: %(missing)s is not named."), T("Write “%(label)s”.")),
    "apart": (T("The label does not name %(missing)s; the name stands elsewhere."), T("Write “%(label)s”.")),
    "good_word": (T("The label “%(found)s” is an accepted word."), None),
    "good_place": (T("The label can be seen at once."), None),
    "allowed_place": (T("The place of the label “%(found)s” is accepted here."), None),
    "good_name": (T("The advertiser is named."), None),
    "no_benefit": (T("No benefit is stated, so no label is needed."), None),
    "mark_missing": (
        T("The picture changes body or skin, and the official mark for retouched persons is missing."),
        T("Put the official mark in the upper left corner, over about 7 %% of the picture."),
    ),
    "mark_wrong": (
        T("The mark for retouched persons is too small, in the wrong corner or hard to see."),
        T("Put the official mark in the upper left corner, over about 7 %% of the picture."),
    ),
    "good_mark": (T("The picture carries the official mark for retouched persons."), None),
    "disputed": (T("The influencer disputes that this country's law applies; a person has to decide."), None),
    "unchecked": (
        T("The rules of %(pack)s could not be checked."),
        T("Have a person check the rules, or waive this with a reason."),
    ),
}
