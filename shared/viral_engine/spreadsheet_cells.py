"""Texts in CSV files that no spreadsheet runs as a formula."""

# What spreadsheets take for the beginning of a formula, in ASCII and in the full-width forms of East Asian keyboards.
_FORMULA_STARTS = tuple("=+-@＝＋－＠")
_BLANK_STARTS = ("\t", "\r", "\n")


def neutralise(value: object) -> object:
    """The value, a text that begins like a formula preceded by an apostrophe; a number stays a number.

    White space before it does not help: some spreadsheets drop it when they open a file.
    """
    if isinstance(value, str) and (value[:1] in _BLANK_STARTS or value.lstrip().startswith(_FORMULA_STARTS)):
        return "'" + value
    return value
