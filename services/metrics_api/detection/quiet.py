"""Whom rules are quiet about: a person judged the case legitimate, and the verdict has not ended."""

from viral_contract.models.cases import CaseKind

IS_ACTIVE = "status = 'decided' AND (until IS NULL OR until > :now)"
"""Of a row of `cases`: whether a verdict is in force; wants the value `now`."""


def select_quiet(kind: CaseKind, only: str = "") -> str:
    """The entities of this kind whose flags do not count; wants the value `now`. `only` is a further condition.

    A rule that was not judged with the others opens another case, and the flags count again until it is decided.
    """
    return f"""
        SELECT entity FROM cases WHERE kind = '{kind}' AND status IN ('open', 'decided') {only}
        GROUP BY entity HAVING bool_or({IS_ACTIVE} AND verdict = 'legitimate')
            AND NOT bool_or({IS_ACTIVE} AND verdict = 'fraud' OR status = 'open' AND strength = 'flags')
    """
