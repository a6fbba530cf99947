"""Who calls, and what they may do."""

from collections.abc import Collection
from dataclasses import dataclass

from viral_contract.models.people import Person, Scope


@dataclass(frozen=True)
class Principal:
    """A service, or the person on whose behalf the dashboard acts; `key` is unique, the name may not be."""

    key: str
    name: str
    scopes: Collection[Scope]
    person: Person | None = None

    @property
    def sees_identifiers(self) -> bool:
        """Whether addresses and fingerprints are shown in full."""
        return Scope.IDENTIFIERS_READ in self.scopes

    def find_ungrantable(self, scopes: Collection[Scope]) -> list[Scope]:
        """The scopes that this caller may not grant: a token grants no more than it has itself.

        No one grants the scope that only the dashboard needs; admins grant everything else.
        """
        grantable = set(Scope if self.person else self.scopes) - {Scope.SESSIONS_WRITE}
        return [scope for scope in Scope if scope in scopes and scope not in grantable]
