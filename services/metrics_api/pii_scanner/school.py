"""Schools called by their name or number."""

import re

from metrics_api.pii_scanner.document import HAS_DIGIT, Document, Span
from metrics_api.pii_scanner.letters import CAPITAL, NAME
from metrics_api.pii_scanner.rules import Rule

_LEVEL = (
    r"(?:Elementary|Primary|Middle|High|Junior High|Senior High|Intermediate|Secondary|Grammar|Prep|Preparatory|"
    r"Charter|Magnet|Montessori|Day|Boarding|International|Catholic|Christian|Lutheran|Hebrew|Islamic|Community|Public|"
    r"Comprehensive|Infants?|Junior|Nursery|Village|Girls['’]?|Boys['’]?|K-8|K-12|STEM|Waldorf|Parochial)"
)
_KIND = r"(?:School|Academy|Schoolhouse|Kindergarten|Preschool|Pre-School|Elementary|Lyceum|Yeshiva)"
_WORD = rf"(?:{NAME}|[{CAPITAL}]\.|St\.|Mt\.|Ft\.|\d{{1,3}}(?:st|nd|rd|th))"
_NOT_A_NAME = frozenset(
    """
    the my our your his her their this that a an every each any all some no old new good bad best great first last
    public private local in at on of to from by with and or after before back go goes going went is was are music
    driving sunday summer law medical business art dance night home boarding nursing graduate traffic drama cooking
    flight film sewing language riding ski swim surf bible police training fire military naval khan i we you he she
    they it what which when where if so but as for welcome dear hello hi not middle high elementary primary junior
    senior secondary grammar day charter international catholic christian montessori community prep preparatory
    magnet infant infants nursery trade vocational technical online virtual magic wizard coding code math maths
    reading science space hero ninja super old-school open free special monday tuesday wednesday thursday friday
    saturday dragon pirate brain word spelling adventure puzzle learning learn game gaming
    """.split()
)
_ATTENDS = (
    r"(?:goes|go|going|went|used to go|attends?|attending|attended|student|pupil|teacher|enrolled|studies|study|"
    r"studying|graduated|transfers?|transferring|transferred|class|grade|grader|graders|freshman|year|kid|"
    r"works?|teaches)"
)
_GOES_TO = rf"(?:\b{_ATTENDS}\s+(?:here\s+)?(?:to|at|in|from|of)|\battends?|\battending|\battended)\s+(?:the\s+)?"
_KIND_FIRST = (
    r"(?:[ÉéEe]cole(?: (?:maternelle|primaire|élémentaire))?|[Cc]ollège|[Ll]ycée|[Cc]olegio|[Ee]scuela(?: primaria)?|"
    r"[Ss]cuola(?: (?:elementare|media|primaria))?|[Ll]iceo|[Ee]scola|[Cc]olégio|Grundschule|Realschule|Gymnasium|"
    r"Gesamtschule|Basisschool|Szkoła Podstawowa|Liceum)"
)
_LINKS = r"(?:(?:de|du|des|la|le|del|da|do|am|an der|im|St\.|San|imienia|im\.)[ ]){0,2}"
_GERMAN_NAME = rf"[{CAPITAL}][^\W\d_]*(?:-[{CAPITAL}][^\W\d_]*){{0,3}}"
_GERMAN_KIND = r"(?:Grundschule|Realschule|Gymnasium|Gesamtschule|Schule|Oberschule)"
_SCHOOL_WORDS = frozenset("school academy schoolhouse kindergarten preschool elementary lyceum yeshiva pre".split())


def _without_lead(document: Document, start: int, end: int) -> int | None:
    """The start of the name after "the", "my", "In" and the like; None when nothing of a name is left."""
    for word in re.finditer(r"\S+", document.text[start:end]):
        if word[0].lower().rstrip(".,'’s") not in _NOT_A_NAME and word[0].lower() not in _NOT_A_NAME:
            return start + word.start()
    return None


def _locate_named(document: Document, match: re.Match[str]) -> Span | None:
    start = _without_lead(document, *match.span("name"))
    return None if start is None else (start, match.end())


