"""What the words around a number say it is: a phone, a card, or an order, a score, an identifier."""

import re
from enum import Enum, auto

from metrics_api.pii_scanner.document import HAS_OTHER_SCRIPT, Document


class Cue(Enum):
    """The meaning that neighboring words give to a number."""

    PHONE = auto()
    SSN = auto()
    CARD = auto()
    OTHER = auto()


_WORDS = {
    Cue.PHONE: """
        phone phones phoning telephone tel tele telefon teléfono telefono telefone téléphone telemóvel telefonnummer
        telefonszám móvil cellulare celular cellphone gsm whatsapp whatsap imessage facetime fax hotline landline
        voicemail reachable ph phonenumber llámame llamame llama appelle appeler appelez ruf anrufen nummer numéro
        número handynummer tlf puh puhelin teléfonos טלפון נייד телефон моб звони тел τηλ τηλέφωνο telefoon bel
        helpline pager kontakt mob mobil movil natel
    """,
    Cue.SSN: "ssn ssns social security socialsecurity soc tin taxpayer",
    Cue.CARD: """
        card cards credit debit cc visa mastercard amex maestro discover diners jcb unionpay creditcard carte karte
        kreditkarte tarjeta carta cartão kaart cardnumber pan
    """,
    Cue.OTHER: """
        id ids identifier order orders ordered invoice receipt ticket tickets case ref reference tracking account
        acct accounts routing license licence passport policy member membership score scored scores scoring points
        xp coins level levels highscore timestamp ts epoch created updated version build release firmware sku isbn
        ean upc gtin barcode serial model product item items uuid guid hash sha md checksum token session device
        nonce seed key code codes pin zip zipcode postcode postal iban bic vat transaction txn batch job pid port
        bytes size length duration count total sum views likes followers price cost amount paid balance salary
        budget population distance steps calories revision commit block doi pmid lat lon lng latitude longitude
        coordinates index offset rank lottery jackpot streak combo damage hp users players imei mac vin elapsed ms
        milliseconds seconds expires exp iat nbf millis bestellung commande pedido article lot
        answer answers solution solutions solve solved result results equals equal difference quotient remainder
        factorial prime primes integer integers digit decimal decimals binary base hex hexadecimal octal bit bits power
        powers exponent squared cubed square cube root multiply multiplied divide divided times plus minus add subtract
        calculate compute evaluate simplify round rounded estimate convert converted fraction percent pi fibonacci
        sequence sequences pattern series term terms table tables counting equation expression formula value values
        math maths exercise problem question quiz homework worksheet bingo lotto draw million billion thousand hundred
        speed light gravity constant mass area volume height weight temperature frequency pixels largest smallest
        biggest greatest range print array int float var const let return palindrome multiple multiples
        divisible expected output table column row spreadsheet select holds contains
        factor factors sorted sort ascending descending product products quotients sums
        antwort ergebnis rechne berechne summe aufgabe respuesta resultado calcula suma réponse résultat calcule
        somme nombre zahl
    """,
}
_CUES = {word: cue for cue, words in _WORDS.items() for word in words.split()}
# Words about contacting someone, only together with a person or a means: "call me", "my cell", "reach us at".
_DIRECTED = frozenset(
    """
    call calling text texts txt texting sms msg message messages ring dial reach reached contact contacts mobile cell
    cel handy portable signal desk registered answering viber erreichst erreichbar
    """.split()
)
_REACHED = frozenset("me us him her them mom mum dad my our to on back mums moms dads granny grandma grandpa".split())
_NOT_REACHED = frozenset(
    "the a an this that in we they you it is are was called be number each every of no table spreadsheet blood "
    "stem plant animal battery fuel solar prison".split()
)
_LINKS = frozenset("is no nr at on me us to number".split())
# Scripts without blanks glue the word to others.
_GLUED_CUE = re.compile(
    r"(?:手机号?码?|手機|电话|電話|电话号码|携帯|號碼|号码|전화|전화번호|휴대폰|번호|연락처|โทร|เบอร์)\w{0,4}[\s::]{0,3}$"
)
_NUMBER_WORDS = frozenset({"number", "numbers", "num", "nr", "no", "digits"})
_OWNERS = frozenset("my his her our their your me mum mom dad s mums moms dads mi mein meine meu mon ma il".split())
_PASSED_OVER = frozenset("new old other own real best the a".split())
_NUMBERED = frozenset("student pupil employee staff roll house lucky magic random prime big large whole line".split())
_WORD = re.compile(r"[^\W\d_]+")
_AFTER = re.compile(
    r"[\s\-(,]{0,3}(?:(?P<phone>office|fax|mobile|cell|home|work|desk|tel|phone|"
    r"(?:call|text|txt|ring|whatsapp) (?:me|us)|is (?:my|the|his|her|"
    r"our) (?:new |cell |phone )?(?:number|phone|cell|mobile|digits))|"
    r"(?P<other>(?:is |was )?(?:divisible|rounded|squared|cubed|prime|even|odd|modulo|mod|to the nearest)|"
    r"minutes?|hours?|days?|weeks?|months?|l|ml|thousand|billion|m/s|km/h|mph|hz|khz|mhz|pixels?|"
    r"cm|mm|m|mi|kg|g|tons?|tonnes|atoms|cells|bits|degrees|percent|inhabitants|"
    r"citizens|million|meters?|inches|feet|ft|litres|liters|joules|watts|years|"
    r"points?|pts|coins?|xp|views?|likes?|people|users?|followers?|bytes|kb|mb|ms|seconds|secs|steps|"
    r"times|players?|gold|gems?|stars?|dollars|euros|usd|eur|km|miles|meters|metres|subscribers|downloads|years|"
    r"students|kids))\b",
)
_MONEY = re.compile(r"[$€£¥]\s?$")
_NUMBERED_BY_SIGN = re.compile(r"(?:[#=]|\bno\.)\s?$")


