"""Dates that words call a birthday or a date of birth, where the birth is a child's or parent's of today.

The birth of Mozart, a hamster or a country is no one's personal information.
"""

import re
from datetime import date
from enum import Enum, auto

from metrics_api.pii_scanner.document import HAS_DIGIT, Document, Span
from metrics_api.pii_scanner.rules import Rule


class Subject(Enum):
    """What comes before a word such as "born" or "birthday"."""

    INTRODUCED = auto()
    NAMED = auto()
    OTHER = auto()


_INTRODUCED = frozenset(
    """
    i im i'm ive my our his her hers he she we your you their they son daughter kid kids child children baby student
    pupil brother sister boy girl mom mum mother dad father twin twins grandson granddaughter niece nephew cousin
    stepson stepdaughter applicant patient player parent guardian sibling toddler preschooler infant name dob
    ich mein meine unser unsere sie er je mon ma mes il elle notre mi mis nuestra nuestro yo él ella meu minha eu ele
    ela mio mia io lui lei ik mijn hij zij min mitt jag han hon
    """.split()
)
_OTHERS = frozenset(
    """
    its it's character characters hamster dog dogs cat cats puppy puppies kitten kittens pet pets bunny rabbit horse
    pony foal fish turtle tortoise parrot bird chick lamb calf goat cow pig piglet sheep panda elephant lion tiger
    bear guinea gerbil mouse rat snake lizard gecko frog avatar robot dragon unicorn game games school company country
    nation city town state king queen prince princess president emperor pharaoh composer scientist inventor artist
    painter poet writer explorer astronaut physicist mathematician philosopher musician god jesus saint mascot doll
    teddy toy plant tree club team band villager pokemon sim hero villain
    """.split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_SENTENCE_END = re.compile(r"[.!?\n;](?=\s|$)")
_ANY_YEAR = re.compile(
    r"(?<!\d)(?:1\d|20)\d\d(?!\d)|(?:19|20)\d\d(?=[01]\d[0-3]\d(?!\d))|(?<=\d{4})(?:19|20)\d\d(?!\d)"
)
_OLDEST, _OLDEST_CHILD = 100, 18
_REACH = 60
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


def find_subject(words: list[str]) -> Subject:
    """Judge by the nearest telling word; a name alone introduces no one."""
    for word in reversed(words):
        bare = word.removesuffix("'s").removesuffix("’s")
        if word in _OTHERS or bare in _OTHERS:
            return Subject.OTHER
        if word in _INTRODUCED or bare in _INTRODUCED:
            return Subject.INTRODUCED
    return Subject.NAMED if words else Subject.INTRODUCED


def read_words_before(document: Document, position: int) -> list[str]:
    """The lower-case words of the same sentence before a position, the nearest last."""
    before = document.lower[max(0, position - _REACH) : position]
    return _WORD.findall(_SENTENCE_END.split(before)[-1].replace("’", "'"))


def may_be_born(written: str, subject: Subject, today: date) -> bool:
    """Whether someone with this date of birth can be a child or a parent today.

    Someone who is only named counts when the year is that of a child: history is full of dates of birth.
    """
    if subject is Subject.OTHER:
        return False
    year = _ANY_YEAR.search(written)
    if year is None:
        return subject is Subject.INTRODUCED
    oldest = _OLDEST if subject is Subject.INTRODUCED else _OLDEST_CHILD
    return today.year - oldest <= int(year[0]) <= today.year


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
