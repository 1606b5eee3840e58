"""A person at the browser: finds things by their label or name, as anybody would."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

PICTURES = Path(__file__).resolve().parents[2] / "build" / "e2e"
DESK = {"width": 1366, "height": 900}
PHONE = {"width": 390, "height": 844}
GRAVE = ("serious", "critical")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


class Person:
    """One login in a browser of its own, in the time zone of the site."""

    pictures = count(1)

    def __init__(self, browser: Browser, address: str, name: str) -> None:
        context = browser.new_context(
            base_url=address, viewport=DESK, locale="en-GB", timezone_id="Asia/Shanghai"
        )
        self.page: Page = context.new_page()
        self.page.set_default_timeout(10_000)
        self.broken: list[str] = []
        self.page.on("pageerror", lambda error: self.broken.append(str(error)))
        self.name = name

    def log_in(self) -> None:
        """With the keyboard alone."""
        self.page.goto("/")
        self.page.get_by_label("User name").focus()
        self.page.keyboard.type(self.name)
        self.page.keyboard.press("Tab")
        self.page.keyboard.type(f"demo-{self.name}-2024")
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("heading", name="Today", exact=True)).to_be_visible()

    def box(self, label: str) -> Locator:
        """The one box with this label; a star marks what is required."""
        return self.page.get_by_label(re.compile(rf"^\s*{re.escape(label)}\s*\*?\s*$"))

    def write(self, boxes: dict[str, str]) -> None:
        """Type into boxes, choose in lists, each found by its label."""
        for label, text in boxes.items():
            box = self.box(label)
            if box.evaluate("box => box.tagName") == "SELECT":
                box.select_option(label=text)
            else:
                box.fill(text)

    def moment(self, label: str, day: str, time: str) -> dict[str, str]:
        """The two boxes of a date with a time."""
        return {f"{label}: date": day, f"{label}: time": time}

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, link: str, *, exact: bool = True) -> None:
        self.page.get_by_role("link", name=link, exact=exact).first.click()

    def sees(self, text: str) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible()

    def take(self, name: str, *, whole: bool = True) -> None:
        """A picture for people to look at."""
        number = next(self.pictures)
        self.page.screenshot(path=PICTURES / f"{number:02d}-{name}.png", full_page=whole)

    def findings(self) -> list[str]:
        """What axe-core finds grave on the page (WCAG 2 A and AA, and best practices)."""
        found = Axe().run(self.page).response["violations"]
        return [
            f"{self.page.url}: {item['id']} ({item['impact']}): {item['nodes'][0]['html'][:200]}"
            for item in found
            if item["impact"] in GRAVE
        ]

    @contextmanager
    def at_phone_width(self) -> Iterator[None]:
        self.page.set_viewport_size(PHONE)
        yield
        self.page.set_viewport_size(DESK)

    def fits(self) -> bool:
        """Whether the page needs no scrolling sideways."""
        return bool(
            self.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            )
        )
