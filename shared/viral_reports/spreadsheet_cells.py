"""Texts in CSV files that spreadsheets read as they are meant, and never run as a formula."""

from viral_reports.bidirectional import isolate

BYTE_ORDER_MARK = "\ufeff"
"""At the beginning of a file it says that the file is UTF-8."""
# What spreadsheets take for the beginning of a formula, in ASCII and in the full-width forms of East Asian keyboards.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")
_BLANK_STARTS = ("\t", "\r", "\n")


def neutralise(value: object) -> object:
    """The value, a text that begins like a formula preceded by an apostrophe; a number stays a number.

    White space before it does not help: some spreadsheets drop it when they open a file. Controls of direction in a
    text are kept to its cell.
    """
    if not isinstance(value, str):
        return value
    is_formula = value[:1] in _BLANK_STARTS or value.lstrip().startswith(_FORMULA_STARTS)
    return isolate("'" + value if is_formula else value)
