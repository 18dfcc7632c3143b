"""Secrets that this process has handed to plugins, taken out of whatever is logged or told.

The first secret that is hidden puts a factory of log records before the one in place: message and traceback are
cleaned when a record is made, so that no handler sees them, whoever logged and however the secret got there.
"""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MARK = "•••"
SHORTEST = 4
"""A shorter secret is left: to blot out each `a` of a log would tell it."""

_hidden: tuple[str, ...] = ()


def hide(secrets: Iterable[str]) -> None:
    """Take these out of every log record and every `redacted` text of this process, from now on."""
    global _hidden
    new = {form for secret in secrets for form in _forms(secret)} - set(_hidden)
    if not new:
        return
    _hidden = tuple(sorted({*_hidden, *new}, key=len, reverse=True))
    before = logging.getLogRecordFactory()
    if not isinstance(before, _Cleaner):
        logging.setLogRecordFactory(_Cleaner(before))


def redacted(text: str) -> str:
    """The text with a mark in place of every secret that was handed out."""
    for secret in _hidden:
        if secret in text:
            text = text.replace(secret, MARK)
    return text


def _forms(secret: str) -> Iterator[str]:
    """A secret as it is, and as it looks in a repr, in JSON, in an address and in base64."""
    if len(secret) < SHORTEST:
        return
    yield from (secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret))
    yield base64.b64encode(secret.encode()).decode()


class _Cleaner:
    """Makes log records as before, without secrets."""

    def __init__(self, before: Any) -> None:
        self.before = before

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self.before(*args, **kwargs)
        try:
            told = record.getMessage()
        except (TypeError, ValueError, KeyError):  # a wrong call: logging itself shows the parts
            record.msg, record.args = redacted(str(record.msg)), (redacted(repr(record.args)),)
            return record
        if (clean := redacted(told)) != told:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            trace = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            if (clean := redacted(trace)) != trace:
                record.exc_info, record.exc_text = None, clean
        return record
