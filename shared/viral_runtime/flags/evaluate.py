"""Feature flags: evaluated in process by OpenFeature's flagd evaluator, from a watched file."""

from pathlib import Path

import structlog
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from viral_contract.models.flags import FLAGS, Flag, FlagsAnswer, FlagState
from viral_runtime.flags.document import find_percentage, has_rule
from viral_runtime.flags.file import FlagsFile, LoadedFlags

_WHOLE = 100
_log = structlog.get_logger()


class Flags:
    """The flags of one process; if the file becomes invalid, the last good flags stay in effect."""

    def __init__(self, path: Path | None) -> None:
        """Watch `path`; without one, every flag has its default. Call it after a fork, because it starts a thread."""
        self._file = FlagsFile(path) if path else None

    def is_on(self, flag: Flag, targeting_key: str) -> bool:
        """Whether the flag is on for the key's person or report."""
        loaded = self._loaded()
        return _evaluate(loaded.evaluator, flag, targeting_key) if flag in loaded.definitions else FLAGS[flag].default

    def list_on(self, targeting_key: str) -> list[Flag]:
        """The flags targeted by person that are on for this one."""
        return [
            flag
            for flag, meaning in FLAGS.items()
            if meaning.decided_by == "person" and self.is_on(flag, targeting_key)
        ]

    def describe(self, targeting_key: str) -> FlagsAnswer:
        """The state of every flag, as the key's person sees it."""
        loaded = self._loaded()
        return FlagsAnswer(
            flags=[self._describe(flag, targeting_key) for flag in Flag],
            path=str(self._file.path) if self._file else None,
            read_at=loaded.read_at,
            problem=self._file.problem if self._file else None,
        )

    def _describe(self, flag: Flag, targeting_key: str) -> FlagState:
        meaning, definition = FLAGS[flag], self._loaded().definitions.get(flag)
        percentage = find_percentage(definition, default=meaning.default)
        on: bool | None = self.is_on(flag, targeting_key)
        if meaning.decided_by != "person" and (has_rule(definition) or percentage not in (0, _WHOLE)):
            on = None
        return FlagState(
            name=flag,
            on=on,
            default=meaning.default,
            percentage=percentage,
            has_rule=has_rule(definition),
            decided_by=meaning.decided_by,
            off_means=meaning.off_means,
        )

    def _loaded(self) -> LoadedFlags:
        return self._file.loaded if self._file else LoadedFlags()


def _evaluate(evaluator: FlagdCore, flag: Flag, targeting_key: str) -> bool:
    default = FLAGS[flag].default
    try:
        return bool(evaluator.resolve_boolean_value(flag, default, EvaluationContext(targeting_key)).value)
    except Exception as error:  # As in the file's validation: a rule may fail for some keys only.
        _log.warning("flag_not_evaluated", flag=flag, reason=type(error).__name__)
        return default
