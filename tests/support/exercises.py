"""Makes clean schoolwork that is full of numbers: the same exercises for the same seed."""

import math
from collections.abc import Callable, Iterator
from random import Random

Exercise = str | dict[str, object]

_CONSTANTS = (
    *("3.14159265358979", "3141592653", "2.718281828459", "1.41421356237", "299792458", "6.02214076e23", "149597870"),
    *(
        "6022140857",
        "384400000",
        "2147483647",
        "4294967295",
        "9223372036854775807",
        "123456789",
        "987654321",
        "40075017",
    ),
)
_ASKED = ("Solve {}", "What is {}?", "{} = ?", "Calculate {}", "{} =", "Work out {}", "{}", "The answer is {}", "= {}")
_EVENTS = (
    *("The Great Fire of London", "The moon landing", "The Battle of Hastings", "The French Revolution", "World War I"),
    *("Mozart", "Marie Curie", "Abraham Lincoln", "Ada Lovelace", "Florence Nightingale", "Galileo", "Beethoven"),
)
_MONTHS = "January February March April May June July August September October November December".split()
_UNITS = "m cm km kg g ml l seconds minutes miles feet degrees m/s km/h Hz pixels euros dollars points people".split()
_NAMES = "Emma Noah Mia Liam Ava Leo Zoe Max Ella Sam".split()
_THINGS = "apples marbles stickers books coins pencils cards cookies stars balls".split()


def _ask(random: Random, what: object) -> str:
    return random.choice(_ASKED).format(what)


def _arithmetic(random: Random) -> Exercise:
    size = 10 ** random.randint(1, 7)
    first, second = random.randint(1, size), random.randint(1, size)
    sign, result = random.choice(
        [
            ("+", first + second),
            ("-", first - second),
            ("x", first * second),
            ("×", first * second),
            ("*", first * second),
        ]
    )
    return random.choice(
        [
            _ask(random, f"{first} {sign} {second}"),
            f"{first} {sign} {second} = {result}",
            f"{first}{sign}{second}={result}",
        ]
    )


def _subtractions(random: Random) -> Exercise:
    numbers = [random.randint(100, 999), random.randint(100, 999), random.randint(1000, 9999)]
    if random.random() < 0.5:
        numbers = [random.randint(1, 10 ** random.randint(1, 4)) for _ in range(random.randint(3, 6))]
    return _ask(random, " - ".join(map(str, numbers)))


def _table(random: Random) -> Exercise:
    step, count, width = random.randint(2, 12), random.randint(5, 12), random.choice([1, 2, 2, 3])
    line = random.choice([" ", ", ", "  ", "-", " - "]).join(f"{step * number:0{width}}" for number in range(1, count))
    return random.choice([line, f"Table of {step}: {line}", f"{step} times table: {line}"])


def _sequence(random: Random) -> Exercise:
    start, step = random.randint(0, 50), random.randint(1, 30)
    numbers = random.choice(
        [
            [start + step * index for index in range(9)],
            [index**2 for index in range(start, start + 9)],
            [2**index for index in range(4, 12)],
            [random.randint(1, 10 ** random.randint(1, 4)) for _ in range(8)],
        ]
    )
    line = random.choice([" ", ", ", ",", " < "]).join(map(str, numbers))
    return random.choice(["{}", "Continue: {} ...", "Sort these numbers: {}", "Find the pattern in {}"]).format(line)


def _constant(random: Random) -> Exercise:
    number = random.choice([*_CONSTANTS, str(math.factorial(random.randint(8, 15))), str(2 ** random.randint(20, 40))])
    return random.choice(
        [
            "The answer is {}",
            "We call {} a big number",
            "{} is the result",
            "Remember {}",
            "x = {}",
            "Round {} to the nearest ten",
        ]
    ).format(number)


def _answer(random: Random) -> Exercise:
    number = random.choice(
        [math.factorial(random.randint(5, 14)), random.randint(10**5, 10**10), 10 ** random.randint(3, 12)]
    )
    key = random.choice(["answer", "student_answer", "solution", "result", "value", "expected"])
    written: tuple[object, ...] = (number, str(number), f"{number:,}", f"{number:,}".replace(",", " "))
    return {"question": f"{random.randint(2, 14)}!", key: random.choice(written)}


def _measure(random: Random) -> Exercise:
    number, unit = random.randint(1, 10 ** random.randint(1, 9)), random.choice(_UNITS)
    return random.choice(
        ["It is {} {} long", "a mobile with {} {}", "The signal has {} {}", "{} {} away", "Convert {} {}"]
    ).format(number, unit)


