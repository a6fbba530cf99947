"""Words that make a street, a unit or a post box, in the languages in which children's families write them."""

ENGLISH_STREETS = frozenset(
    """
    street streets st str avenue avenues ave av road roads rd lane ln boulevard blvd drive drives dr court courts ct
    terrace terr crescent cres highway hwy parkway pkwy close way place pl grove mews gardens gdns rise square sq
    esplanade parade quay wharf turnpike expressway freeway alley alleyway loop trail trl circle circles cir
    crossing heights row walk marg nagar colony chowk gully layout broadway
    """.split()
)
"""After a number and a name these make an address."""

DOUBTFUL_STREETS = frozenset(
    """
    park parks hill hills view views green greens point gate gateway bridge mill mills village villages islands
    valley valleys forest forests forges forge center centers centre plaza station stations cross field fields path
    ridge ridges mall bend landing run pass ranch spring springs meadow meadows manor manors estate estates haven
    hollow orchard summit vista cove coves glen glens knoll knolls shore shores cliff cliffs creek dale dam flat
    flats garden harbor harbors isle junction junctions lodge oval prairie radial rapids rapid route squares
    stravenue track trace tunnel union unions ville vale common crossroad crossroads extension extensions falls
    ferry ford fords fork forks fort freeway inlet key keys lake lakes light lights loaf locks mission motorway
    mount mountain mountains neck overpass passage pike pine pines plain plains ports port shoal shoals skyway spur
    spurs stream throughway trafficway turnpike underpass viaduct walks wall well wells bayou beach bluff bluffs
    bottom branch brook brooks burg burgs bypass camp canyon cape causeway club corner corners course curve divide
    fall ways quad ramble roadway gardens croft
    """.split()
)
"""Names of places as much as of streets: they need other evidence, such as a unit, a post code or a high number."""

PLAIN_WORD_STREETS = frozenset(
    """
    way place court courts close row walk circle circles loop trail drive drives rise parade square crossing alley
    heights colony layout gardens str av st streets roads
    """.split()
)
"""Everyday words: in lower case they are taken for a street only next to other evidence."""

STREETS_FIRST = frozenset(
    """
    rue avenue av. bd boulevard allée allées allee chemin impasse quai ruelle sentier faubourg viale v.le piazza
    piazzale piazzetta p.za vicolo contrada lungomare via borgo calle c/ avenida avda avda. avd. av paseo plaza
    camino carretera ronda travesía travesia callejón callejon jirón privada rua r. rúa travessa praça alameda
    estrada rodovia avinguda carrer ul. ulica ulice ulici ulicy aleja aleje alei al. pl. plac os. osiedle nám.
    náměstí namesti třída trida trg cesta str. strada bulevardul b-dul calea aleea intrarea soseaua șoseaua splaiul
    jalan jl. gang gg. strasse straße улица ул. проспект пр. пр-т пр-кт пер. переулок провулок вулиця вул. шоссе ш.
    бульвар алл. аллея наб. набережная площа οδός οδου λεωφόρος λεωφ. λ. πλατεία πλ. r
    """.split()
)
"""Street types that come before the name, as in Romance and Slavic languages."""

STREETS_BETWEEN_NUMBER_AND_NAME = frozenset("place square passage route cours montée rang esplanade ave".split())
"""More street types of French, which are other words without a house number before them."""

AMBIGUOUS_STREETS_FIRST = frozenset(
    "via r r. av av. al. os. pl. strada plaza camino cesta plac borgo gang privada ронда".split()
)
"""Of these, the ones that are words or abbreviations elsewhere ("via Zoom 5")."""

