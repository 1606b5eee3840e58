"""`Story`: one demo participant's record, written form by form as the site would write it.

Nothing here bypasses anything: every form goes through `write` in the name of the person whose
task it is, so gates, effects and history are the real ones.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from config.demo import labs
from config.demo.setup import Trial
from crf.lab_import import import_samples
from crf.models import (
    ContraceptionCheck,
    Demographics,
    EndOfStudy,
    HCGTest,
    Infusion,
    LymphodepletionDay,
    ProductBag,
    Screening,
)
from safety.models import AdverseEvent, CRSAssessment, ICANSAssessment
from safety.models.adverse_event import SERIOUS_CRITERIA
from safety.models.icans import ICE_ITEMS
from trial.models import (
    Consent,
    Enrolment,
    Participant,
    Site,
    TreatmentCourse,
    User,
    Visit,
)


class DemoDataError(Exception):
    """A data file of the demo was refused by the lab import."""


@dataclass(frozen=True)
class Team:
    """Who writes at a site: the coordinator enters, the doctor decides and gives."""

    coordinator: User
    doctor: User
    pharmacist: User


class Story:
    """Writes one participant's forms; days are dates at the site, 0 is the first infusion."""

    def __init__(self, trial: Trial, site: Site, team: Team, disease: str, today: date) -> None:
        self.trial, self.site, self.team, self.today = trial, site, team, today
        self.participant = Participant(site=site, protocol_version=trial.version, disease=disease)
        self.participant.write(by=team.coordinator)

    @property
    def number(self) -> str:
        return self.participant.number

    def at(self, day: date, hour: int = 9, minute: int = 0) -> datetime:
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.site.zone)

    def visit(self, code: str) -> Visit:
        return self.participant.visit_set.select_related("scheduled").get(scheduled__code=code)

    def _form(
        self, model: Any, *, complete: bool = True, by: User | None = None, **fields: Any
    ) -> Any:
        form = model(participant=self.participant, **fields)
        form.write(by=by or self.team.coordinator, complete=complete)
        return form

    # Before treatment ----------------------------------------------------------------------

    def consent(self, day: date) -> None:
        self._form(
            Consent,
            complete=False,
            protocol_version=self.trial.version,
            icf_version=self.trial.version.icf_version,
            signed_at=self.at(day, 8, 30),
            obtained_by=self.team.doctor,
            copy_given="Y",
        )

    def demographics(
        self, birth_on: date, sex: str, childbearing: str, partner: str = "NA"
    ) -> None:
        self._form(
            Demographics,
            birth_on=birth_on,
            sex=sex,
            race="ASIAN",
            childbearing=childbearing,
            partner_childbearing=partner,
        )

    def screening(
        self, day: date, height_cm: int, weight_kg: str, *, complete: bool = True, **fields: Any
    ) -> None:
        answers = {
            "haemodynamically_stable": "Y",
            "csf_given": "N",
            "gilbert": "N",
            "liver_values_from_disease": "N",
            "contraception_agreed": "Y",
            "lactating": "N",
            "will_cooperate": "Y",
            "treatment_failure": "INEFFECTIVE",
            "liver_cirrhosis": "N",
            "marrow_disease": "N",
        }
        self.bsa_m2 = (height_cm * Decimal(weight_kg or 0) / 3600).sqrt().quantize(Decimal("0.01"))
        self._form(
            Screening,
            complete=complete,
            visit=self.visit("SCR"),
            assessed_on=day,
            height_cm=Decimal(height_cm),
            weight_kg=Decimal(weight_kg) if weight_kg else None,
            **answers | fields,
        )

    def hcg(self, day: date, visit: str = "", matrix: str = "SERUM") -> None:
        self._form(
            HCGTest,
            visit=self.visit(visit) if visit else None,
            performed="Y",
            sampled_at=self.at(day, 7, 30),
            matrix=matrix,
            result="NEGATIVE",
            value_iu_per_l=Decimal("0.6") if matrix == "SERUM" else None,
        )

    def labs(self, visit: str, day: date) -> None:
        """The laboratory's report of a visit, by the import of every day. Raises DemoDataError."""
        report = import_samples(
            labs.rows(self.number, visit, self.at(day, 7, 15)),
            by=self.team.coordinator,
            source="the laboratory's report",
        )
        if not report.written:
            raise DemoDataError("; ".join(str(rejection) for rejection in report.rejections))

    def decide(self, day: date, outcome: str = "ENROLLED", failed_criteria: str = "") -> None:
        self._form(
            Enrolment,
            complete=False,
            by=self.team.doctor,
            outcome=outcome,
            decided_on=day,
            decided_by=self.team.doctor,
            failed_criteria=failed_criteria,
        )

    # Treatment -----------------------------------------------------------------------------

    def course(self, day_0: date) -> None:
        self.day_0 = day_0
        self._form(
            TreatmentCourse,
            complete=False,
            by=self.team.doctor,
            planned_on=day_0,
            dose_level=self.trial.level,
        )

    def day(self, number: int) -> date:
        return self.day_0 + timedelta(days=number)

    def lymphodepletion(self, number: int) -> None:
        """Day 1, 2 or 3 of it: D-5, D-4, D-3."""
        day = self.day(number - 6)
        self._form(
            LymphodepletionDay,
            visit=self.visit(f"LD{number}"),
            given_on=day,
            bsa_m2=self.bsa_m2,
            fludarabine_mg=(25 * self.bsa_m2).quantize(Decimal("0.1")),
            fludarabine_started_at=self.at(day, 9),
            fludarabine_ended_at=self.at(day, 9, 30),
            cyclophosphamide_mg=(300 * self.bsa_m2).quantize(Decimal(1)),
            cyclophosphamide_started_at=self.at(day, 10),
            cyclophosphamide_ended_at=self.at(day, 11),
            adjusted="N",
        )

    def bag(self, number: int, day: date) -> ProductBag:
        """A bag that arrives on the day before its infusion on `day`."""
        arrived = day - timedelta(days=1)
        return self._form(
            ProductBag,
            by=self.team.pharmacist,
            lot=f"NK-{self.number}-{number}",
            dose_level=self.trial.level,
            cells_e9=self.trial.level.cells_e9,
            volume_ml=Decimal(100),
            viability_percent=Decimal("91.5"),
            received_at=self.at(arrived, 14),
            expires_at=self.at(arrived + timedelta(days=5), 14),
            released="Y",
            released_by=self.team.pharmacist,
            released_at=self.at(arrived, 15, 30),
        )

    def infusion(self, number: int, day: int) -> None:
        on = self.day(day)
        self._form(
            Infusion,
            visit=self.visit(f"INF{number}"),
            number=number,
            bag=self.bag(number, on),
            thawed_at=self.at(on, 10),
            started_at=self.at(on, 10, 15),
            ended_at=self.at(on, 10, 45),
            cells_e9=self.trial.level.cells_e9,
            volume_ml=Decimal(100),
            interrupted="N",
            reaction="N",
            given_by=self.team.doctor,
            second_verifier=self.team.pharmacist,
        )

    def crs(self, visit: str, day: int, temperature_c: str = "36.7", grade: int = 0) -> None:
        self._form(
            CRSAssessment,
            visit=self.visit(visit) if visit else None,
            assessed_at=self.at(self.day(day), 16),
            temperature_c=Decimal(temperature_c),
            masked="N",
            hypotension="N",
            vasopressors=0,
            vasopressin="N",
            oxygen="NONE",
            investigator_grade=grade,
        )

    def icans(
        self,
        visit: str,
        day: int,
        *,
        wrong: tuple[str, ...] = (),
        grade: int = 0,
        draft: bool = False,
    ) -> None:
        """wrong: ICE items the participant failed. draft: only the ICE items are filled in."""
        items: dict[str, Any] = {item: int(item not in wrong) for item in ICE_ITEMS}
        rest: dict[str, Any] = {
            "consciousness": "NORMAL",
            "seizure": "NONE",
            "motor_weakness": "N",
            "oedema": "NONE",
            "investigator_grade": grade,
        }
        self._form(
            ICANSAssessment,
            complete=not draft,
            visit=self.visit(visit),
            assessed_at=self.at(self.day(day), 16, 20),
            **items,
            **({} if draft else rest),
        )

    # Follow-up -----------------------------------------------------------------------------

    def contraception(
        self, day: date, visit: str = "", method: str = "CONDOM", **fields: Any
    ) -> None:
        self._form(
            ContraceptionCheck,
            visit=self.visit(visit) if visit else None,
            checked_on=day,
            **{
                "performed": "Y",
                "method": method,
                "used_throughout": "Y",
                "last_menses_on": (day - timedelta(days=12)).isoformat(),
                "pregnancy_suspected": "N",
            }
            | fields,
        )

    def missed(self, code: str, because: str) -> None:
        visit = self.visit(code)
        visit.state, visit.missed_because = Visit.State.MISSED, because
        visit.write(by=self.team.coordinator, reason="The participant did not come.")

    def event(
        self, term: str, grade: int | None, began: date, ended: date | None = None, **fields: Any
    ) -> None:
        """An adverse event; a draft when it has no grade yet, ongoing when it has no end."""
        serious = fields.pop("serious", "N")
        if serious == "Y":
            fields = dict.fromkeys(SERIOUS_CRITERIA, "N") | fields
        answers = {
            "ongoing": "N" if ended else "Y",
            "related_to_product": "POSSIBLY RELATED",
            "related_to_lymphodepletion": "UNLIKELY RELATED",
            "action_taken": "DOSE NOT CHANGED",
            "treated": "Y",
            "outcome": "RECOVERED/RESOLVED" if ended else "NOT RECOVERED/NOT RESOLVED",
        }
        self._form(
            AdverseEvent,
            complete=grade is not None,
            term=term,
            grade=grade,
            began_on=began.isoformat(),
            ended_on=ended.isoformat() if ended else "",
            serious=serious if grade else "",
            **(answers if grade else {}) | fields,
        )

    def leave(self, day: date, reason: str, detail: str) -> None:
        self._form(EndOfStudy, ended_on=day, reason=reason, detail=detail)
