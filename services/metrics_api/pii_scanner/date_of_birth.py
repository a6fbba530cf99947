"""Dates that words call a birthday or a date of birth."""

import re

from metrics_api.pii_scanner.birth_subject import Subject, find_subject, may_be_born, read_words_before
from metrics_api.pii_scanner.document import HAS_DIGIT, Document, Span
from metrics_api.pii_scanner.rules import Rule

_MONTH = (
    r"(?:jan(?:uary|uar|vier|uari)?|feb(?:ruary|ruar|ruari)?|f[ée]vr(?:ier)?|mar(?:ch|s)?|m[äa]rz|maart|"
    r"apr(?:il)?|avril|"
    r"may|mai|mei|june?|juni?|juin|july?|juli?|juillet|aug(?:ust|ustus)?|ao[ûu]t|sept?(?:ember)?|o[ck]t(?:ober|obre)?|"
    r"nov(?:ember|embre)?|de[cz](?:ember)?|d[ée]c(?:embre)?|enero|febrero|marzo|abril|mayo|junio|julio|agosto|"
    r"septiembre|octubre|noviembre|diciembre|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|"
    r"dezembro|gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)\b\.?"
)
_ORDINAL_WORD = (
    r"(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|"
    r"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth)\b"
)
_YEAR = r"(?:(?:1\d|20)\d\d|['’]\d\d)(?!\d)"
_DAY = rf"(?:(?:0?[1-9]|[12]\d|3[01])(?!\d)(?:st|nd|rd|th|er|º|\.)?|{_ORDINAL_WORD})"
_DATE = re.compile(
    r"(?:(?<![\w.])|(?<=dob|ate|day|orn))(?P<date>"
    r"(?:1\d|20)\d\d[-/. ]\d{1,2}[-/. ]\d{1,2}|"
    r"(?:0?[1-9]|[12]\d|3[01])\s?[/.\- ]\s?(?:0?[1-9]|[12]\d|3[01])\s?[/.\- ]\s?(?:(?:1\d|20)\d\d|\d\d)|"
    r"(?:19|20)\d\d[01]\d[0-3]\d|[0-3]\d[01]\d(?:19|20)\d\d|"
    rf"{_DAY}\s?(?:of |de |di |-)?\s?{_MONTH}(?:[ ,\-]{{0,2}}(?:of |in |de |del )?{_YEAR})?|"
    rf"{_MONTH}[ \-]?(?:the )?{_DAY}(?:[ ,\-]{{0,3}}(?:in )?{_YEAR})?|"
    rf"{_MONTH}(?: of|,| de)? {_YEAR}|"
    r"(?:0?[1-9]|[12]\d|3[01])[/\-](?:0?[1-9]|[12]\d|3[01])"
    r")(?![\w/]|-\d)"
)
_BIRTH_WORDS = frozenset(
    """
    born birth birthday birthdays birthdate bday bdays bd dob b geboren geburtstag geburtsdatum né née naissance
    anniversaire nacido nacida nací nacimiento cumpleaños nato nata nascita compleanno nascido nascida nascimento
    aniversário geboortedatum geboortedag verjaardag jarig född födelsedatum født fødselsdato urodzony urodzona
    urodzenia narozen narozena syntynyt turn turning turns
    """.split()
) | {"d"}
_CUE = re.compile(
    r"\b(?:born(?: on)?|birth ?-?(?:day|date)s?|date of birth|birth|b-?days?|d\.?\s?o\.?\s?b(?![^\W\d_])\.?|geboren|"
    r"geburtstag|"
    r"geburtsdatum|née? le|née?|naissance|anniversaire|nacid[oa]|nací|nacimiento|cumpleaños|nat[oa] il|nascita|"
    r"compleanno|nascid[oa]|nascimento|aniversário|geboortedatum|geboortedag|verjaardag|jarig|född|födelsedatum|født|"
    r"fødselsdato|urodzon[ya]|urodzenia|narozena?|syntynyt|turn(?:s|ing)? (?:\d{1,2}|[a-z]{3,9})(?: years old)? on)\b"
)
_CUE_AFTER = re.compile(
    r"[\s,)(:\-]{0,3}(?:is|was|=)?\s?(?:(?:my|his|her|our|their|the|\w{2,15}['’]?s)\s)?(?:[a-z]{2,12}['’]?s\s)?"
    r"(?:birthdays?|birthdate|b-?day|date of birth|dob\b|when (?:i|he|she|they) (?:was|were) born|geburtstag|"
    r"i was born|(?:he|she) was born|is when (?:i|he|she) (?:was|turns?))"
)
_GAP = 40
_LABEL = re.compile(
    r"(?:date of birth|birth ?-?dates?|d\.?\s?o\.?\s?b|(?:birth ?-?day|born|b-?day)(?: on)?\s{0,2}[:=])"
)
_ENGLISH = re.compile(r"b(?:orn|irth|-?day)|turn")
_SUBJECT_WORD = re.compile(r"(?<![a-z])[a-z]{1,20}+(?:'s)?(?= |$)")


def _locate_after_cue(document: Document, match: re.Match[str]) -> Span | None:
    """Take the first date within a short distance after the word, past no other number."""
    date = _DATE.search(document.lower, match.end(), match.end() + _GAP + 24)
    if date is None or date.start() - match.end() > _GAP:
        return None
    between = document.lower[match.end() : date.start()]
    if "\n\n" in between or any(character.isdecimal() for character in between):
        return None
    return date.span("date") if may_be_born(date["date"], _find_subject(document, match), document.today) else None


def _find_subject(document: Document, cue: re.Match[str]) -> Subject:
    """Take a label such as "Date of birth:" for an introduction, and any words of other languages."""
    subject = find_subject(read_words_before(document, cue.start()))
    is_label = _LABEL.match(document.lower, cue.start()) is not None or not _ENGLISH.match(cue[0])
    return Subject.INTRODUCED if is_label and subject is not Subject.OTHER else subject


def _locate_before_cue(document: Document, match: re.Match[str]) -> Span | None:
    cue = _CUE_AFTER.match(document.lower, match.end())
    if cue is None:
        return None
    subject = find_subject(_SUBJECT_WORD.findall(cue[0].replace("’", "'")))
    return match.span("date") if may_be_born(match["date"], subject, document.today) else None


RULES = (
    Rule("date_after_birth_word", _CUE, _locate_after_cue, words=_BIRTH_WORDS),
    Rule("date_before_birth_word", _DATE, _locate_before_cue, needs=HAS_DIGIT, words=_BIRTH_WORDS),
)
