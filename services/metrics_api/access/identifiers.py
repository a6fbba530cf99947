"""Masks for addresses and fingerprints, and references that stand for them.

A reference is the identifier encrypted by AES-SIV (RFC 5297): the same identifier always gives the same reference, and
only this service can turn it back.
"""

import base64
import hashlib
import ipaddress
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

_PREFIX = "ref_"
_REFERENCE = "reference"
_SHOWN_IPV6_GROUPS = 3
_COMMENT = re.compile(r"\([^()]*\)?")
_PRODUCT = re.compile(r"(?:^|(?<=\s))[A-Za-z][A-Za-z-]{1,23}(?=/)|^[A-Za-z][A-Za-z-]{1,23}(?=\s|$)")
_SHOWN_CHARACTERS = 6
_ALIAS_BYTES = 5
_PSEUDONYM_BYTES = 8
_SHOWN_BITS = {4: 24, 6: 16 * _SHOWN_IPV6_GROUPS}


def mask_ip_address(ip_address: str) -> str:
    """The network of an address or of an IPv6 prefix: `203.0.113.*`, `2001:db8:1::*`."""
    address = ipaddress.ip_network(ip_address).network_address
    if isinstance(address, ipaddress.IPv4Address):
        return str(address).rpartition(".")[0] + ".*"
    groups = [f"{int(group, 16):x}" for group in address.exploded.split(":")[:_SHOWN_IPV6_GROUPS]]
    return ":".join(groups) + "::*"


def mask_network(cidr: str) -> str:
    """A network, or the wider one of `mask_ip_address` if it is narrower than that."""
    network = ipaddress.ip_network(cidr)
    widest = _SHOWN_BITS[network.version]
    return cidr if network.prefixlen <= widest else mask_ip_address(str(network.network_address))


def mask_device(fingerprint: str) -> str:
    """The first 6 characters, if that leaves something to guess."""
    return (fingerprint[:_SHOWN_CHARACTERS] if len(fingerprint) > _SHOWN_CHARACTERS else "") + "…"


def mask_user_agent(user_agent: str) -> str:
    """The product names of a user agent, enough to tell a browser from a script: `Mozilla AppleWebKit Chrome`, `curl`.

    Versions, the device in parentheses and everything else that tells one person from another are left out.
    """
    return " ".join(dict.fromkeys(_PRODUCT.findall(_COMMENT.sub(" ", user_agent)))) or "…"


class References:
    """Turns identifiers into references and back."""

    def __init__(self, key: str) -> None:
        self._cipher = AESSIV(hashlib.sha512(key.encode()).digest())
        self._mark_key = hashlib.sha512(f"erasures {key}".encode()).digest()
        self._pseudonym_key = hashlib.sha512(f"pseudonyms {key}".encode()).digest()
        self._alias_key = hashlib.sha256(b"alias " + key.encode()).digest()

    def to_ref(self, identifier: str) -> str:
        """The reference that stands for the identifier."""
        return _PREFIX + self.seal(identifier, purpose=_REFERENCE)

    def to_alias(self, identifier: str) -> str:
        """A short alias of the identifier, the same for everyone, so that people can tell masked ones apart.

        Nothing accepts it in place of the identifier.
        """
        digest = hashlib.blake2b(identifier.encode(), key=self._alias_key, digest_size=_ALIAS_BYTES).digest()
        return base64.b32encode(digest).decode().lower()

    def to_identifier(self, given: str) -> str:
        """The identifier behind a reference; a text that is not our reference is returned as it is."""
        encoded = given.removeprefix(_PREFIX)
        identifier = None if encoded == given else self.unseal(encoded, purpose=_REFERENCE)
        return given if identifier is None else identifier

    def to_mark(self, kind: str, identifier: str) -> bytes:
        """A keyed hash of the identifier; without the key it cannot be reversed or guessed by trial."""
        given = f"{kind}:{identifier}".encode()
        return hashlib.blake2b(given, key=self._mark_key, digest_size=20, person=b"erasures").digest()

    def to_pseudonym(self, kind: str, value: str) -> str:
        """A keyed hash in hexadecimal that stands for a value which must not be stored."""
        given = f"{kind}:{value}".encode()
        return hashlib.blake2b(given, key=self._pseudonym_key, digest_size=_PSEUDONYM_BYTES).hexdigest()

    def seal(self, text: str, *, purpose: str) -> str:
        """The text encrypted for one purpose, so that a value of one kind cannot be passed off as another."""
        encrypted = self._cipher.encrypt(text.encode(), [purpose.encode()])
        return base64.urlsafe_b64encode(encrypted).decode().rstrip("=")

    def unseal(self, sealed: str, *, purpose: str) -> str | None:
        """The sealed text, or None if it was not sealed here for this purpose."""
        try:
            encrypted = base64.urlsafe_b64decode(sealed + "=" * (-len(sealed) % 4))
            return self._cipher.decrypt(encrypted, [purpose.encode()]).decode()
        except (ValueError, InvalidTag):
            return None


@dataclass(frozen=True)
class Identifiers:
    """Identifiers as this caller may see them: in full or masked."""

    references: References
    whole: bool

    def show_ip_address(self, ip_address: str) -> str:
        """The address, or its mask."""
        return ip_address if self.whole else mask_ip_address(ip_address)

    def show_network(self, cidr: str) -> str:
        """The network, or a wider one as its mask."""
        return cidr if self.whole else mask_network(cidr)

    def show_device(self, fingerprint: str) -> str:
        """The fingerprint, or its first characters."""
        return fingerprint if self.whole else mask_device(fingerprint)

    def show_user(self, user_id: str) -> str:
        """A person's id, or its first characters."""
        return user_id if self.whole else mask_device(user_id)

    def show_user_agent(self, user_agent: str) -> str:
        """The user agent, or its product names."""
        return user_agent if self.whole else mask_user_agent(user_agent)
