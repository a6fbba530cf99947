"""What stays of a request's note once it is done: how somebody asked and was checked, without an id or a name.

Nobody can list all names, so that only words stay that are known to be none.
"""

import re

_KEPT = frozenset(
    """
    a account address after agreed already an and as asked asks at attached attorney aunt authorization authorized
    authority before behalf birth both by call called calling caller card caregiver center certificate chat checked
    checks child children child's class confirmed consent contact contacted copy counselor court custody dad dad's date
    daughter day days desk details digits document documents driver's email emailed e-mail erase erased erasure export
    family father father's fax file filed first for form foster four from gave given grandfather grandmother
    grandparent guardian had has have head help helpdesk her his home identity in is it knew known knows last lawyer
    legal letter license live mail mailbox match matched matches message mom mom's mother mother's mum name named
    number of office on online order our over parent parental parents parent's party passport payment person phone
    phoned photo police portal post power principal privacy proof proved question questions reached received record
    records registered representative request requested same saw school secret security seen sent showed shown sign
    signature signed social son spoke statement stepfather stepmother student's support sworn talked teacher the
    their them they this through ticket to twice two uncle under using verbal verbally verified via video visit
    visited voice was we with without witness wrote written yes
    """.split()
)
_WORD = re.compile(r"[^\s,.;:!?()\[\]/\"“”]+")
_LEFT_OUT = "…"
_REPEATED = re.compile(rf"{_LEFT_OUT}(?:[\s,.;:/]*{_LEFT_OUT})+")


def leave_out_names(note: str) -> str:
    """The note with "…" for every word that may be an id or a name."""
    words = _WORD.sub(lambda word: word[0] if word[0].replace("’", "'").lower() in _KEPT else _LEFT_OUT, note)
    return _REPEATED.sub(_LEFT_OUT, words)
