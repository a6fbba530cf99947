"""A report as one self-contained web page that prints well and loads nothing."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from viral_reports.page import build_page
from viral_reports.written import WrittenReport


@cache
def load_template() -> Template:
    """The page's template, compiled once per process."""
    environment = Environment(
        loader=PackageLoader("viral_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html")


def render_html(report: WrittenReport) -> str:
    """The report as HTML. Raises NotWrittenError while it is not ready."""
    page = build_page(report)
    # The chart contains only numbers and dates, so it needs no escaping.
    return load_template().render(page=page, k_chart=Markup(page.k_chart))  # noqa: S704
