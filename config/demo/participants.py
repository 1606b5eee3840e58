"""The eight participants of the demo, oldest first; who they are and where they stand today.

Fixed but for the date: everything counts back from today at the site, and nothing happens today,
so that today's visits, checks and tests are due.
"""

from collections.abc import Callable
from datetime import date, timedelta

from config.demo.people import MAIN, SECOND
from config.demo.setup import Trial
from config.demo.story import Story, Team
from trial.schedule import add_months

YES, NO = "Y", "N"


def write_participants(trial: Trial, today: date, say: Callable[[str], None]) -> None:
    """Register and write all participants, at the first site in the order of their numbers."""
    people = trial.people
    main = Team(people["coordinator"], people["investigator"], people["pharmacist"])
    second = Team(people["coordinator2"], people["subinvestigator"], people["pharmacist"])
    for site, team, tell, disease, stage in (
        (MAIN, main, screen_failure, "RA", "screen failure"),
        (MAIN, main, withdrawn, "IIM", "withdrawn after the third infusion"),
        (MAIN, main, month_4, "RA", "month 4, a monthly check due today"),
        (MAIN, main, day_28, "PSS", "day 28, visit, contraception check and HCG due today"),
        (MAIN, main, day_3, "SSC", "day 3, second infusion due today"),
        (MAIN, main, lymphodepletion, "IIM", "second day of lymphodepletion due today"),
        (MAIN, main, in_screening, "PSS", "in screening"),
        (SECOND, second, day_14, "SSC", "day 14, visit due today"),
    ):
        story = Story(trial, trial.sites[site], team, disease, today)
        tell(story)
        say(f"  {story.number} {disease:<3}  {stage}")


def until_enrolled(
    story: Story, day_0: date, born: date, sex: str, height_cm: int, weight_kg: str, fertile: str
) -> None:
    """Consent to the planned course, 16 to 9 days before day 0.

    fertile: whether she is a woman of childbearing potential, or for a man whether his partner is.
    """
    begin = day_0 - timedelta(days=16)
    story.consent(begin)
    woman, partner = (fertile, "NA") if sex == "F" else ("NA", fertile)
    story.demographics(born, sex, woman, partner)
    if woman == YES:
        story.hcg(begin + timedelta(days=2), "SCR")
    story.labs("SCR", begin + timedelta(days=2))
    story.screening(
        begin + timedelta(days=2),
        height_cm,
        weight_kg,
        lactating="N" if sex == "F" else "NA",
    )
    story.decide(begin + timedelta(days=7))
    story.course(day_0)


def until_infused(story: Story, *, hcg: bool) -> None:
    """Lymphodepletion and the first infusion with its day 0 findings; hcg: tested before both."""
    if hcg:
        story.hcg(story.day(-5), "LD1")
    story.labs("LD1", story.day(-5))
    for number in (1, 2, 3):
        story.lymphodepletion(number)
    if hcg:
        story.hcg(story.day(0), "INF1")
    story.labs("INF1", story.day(0))
    story.infusion(1, 0)
    story.crs("INF1", 0)
    story.icans("INF1", 0)


def until_day_10(story: Story, *, fever: bool = False) -> None:
    """The days of the three infusions after the first; fever: CRS of grade 1 on day 1."""
    story.labs("D1", story.day(1))
    story.crs("D1", 1, "38.4" if fever else "37.1", int(fever))
    story.icans("D1", 1)
    for number, day in ((2, 3), (3, 7)):
        story.labs(f"INF{number}", story.day(day))
        story.infusion(number, day)
        story.crs(f"INF{number}", day)
        story.icans(f"INF{number}", day)
    story.labs("D10", story.day(10))
    story.crs("D10", 10)


def neutropenia(story: Story, began: int, ended: int | None) -> None:
    story.event(
        "Neutrophil count decreased",
        3,
        story.day(began),
        story.day(ended) if ended is not None else None,
        related_to_lymphodepletion="RELATED",
        related_to_product="UNLIKELY RELATED",
    )


def screen_failure(story: Story) -> None:
    begin = story.today - timedelta(days=40)
    story.consent(begin)
    story.demographics(date(1968, 3, 14), "F", NO)
    story.labs("SCR", begin + timedelta(days=1))
    story.screening(begin + timedelta(days=1), 158, "64.5", liver_cirrhosis="Y")
    story.decide(begin + timedelta(days=5), "SCREEN_FAILURE", "GEN-I-02i GEN-I-02j GEN-E-01")


