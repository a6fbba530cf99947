"""What the settings add to the classifier: the buyer's own apps, and the networks of datacenters."""

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import Card, build_hint, build_kpis
from dashboard.formats import format_percent
from dashboard.traffic.kinds import PERSON, build_nothing, count_kinds
from dashboard.traffic.snapshot import TrafficSnapshot
from viral_reports.dates import format_day
from viral_reports.figures import format_count, format_counted

_APP = "app: "


def build_apps(snapshot: TrafficSnapshot) -> list[Component]:
    """The user agents that always count as people."""
    answer = snapshot.traffic
    about = build_hint("Always counted as people. Set by ", html.Code("APP_USER_AGENTS"), ".")
    if not answer.app_user_agents:
        return [about, build_nothing("None set. An app that sends the user agent of a library counts as a script.")]
    chips = html.Ul([html.Li(html.Code(each), className="chip") for each in answer.app_user_agents], className="chips")
    clicks = sum(each.clicks for each in answer.reasons if each.reason.startswith(_APP))
    return [about, chips, build_hint(f"{format_counted(clicks, 'click')} in this period")]


def build_datacenters(snapshot: TrafficSnapshot) -> list[Component]:
    """People's clicks from datacenters, which are worth a look and no class by themselves."""
    answer = snapshot.traffic
    about = build_hint("A reason shown beside a click; never a class by itself.")
    networks = answer.datacentre_networks
    if networks is None:
        return [
            about,
            html.P(["No file set. ", html.Code("DATACENTRE_NETWORKS_FILE"), " names it."], className="nothing"),
        ]
    people = next(each.clicks for each in count_kinds(answer) if each.kind is PERSON)
    share = format_percent(networks.clicks_of_people / people) if people else "–"
    dated = f"File of {format_day(networks.dated)}" if networks.dated else "File without a date"
    return [
        about,
        build_kpis(
            (format_count(networks.clicks_of_people), "clicks of people from datacenters"),
            (share, "of people's clicks"),
        ),
        build_hint(f"{dated}, {format_counted(networks.networks, 'network')}"),
    ]


APPS = Card("traffic-apps", "Your app's user agents", 120, build_apps)
DATACENTERS = Card("traffic-datacenters", "Datacenter networks", 120, build_datacenters)
