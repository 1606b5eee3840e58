"""Laboratory tests by CDISC test code, with the units a laboratory here reports them in.

Source: CDISC SDTM controlled terminology 2024-09-27 (LBTESTCD, UNIT).
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Analyte:
    """A test: its name and the submission values of its units, the usual one first."""

    name: Any  # a translatable text
    units: tuple[str, ...]


ANALYTES: dict[str, Analyte] = {
    "WBC": Analyte(_("Leukocytes"), ("10^9/L",)),
    "NEUT": Analyte(_("Neutrophils"), ("10^9/L",)),
    "LYM": Analyte(_("Lymphocytes"), ("10^9/L",)),
    "MONO": Analyte(_("Monocytes"), ("10^9/L",)),
    "EOS": Analyte(_("Eosinophils"), ("10^9/L",)),
    "BASO": Analyte(_("Basophils"), ("10^9/L",)),
    "RBC": Analyte(_("Erythrocytes"), ("10^12/L",)),
    "HGB": Analyte(_("Haemoglobin"), ("g/L", "g/dL", "mmol/L")),
    "HCT": Analyte(_("Haematocrit"), ("%",)),
    "MCV": Analyte(_("Mean corpuscular volume"), ("fL",)),
    "PLAT": Analyte(_("Platelets"), ("10^9/L",)),
    "ALT": Analyte(_("Alanine aminotransferase"), ("U/L",)),
    "AST": Analyte(_("Aspartate aminotransferase"), ("U/L",)),
    "ALP": Analyte(_("Alkaline phosphatase"), ("U/L",)),
    "GGT": Analyte(_("Gamma glutamyl transferase"), ("U/L",)),
    "BILI": Analyte(_("Bilirubin, total"), ("umol/L", "mg/dL")),
    "ALB": Analyte(_("Albumin"), ("g/L", "g/dL")),
    "PROT": Analyte(_("Protein, total"), ("g/L", "g/dL")),
    "CREAT": Analyte(_("Creatinine"), ("umol/L", "mg/dL")),
    "UREAN": Analyte(_("Urea nitrogen"), ("mmol/L", "mg/dL")),
    "URATE": Analyte(_("Urate"), ("umol/L", "mg/dL")),
    "CK": Analyte(_("Creatine kinase"), ("U/L",)),
    "LDH": Analyte(_("Lactate dehydrogenase"), ("U/L",)),
    "GLUC": Analyte(_("Glucose"), ("mmol/L", "mg/dL")),
    "CHOL": Analyte(_("Cholesterol"), ("mmol/L", "mg/dL")),
    "SODIUM": Analyte(_("Sodium"), ("mmol/L", "mEq/L")),
    "K": Analyte(_("Potassium"), ("mmol/L", "mEq/L")),
    "CL": Analyte(_("Chloride"), ("mmol/L", "mEq/L")),
    "CA": Analyte(_("Calcium"), ("mmol/L", "mg/dL")),
    "PHOS": Analyte(_("Phosphate"), ("mmol/L", "mg/dL")),
    "PT": Analyte(_("Prothrombin time"), ("sec",)),
    "INR": Analyte(_("INR"), ("RATIO",)),
    "APTT": Analyte(_("Activated partial thromboplastin time"), ("sec",)),
    "FIBRINO": Analyte(_("Fibrinogen"), ("g/L", "mg/dL")),
    "CRP": Analyte(_("C-reactive protein"), ("mg/L", "mg/dL")),
    "ESR": Analyte(_("Erythrocyte sedimentation rate"), ("mm/h",)),
    "FERRITIN": Analyte(_("Ferritin"), ("ug/L", "ng/mL")),
    "INTLK6": Analyte(_("Interleukin 6"), ("ng/L", "pg/mL")),
}

UNITS = tuple(dict.fromkeys(unit for analyte in ANALYTES.values() for unit in analyte.units))