def withdrawn(story: Story) -> None:
    until_enrolled(story, story.today - timedelta(days=75), date(1979, 11, 2), "M", 174, "71", NO)
    until_infused(story, hcg=False)
    until_day_10(story)
    story.icans("D10", 10)
    story.event(
        "Fatigue", 2, story.day(2), story.day(15), outcome="RECOVERED/RESOLVED", treated="N"
    )
    story.missed("D14", "Did not come; reached by phone on the following day.")
    story.leave(story.day(20), "WITHDRAWAL BY SUBJECT", "Travel to the site became too long.")


def month_4(story: Story) -> None:
    """A monthly check is due today: the last treatment was four calendar months ago."""
    last_treatment_on = add_months(story.today, -4)
    day_0 = last_treatment_on - timedelta(days=7)
    until_enrolled(story, day_0, date(1991, 8, 21), "F", 162, "63", YES)
    until_infused(story, hcg=True)
    until_day_10(story, fever=True)
    story.icans("D10", 10)
    story.event(
        "Cytokine release syndrome",
        1,
        story.day(1),
        story.day(2),
        related_to_product="RELATED",
    )
    neutropenia(story, -1, 12)
    story.labs("D14", story.day(14))
    story.crs("D14", 14)
    story.icans("D14", 14)
    story.missed("D21", "Heavy rain, no trains; the participant was well by phone.")
    duties = {"D28": story.day(28), "M2": story.day(56), "M3": story.day(84)}
    monthly = [add_months(last_treatment_on, k) for k in (1, 2, 3)]
    for day, code in sorted([(d, c) for c, d in duties.items()] + [(d, "") for d in monthly]):
        if code:
            story.labs(code, day)
        story.contraception(day, code, method="ORAL")
        story.hcg(day, code, matrix="SERUM" if code else "URINE")
    story.event(
        "Lung infection",
        3,
        story.day(40),
        story.day(52),
        serious="Y",
        serious_hospitalisation="Y",
        related_to_lymphodepletion="POSSIBLY RELATED",
    )
    story.labs("M4", story.day(112))


def day_28(story: Story) -> None:
    until_enrolled(
        story, story.today - timedelta(days=28), date(1984, 1, 30), "F", 165, "57.5", YES
    )
    until_infused(story, hcg=True)
    until_day_10(story)
    story.icans("D10", 10, wrong=("counts_backwards",), grade=1)
    neutropenia(story, 2, 13)
    story.event("Nausea", 1, story.day(-4), story.day(-2), related_to_lymphodepletion="RELATED")
    story.labs("D14", story.day(14))
    story.crs("D14", 14)
    story.icans("D14", 14, draft=True)


def day_3(story: Story) -> None:
    until_enrolled(story, story.today - timedelta(days=3), date(1988, 6, 9), "F", 160, "55", YES)
    until_infused(story, hcg=True)
    story.labs("D1", story.day(1))
    story.crs("D1", 1, "38.6", 1)
    story.icans("D1", 1)
    story.crs("", 2, "37.4", 0)
    story.event(
        "Cytokine release syndrome",
        1,
        story.day(1),
        story.day(2),
        related_to_product="RELATED",
    )
    neutropenia(story, 1, None)
    story.event("Headache", None, story.day(2))
    story.bag(2, story.today)


def lymphodepletion(story: Story) -> None:
    until_enrolled(story, story.today + timedelta(days=4), date(1975, 4, 17), "M", 171, "68", YES)
    story.labs("LD1", story.day(-5))
    story.lymphodepletion(1)


def in_screening(story: Story) -> None:
    """A draft with every way to say why a value is not there."""
    begin = story.today - timedelta(days=4)
    story.consent(begin)
    story.demographics(date(1970, 12, 5), "F", "U")
    story.labs("SCR", begin + timedelta(days=1))
    story.screening(
        begin + timedelta(days=1),
        157,
        "",
        complete=False,
        csf_given="Y",
        gilbert="U",
        treatment_failure="",
        marrow_disease="",
        absent={
            "weight_kg": {"code": "ND", "reason": "The scale was out of order."},
            "csf_last_on": {"code": "UNK", "reason": ""},
        },
    )


def day_14(story: Story) -> None:
    until_enrolled(story, story.today - timedelta(days=14), date(1982, 9, 25), "M", 176, "74", YES)
    until_infused(story, hcg=False)
    until_day_10(story)
    story.icans("D10", 10)
    story.event("Anaemia", 2, story.day(3), related_to_lymphodepletion="PROBABLY RELATED")
