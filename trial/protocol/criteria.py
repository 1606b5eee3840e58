"""Eligibility criteria of NCT06464679: codes, scope and text.

Source: registry record, with its translation slips read as meant (mertiomate =
mycophenolate mofetil, tetracycline and tetanuscept = telitacicept). Codes are
ours: the record numbers its items inconsistently. RA-I-04 is reported by its
three parts, all of which must be met.
"""

from dataclasses import dataclass
from enum import StrEnum

from trial.protocol.facts import Disease

_ = str  # marks a text for the translators; rules know no framework


class Kind(StrEnum):
    INCLUSION = _("inclusion")
    EXCLUSION = _("exclusion")


@dataclass(frozen=True)
class Criterion:
    """One line of the eligibility page. An exclusion that is met excludes."""

    code: str
    kind: Kind
    disease: Disease | None  # None: every disease
    text: str


_FAILED = _("Conventional treatment was ineffective, or the disease relapsed after remission.")
_OVER_1_MG = _(
    "Glucocorticoid above 1 mg/kg/day (prednisone equivalent) is part of that treatment history."
)
_CYCLOPHOSPHAMIDE = _("Cyclophosphamide is part of that treatment history.")
_SIX_MONTHS = _(
    "At least one of these for more than 6 months: an antimalarial, methotrexate, leflunomide, "
    "cyclophosphamide, azathioprine, mycophenolate mofetil, tacrolimus, ciclosporin or a biologic "
    "(rituximab, belimumab, telitacicept or other)."
)

