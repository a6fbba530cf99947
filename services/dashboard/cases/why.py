"""Why there is a case: what its strongest rule found, in one sentence with the numbers."""

from collections.abc import Callable
from datetime import date

from dashboard.cases.facts import Facts
from dashboard.cases.figures import cut_id
from dashboard.formats import format_seconds
from viral_contract.models.cases import Case
from viral_contract.models.referrer_evidence import RuleEvidence
from viral_reports.dates import format_day_of_year
from viral_reports.figures import format_count, format_counted

# For a rule whose evidence holds other numbers than the sentence is about.
_PLAIN = {
    "farm": "Invitees share few devices and networks",
    "ring": "Users share devices and refer each other",
    "self_referral": "Conversions on the referrer’s own device",
    "mutual": "Two users credit each other",
    "cycle": "Users credit each other in a circle",
    "duplicate": "Conversions counted more than once",
    "too_fast": "Conversions sooner after the click than people manage",
    "flood": "Unusually many conversions long after the click",
    "clicks_without_conversions": "Fewer conversions than clicks lead to elsewhere",
    "too_good": "More conversions than clicks lead to elsewhere",
    "over_limit": "More clicks on one date than the limit",
    "rotating": "A new device for nearly every click",
    "burst": "Clicks faster than a person can",
    "denied": "On the deny list",
    "watched": "On the watch list",
}


def format_why(case: Case) -> str:
    """What the strongest rule found."""
    return format_finding(case.evidence[0]) if case.evidence else "No rule finds anything any more"


def format_finding(found: RuleEvidence) -> str:
    """What one rule found; in general words where its evidence has other numbers."""
    plain = _PLAIN.get(found.rule, found.rule)
    sentence = _SENTENCES.get(found.rule)
    try:
        return sentence(Facts(found)) if sentence else plain
    except (KeyError, TypeError, ValueError):
        return plain


def find_days_over(case: Case) -> str:
    """Of a network on how many dates a rule found something: "2 days over the limit"."""
    days = [found.evidence.get("days") for found in case.evidence if found.rule in ("over_limit", "rotating")]
    counts = [each for each in days if isinstance(each, int)]
    return f"{format_counted(max(counts), 'day')} over the limit" if counts else ""


def _farm(facts: Facts) -> str:
    invitees, devices = facts.count("invitees"), facts.count("devices")
    if not devices:
        return f"{format_counted(invitees, 'invitee')} converted, {facts.count('active_again')} of them came back"
    return f"{format_counted(invitees, 'invitee')} converted from {format_counted(devices, 'device')}"


def _ring(facts: Facts) -> str:
    users, devices = facts.count("users"), facts.count("devices")
    shared = format_counted(devices, "device")
    return f"{format_counted(users, 'user')} share {shared} and refer almost only each other"


def _self_referral(facts: Facts) -> str:
    where = "under the referrer’s own id" if facts.count("same_user") else "on the referrer’s own device"
    what = format_counted(facts.n, "signup or conversion", "signups and conversions")
    return f"{format_count(facts.statistic)} of {what} {where}"


def _mutual(facts: Facts) -> str:
    partners = facts.count("partners")
    if partners > 1:
        return f"Credits {partners} users and is credited by them"
    return f"Credits {cut_id(facts.texts('user_ids')[0])} and is credited by it"


def _cycle(facts: Facts) -> str:
    return f"{facts.count('length')} users credit each other in a circle"


def _duplicate(facts: Facts) -> str:
    same_minute = facts.count("same_minute")
    if same_minute:
        return f"{format_counted(same_minute + 1, 'conversion')} in one minute, same device, new ids"
    return f"{format_counted(facts.count('repeated_conversions'), 'conversion')} of a user who had converted"


def _too_fast(facts: Facts) -> str:
    return f"{facts.count('under_10_seconds')} of {facts.n} conversions within 10 s of the click"


def _flood(facts: Facts) -> str:
    return f"{facts.count('over_1_hour')} of {facts.n} conversions more than an hour after the click"


def _expected(facts: Facts) -> str:
    conversions = int(facts.statistic)
    shown = "No conversions" if not conversions else format_counted(conversions, "conversion")
    return f"{shown}; {facts.expected:.1f} expected from {format_counted(facts.n, 'click')}"


def _over_limit(facts: Facts) -> str:
    day = format_day_of_year(date.fromisoformat(facts.text("peak_day")))
    clicks = format_counted(facts.count("clicks"), "click")
    if not facts.has("devices"):
        return f"{clicks} on {day}"
    return f"{clicks} on {day} from {format_counted(facts.count('devices'), 'device')}"


def _rotating(facts: Facts) -> str:
    devices, clicks = facts.count("devices"), facts.count("clicks")
    found = f"{format_counted(devices, 'device')} for {format_counted(clicks, 'click')}"
    return (
        f"{found}, {facts.share('new_device_share'):.0%} never seen before" if facts.has("new_device_share") else found
    )


def _burst(facts: Facts) -> str:
    return f"{format_count(facts.count('clicks'))} clicks within {format_seconds(facts.share('seconds'))} s"


_SENTENCES: dict[str, Callable[[Facts], str]] = {
    "farm": _farm,
    "ring": _ring,
    "self_referral": _self_referral,
    "mutual": _mutual,
    "cycle": _cycle,
    "duplicate": _duplicate,
    "too_fast": _too_fast,
    "flood": _flood,
    "clicks_without_conversions": _expected,
    "too_good": _expected,
    "over_limit": _over_limit,
    "rotating": _rotating,
    "burst": _burst,
}
