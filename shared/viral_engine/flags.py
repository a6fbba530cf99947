"""Feature flags: OpenFeature, evaluated in process from a file in flagd's format that may change at any time."""

import logging
from enum import StrEnum
from pathlib import Path

from openfeature import api
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext

_DOMAIN = "viral-engine"
_POLL_MS = 1000


class Flag(StrEnum):
    """Every flag."""

    GUARDRAIL_DASHBOARD = "guardrail_dashboard"
    PERFORMANCE_REPORTS = "performance_reports"
    EMAIL_DELIVERY = "email_delivery"
    AI_INSIGHTS = "ai_insights"
    ALERT_NOTIFICATIONS = "alert_notifications"


FLAG_DEFAULTS = {
    Flag.GUARDRAIL_DASHBOARD: True,
    Flag.PERFORMANCE_REPORTS: True,
    Flag.EMAIL_DELIVERY: False,
    Flag.AI_INSIGHTS: False,
    Flag.ALERT_NOTIFICATIONS: False,
}


class Flags:
    """The flags of one process; a file that breaks leaves the last good ones in force."""

    def __init__(self, path: Path | None) -> None:
        """Watch `path`; without one every flag has its default. Call it after a fork: it starts a thread."""
        if path is not None:
            # The provider logs the traceback of every look at a broken file, several times a minute.
            logging.getLogger("openfeature.contrib").setLevel(logging.CRITICAL)
            provider = FlagdProvider(
                resolver_type=ResolverType.FILE, offline_flag_source_path=str(path), deadline_ms=_POLL_MS
            )
            api.set_provider(provider, domain=_DOMAIN)
        self._client = api.get_client(domain=_DOMAIN)

    def is_on(self, flag: Flag, targeting_key: str) -> bool:
        """Whether the flag is on for the person or report that the key names."""
        context = EvaluationContext(targeting_key=targeting_key)
        return self._client.get_boolean_value(flag, FLAG_DEFAULTS[flag], context)