def _history(random: Random) -> Exercise:
    day, month, year = random.randint(1, 28), random.choice(_MONTHS), random.randint(1000, 1925)
    who = random.choice(_EVENTS)
    return random.choice(
        [
            f"{who} was born on {day} {month} {year}",
            f"{who}: {month} {day}, {year}",
            f"{who} began in {year} and ended in {year + 5}",
        ]
    )


def _bingo(random: Random) -> Exercise:
    numbers = " ".join(f"{random.randint(1, 75):02}" for _ in range(random.randint(5, 8)))
    return random.choice([f"Bingo: {numbers}", f"Bingo numbers {numbers}", f"Lotto draw {numbers}", numbers])


def _coordinates(random: Random) -> Exercise:
    pairs = [(random.randint(0, 2000), random.randint(0, 2000)) for _ in range(random.randint(2, 8))]
    by, between = random.choice([(" ", " "), (",", " "), (" ", ", ")])
    points = between.join(f"{x}{by}{y}" for x, y in pairs)
    forms: list[Exercise] = [
        points,
        f'<polyline points="{points}"/>',
        f'<path d="M {points} Z"/>',
        {"path": points},
        f"Plot ({pairs[0][0]}, {pairs[0][1]})",
    ]
    return random.choice(forms)


def _binary(random: Random) -> Exercise:
    bits = "".join(random.choice("01") for _ in range(random.choice([8, 9, 10, 11, 12, 16])))
    if random.random() < 0.3:
        bits = " ".join(bits[place : place + 4] for place in range(0, len(bits), 4))
    return random.choice(["What is {} in base ten?", "{} + 1", "{}", "Write {} in decimal", "binary {}"]).format(bits)


def _code(random: Random) -> Exercise:
    number = random.choice([random.randint(10**6, 10**10), 2**31 - 1, 10**9 + 7])
    return random.choice(
        [
            "for i in range({}):",
            "int x = {};",
            "print({})",
            "const LIMIT = {};",
            "if n > {}: break",
            "seed({})",
            "let a = [{}, 1, 2]",
            "n % {}",
        ]
    ).format(number)


def _story(random: Random) -> Exercise:
    who, thing, first, second = (
        random.choice(_NAMES),
        random.choice(_THINGS),
        random.randint(2, 9999),
        random.randint(2, 999),
    )
    return random.choice(
        [
            f"{who} has {first} {thing} and gets {second} more. How many {thing} are there?",
            f"{who} walks {second} meters down the road and {first} meters back.",
            f"There are {first} houses on the street and {second} on the lane.",
            f"{who} scored {first} points on level {second}!",
        ]
    )


def _hexadecimal(random: Random) -> Exercise:
    dump = " ".join(f"{random.randint(0, 255):02x}" for _ in range(random.randint(5, 16)))
    return random.choice(
        [f"bytes {dump}", dump, f"0x{random.randint(0, 2**32):x}", f"#{random.randint(0, 2**24 - 1):06x}"]
    )


def _fraction(random: Random) -> Exercise:
    parts = [f"{random.randint(1, 99)}/{random.randint(2, 99)}" for _ in range(random.randint(2, 4))]
    return _ask(random, random.choice([" + ", " - ", " x ", " : "]).join(parts))


def _decimal(random: Random) -> Exercise:
    return _ask(
        random,
        random.choice([" + ", " - ", " x "]).join(
            f"{random.uniform(0, 1000):.{random.randint(1, 6)}f}" for _ in range(3)
        ),
    )


def _clock(random: Random) -> Exercise:
    times = [f"{random.randint(0, 23):02}:{random.randint(0, 59):02}" for _ in range(random.randint(2, 4))]
    return random.choice(["The train leaves at {} and arrives at {}", "From {} to {}", "{} {}"]).format(*times)


KINDS: tuple[Callable[[Random], Exercise], ...] = (
    *(_arithmetic, _subtractions, _table, _sequence, _constant, _answer, _measure, _history, _bingo, _coordinates),
    *(_binary, _code, _story, _hexadecimal, _fraction, _decimal, _clock),
)


def generate_exercises(count: int, seed: int) -> Iterator[Exercise]:
    """Give clean exercises of every kind in turns."""
    random = Random(seed)
    for number in range(count):
        yield KINDS[number % len(KINDS)](random)
