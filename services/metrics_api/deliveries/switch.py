"""The switch of email: where it is off, emails are recorded as placeholders and not sent."""

from viral_contract.models.flags import Flag
from viral_runtime.flags.evaluate import Flags


def is_switched_off(flags: Flags, *, report_id: int | None, rule_id: int | None) -> bool:
    """Whether emails of this report, or else of this notification rule, are placeholders at the moment."""
    key = f"report:{report_id}" if report_id is not None else f"rule:{rule_id}"
    return not flags.is_on(Flag.EMAIL_DELIVERY, key)
