"""Email addresses, written plainly, spaced out, encoded or spelled as words."""

import re

from metrics_api.pii_scanner.document import HAS_AT_SIGN, HAS_BRACKETED_AT, HAS_ENCODED_AT, Document, Span
from metrics_api.pii_scanner.rules import Rule

_LOCAL = r"[\w.%+-]"
_DOMAIN = r"(?:[^\W_][\w-]{0,62}\\?\.){1,8}(?:xn--[a-z0-9-]{2,20}|[^\W\d_]{2,24})"
_ENCODED_AT = r"(?:%40|&#0{0,4}64;|&#x0{0,4}40;|&commat;|\\u0040|\\x40)"
_FILE_ENDINGS = frozenset(
    "png jpg jpeg gif svg webp avif bmp ico mp3 mp4 wav ogg webm json js mjs css html pdf".split()
)

# Endings that are no everyday words, so that "polka dot me" and "noon dot in" stay plain language.
_SPOKEN_ENDING = (
    r"(?:com|net|org|edu|gov|io|info|app|dev|xyz|eu|uk|us|ca|au|nz|ie|za|de|fr|nl|ch|es|pt|br|mx|pl|cz|sk|hu|ro|gr|"
    r"ru|ua|fi|dk|il|jp|cn|kr|sg|tr|co)"
)
_PROVIDER = (
    r"(?:gmail|googlemail|yahoo|ymail|hotmail|outlook|icloud|aol|gmx|protonmail|proton|live|msn|mail|web|yandex)"
)
_PROVIDERS = frozenset(_PROVIDER.strip("(?:)").split("|"))
_AT_WORD = r"(?:at|arroba|chiocciola|klammeraffe|chez)"
_DOT_WORD = r"(?:dot|d0t|punto|ponto|punkt|point|period)"
_DOT_WORDS = frozenset(_DOT_WORD.strip("(?:)").split("|"))
_OPEN, _CLOSE = r"[\[({<|*_\"']{1,2}\s?", r"\s?[\])}>|*_\"']{1,2}"
_BRACKETED_AT = rf"(?:{_OPEN}(?:{_AT_WORD}|@){_CLOSE})"
_DOT = rf"(?:\s{{0,2}}{_OPEN}(?:{_DOT_WORD}|\.){_CLOSE}\s{{0,2}}|\s{{1,2}}{_DOT_WORD}\s{{1,2}}|\s?\.)"
_SPOKEN_DOMAIN = rf"[^\W_][\w-]{{0,40}}(?:{_DOT}[\w-]{{2,30}}){{0,2}}{_DOT}{_SPOKEN_ENDING}\b"
_JOINER = r"(?:\s(?:dot|punto|ponto|punkt|point|underscore|dash|hyphen|minus|plus)\s)"
_SPOKEN_LOCAL = rf"(?<![\w.@])(?=\w)[\w.+-]{{1,40}}+(?:{_JOINER}[\w.+-]{{1,40}}+){{0,3}}"
# Not possessive: the underscore of _at_ is a letter of the name, too.
_LOCAL_BEFORE_BRACKET = _SPOKEN_LOCAL.replace("}+", "}")
_NOT_A_LOCAL = frozenset(
    """
    me us you him her it them i we they is are was were be been look looking looks find found check click visit see
    shop buy play playing watch sign up out in here there online more info meet meeting met starts start ends end
    live work works working worked hosted available back now tomorrow today tonight later stay stop come go going
    get home this that all arrived register log read learn join and or the a an also class lesson only just not at
    sale games game news videos video support page site website app everyone somebody people friends stuff things
    free again
    """.split()
)
_DISGUISE = re.compile(r"[\s\[({<|*]")
_IS_SPOKEN = re.compile(rf"\s{_DOT_WORD}\s")
_EMAIL_CUE = re.compile(r"\be-?mails?\b|\bmail(?: me| is)?\b|\bwrite (?:to|me)\b|\baddress\b|\bcontact\b|\bcorreo\b")


def _locate_plain(_document: Document, match: re.Match[str]) -> Span | None:
    """Leave out picture names such as icon@2x.png and the user of a repository address such as git@host:path."""
    ending = match["domain"].rpartition(".")[2]
    is_repository = match["local"] == "git" and match.string[match.end() : match.end() + 1] in (":", "/")
    if ending in _FILE_ENDINGS or is_repository:
        return None
    lead = len(match["local"]) - len(match["local"].lstrip("."))
    return match.start() + lead, match.end()


