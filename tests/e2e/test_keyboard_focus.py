"""The keyboard's focus shows on every control of every page: the pixels around it differ with and without focus."""

import base64

import pytest
from playwright.sync_api import Browser, Page, StorageState

from dashboard.pages import PAGES
from dashboard.sign_in.passwords import OWN_PATH
from tests.support.browsing import ColorScheme, Visit, visit

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# A ring of 2 px around a control is about twice as many pixels as its border is long.
RING_PX = 6
LEAST_SHARE = 1.2
MOST_CONTROLS = 150
# Controls alike in a list are looked at this often.
MOST_ALIKE = 2
ADDRESSES = [*(page.path.replace("<id>", "1") for page in PAGES), OWN_PATH]
DESCRIBE = """() => {
  const given = document.activeElement;
  if (!given || given === document.body) return null;
  // What is too small to be seen hands its focus on to its label.
  const tiny = given.getBoundingClientRect().width < 4 || getComputedStyle(given).opacity === "0";
  const shown = tiny && given.labels && given.labels[0] || given;
  const { x, y, width, height } = shown.getBoundingClientRect();
  const inMenu = Boolean(given.closest("#sidebar"));
  return { x, y, width, height, inMenu, kind: `${given.tagName} ${given.type || ""} ${given.className}`,
    name: given.id || given.textContent.slice(0, 30) || given.outerHTML.slice(0, 120) };
}"""
# How many pixels differ by a contrast of at least 3, as WCAG 2.2 asks of a focus indicator.
COMPARE = """async ([before, after]) => {
  async function read(png) {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, image.width, image.height).data;
  }
  const line = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (d, i) => 0.2126 * line(d[i]) + 0.7152 * line(d[i + 1]) + 0.0722 * line(d[i + 2]);
  const [one, other] = [await read(before), await read(after)];
  let changed = 0;
  for (let i = 0; i < one.length; i += 4) {
    const [a, b] = [light(one, i), light(other, i)].sort((x, y) => x - y);
    if ((b + 0.05) / (a + 0.05) >= 3) changed++;
  }
  return changed;
}"""


@pytest.fixture(scope="module")
def state(browser: Browser, stack: dict[str, str]) -> StorageState:
    with visit(browser, stack["DASHBOARD_URL"]) as guest:
        guest.open("/login")
        guest.sign_in(stack["ADMIN_EMAIL"], stack["ADMIN_PASSWORD"])
        guest.page.wait_for_url("**/dashboard/guardrails")
        return guest.page.context.storage_state()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_shows_on_every_control_of_every_page(
    browser: Browser, stack: dict[str, str], state: StorageState, scheme: ColorScheme
) -> None:
    faint = []
    with visit(browser, stack["DASHBOARD_URL"], scheme=scheme, state=state) as admin:
        for address in ADDRESSES:
            faint += _find_faint(admin, address, with_menu=address == ADDRESSES[0])
    assert faint == []


@pytest.mark.parametrize("address", ["/login", "/set-password?key=x"])
def test_the_focus_shows_on_the_pages_outside(browser: Browser, stack: dict[str, str], address: str) -> None:
    with visit(browser, stack["DASHBOARD_URL"]) as guest:
        assert _find_faint(guest, address, with_menu=True) == []


def _find_faint(guest: Visit, address: str, *, with_menu: bool) -> list[str]:
    guest.open(address)
    guest.page.wait_for_load_state("networkidle")
    guest.page.evaluate("document.activeElement.blur()")
    faint, met, looked_at = [], set[str](), dict[str, int]()
    for _ in range(MOST_CONTROLS):
        guest.page.keyboard.press("Tab")
        control = guest.page.evaluate(DESCRIBE)
        if control is None or f"{control['x']} {control['y']} {control['name']}" in met:
            break
        met.add(f"{control['x']} {control['y']} {control['name']}")
        looked_at[control["kind"]] = looked_at.get(control["kind"], 0) + 1
        if looked_at[control["kind"]] <= MOST_ALIKE and (with_menu or not control["inMenu"]):
            share = _measure(guest.page, guest.page.evaluate(DESCRIBE))
            if share < LEAST_SHARE:
                faint.append(f"{address}: {control['kind']} {control['name']}: {share:.2f}")
    assert met, address
    return faint


def _measure(page: Page, control: dict[str, float]) -> float:
    """How many pixels the focus changes, for each pixel of the control's border."""
    page.evaluate("document.activeElement.scrollIntoView({ block: 'center' })")
    control = page.evaluate(DESCRIBE)
    x, y = max(0.0, control["x"] - RING_PX), max(0.0, control["y"] - RING_PX)
    clip = {"x": x, "y": y, "width": control["width"] + 2 * RING_PX, "height": control["height"] + 2 * RING_PX}
    focused = page.evaluate_handle("document.activeElement")
    after = page.screenshot(clip=clip, animations="disabled")
    focused.evaluate("each => each.blur()")
    before = page.screenshot(clip=clip, animations="disabled")
    focused.evaluate("each => each.focus({ preventScroll: true })")
    changed = page.evaluate(COMPARE, [base64.b64encode(each).decode() for each in (before, after)])
    return float(changed) / (2 * (control["width"] + control["height"]))
