"""What a service raises. Each carries a `Text`, so that the person reads it in their language."""

from __future__ import annotations

from core.plugin_api.text import Text


class SamverkError(Exception):
    """The parent of all errors that a service raises on purpose."""

    status = 400

    def __init__(self, message: Text) -> None:
        """Keep the untranslated message; faces translate it with `str(error.message)`."""
        super().__init__(message.msgid)
        self.message = message


class Invalid(SamverkError):
    """Input that cannot be taken; `field` names the form field that it belongs to."""

    status = 422

    def __init__(self, message: Text, field: str | None = None) -> None:
        """Keep the field so that a face can put the message beside it."""
        super().__init__(message)
        self.field = field


class Refused(SamverkError):
    """A wrong move: the state, a guard or an invariant forbids it now."""

    status = 409

    def __init__(self, message: Text, *, fix: tuple[tuple[Text, str], ...] = ()) -> None:
        """`fix` lists what is missing as (what, place), a place being a name a face can link."""
        super().__init__(message)
        self.fix = fix


class Denied(SamverkError):
    """The actor may not do this."""

    status = 403


class Missing(SamverkError):
    """No such thing, or not visible to the actor: the two look the same."""

    status = 404