def _locate_disguised(_document: Document, match: re.Match[str]) -> Span | None:
    """Leave plain addresses to the plain rule, which knows its exceptions."""
    return match.span() if _DISGUISE.search(match[0]) else None


def _locate_spoken(_document: Document, match: re.Match[str]) -> Span | None:
    """Take "john at example dot com"; not "look at example dot com", nor a bare "us at example.com"."""
    local = match["local"].split()
    is_spoken = _IS_SPOKEN.search(match[0]) is not None
    known_provider = re.match(_PROVIDER, match["domain"]) is not None
    if local[0] in _NOT_A_LOCAL or local[-1] in _NOT_A_LOCAL or not (is_spoken or known_provider):
        return None
    return match.span()


def _locate_at_provider(document: Document, match: re.Match[str]) -> Span | None:
    """Take "my email is john at gmail" for what it says."""
    before = document.lower[max(0, match.start() - 40) : match.start()]
    if match["local"] in _NOT_A_LOCAL or not _EMAIL_CUE.search(before):
        return None
    return match.span()


RULES = (
    Rule(
        "email_address",
        re.compile(rf"(?<!{_LOCAL})(?P<local>{_LOCAL}{{1,64}}+)\\?@(?P<domain>{_DOMAIN})(?!\w)"),
        _locate_plain,
        needs=HAS_AT_SIGN,
    ),
    Rule(
        "email_spaced",
        re.compile(
            rf"(?<![\w.@])(?=\w)(?P<pii>[\w.+-]{{2,64}}+\s{{0,2}}@\s{{0,2}}[^\W_][\w-]{{1,40}}(?:\s{{1,2}}\.\s?|"
            rf"\s?\.\s{{1,2}}|\.)"
            rf"{_SPOKEN_ENDING})(?![\w@])"
        ),
        _locate_disguised,
        needs=HAS_AT_SIGN,
    ),
    Rule(
        "email_spelled_letters",
        re.compile(r"(?<!\S)(?:[\w.] ){2,40}+@(?: [\w-]){2,40}+ \.(?: \w){2,10}(?!\w)"),
        needs=HAS_AT_SIGN,
    ),
    Rule(
        "email_at_sign_spoken_dot",
        re.compile(rf"{_SPOKEN_LOCAL}\s?@\s?[\w-]{{2,40}}(?:{_DOT}[\w-]{{2,30}}){{0,2}}{_DOT}{_SPOKEN_ENDING}\b"),
        _locate_disguised,
        needs=HAS_AT_SIGN,
    ),
    Rule(
        "email_quoted",
        re.compile(rf"\"[^\"\n@]{{1,64}}\"@{_DOMAIN}(?!\w)"),
        needs=HAS_AT_SIGN,
    ),
    Rule(
        "email_url_encoded",
        re.compile(rf"(?<![\w.+-])[\w.+-]{{1,64}}+{_ENCODED_AT}{_DOMAIN}(?!\w)"),
        needs=HAS_ENCODED_AT,
    ),
    Rule(
        "email_bracketed_at",
        re.compile(rf"{_LOCAL_BEFORE_BRACKET}\s{{0,2}}{_BRACKETED_AT}\s{{0,2}}(?:{_SPOKEN_DOMAIN}|{_DOMAIN}(?!\w))"),
        needs=HAS_BRACKETED_AT,
    ),
    Rule(
        "email_spoken",
        re.compile(rf"(?P<local>{_SPOKEN_LOCAL})\s{{1,2}}{_AT_WORD}\s{{1,2}}(?P<domain>{_SPOKEN_DOMAIN})"),
        _locate_spoken,
        words=_DOT_WORDS | _PROVIDERS,
    ),
    Rule(
        "email_at_provider",
        re.compile(
            rf"(?<![\w.@])(?=\w)(?P<local>[\w.+-]{{2,40}}+)\s{{1,2}}(?:{_AT_WORD}|@)\s{{1,2}}{_PROVIDER}(?: com)?\b"
        ),
        _locate_at_provider,
        words=frozenset("gmail googlemail yahoo ymail hotmail outlook icloud aol gmx protonmail proton yandex".split()),
    ),
)
