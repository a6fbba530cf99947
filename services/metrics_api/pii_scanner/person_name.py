"""Names of people where they are introduced, or stand together with a school."""

import re

from metrics_api.pii_scanner.document import Document, Span
from metrics_api.pii_scanner.letters import INITIAL, NAME, PARTICLE
from metrics_api.pii_scanner.rules import Rule
from metrics_api.pii_scanner.school import is_school_at

_FULL_NAME = rf"(?P<pii>{NAME}(?:[ ](?:{PARTICLE}[ ]){{0,2}}(?:{NAME}|{INITIAL})){{0,4}})(?![\w\-:/_]\w|[\[(<_])"
_TITLE = r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Prof|mr|mrs|ms|dr)\.?[ ])?"
_RELATIVE = (
    r"(?:son|daughter|kid|child|baby|boy|girl|brother|sister|mom|mum|mother|dad|father|friend|bestie|bff|cousin|twin|"
    r"partner|husband|wife|uncle|aunt|grandma|grandpa|niece|nephew|student|pupil|teacher|neighbou?r|little one)"
)
_RELATIVE_WORDS = frozenset(_RELATIVE.strip("(?:)").replace("u?", "").split("|")) | {"little", "neighbour"}
_LABEL = r"(?:(?:full|first|last|student|child|kid|pupil|player|real|nick|sur|given|family|parent|teacher)[ _]?)"
_NOT_A_NAME = frozenset(
    """
    not on in at the a an is was are and or but so very just here there from with for to of it its it's he she they
    we you i i'm my your his her our their this that these those what who how why when where which no yes ok okay hi
    hello hey american british english irish scottish welsh canadian australian indian chinese japanese korean
    german french spanish italian portuguese brazilian mexican dutch swedish norwegian danish finnish polish czech
    slovak hungarian greek turkish russian ukrainian israeli jewish muslim christian catholic african european asian
    arab estonian latvian lithuanian swiss austrian belgian romanian bulgarian croatian serbian slovenian egyptian
    iranian iraqi pakistani latino latina hispanic black white happy sad sorry glad sure fine good great best new
    done ready back late sick tired hungry bored going coming having feeling learning playing trying looking
    wondering doing getting making also still now never always really proud excited thankful grateful afraid unable
    able out up down off over all one two everyone someone nobody student teacher kid girl boy monday tuesday
    wednesday thursday friday saturday sunday january february march april june july august september october
    november december god santa batman superman spiderman iron spelled incorrect wrong correct taken changed missing
    important secret hidden private required invalid unknown none null true false test example user player guest
    admin anonymous n/a tbd based like because if then than as about appears too much more most star wars optional
    list str string file int float dict any
    """.split()
)


def _locate_name(document: Document, match: re.Match[str]) -> Span | None:
    """Drop what follows a word that is no name; nothing is left of "I'm Happy"."""
    start, end = match.span("pii")
    kept = start
    for word in re.finditer(r"\S+", document.lower[start:end]):
        if word[0].rstrip(".,!?'’") in _NOT_A_NAME:
            break
        kept = start + word.end()
    name = document.text[start:kept].rstrip(" .,-'’")
    return (start, start + len(name)) if len(name) > 1 else None


_SENTENCE_GOES_ON = re.compile(r" [a-z]")


def _locate_labelled(document: Document, match: re.Match[str]) -> Span | None:
    """Take "Name: Ana Cruz", and leave out a lower-case field whose value is a phrase, as in configuration files."""
    if match["label"].islower() and _SENTENCE_GOES_ON.match(document.text, match.end()):
        return None
    return _locate_name(document, match)


def _locate_before_school(document: Document, match: re.Match[str]) -> Span | None:
    return _locate_name(document, match) if is_school_at(document, match.end()) else None


def _cased(before: str) -> re.Pattern[str]:
    return re.compile(rf"{before}{_TITLE}{_FULL_NAME}")


_ANY_CASE_NAME = r"(?P<pii>[^\W\d_]{2,20}(?:[ ][^\W\d_]{2,20})?)(?![\w'’])"

