"""One file per form."""

from crf.models.base import Absent, CrfForm, FormRow, VisitForm
from crf.models.contraception import ContraceptionCheck
from crf.models.demographics import Demographics
from crf.models.end_of_study import EndOfStudy
from crf.models.hcg import HCGTest
from crf.models.infusion import Infusion
from crf.models.lab_result import LabResult
from crf.models.lab_sample import LabSample
from crf.models.lymphodepletion import LymphodepletionDay
from crf.models.product_bag import ProductBag
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
