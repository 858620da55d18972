"""What unfolding a stranger's repeating events costs, found out before it is done. Pure.

The library that unfolds cannot be interrupted. It walks every repetition from the event's first day on, and where a
rule meets no day at all it goes on to the year 9999. So an event is left out if its rules cost more than is left of
what a whole calendar may cost. Rules that never meet a day are found by looking at months, days of the month, weekdays
and intervals; what BYSETPOS, BYWEEKNO and BYYEARDAY exclude besides is not looked at.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from typing import Any

STEPS_MAX = 500_000  # some 5 µs each: ten seconds, when each piece of the horizon begins anew
EVER = timedelta(days=28 * 366)  # after 28 years dates and weekdays come together as before
NEVER_STEPS = 10_000  # what looking through them costs
TOO_QUICK = ("SECONDLY", "MINUTELY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_PERIODS = {  # how long one is in days, and how many steps it costs: a year is looked through day by day
    "YEARLY": (365.0, 20),
    "MONTHLY": (28.0, 4),
    "WEEKLY": (7.0, 2),
    "DAILY": (1.0, 1),
    "HOURLY": (1 / 24, 1),
}


class Effort:
    """Counts down what the events of one calendar cost; `last_day` is the ordinal of the last day asked for."""

    def __init__(self, last_day: int) -> None:
        self._last_day = last_day
        self._left = STEPS_MAX

    def why_not(self, event: Any) -> str:
        """Why this event cannot be unfolded; empty if it can be, and then its cost is taken off."""
        try:
            if event.end < event.start:
                return "ends before it begins"
            rules = (*listed(event.get("RRULE", [])), *listed(event.get("EXRULE", [])))
            return next(filter(None, (self._why_not_by(rule, event.start) for rule in rules)), "")
        except Exception:  # noqa: BLE001 - a stranger's file may break the library in any way
            return "cannot be read"

    def _why_not_by(self, rule: Any, first: date) -> str:
        if _said(rule, "FREQ") in TOO_QUICK or len(rule.get("BYSECOND", ())) > 1:
            return "repeats by the minute"
        if self._left > 0 and not _ever_happens(rule, first):
            self._left -= NEVER_STEPS
            return "repeats on days that never come"
        steps = _steps(rule, first.toordinal(), self._last_day)
        if steps > self._left:
            return "repeats more often, or since longer ago, than can be unfolded"
        self._left -= steps
        return ""


def listed(found: Any) -> list[Any]:
    """A property's values: the library gives one alone, and several as a list."""
    return found if isinstance(found, list) else [found]


def _steps(rule: Any, first_day: int, last_day: int) -> int:
    days, cost = _PERIODS.get(_said(rule, "FREQ"), (1.0, 1))
    until = rule.get("UNTIL", [None])[0]
    if until is not None:
        last_day = min(last_day, until.toordinal())
    at_times = max(1, len(rule.get("BYHOUR", ()))) * max(1, len(rule.get("BYMINUTE", ())))
    periods = max(0, last_day - first_day) / days / _interval(rule)
    return 1 + int(periods * cost * at_times)


def _ever_happens(rule: Any, first: date) -> bool:
    months, month_days = (set(map(int, rule.get(name, ()))) for name in ("BYMONTH", "BYMONTHDAY"))
    weekdays = {str(one).upper()[-2:] for one in rule.get("BYDAY", ())}
    if not months and not month_days and _said(rule, "FREQ") != "DAILY":
        return True
    start = date(first.year, first.month, first.day)
    for number in range(min(EVER.days, date.max.toordinal() - start.toordinal())):
        day = start + timedelta(days=number)
        if (
            (not months or day.month in months)
            and (not weekdays or _WEEKDAYS[day.weekday()] in weekdays)
            and (not month_days or bool(month_days & {day.day, day.day - monthrange(day.year, day.month)[1] - 1}))
            and _periods_between(_said(rule, "FREQ"), start, day) % _interval(rule) == 0
        ):
            return True
    return False


def _periods_between(frequency: str, start: date, day: date) -> int:
    match frequency:
        case "YEARLY":
            return day.year - start.year
        case "MONTHLY":
            return 12 * (day.year - start.year) + day.month - start.month
        case "WEEKLY":
            return (day - start + timedelta(days=start.weekday())).days // 7
        case "DAILY":
            return (day - start).days
        case _:
            return 0


def _interval(rule: Any) -> int:
    return int(rule.get("INTERVAL", [1])[0])


def _said(rule: Any, name: str) -> str:
    return str(rule.get(name, [""])[0]).upper()