STREET_ENDINGS = (
    *(
        "straße",
        "strasse",
        "strase",
        "straat",
        "str",
        "gasse",
        "gässchen",
        "allee",
        "allé",
        "alléen",
        "platz",
        "weg",
        "damm",
    ),
    *(
        "ufer",
        "steig",
        "stieg",
        "chaussee",
        "pfad",
        "ring",
        "laan",
        "plein",
        "gracht",
        "dijk",
        "singel",
        "kade",
        "dreef",
    ),
    *(
        "steenweg",
        "steeg",
        "baan",
        "gatan",
        "vägen",
        "gränd",
        "stigen",
        "torget",
        "väg",
        "gata",
        "gate",
        "vegen",
        "veien",
        "vei",
    ),
    *(
        "veg",
        "svingen",
        "bakken",
        "vej",
        "vejen",
        "gade",
        "gaden",
        "stræde",
        "vænget",
        "toften",
        "parken",
        "engen",
        "marken",
    ),
    *("toppen", "kollen", "stranda", "katu", "kuja", "polku", "tie", "ranta", "raitti", "kaari", "penger", "braut"),
    *(
        "stræti",
        "straeti",
        "vegur",
        "hlíð",
        "stígur",
        "gatu",
        "utca",
        "útja",
        "tänav",
        "puiestee",
        "maantee",
        "iela",
        "gatvė",
    ),
)
"""Ends of one-word street names, as in Germanic, Nordic and Finnic languages."""

AMBIGUOUS_ENDINGS = (
    *(
        "str",
        "weg",
        "tie",
        "gate",
        "kade",
        "gade",
        "gaden",
        "parken",
        "marken",
        "engen",
        "ranta",
        "kaari",
        "veg",
        "damm",
        "ring",
    ),
    *("steig", "stieg", "pfad", "baan", "steeg", "toppen", "kollen", "stranda"),
)
"""Of these, the ones on which words that are no street end too (arcade, navigate, zombie)."""

STREETS_AFTER = frozenset(
    """
    utca útja út u. tér tere rkp rkp. rakpart körút krt krt. köz sétány fasor tee tänav tn mnt pst põik gate plads
    plass vei väg vägen straße strasse str. platz allee allé weg ring ufer straat laan katu sokak sok. sk. sokağı
    caddesi cad. cd. mahallesi bulvarı street st st. road avenue ulica cesta trg prečac
    """.split()
)
"""Separate words after the name that are followed by the number."""

UNIT = r"(?:apartment|appartement|apt|appt|apto|suite|ste|unit|flat|wohnung|whg|lgh|lejl|daire)"
UNIT_WORDS = frozenset(UNIT.strip("(?:)").split("|"))
UNIT_BEHIND = (
    rf"(?:{UNIT[3:-1]}|byt|mieszkanie|m\.|piso|puerta|portal|esc\.|escalera|edif\.|depto\.?|dpto\.?|oficina|"
    rf"apartamento|"
    r"appartamento|scala|interno|bloco|bl\.|sc\.|ap\.|et\.|sala|casa|floor|fl\.|room|rm|кв\.|к\.|корп\.|стр\.|"
    r"דירה|bldg|building|lot|#)"
)
"""What comes after a street and number: UNIT, and more words that say nothing on their own."""

FUNCTION_WORDS = frozenset(
    """
    to on in at for with is was are were be been has have had and or but if when then than can could will would
    should just got get gets getting went go goes going gone more most my your our we i you he she it they them this
    that these those there here from by not no so do does did done me him us who what where why how which because
    since after before until please only all any some many few also into onto over under about as out up down off
    between during per vs every last next first again ever never always still yet i'm it's thanks et est avec pour
    dans elle nous vous je j'ai ont qui que und oder ist mit für auf ich wir sie som med och og
    """.split()
)
COUNTED_THINGS = frozenset(
    """
    minute minutes min mins hour hours hr hrs second seconds sec secs day days week weeks month months year years
    mile miles km m meter meters metre metres kilometer kilometers kilometre kilometres foot feet ft inch inches
    block blocks step steps people kids children friends students boys girls cars buses bikes houses times time
    points pts coins stars level levels player players pm am percent pages page book books game games dollars euros
    bucks cents kg g lb lbs grade class team teams round rounds lap laps goal goals star hearts lives questions new
    different other long short o'clock degrees half million billion thousand hundred x way cats dogs ans jahre años
    anni lat chapter chapters lane lanes episodes seasons songs copies boxes bags miles laps
    """.split()
)
NUMBERED_THINGS = frozenset(
    """
    january february march april may june july august september october november december jan feb mar apr jun jul
    aug sep sept oct nov dec monday tuesday wednesday thursday friday saturday sunday level stage world room zone
    page chapter gate platform terminal track channel flight windows iphone ipad xbox playstation galaxy pixel
    planet season episode grade year class team group studio lesson unit module week day hour round game version
    part volume vol question exercise test quiz section article title figure table step line row seat bus train exit
    floor castle dungeon mission quest server lobby realm wave map block score number no top minecraft fortnite
    roblox fifa mario spring summer autumn fall winter easter christmas age aged points about only almost nearly
    since until before after hz khz mhz ghz kw kwh usd eur gbp apollo formula problem task zoom via
    """.split()
)
"""Words that are counted or numbered without being a street: "Level 12", "March 12"."""

