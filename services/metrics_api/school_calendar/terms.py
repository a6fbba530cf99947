"""The school terms: those in the calendar, else by their last days, which are a setting.

They say until when trust is proposed, what the current term is and what a term ago was.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, text

from viral_contract.models.period import Period

# The longest holidays between two terms: what is further away from any term is not covered by the calendar.
_BREAK = timedelta(days=92)
_LIST = text("""SELECT start, "end" FROM calendar_entries WHERE kind = 'term' ORDER BY start, "end" """)


@dataclass(frozen=True)
class Terms:
    """The terms of the calendar by their start, and `ends`, such as 06-30,12-20, for dates that it does not cover."""

    ends: str
    listed: Sequence[Period] = ()

    def find(self, day: date) -> Period:
        """The term of the day; in the holidays the one before."""
        begun = [term for term in self.listed if term.start <= day]
        return begun[-1] if begun and day - begun[-1].end <= _BREAK else self._find_by_ends(day)

    def find_before(self, term: Period) -> Period:
        """The term before this one."""
        over = [known for known in self.listed if known.end < term.start]
        return over[-1] if over else self._find_by_ends(term.start - timedelta(days=1))

    def find_end(self, now: datetime) -> datetime:
        """The moment at which the term is over (UTC); in the holidays the next one."""
        day = now.date()
        to_come = [term for term in self.listed if term.end >= day and term.start - day <= _BREAK]
        return (to_come[0] if to_come else self._find_by_ends(day)).ends_before

    def _find_by_ends(self, day: date) -> Period:
        """The term begins on the day after the last one ended."""
        years = (day.year - 1, day.year, day.year + 1)
        ends = [_find_day(year, given) for year in years for given in self.ends.split(",")]
        before = max(end for end in ends if end < day)
        return Period.between(before + timedelta(days=1), min(end for end in ends if end >= day))


def fetch_terms(connection: Connection, ends: str) -> Terms:
    """The terms of the calendar; `ends` is the setting TERM_ENDS."""
    return Terms(ends, [Period.between(row.start, row.end) for row in connection.execute(_LIST)])


def _find_day(year: int, given: str) -> date:
    """The day of that year; the last of the month where the month is shorter."""
    month, day = map(int, given.split("-"))
    return date(year, month, min(day, monthrange(year, month)[1]))
