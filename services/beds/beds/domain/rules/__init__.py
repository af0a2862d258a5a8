"""Which bed suits which patient: the placement rules of domain §3 as pure functions and as data."""

from beds.domain.rules.needs import Isolation, Needs, PatientAge, PatientSex, RoomPreference
from beds.domain.rules.pack import (
    Fit,
    Outcome,
    PackedRule,
    PlacementRuleFailed,
    RulePack,
    Severity,
    Standing,
    Verdict,
)
from beds.domain.rules.place import Place
from beds.domain.rules.rules import ALWAYS_HARD, RULES, Rule

__all__ = [
    "ALWAYS_HARD",
    "RULES",
    "Fit",
    "Isolation",
    "Needs",
    "Outcome",
    "PackedRule",
    "PatientAge",
    "PatientSex",
    "Place",
    "PlacementRuleFailed",
    "RoomPreference",
    "Rule",
    "RulePack",
    "Severity",
    "Standing",
    "Verdict",
]
