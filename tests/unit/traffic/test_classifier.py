"""Which class of traffic a click is: people in apps' browsers are people, and programs are found by their names."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from metrics_api.pii_scanner.redaction import Redactor
from metrics_api.traffic.classifier import Classifier, Verdict
from metrics_api.traffic.published_networks import read_networks_file
from tests.support.traffic import count_class

DATA = Path(__file__).parents[2] / "data"
PEOPLE = (DATA / "user_agents_of_people.txt").read_text().splitlines()
PROGRAMS = [line.split("\t") for line in (DATA / "user_agents_of_programs.tsv").read_text().splitlines()]
BROWSER, GOOGLE = PEOPLE[0], "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_CLASSIFIER = Classifier()
NETWORKS = """# Datacenters, 2026-11-24
203.0.113.0/25
203.0.113.128/25  # The same provider
2001:db8:7::/48
198.51.100.0/24 Googlebot
"""


def classify(user_agent: str | None, *, method: str | None = "GET", purpose: str | None = None) -> Verdict:
    return _CLASSIFIER.classify(method, purpose, user_agent, None)


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_browsers_and_the_browsers_of_apps_are_people(user_agent: str) -> None:
    assert classify(user_agent) == ("human", None)


@pytest.mark.parametrize(("traffic_class", "user_agent"), PROGRAMS)
def test_programs_are_found(traffic_class: str, user_agent: str) -> None:
    assert classify(user_agent).traffic_class == traffic_class


def test_every_published_crawler_is_found_but_the_one_that_is_the_browser_of_an_app() -> None:
    missed = {
        known["pattern"]
        for known in CRAWLER_USER_AGENTS_DATA
        if any(classify(instance).is_person for instance in known["instances"])
    }
    assert missed == {"MetaIAB Facebook"}


def test_the_address_in_a_user_agent_may_be_replaced() -> None:
    redactor, differing = Redactor("US"), {}
    for instance in (each for known in CRAWLER_USER_AGENTS_DATA for each in known["instances"]):
        replaced = redactor.redact(instance)
        if replaced is not None and classify(replaced.text).traffic_class != classify(instance).traffic_class:
            differing[instance] = classify(replaced.text).traffic_class
    assert differing == {"Mozilla/5.0 (compatible; Go-http-client/1.1; +centurybot9@gmail.com)": "library"}


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({"method": "HEAD"}, ("prefetch", "method: HEAD")),
        ({"method": "head"}, ("prefetch", "method: HEAD")),
        ({"purpose": "prefetch;prerender"}, ("prefetch", "purpose: prefetch")),
        ({"purpose": "Preview"}, ("prefetch", "purpose: preview")),
        ({"purpose": "prerender"}, ("prefetch", "purpose: prerender")),
        ({"purpose": "navigate"}, ("human", None)),
        ({"method": None}, ("human", None)),
    ],
)
def test_what_is_fetched_ahead(fields: dict[str, str | None], verdict: tuple[str, str | None]) -> None:
    assert classify(BROWSER, **fields) == verdict


def test_the_first_class_that_fits_wins() -> None:
    assert classify(GOOGLE, method="HEAD").traffic_class == "prefetch"
    assert classify("facebookexternalhit/1.1 Googlebot/2.1").traffic_class == "preview"
    assert classify("python-requests/2.32 Googlebot/2.1").traffic_class == "known_bot"
    assert classify(None) == ("unknown", None)


@pytest.mark.parametrize("user_agent", ["", " ", "-", " -\t"])
def test_a_blank_or_a_dash_is_no_user_agent(user_agent: str) -> None:
    assert classify(user_agent) == ("unknown", None)
    assert classify(user_agent, method="HEAD").traffic_class == "prefetch"


def test_the_own_apps_are_people_whatever_they_are_made_with() -> None:
    classifier = Classifier(["LearnLoop/*okhttp", "Kids"])
    assert classifier.classify(None, None, "learnloop/5.2 okhttp/4.12.0", None) == ("human", "app: LearnLoop/*okhttp")
    assert classifier.classify(None, None, "curl/8 LearnLoopKids", None) == ("human", "app: Kids")
    assert classifier.classify("HEAD", None, "curl/8 LearnLoopKids", None).traffic_class == "prefetch"
    assert classifier.classify(None, None, "okhttp/4.12.0", None).traffic_class == "library"
    assert classifier.classify(None, None, "okhttp/4.12.0 LearnLoop/5", None).traffic_class == "library", "in order"
    assert Classifier(["ab*ba"]).classify(None, None, "curl/8 aba", None).traffic_class == "library", "side by side"


def test_networks_give_a_reason_and_never_another_class(tmp_path: Path) -> None:
    file = tmp_path / "networks.txt"
    file.write_text(NETWORKS)
    classifier = Classifier(networks=read_networks_file(file))

    def verdict(user_agent: str | None, address: str) -> Verdict:
        return classifier.classify(None, None, user_agent, address)

    assert verdict(BROWSER, "203.0.113.200") == ("human", "datacentre")
    assert verdict(None, "2001:db8:7:1::9") == ("unknown", "datacentre")
    assert verdict(BROWSER, "192.0.2.1") == ("human", None)
    assert verdict("curl/8", "203.0.113.200") == ("library", "curl (http-library)")
    assert verdict(GOOGLE, "198.51.100.7") == ("known_bot", "Googlebot/ (search-engine)")
    assert verdict(GOOGLE, "203.0.113.9") == ("known_bot", "spoofed_bot")
    # Nothing is published of this one.
    assert verdict("AhrefsBot/7.0", "203.0.113.9").reason == "Ahrefs(Bot|SiteAudit) (seo)"


def test_a_file_that_holds_anything_but_networks_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "networks.txt"
    file.write_text("203.0.113.0/24\nhello\n198.51.100.1/8\n")
    with pytest.raises(ValueError, match=r"2 lines are no networks .*line 2: hello; line 3: 198\.51\.100\.1/8"):
        read_networks_file(file)


def test_the_version_names_everything_that_verdicts_depend_on(tmp_path: Path) -> None:
    file = tmp_path / "networks.txt"
    file.write_text(NETWORKS)
    networks = read_networks_file(file)
    versions = {
        each.version for each in (Classifier(), Classifier(["A"]), Classifier(["B"]), Classifier(networks=networks))
    }
    assert len(versions) == 4
    assert "2026-11-24" in Classifier(networks=networks).version
    assert Classifier(["A"]).version == Classifier(["A"]).version


def test_a_public_log_counted_by_hand() -> None:
    """The classes of every request, computed from the two lists as the contract says, by other means."""
    with (DATA / "web_access_events.csv").open() as file:
        requests = list(csv.DictReader(file))
    counts = Counter(
        classify(row["user_agent"] or None, method=row["request"].split()[0]).traffic_class for row in requests
    )
    assert counts == Counter(count_class(row["request"].split()[0], row["user_agent"]) for row in requests)
    assert counts == {
        "prefetch": 42,
        "preview": 79,
        "known_bot": 2707,
        "library": 16,
        "human": 6980,
        "unknown": 175,
    }