# Each begins with plain letters, on which the pattern engine rejects it fastest.
_STRONG_CUES = (
    *(r"live\s(?:at|on):?", r"lives\s(?:at|on):?", r"lived\s(?:at|on)", r"living\s(?:at|on)", r"reside\s(?:at|on)"),
    *(r"resides\s(?:at|on)", r"address(?:es)?(?:\s(?:is|are|to|with|was))?:?", r"moved to"),
    *(
        r"wohn(?:e|en|t)\s(?:in der|in|am|an der)",
        r"adresse?(?:\s(?:ist|est))?:?",
        r"adres:?",
        r"j['’]habite(?:\sau|\sà)?",
    ),
    *(r"habite(?:\sau)?", r"vivo en", r"vive en", r"direcci[óo]n(?:\ses)?:?", r"abito in", r"abita in"),
    *(r"indirizzo(?:\sè)?:?", r"moro na", r"mora na", r"endereço(?:\sé)?:?", r"mieszkam (?:na|przy)"),
    *(r"woon (?:op|aan|in)", r"bor (?:på|i)", r"osoit(?:e|teeni|teessa|teeseen)(?:\son)?:?"),
)
_SENDING = "send sent ship shipped deliver delivered mail mailed return returned post posted".split()
_PLACES = "house home place apartment flat office offices station restaurant school shop store party farm".split()
_OTHER_CUES = (
    *(r"live\sin", r"lives\sin", r"lived\sin", r"living\sin", r"located\s(?:at|in|on)", r"moved (?:in at|into)"),
    *(r"meet(?:\s(?:me|you|us|up))?\s(?:at|on|in)", r"meeting(?:\s(?:me|you|us|up))?\s(?:at|on|in)", r"taxi to"),
    *(
        r"arrived at",
        r"come (?:over )?to",
        r"stop at",
        r"side of",
        r"enter on",
        r"it is",
        r"it['’]s in",
        r"stay(?:s|ing)? at",
    ),
)
STRONG_CUE = rf"\b(?:{'|'.join(_STRONG_CUES)})"
_CUES = (
    *_STRONG_CUES,
    *_OTHER_CUES,
    *(rf"{verb}\s(?:\w+\s){{0,4}}?to\b:?" for verb in _SENDING),
    *(rf"{noun}\s(?:is\s|are\s)?(?:at|on|in)" for noun in _PLACES),
)
CUE = rf"\b(?:{'|'.join(_CUES)})"
"""Words after which a name and a number are an address; after a strong one a single digit is enough."""

CUE_WORDS = frozenset(_SENDING + _PLACES) | frozenset(
    """
    live lives lived living reside resides address addresses located meet meeting taxi arrived moved come stop side
    enter wohne wohnen wohnt adresse adress adres vivo vive dirección direccion habite abito abita indirizzo moro
    mora endereço mieszkam woon bor osoite osoitteessa osoitteeni osoitteeseen it stay stays staying
    """.split()
)
