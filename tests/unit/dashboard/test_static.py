"""Scripts and styles travel small and stay."""

import gzip
import re

import pytest

from tests.unit.dashboard.conftest import Browser

GZIP = {"Accept-Encoding": "gzip"}


def _suites(browser: Browser) -> list[str]:
    browser.sign_in()
    return re.findall(r'src="(/_dash-component-suites/[^"]+)"', browser.get("/dashboard/guardrails").text)


def test_suites_are_compressed_and_kept_for_a_year(browser: Browser) -> None:
    path = next(path for path in _suites(browser) if "dash_mantine_components" in path)
    answer = browser.get(path, headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    assert gzip.decompress(answer.data) == browser.get(path).data
    assert len(answer.data) * 3 < len(browser.get(path).data)


def test_the_full_plotly_bundle_is_on_no_page(browser: Browser) -> None:
    assert not [path for path in _suites(browser) if "plotly" in path]


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/assets/2-base.css", "no-cache"),
        ("/assets/2-base.css?m=1.5", "public, max-age=31536000, immutable"),
        ("/assets/inter-latin-5.3.0.woff2", "public, max-age=31536000, immutable"),
    ],
)
def test_what_has_its_version_in_its_address_is_kept(browser: Browser, path: str, kept: str) -> None:
    assert browser.get(path, headers=GZIP).headers["Cache-Control"] == kept


def test_pages_are_not_compressed_with_their_secrets(browser: Browser) -> None:
    assert "Content-Encoding" not in browser.get("/login", headers=GZIP).headers