COMMON_INCLUSION = {
    "GEN-I-01": _("Age 18 to 65 years, both included, on the day of consent."),
    "GEN-I-02a": _("White blood cells at least 3.0 x10^9/L."),
    "GEN-I-02b": _("Neutrophils at least 1.0 x10^9/L."),
    "GEN-I-02c": _("No colony-stimulating factor in the 14 days before that blood count."),
    "GEN-I-02d": _("Haemoglobin at least 60 g/L."),
    "GEN-I-02e": _("ALT at most 3.0 x ULN, unless raised by the disease itself."),
    "GEN-I-02f": _("AST at most 3.0 x ULN, unless raised by the disease itself."),
    "GEN-I-02g": _(
        "Total bilirubin at most 1.5 x ULN (Gilbert syndrome: 3.0 x ULN), "
        "unless raised by the disease itself."
    ),
    "GEN-I-02h": _("Creatinine clearance (Cockcroft-Gault) at least 60 mL/min."),
    "GEN-I-02i": _("INR below 1.5 x ULN."),
    "GEN-I-02j": _("Prothrombin time below 1.5 x ULN."),
    "GEN-I-02k": _("Haemodynamically stable."),
    "GEN-I-03a": _(
        "Woman of childbearing potential, or man whose partner is: agrees to medically approved "
        "contraception or abstinence during study treatment and at least 6 months after it."
    ),
    "GEN-I-03b": _(
        "Woman of childbearing potential: negative serum hCG within 7 days before enrolment."
    ),
    "GEN-I-03c": _("Woman of childbearing potential: not lactating."),
    "GEN-I-04a": _("Informed consent signed voluntarily, before any study procedure."),
    "GEN-I-04b": _("Good compliance; will cooperate with follow-up."),
}
PSS_INCLUSION = {
    "PSS-I-01": _("Primary Sjögren's syndrome by the AECG 2002 or the ACR/EULAR 2016 criteria."),
    "PSS-I-02": _("ESSDAI at least 5, assessed by the investigator."),
    "PSS-I-03a": _FAILED,
    "PSS-I-03b": _OVER_1_MG,
    "PSS-I-03c": _CYCLOPHOSPHAMIDE,
    "PSS-I-03d": _SIX_MONTHS,
}
SSC_INCLUSION = {
    "SSC-I-01": _("Systemic sclerosis by the ACR/EULAR 2013 criteria (9 points or more)."),
    "SSC-I-02": _(
        "With interstitial lung disease: ground-glass opacity on chest HRCT, and "
        "FVC or DLCO below 70 % predicted."
    ),
    "SSC-I-03a": _FAILED,
    "SSC-I-03b": _("Glucocorticoid is part of that treatment history."),
    "SSC-I-03c": _SIX_MONTHS,
    "SSC-I-04": _(
        "Progressive: mRSS rose by more than 10 %, or FVC fell by 10 % or more, or FVC fell by "
        "5 % or more and DLCO by 15 % or more (relative changes)."
    ),
}
IIM_INCLUSION = {
    "IIM-I-01": _(
        "Inflammatory myopathy by the EULAR/ACR 2017 criteria: dermatomyositis, polymyositis, "
        "antisynthetase syndrome or necrotising myopathy."
    ),
    "IIM-I-02": _(
        "With muscle involvement: MMT-8 below 142 of 150, and at least two of: physician global "
        "at least 2, patient global at least 2, extramuscular activity at least 2 (0 to 10), "
        "HAQ-DI at least 0.25, a muscle enzyme at least 1.5 x ULN."
    ),
    "IIM-I-03": _("At least one myositis antibody positive."),
    "IIM-I-04a": _FAILED,
    "IIM-I-04b": _OVER_1_MG,
    "IIM-I-04c": _CYCLOPHOSPHAMIDE,
    "IIM-I-04d": _SIX_MONTHS,
}
RA_INCLUSION = {
    "RA-I-01a": _("Rheumatoid arthritis by the ACR/EULAR 2010 criteria (6 points or more)."),
    "RA-I-01b": _("Diagnosed at least 6 months before screening."),
    "RA-I-01c": _("Moderately or severely active."),
    "RA-I-02": _("At least 6 swollen of 66 joints and at least 6 tender of 68 joints."),
    "RA-I-03": _("CRP at least 10 mg/L, or ESR at least 28 mm/h."),
    "RA-I-04a": _(
        "Treatment by the EULAR recommendations failed: conventional synthetic DMARDs (unless "
        "contraindicated) and at least two biologic or targeted synthetic DMARDs of different "
        "mechanism, unless access to those was limited by socioeconomic factors."
    ),
    "RA-I-04b": _("Signs and symptoms are a problem for both patient and physician."),
    "RA-I-04c": _(
        "At least one of: DAS28-ESR above 3.2 or CDAI above 10; signs or symptoms of active "
        "disease; glucocorticoid cannot be tapered below 7.5 mg/day (prednisone equivalent); "
        "modified Sharp score rose by 5 or more in a year; well controlled, but still lowering "
        "quality of life."
    ),
}
# No heading in the record, perhaps meant for pSS only: for all is the safer reading.
COMMON_EXCLUSION = {
    "GEN-E-01": _("Liver cirrhosis."),
    "GEN-E-02": _(
        "Aplastic anaemia, myelodysplastic syndrome or another myeloproliferative disease."
    ),
}
IIM_EXCLUSION = {
    "IIM-E-01": _("Drug-induced myositis."),
    "IIM-E-02": _("Inclusion body myositis."),
    "IIM-E-03": _("Tumour-associated: onset within 2 years of the diagnosis of a tumour."),
}
RA_EXCLUSION = {"RA-E-01": _("ACR functional class IV.")}


def _rows(kind: Kind, disease: Disease | None, texts: dict[str, str]) -> tuple[Criterion, ...]:
    return tuple(Criterion(code, kind, disease, text) for code, text in texts.items())


CRITERIA = (  # in the order of the eligibility page
    *_rows(Kind.INCLUSION, None, COMMON_INCLUSION),
    *_rows(Kind.INCLUSION, Disease.PSS, PSS_INCLUSION),
    *_rows(Kind.INCLUSION, Disease.SSC, SSC_INCLUSION),
    *_rows(Kind.INCLUSION, Disease.IIM, IIM_INCLUSION),
    *_rows(Kind.INCLUSION, Disease.RA, RA_INCLUSION),
    *_rows(Kind.EXCLUSION, None, COMMON_EXCLUSION),
    *_rows(Kind.EXCLUSION, Disease.IIM, IIM_EXCLUSION),
    *_rows(Kind.EXCLUSION, Disease.RA, RA_EXCLUSION),
)


def applicable(disease: Disease) -> tuple[Criterion, ...]:
    """The common criteria and those of this disease, in order."""
    return tuple(row for row in CRITERIA if row.disease in (None, disease))
