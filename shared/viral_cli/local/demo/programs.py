"""Demo clicks that no person made: previews of links in chats, crawlers, what browsers fetch ahead, and scripts."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from viral_cli.local.demo.loops import LiveLinks
from viral_cli.local.demo.people import Event, Visitor, visitor_at_home
from viral_cli.local.demo.rhythm import daily_count, sample_times
from viral_cli.local.demo.seeded import fingerprint, opaque_id, stream


@dataclass(frozen=True, slots=True)
class Program:
    """A program that requests links; without an address it is in people's browsers."""

    name: str
    clicks_a_day: float
    user_agent: str | None = None
    address: str | None = None
    fields: dict[str, str] = field(default_factory=dict)

    def build_visitor(self, day: date, number: int) -> Visitor:
        """Who sends the request, as far as the event shows."""
        if self.address is None or self.user_agent is None:
            return visitor_at_home(self.name, day, number)
        # Programs keep no cookies: every request is a new session.
        session = opaque_id("ses", self.name, day, number)
        return Visitor(fingerprint("device", self.name), self.address, self.user_agent, session)


PROGRAMS = (
    Program("whatsapp", 58, "WhatsApp/2.24.20.89 A", "192.0.2.10"),
    Program("facebook", 25, "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", "192.0.2.11"),
    Program("slack", 6, "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "192.0.2.12"),
    Program("google", 27, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "192.0.2.20"),
    Program("bing", 13, "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "192.0.2.21"),
    Program("monitor", 8, "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "192.0.2.22"),
    Program("requests", 13, "python-requests/2.32.3", "192.0.2.30"),
    Program("curl", 5, "curl/8.5.0", "192.0.2.31"),
    Program("prefetch", 21, fields={"http_method": "GET", "purpose": "prefetch"}),
    Program("head", 9, fields={"http_method": "HEAD"}),
)


def generate_programs(day: date, live: LiveLinks) -> Iterator[Event]:
    """Their clicks of a day."""
    for program in PROGRAMS:
        rng = stream("program", program.name, day)
        times = sample_times(rng, day, daily_count(program.clicks_a_day, day, program.name))
        for number, moment in enumerate(times):
            if link := live.choose(rng, moment):
                visitor = program.build_visitor(day, number)
                key = ("program", program.name, day, number)
                yield visitor.act("click", moment, *key, link_id=link.link_id, **program.fields)
