"""The changes of a collaboration that have a page of their own: what each does, said before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.collaborations import endings, service
from core.collaborations.lifecycle import Action
from core.plugin_api.text import T, Text


@dataclass(frozen=True)
class Change:
    """A change with a confirmation page: what it is called, what it does, and whether it needs words."""

    title: Text
    button: Text
    effects: tuple[Text, ...]
    act: Callable[..., None]
    words: bool = True
    kind: str = "danger"


_RELEASE = T("What has been earned stays owed and is paid on its days. The rest of the reserved budget is free again.")
_MAIL = T("The influencer gets a mail with your words.")
CHANGES: dict[Action, Change] = {
    Action.PAUSE: Change(
        T("Pause the collaboration"),
        T("Pause"),
        (T("Nothing is due while it is paused. The reserved budget stays reserved."), _MAIL),
        endings.pause,
        kind="primary",
    ),
    Action.RESUME: Change(
        T("Go on with the collaboration"),
        T("Go on"),
        (T("The dates agreed apply again."),),
        endings.resume,
        words=False,
        kind="primary",
    ),
    Action.DELIVER: Change(
        T("Everything is delivered"),
        T("Mark as delivered"),
        (T("No more content is expected. You can then close the collaboration."),),
        endings.deliver,
        words=False,
        kind="primary",
    ),
    Action.COMPLETE: Change(
        T("Close the collaboration"),
        T("Close"),
        (_RELEASE, T("It cannot be opened again.")),
        endings.complete,
        words=False,
        kind="primary",
    ),
    Action.CANCEL: Change(
        T("End the collaboration early"),
        T("End it"),
        (_RELEASE, _MAIL, T("It cannot be opened again.")),
        endings.cancel,
    ),
    Action.WITHDRAW: Change(
        T("Withdraw the offer"),
        T("Withdraw"),
        (T("The offer can no longer be answered. No budget was reserved for it."), _MAIL),
        service.withdraw,
    ),
}
