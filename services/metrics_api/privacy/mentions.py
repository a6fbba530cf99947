"""SQL that finds an id inside posted data: as a whole value or key in JSON, as a whole word in a URL.

An id within a sentence is not found, because it may be a word that means something else. For the same reason the number
42 is an id only if its key says so, as in `student_id`: it may be a score.
"""

import json
import re
import unicodedata
from urllib.parse import quote, quote_plus

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
# Shorter numbers as keys count things: questions, levels, days.
_SHORTEST_NUMBER_AS_KEY = 5
_PEOPLE = "user|student|child|kid|player|friend|member|account|participant|referrer|sender|author|owner"
_IS_ID_KEY = f"""(@.key like_regex "(^|[^a-z])u?ids?$|^by$|(^|[^a-z])({_PEOPLE})s?([^a-z]?u?ids?)?$" flag "i"
    || @.key like_regex "[a-z]U?(Id|ID)s?$")"""
_OF_OBJECTS = '$.** ? (@.type() == "object").keyvalue()'
_ESCAPE = re.compile("%[0-9A-F]{2}")
_GIVEN = """jsonb_build_object(
    'id', CAST(:id AS text), 'number', CAST(:number AS jsonb), 'key', CAST(:key AS jsonb))"""


def mention_in_json(column: str) -> str:
    """The SQL condition that the id is anywhere in the column, as a text, a key or a number that is an id."""
    # Most posted data does not contain the id at all, which is faster to find out than its position.
    return f"""(strpos({column}::text, :part) > 0 AND (
        jsonb_path_exists({column}, '$.** ? (@ == $id)', {_GIVEN}) OR jsonb_path_exists(
            {column}, '{_OF_OBJECTS} ? (@.key == $key || @.value == $number && {_IS_ID_KEY})', {_GIVEN}))
        OR {_mention_in_another_form(column)})"""


def _mention_in_another_form(column: str) -> str:
    """The condition that the id is in the column in another form than NFC, which is rare."""
    return f"""(octet_length({column}::text) > char_length({column}::text) AND {column}::text IS NOT NFC NORMALIZED
        AND EXISTS (
            SELECT FROM jsonb_path_query({column}, '$.** ? (@.type() == "string")') AS found
                WHERE normalize(found #>> '{{}}', NFC) = :id
            UNION ALL SELECT FROM jsonb_path_query({column}, '{_OF_OBJECTS}') AS member
                WHERE to_jsonb(normalize(member ->> 'key', NFC)) = CAST(:key AS jsonb)))"""


def mention_in_text(column: str) -> str:
    """The SQL condition that the id is in the column as a whole word: "child-77" does not mention "child-7"."""
    return f"normalize({column}, NFC) ~ :word"


def build_mention_values(subject_id: str) -> dict[str, str]:
    """The parameters of these conditions."""
    word = json.dumps(subject_id, ensure_ascii=False)
    is_number = _INTEGER.fullmatch(subject_id) is not None
    is_key = not is_number or len(subject_id) >= _SHORTEST_NUMBER_AS_KEY
    return {
        "id": subject_id,
        "part": word[1:-1],
        "number": subject_id if is_number else word,
        "key": word if is_key else "null",
        "word": _build_word(subject_id),
    }


def _build_word(subject_id: str) -> str:
    """A regular expression for PostgreSQL; in a URL the id may be escaped, and follow an escaped character."""
    written = {subject_id}
    for form in list_forms(subject_id):
        written |= {quote(form, safe=""), quote_plus(form)}
    escaped = "|".join(_ESCAPE.sub(_in_any_case, re.escape(each)) for each in sorted(written))
    return rf"((?<!\w)|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))({escaped})(?!\w)"


def list_forms(subject_id: str) -> list[str]:
    """The id as stored now, and as older releases may have stored it."""
    return sorted({subject_id, unicodedata.normalize("NFD", subject_id)})


def _in_any_case(escape: re.Match[str]) -> str:
    return f"(?:{escape[0]}|{escape[0].lower()})"
