"""The brand's calendar: which day it is where the brand is, and when a day there is over."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from core import clock
from core.accounts.models import Brand


def zone_of(session: Session, brand_id: int) -> ZoneInfo:
    """The brand's time zone."""
    return ZoneInfo(session.get_one(Brand, brand_id).timezone)


def today_of(session: Session, brand_id: int) -> date:
    """Today where the brand is: the day that is written on what is booked now."""
    return clock.now().astimezone(zone_of(session, brand_id)).date()


def end_of_day(session: Session, brand_id: int, day: date) -> datetime:
    """The last minute of a day where the brand is."""
    return datetime.combine(day, time(23, 59), zone_of(session, brand_id))


def in_days(session: Session, brand_id: int, days: int) -> datetime:
    """The last minute of a day to come where the brand is."""
    return end_of_day(session, brand_id, today_of(session, brand_id) + timedelta(days=days))
