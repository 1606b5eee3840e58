"""The trial in a real browser: one participant from registration to the first adverse event.

Everything is clicked and typed; the program is the one that `make run` starts, with its demo.
"""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from urllib.request import Request, urlopen
from zoneinfo import ZoneInfo

import pytest

from tests import servers
from tests.e2e.browser import ARGUMENTS, PICTURES, Person
from tests.program import Program, wait

pytestmark = [
    pytest.mark.browser,
    pytest.mark.broker,
    pytest.mark.embedded,
    pytest.mark.mail,
    pytest.mark.skipif(sys.platform != "linux", reason="the program is watched through /proc"),
]

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
DAY_0 = TODAY - timedelta(days=1)
LEVEL = "DL1 (1 × 10^9)"
NUMBER = "CHH01-0008"  # the demo has seven participants at this site
# No word of a mail may tell what a person has, takes or is tested for.
HEALTH = re.compile(
    r"hcg|pregnan|contracep|infusion|lymphodepl|car-?nk cell|scleroderma|sclerosis|sj.gren"
    r"|myopath|arthritis|visit d\d|lab sample|adverse|screening|妊娠|避孕|输注|清淋|不良",
    re.IGNORECASE,
)


def day(offset: int) -> str:
    """A day counted from the first infusion."""
    return (DAY_0 + timedelta(days=offset)).isoformat()


@pytest.fixture
def program(tmp_path) -> Iterator[Program]:
    started = Program(tmp_path / "data", tmp_path, NO_DEMO="", REMINDER_INTERVAL="5")
    try:
        yield started.ready()
    finally:
        started.process.send_signal(signal.SIGTERM)
        started.process.wait(60)


