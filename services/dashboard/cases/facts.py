"""What a rule found, read by name: a KeyError says that it found something else."""

from viral_contract.models.referrer_evidence import RuleEvidence


class Facts:
    """The numbers, names and comparisons of one rule."""

    def __init__(self, found: RuleEvidence) -> None:
        self._found = found
        self.n = found.n

    @property
    def statistic(self) -> float:
        """What the rule measured."""
        return _known(self._found.statistic, "statistic")

    @property
    def expected(self) -> float:
        """What it would be for the others, or the limit."""
        return _known(self._found.expected, "expected")

    @property
    def p(self) -> float:
        """How probable it is by chance."""
        return _known(self._found.p, "p")

    def has(self, name: str) -> bool:
        """Whether the evidence holds this."""
        return self._found.evidence.get(name) is not None

    def share(self, name: str) -> float:
        """A number."""
        value = self._found.evidence.get(name)
        if not isinstance(value, int | float):
            raise KeyError(name)
        return float(value)

    def count(self, name: str) -> int:
        """A whole number."""
        return int(self.share(name))

    def text(self, name: str) -> str:
        """A name or a date."""
        value = self._found.evidence.get(name)
        if not isinstance(value, str):
            raise KeyError(name)
        return value

    def texts(self, name: str) -> list[str]:
        """Several names; of an id that may be masked, what is shown of it."""
        value = self._found.evidence.get(name)
        if not isinstance(value, list) or not value:
            raise KeyError(name)
        return [str(next(iter(each.values()))) if isinstance(each, dict) and each else str(each) for each in value]


def _known(value: float | None, name: str) -> float:
    if value is None:
        raise KeyError(name)
    return value
