"""Fragments of patterns for capitalized words of any European script."""

import re
from itertools import chain

_CASED_BLOCKS = (range(0x41, 0x250), range(0x370, 0x530), range(0x1E00, 0x2000))
CAPITAL = "".join(re.escape(chr(code)) for code in chain(*_CASED_BLOCKS) if chr(code).isupper())

PARTICLE = (
    r"(?:de|da|do|du|dos|das|des|del|della|delle|dei|di|la|le|les|los|las|el|al|van|von|der|den|ter|ten|of|the|and|"
    r"y|e|en|i|zu|zum|zur|am|an|na|nad|pod|u|v|på|av|bin|ibn|abu|mc|st\.|sta\.|d'|l')"
)
NAME = rf"[{CAPITAL}](?:[^\W\d_]|['’\-](?=[^\W\d_])){{0,40}}+"
"""One capitalized word: Anna, O'Neill, Jean-Luc."""
GLUE = r"0-9A-Za-z_\u00c0-\u024f\u0370-\u052f"
"""What makes one token with a number it touches; scripts that write without spaces do not."""
INITIAL = rf"[{CAPITAL}]\."