RULES = (
    Rule(
        "name_my_name_is",
        _cased(
            r"(?i:\b(?:my|his|her|our|their|its|(?:son|daughter|kid|child|"
            r"friend)['’]?s)\s(?:\w+\s)?name(?:['’]?s|\sis|:)\s(?:called\s)?)"
        ),
        _locate_name,
        words=frozenset({"name", "names"}),
        cased=True,
    ),
    Rule(
        "name_my_name_is_lower",
        re.compile(rf"\b(?:my|his|her)\s(?:real\s|full\s|first\s|last\s)?name(?:['’]?s|\sis)\s{_ANY_CASE_NAME}"),
        _locate_name,
        words=frozenset({"name", "names"}),
    ),
    Rule(
        "name_i_am",
        _cased(r"(?<!\w)(?:[Ii]['’]?m|[Ii] am)\s"),
        _locate_name,
        words=frozenset({"i", "im"}),
        cased=True,
    ),
    Rule(
        "name_this_is",
        _cased(
            rf"(?i:\bthis is\s(?:my\s(?:\w+\s)?{_RELATIVE},?\s)|\bmeet\s(?:my\s(?:\w+\s)?{_RELATIVE},?\s)|"
            r"\b(?:hi|hello|hey)[,!.]?\s(?:this is|it['’]?s)\s)"
        ),
        _locate_name,
        words=frozenset("this meet hi hello hey".split()),
        cased=True,
    ),
    Rule(
        "name_relative",
        _cased(
            rf"(?i:\b(?:my|our|his|her)\s(?:\w+\s)?{_RELATIVE}(?:,|\sis\s(?:called|named)|\snamed|\scalled|"
            rf"['’]s name is|"
            r"['’]s name)?\s)"
        ),
        _locate_name,
        words=_RELATIVE_WORDS,
        cased=True,
    ),
    Rule(
        "name_called",
        _cased(
            r"(?i:\b(?:call(?:s|ed)? me|(?:named|called) (?:him|her|them)|(?:he|she)(?:['’]s| is|"
            r" was) (?:called|named)|signed(?: by)?)\s)"
        ),
        _locate_name,
        words=frozenset("call calls called named signed".split()),
        cased=True,
    ),
    Rule(
        "name_corrected",
        _cased(
            r"(?i:\bname\b[^.?!\n]{0,90}\b(?:change|correct|update|set)\s(?:it|this|that)\sto\s|"
            r"\b(?:change|correct|update|set)\s(?:my|the|his|her)\sname\sto\s)"
        ),
        _locate_name,
        words=frozenset({"name"}),
        cased=True,
    ),
    Rule(
        "name_label",
        re.compile(rf"(?i:(?<![^\s>;,.|({{\[])(?P<label>{_LABEL}?name)\s*[:=]\s*){_TITLE}{_FULL_NAME}"),
        _locate_labelled,
        words=frozenset("name fullname firstname lastname surname nickname studentname childname".split()),
        cased=True,
    ),
    Rule(
        "name_asked",
        _cased(r"(?i:\bwhat(?:['’]?s| is) (?:your|his|her|their|the) (?:\w+\s)?name[^?\n]{0,20}\?\s*(?:\w+:\s*)?)"),
        _locate_name,
        words=frozenset({"name"}),
        cased=True,
    ),
    Rule(
        "name_with_school",
        re.compile(
            rf"(?<![\w'’]){_FULL_NAME},?[ ](?:\(?\d{{1,2}}\)?,?[ ])?(?:who[ ])?(?:goes to|goes in|attends|is at|"
            rf"from|at|of|"
            r"is (?:a |an )?[\w ]{1,24} (?:at|in)|in [\w ]{1,14} at|started(?: at)?|studies at)[ ](?:the )?"
        ),
        _locate_before_school,
        words=frozenset(
            """
            school academy elementary kindergarten preschool ps jhs p école lycée collège colegio escuela scuola
            """.split()
        ),
        cased=True,
    ),
)