def find_cue(document: Document, start: int, end: int, reach: int = 48) -> Cue | None:
    """The meaning of the nearest telling word: right after the number, else at most `reach` characters before."""
    after = _AFTER.match(document.lower, end, end + 24)
    if after:
        return Cue.PHONE if after["phone"] else Cue.OTHER
    words = _WORD.findall(document.lower[max(0, start - reach) : start])
    for index in range(len(words) - 1, -1, -1):
        cue = _CUES.get(words[index]) or _read_number_of(words, index)
        if _is_about_reaching(words, index):
            cue = Cue.PHONE
        if cue is not None:
            return cue
    return _read_glued(document, start)


def _is_about_reaching(words: list[str], index: int) -> bool:
    """Tell "call me", "my cell is", "text Jamie at" from "we call it", "a cell", "the text"."""
    if words[index] not in _DIRECTED:
        return False
    before = words[index - 1] if index else ""
    behind = words[index + 1 : index + 3]
    if before in _OWNERS or (behind and behind[0] in _REACHED):
        return True
    if words[index] == "answering" or (len(behind) == 2 and behind[1] in ("at", "on") and behind[0] != "it"):
        return True
    return before not in _NOT_REACHED and set(words[index + 1 :]) <= _LINKS


def _read_glued(document: Document, start: int) -> Cue | None:
    if document.traits & HAS_OTHER_SCRIPT and _GLUED_CUE.search(document.lower, max(0, start - 12), start):
        return Cue.PHONE
    return None


def _read_number_of(words: list[str], index: int) -> Cue | None:
    """Tell "my new number" (a phone) from "student number" (something else); None for other words."""
    if words[index] not in _NUMBER_WORDS:
        return None
    owners = [word for word in words[max(0, index - 3) : index] if word not in _PASSED_OVER]
    if owners and owners[-1] in _OWNERS:
        return Cue.PHONE
    return Cue.OTHER if owners and owners[-1] in _NUMBERED else None


def telling_words(*cues: Cue) -> frozenset[str]:
    """The words that say that a number is one of these; without an argument, all that say anything."""
    found = frozenset(word for word, cue in _CUES.items() if cue in cues or not cues) | _NUMBER_WORDS
    return found | _DIRECTED if Cue.PHONE in cues or not cues else found


def is_money(document: Document, start: int) -> bool:
    """Whether the sign of a currency is right before the number."""
    return _MONEY.search(document.lower, max(0, start - 2), start) is not None


def is_labelled_otherwise(document: Document, start: int, end: int, reach: int = 48) -> bool:
    """Say that words, a currency or a number sign give the number another meaning than personal information."""
    cue = find_cue(document, start, end, reach)
    if cue is Cue.OTHER or is_money(document, start):
        return True
    return cue is None and _NUMBERED_BY_SIGN.search(document.lower, max(0, start - 5), start) is not None