@pytest.fixture
def person(program):
    """`person(name)`: somebody of the demo, logged in."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        servers.unavailable("no chromium on this system")
    fonts = shutil.which("fc-list") and subprocess.run(
        ["fc-list", ":lang=zh"], capture_output=True, text=True, check=True
    )
    if not (fonts and fonts.stdout.strip()):
        servers.unavailable("no Chinese font on this system (fonts-noto-cjk)")
    from playwright.sync_api import sync_playwright

    shutil.rmtree(PICTURES, ignore_errors=True)
    people: list[Person] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)

        def enter(name: str) -> Person:
            people.append(Person(browser, f"http://localhost:{program.port}", name))
            people[-1].log_in()
            return people[-1]

        yield enter
        for one in people:
            one.take(f"last-{one.name}")  # where a failed test stood
        browser.close()
    assert [fault for one in people for fault in one.broken] == []


def test_a_participant_from_registration_to_an_adverse_event(program, person):
    coordinator = person("coordinator")
    register(coordinator)
    screen(coordinator)
    enrol_and_plan(coordinator)
    lymphodeplete(coordinator)
    release_a_bag(person("pharmacist"))
    infuse(coordinator)
    record_findings(coordinator)
    correct_the_weight(coordinator)
    read_in_chinese_and_on_a_phone(coordinator)
    the_monitor_reads_it_over_the_api(f"http://localhost:{program.port}/api/v1")
    a_mail_leads_back_without_saying_why(program, coordinator)


def register(me: Person) -> None:
    me.take("landing")
    assert me.findings() == []
    me.follow("Register a participant")
    me.write({"Site": "CHH01", "Disease": "rheumatoid arthritis", "Protocol version": "1.0"})
    me.take("register")
    me.press("Save")
    me.sees(NUMBER)
    me.take("casebook-before-consent")

    me.follow("Record the consent")
    me.write({"ICF version": "1.0", "Protocol version": "1.0", "Obtained by": "Demo Investigator"})
    me.write(me.moment("Signed by the participant", day(-12), "09:00"))
    me.write({"Copy given to the participant": "Yes"})
    me.take("consent")
    me.press("Save")
    me.take("casebook-with-plan")


def screen(me: Person) -> None:
    """Enrolment comes too early; its refusal leads to the form in the way."""
    decide(me)
    me.press("Save")
    me.sees("demographics are not complete.")
    me.take("enrolment-too-early")
    assert me.box("Decided on").input_value() == day(-10)
    me.follow("Open that form")
    me.write(
        {
            "Birth date": "1985-05-05",
            "Sex": "Female",
            "Race": "Asian",
            "Woman of childbearing potential": "Yes",
            "Partner of childbearing potential (men)": "Not applicable",
        }
    )
    me.take("demographics")
    me.press("Save complete")

    me.follow("add HCG test at SCR", exact=False)
    hcg(me, -11)

    me.follow("add Screening at SCR", exact=False)
    me.write({"Date": day(-12), "Height, cm": "1.65", "Weight, kg": "60"})
    me.press("Save draft")
    refused = me.page.locator(".field-height_cm")
    assert "1.65 cm is below the lowest possible value, 100 cm" in refused.inner_text()
    assert me.box("Height, cm").input_value() == "1.65"
    assert me.box("Weight, kg").input_value() == "60"
    me.take("height-in-metres")
    assert me.findings() == []
    me.write({"Height, cm": "165"})
    me.write(
        dict.fromkeys(
            [
                "Haemodynamically stable",
                "Agrees to contraception until 6 months after the last study treatment",
                "Good compliance, will cooperate with follow-up",
            ],
            "Yes",
        )
        | dict.fromkeys(
            [
                "G-CSF or GM-CSF ever given",
                "Gilbert syndrome",
                "Raised ALT, AST or bilirubin caused by the study disease",
                "Lactating",
                "Liver cirrhosis",
                "Aplastic anaemia, MDS or another myeloproliferative disease",
            ],
            "No",
        )
        | {"Failure of conventional treatment": "relapse after remission"}
    )
    me.take("screening")
    me.press("Save complete")


def hcg(me: Person, offset: int) -> None:
    me.write({"Test performed": "Yes", "Sample": "Serum", "Result": "Negative"})
    me.write(me.moment("Sample taken", day(offset), "07:00"))
    me.take(f"hcg-day{offset}")
    me.press("Save complete")


def decide(me: Person) -> None:
    me.follow("Add Enrolment", exact=False)
    me.write(
        {
            "Decision": "enrolled: every criterion is met",
            "Decided on": day(-10),
            "Decided by (investigator)": "Demo Investigator",
        }
    )


def enrol_and_plan(me: Person) -> None:
    decide(me)
    me.press("Save")
    me.follow("Add Treatment course", exact=False)
    me.write({"Dose level": LEVEL, "First infusion planned on (D0)": day(0)})
    me.take("course")
    me.press("Save")
    me.take("casebook-planned")
    assert me.findings() == []


def lymphodeplete(me: Person) -> None:
    me.follow("add HCG test at LD1", exact=False)
    hcg(me, -5)
    for number, offset in ((1, -5), (2, -4), (3, -3)):
        me.follow(f"add Lymphodepletion at LD{number}", exact=False)
        given = day(offset)
        me.write(
            {
                "Given on": given,
                "Body surface area, m2": "1.66",
                "Fludarabine given, mg": "41.5",
                "Cyclophosphamide given, mg": "498",
                "Dose adjusted": "No",
                **me.moment("Fludarabine started", given, "09:00"),
                **me.moment("Fludarabine ended", given, "09:30"),
                **me.moment("Cyclophosphamide started", given, "10:00"),
                **me.moment("Cyclophosphamide ended", given, "11:00"),
            }
        )
        me.take(f"lymphodepletion-{number}")
        me.press("Save complete")


def release_a_bag(pharmacist: Person) -> None:
    pharmacist.take("landing-of-the-cell-laboratory")
    pharmacist.follow("Record a product bag")
    pharmacist.write(
        {
            "Participant": NUMBER,
            "Lot": "LOT-E2E",
            "Dose level": LEVEL,
            "Viable CAR-positive NK cells, 10^9": "1",
            "Volume, mL": "100",
            "Viability, %": "90",
            "Released for infusion": "Yes",
            "Release checked by": "Demo Pharmacist",
            **pharmacist.moment("Received", day(0), "08:00"),
            **pharmacist.moment("Expires", day(2), "08:00"),
            **pharmacist.moment("Release checked", day(0), "08:30"),
        }
    )
    pharmacist.take("bag")
    pharmacist.press("Save complete")
    pharmacist.sees("LOT-E2E")


def infuse(me: Person) -> None:
    me.page.goto("/admin/")
    me.box("Open a casebook").fill("8")
    me.page.keyboard.press("Enter")
    me.follow("add HCG test at INF1", exact=False)
    hcg(me, 0)
    me.follow("add Infusion at INF1", exact=False)
    me.write(
        {
            "Infusion number": "1",
            "Product bag": f"{NUMBER} LOT-E2E",
            "Viable CAR-positive NK cells given, 10^9": "1",
            "Volume given, mL": "100",
            "Interrupted": "No",
            "Infusion reaction": "No",
            "Given by": "Demo Coordinator",
            "Second verifier": "Demo Coordinator",
            **me.moment("Thawed", day(0), "10:00"),
            **me.moment("Started", day(0), "10:10"),
            **me.moment("Ended", day(0), "10:40"),
        }
    )
    me.press("Save complete")
    refused = me.page.locator(".field-second_verifier")
    assert "must be another person" in refused.inner_text()
    me.write({"Second verifier": "Demo Investigator"})
    me.take("infusion")
    me.press("Save complete")
    me.sees("treated, in follow-up")


def record_findings(me: Person) -> None:
    me.follow("add Lab sample at INF1", exact=False)
    me.write({"Sample taken": "Yes", "Specimen": "Blood", "Laboratory": "Changhai central lab"})
    me.write(me.moment("Taken", day(0), "12:00"))
    for test, result, low, high in (
        ("Leukocytes", "1.9", "3.5", "9.5"),
        ("Neutrophils", "<0.5", "1.8", "6.3"),
    ):
        row = me.page.get_by_role("row").filter(
            has=me.page.get_by_label("Test", exact=True).locator(
                f"option:checked:text-is('{test}')"
            )
        )
        row.get_by_label("Result as reported").fill(result)
        row.get_by_label("Lower limit of normal").fill(low)
        row.get_by_label("Upper limit of normal").fill(high)
    me.take("lab-sample")
    me.press("Save complete")

    me.follow("Add Adverse event", exact=False)
    me.write(
        {
            "Event": "Chills",
            "CTCAE v5.0 grade": "1 mild",
            "Began on": day(0),
            "Ongoing": "No",
            "Ended on": day(0),
            "Serious": "No",
            "Related to CAR-NK cells": "possible",
            "Related to lymphodepletion": "unlikely",
            "Action with CAR-NK cells": "none",
            "Treatment given for the event": "No",
            "Outcome": "recovered",
        }
    )
    me.take("adverse-event")
    me.press("Save complete")
    me.take("casebook-at-the-end")


def correct_the_weight(me: Person) -> None:
    """A completed form asks why it changes; its history shows old and new."""
    me.follow("SCR Screening: complete", exact=False)
    me.write({"Weight, kg": "61"})
    me.press("Save")
    me.sees("This form was completed before")
    me.take("a-reason-is-asked")
    assert me.box("Weight, kg").input_value() == "61"
    me.write({"Reason for the change": "Entry error", "Reason in words": "scale read again"})
    me.press("Save")
    me.follow("SCR Screening: complete", exact=False)
    me.follow("History", exact=False)  # its icon is a word too
    me.sees("Entry error: scale read again")
    changed = me.page.get_by_role("row", name=re.compile("weight", re.IGNORECASE)).first
    assert re.search(r"60\b.*\b61", changed.inner_text(), re.DOTALL)
    me.take("history")
    assert me.findings() == []
    me.page.goto("/admin/crf/infusion/")
    me.sees(NUMBER)
    me.take("list-of-infusions")
    assert me.findings() == []


def read_in_chinese_and_on_a_phone(me: Person) -> None:
    casebook = f"/admin/casebook/{NUMBER}/"
    with me.at_phone_width():
        for address, name in (
            ("/admin/", "landing"),
            (casebook, "casebook"),
            ("/admin/crf/screening/", "list"),
        ):
            me.page.goto(address)
            me.take(f"phone-{name}")
            assert me.fits(), name
        me.page.get_by_role("button", name="Menu").focus()
        me.page.keyboard.press("Enter")
        me.take("phone-menu", whole=False)
        me.page.get_by_role("button", name="Close the menu").press("Enter")
        assert not me.page.get_by_role("link", name="Infusions").is_visible()
        me.page.goto(casebook)
        me.follow("SCR Screening: complete", exact=False)
        me.take("phone-screening")
        assert me.fits()
    me.page.goto("/admin/")
    me.page.get_by_role("button", name=me.name).press("Enter")
    me.page.get_by_role("button", name="简体中文").click()
    assert me.page.locator("html").get_attribute("lang") == "zh-hans"
    me.take("chinese-landing")
    me.page.goto(casebook)
    me.take("chinese-casebook")
    with me.at_phone_width():
        me.take("chinese-phone-casebook")
        assert me.fits()


def the_monitor_reads_it_over_the_api(address: str) -> None:
    body = json.dumps({"username": "monitor", "password": "demo-monitor-2024"}).encode()
    given = Request(f"{address}/tokens/", body, {"Content-Type": "application/json"})
    with urlopen(given) as answer:
        token = json.load(answer)["token"]

    def read(resource: str) -> list[dict]:
        wanted = Request(
            f"{address}/{resource}/?participant={NUMBER}",
            headers={"Authorization": f"Token {token}"},
        )
        with urlopen(wanted) as answer:
            return json.load(answer)["results"]

    [infusion] = read("infusions")
    assert (infusion["number"], float(infusion["cells_e9"])) == (1, 1)
    assert infusion["given_by"] != infusion["second_verifier"]
    results = {row["test"]: (row["reported"], row["value"]) for row in read("lab-results")}
    assert results == {"WBC": ("1.9", "1.9"), "NEUT": ("<0.5", None)}
    [event] = read("adverse-events")
    assert (event["term"], event["grade"], event["serious"]) == ("Chills", 1, "N")


def a_mail_leads_back_without_saying_why(program: Program, me: Person) -> None:
    """The day after the infusion is due today; no mail has a word about health."""

    def mails() -> list[tuple[str, str]]:
        """(to whom, all text) of each."""
        read = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in (program.folder / "mail").glob("*.eml")
        ]
        parts = [[p.get_content() for p in mail.walk() if not p.is_multipart()] for mail in read]
        return [
            (mail["to"], "\n".join([str(mail["subject"]), *texts]))
            for mail, texts in zip(read, parts, strict=True)
        ]

    # Steps of this walk may have been due, and mailed, before the next step was entered; the
    # visit of today stays due from the day the course was planned, and is mailed once.
    due_today = re.compile(rf"{NUMBER}  {TODAY}  .*\n\s+(http://\S+/go/\S+)")

    def mine() -> list[str]:
        texts = [text for to, text in mails() if to == "coordinator@demo.example"]
        return [text for text in texts if due_today.search(text)]

    wait(mine, 60)
    [text] = mine()
    assert [(to, HEALTH.findall(text)) for to, text in mails() if HEALTH.search(text)] == []
    me.page.goto("/admin/mail/")
    me.take("mail-inbox")
    link = due_today.search(text)
    assert link
    me.page.goto(link[1])
    me.take("where-the-mail-leads")
    assert me.page.url.endswith(f"/casebook/{NUMBER}/")
