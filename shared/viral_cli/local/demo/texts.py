"""Texts of children and parents in the demo: harmless ones, and ones with personal information.

Every person, school and street is fictional; emails are at example.com, phone numbers are 555 numbers.
"""

from dataclasses import dataclass
from typing import Any, Literal

SUBJECTS = ("algebra", "biology", "chemistry", "fractions", "geography", "grammar", "history", "reading", "spanish")
BADGES = ("bronze", "early bird", "gold", "marathon", "night owl", "silver", "team player")
SHARE_TYPES = ("achievement", "streak", "quiz_result", "weekly_summary")
CONSENT_METHODS = ("signed_form", "card_check", "video_call")
CHILD_TEXTS = (
    "Beat my best time today!",
    "Who can top this score?",
    "Finally got all the hard ones right.",
    "Three more days and the streak badge is mine.",
    "This level was tricky but fun.",
    "Our team is on fire this week.",
    "Can you beat me in the next round?",
    "Practice really helps.",
)
PARENT_TEXTS = (
    "So proud of this week's progress.",
    "Great effort before the test!",
    "A new personal best, well done.",
    "Studying without being asked. What a week!",
    "The practice plan is working for us.",
)
REEL_CAPTIONS = (
    "From 60 to 95 in four weeks",
    "My road to the gold badge",
    "A month of daily practice",
    "Every topic in this unit done",
    "How it started, how it is going",
)


@dataclass(frozen=True, slots=True)
class Slip:
    """Shared content with personal information about a child; `fields` go into the item's data."""

    name: str
    kind: Literal["share", "reel"]
    fields: dict[str, Any]
    actor: Literal["child", "parent"] = "child"
    shows_child_in: Literal["photo", "video"] | None = None


SLIPS = (
    Slip("email", "share", {"message": "Add me for the next duel! write to mia.k12@example.com ok?"}),
    Slip("phone", "share", {"message": "text me when you are done, 555-0134 or mom's phone (555) 010-4477"}),
    Slip("photo", "reel", {"caption": "Me with the winner's badge!"}, shows_child_in="photo"),
    Slip("address", "share", {"message": "Study party on Friday, come to 48 Maple Street, bring your tablet"}),
    Slip(
        "name-and-school",
        "reel",
        {"caption": "My name is Lena Hartwell and I go to Maple Grove Elementary School"},
    ),
    Slip("birthday", "share", {"message": "my birthday is March 4, 2014 so this badge is my present"}),
    Slip("spelled-email", "reel", {"caption": "want the cheat sheet? tomtom at example dot com"}),
    Slip("email-key", "share", {"profile": {"parent_email": "the.hartwells@example.com"}}, actor="parent"),
    Slip("video", "reel", {"caption": "Reading my own story out loud"}, shows_child_in="video"),
    Slip("ssn", "share", {"message": "For the scholarship form: her SSN is 219-09-9999"}, actor="parent"),
    Slip("full-name-key", "reel", {"caption": "My month in numbers", "full_name": "Jonas Brightwater"}),
)
