"""A report as one self-contained web page, which prints well and loads nothing."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from viral_engine.report_rendering.page import build_page
from viral_engine.report_rendering.written import WrittenReport

_templates = Environment(
    loader=PackageLoader("viral_engine.report_rendering"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_html(report: WrittenReport) -> str:
    """The report as HTML. Raises NotWrittenError while it is not ready."""
    page = build_page(report)
    # The chart is drawn from numbers and dates alone, so it needs no escaping.
    return _templates.get_template("report.html").render(page=page, k_chart=Markup(page.k_chart))  # noqa: S704
