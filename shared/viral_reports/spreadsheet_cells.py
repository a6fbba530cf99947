"""CSV texts that spreadsheets display correctly and never run as a formula."""

from viral_reports.bidirectional import isolate

BYTE_ORDER_MARK = "\ufeff"
"""Marks a file as UTF-8 at its start."""
# Starts of a formula for spreadsheets, in ASCII and in the full-width forms of East Asian keyboards.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")
_BLANK_STARTS = ("\t", "\r", "\n")


def neutralise(value: object) -> object:
    """The value, with an apostrophe before a text that starts like a formula; a number stays a number.

    Leading white space counts too, because some spreadsheets drop it when they open a file. Direction controls in a
    text stay within its cell.
    """
    if not isinstance(value, str):
        return value
    is_formula = value[:1] in _BLANK_STARTS or value.lstrip().startswith(_FORMULA_STARTS)
    return isolate("'" + value if is_formula else value)
