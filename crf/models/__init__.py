"""One file per form, or per pair of forms that belong together."""

from crf.models.base import Absent, CrfForm, FormRow, VisitForm
from crf.models.demographics import Demographics
from crf.models.disposition import EndOfStudy
from crf.models.dosing import Infusion, LymphodepletionDay, ProductBag
from crf.models.labs import LabResult, LabSample
from crf.models.reproduction import ContraceptionCheck, HCGTest
from crf.models.screening import Screening

__all__ = [
    "Absent",
    "ContraceptionCheck",
    "CrfForm",
    "Demographics",
    "EndOfStudy",
    "FormRow",
    "HCGTest",
    "Infusion",
    "LabResult",
    "LabSample",
    "LymphodepletionDay",
    "ProductBag",
    "Screening",
    "VisitForm",
]
