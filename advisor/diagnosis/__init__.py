"""Diagnosis: what went wrong in a trial, by its learning curve, and what to change."""

from advisor.diagnosis.base import Symptom
from advisor.diagnosis.findings import Diagnosis, Finding
from advisor.diagnosis.study import StudyDiagnosis, diagnose_study
from advisor.diagnosis.symptoms import SYMPTOMS
from advisor.diagnosis.trial import diagnose, labelled, remedies_for
from advisor.encoding.remedies import Remedy

__all__ = [
    "SYMPTOMS",
    "Diagnosis",
    "Finding",
    "Remedy",
    "StudyDiagnosis",
    "Symptom",
    "diagnose",
    "diagnose_study",
    "labelled",
    "remedies_for",
]
