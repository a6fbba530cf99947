"""Ids and user agents as apps, browsers and analytics make them; none of them is personal information."""

import base64
import string
from collections.abc import Callable, Mapping
from random import Random
from uuid import UUID

_LETTERS = string.ascii_letters + string.digits


def _digits(number: int) -> Callable[[Random], str]:
    return lambda random: str(random.randrange(10 ** (number - 1), 10**number))


def _hexadecimal(number: int) -> Callable[[Random], str]:
    return lambda random: f"{random.getrandbits(4 * number):0{number}x}"


def _draw(alphabet: str, number: int) -> Callable[[Random], str]:
    return lambda random: "".join(random.choices(alphabet, k=number))


def _uuid(random: Random) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _time(random: Random) -> int:
    return random.randrange(1_600_000_000, 1_800_000_000)


ID_MAKERS: Mapping[str, Callable[[Random], str]] = {
    "uuid": _uuid,
    "uuid in capitals": lambda random: _uuid(random).upper(),
    **{f"{number} digits": _digits(number) for number in (7, 9, 10, 11, 12, 13, 17, 18, 19)},
    **{f"{number} hexadecimal digits": _hexadecimal(number) for number in (16, 24, 32, 40, 64)},
    "snowflake": lambda random: str(_time(random) * 1000 - 1_288_834_974_657 << 22 | random.getrandbits(22)),
    "facebook user": lambda random: f"1000{random.randrange(10**10, 10**11)}",
    "instagram account": lambda random: f"178414{random.randrange(10**10, 10**11)}",
    "milliseconds": lambda random: f"{_time(random)}{random.randrange(1000):03}",
    "microseconds": lambda random: f"{_time(random)}{random.randrange(10**6):06}",
    "date and order": lambda random: f"202611{random.randrange(1, 31):02}{random.randrange(10**8):08}",
    "prefix": lambda random: f"user-{random.randrange(10**9, 10**10)}",
    "nanoid": _draw(_LETTERS + "-_", 21),
    "firebase": _draw(_LETTERS, 28),
    "ulid": _draw("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 26),
    "base64": lambda random: base64.b64encode(random.randbytes(16)).decode(),
    "base64 for urls": lambda random: base64.urlsafe_b64encode(random.randbytes(32)).decode().rstrip("="),
    "google analytics": lambda random: f"GA1.2.{random.randrange(10**9, 2**31)}.{_time(random)}",
    "google analytics client": lambda random: f"{random.randrange(10**8, 2**31)}.{_time(random)}",
    "facebook browser": lambda random: f"fb.1.{_time(random)}123.{random.randrange(10**8, 10**10)}",
    "date and number": lambda random: (
        f"2026-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}-{random.randrange(10_000):04}"
    ),
    "time": lambda random: f"20261130{random.randrange(24):02}{random.randrange(60):02}{random.randrange(60):02}",
    "time and number": lambda random: f"{_time(random)}-{random.randrange(10**4, 10**9)}",
    "session": lambda random: f"sess_{_time(random)}123_{random.getrandbits(32):08x}",
    "link": lambda random: f"link-{random.randrange(10**6)}-{random.randrange(10**6)}",
    "version": lambda random: f"{random.randrange(200)}.0.{random.randrange(10_000)}.{random.randrange(300)}",
    "three groups of four": lambda random: "-".join(f"{random.randrange(10_000):04}" for _ in range(3)),
    "class": lambda random: f"class {random.randrange(1, 12)}{random.choice('ABC')} room {random.randrange(100, 400)}",
}

CARD_LIKE_MAKERS: Mapping[str, tuple[Callable[[Random], str], float]] = {
    "order of 15 digits": (_digits(15), 0.004),
    "order of 16 digits": (_digits(16), 0.03),
    "page-scoped user": (lambda random: f"{random.randrange(10**15, 9 * 10**15)}", 0.03),
}
"""Ids of as many digits as a card has, and which share of them may be taken for one: those that look like a card."""

IN_APP_USER_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 312.0.1.19.124 (iPhone14,5; iOS 17_1_2; en_US; en; scale=3.00; 1170x2532; 548339486)",
    "Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A.231005.007; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/120.0.6099.129 Mobile Safari/537.36 Instagram 313.0.0.26.328 Android (34/14; 450dpi; "
    "1080x2115; samsung; SM-S918B; dm3q; qcom; en_US; 548375673)",
    "Mozilla/5.0 (Linux; Android 13; SM-A536B Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Version/4.0 Chrome/119.0.6045.163 Mobile Safari/537.36 [FB_IAB/FB4A;FBAV/442.0.0.44.114;FBBV/548375673;]",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20G75 "
    "musical_ly_32.5.0 JsSdk/2.0 NetType/WIFI Channel/App Store ByteLocale/en Region/US FalconTag/5D1B2F-1234567890",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.129 "
    "Safari/537.36",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.235 "
    "Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Snapchat/12.68.0.36 (like Safari/8617.1.17.10.9, panda)",
    "Mozilla/5.0 (Linux; Android 9; KFTRWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/119.4.3 like "
    "Chrome/119.0.6045.193 Safari/537.36",
    "Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) GSA/297.0.595435837 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 [FBAN/FBIOS;FBAV/440.0.0.33.115;"
    "FBBV/545237829;FBDV/iPhone13,2;FBSV/17.0.3;FBSS/3;FBID/phone;FBLC/en_US;FBOP/5;FBRV/546866554]",
    "Dalvik/2.1.0 (Linux; U; Android 12; M2102J20SG Build/SKQ1.211006.001)",
    "BuddyApp/5.12.3 (com.example.buddy; build:2026113001; iOS 17.1.2) Alamofire/5.8.1",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
)