def _locate_attended(document: Document, match: re.Match[str]) -> Span | None:
    start = _without_lead(document, *match.span("name"))
    return (start, match.end("school")) if start == match.start("name") else None


def _locate_numbered(_document: Document, match: re.Match[str]) -> Span | None:
    """Leave out the PS 5 console and a postscript that begins with a count ("P.S. 2 of us come")."""
    if int(match["number"]) < 10 and (match["ps"] in ("ps", "is", "ms") or match["rest"]):
        return None
    return match.start("school"), match.end("number")


RULES = (
    Rule(
        "school_name",
        re.compile(
            rf"(?<![\w'’])(?P<name>{_WORD}(?:[ ](?:of |the |and |de |"
            rf"& )?{_WORD}){{0,4}}?)[ ](?:{_LEVEL}[ ]){{0,3}}{_KIND}"
            rf"(?:[ ](?:School|Academy))?(?!\w)(?![ ](?:Musical|Bus\b|Award))"
        ),
        _locate_named,
        words=_SCHOOL_WORDS,
        cased=True,
    ),
    Rule(
        "school_attended",
        re.compile(
            rf"{_GOES_TO}(?P<school>(?P<name>[^\W_][\w.'’\-]*(?:[ ][^\W_][\w.'’\-]*){{0,3}}?)[ ](?:elementary|"
            rf"primary|middle|high|"
            r"junior high|prep|preparatory|academy|grammar|secondary|charter|montessori|day|kindergarten|preschool)"
            r"(?: school)?)(?!\w)(?! (?:east|school)\b)"
        ),
        _locate_attended,
        words=frozenset(
            """
            elementary primary middle high prep preparatory academy grammar secondary charter montessori day
            kindergarten preschool
            """.split()
        ),
    ),
    Rule(
        "school_saint",
        re.compile(rf"(?i:{_GOES_TO})(?P<pii>(?:St\.?|Saint|Santa|Sankt|Mount|Mt\.)[ ]{NAME}(?:[ ]{NAME})?)"),
        lambda _document, match: match.span("pii"),
        words=frozenset("st saint santa sankt mount mt".split()),
        cased=True,
    ),
    Rule(
        "school_numbered",
        re.compile(
            r"(?<![\w.])(?P<school>(?P<ps>p\.s\.|i\.s\.|m\.s\.|j\.h\.s\.|ps(?=\s)|jhs|public school|school no\.?|"
            r"school number|szkoła podstawowa nr|школа №|základní škola č\.)\s?#?(?P<number>\d{1,3}))(?![\w:]|[.,]\d)"
            r"(?P<rest> (?!in\b|on\b|and\b|at\b|is\b|with\b)[a-z])?"
        ),
        _locate_numbered,
        needs=HAS_DIGIT,
        words=frozenset("p i m j ps jhs school szkoła школа škola".split()),
    ),
    Rule(
        "school_label",
        re.compile(rf"(?i:\bschool(?: name)?)\s*[:=]\s*(?P<name>{_WORD}(?:[ ](?:of |the )?{_WORD}){{0,4}})"),
        _locate_named,
        words=frozenset({"school"}),
        cased=True,
    ),
    Rule(
        "school_foreign",
        re.compile(
            rf"(?<!\w)(?:{_KIND_FIRST}[ ]{_LINKS}{NAME}(?:[ \-]{NAME}){{0,3}}|{_GERMAN_NAME}-{_GERMAN_KIND}(?!\w))"
        ),
        words=frozenset(
            """
            école ecole collège lycée colegio escuela scuola liceo escola colégio grundschule realschule gymnasium
            gesamtschule oberschule schule basisschool podstawowa liceum
            """.split()
        ),
        cased=True,
    ),
)


def is_school_at(document: Document, position: int) -> bool:
    """Whether the name of a school begins here."""
    for rule in RULES:
        if rule.name in ("school_name", "school_numbered", "school_foreign") and rule.applies_to(document):
            match = rule.pattern.match(document.text if rule.cased else document.lower, position)
            if match and rule.locate(document, match) is not None:
                return True
    return False
