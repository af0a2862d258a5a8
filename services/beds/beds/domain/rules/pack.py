"""The rule pack of a hospital, how one patient in one bed is judged by it, and the refusal where a rule fails."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from beds.domain.rules.needs import Needs
from beds.domain.rules.place import Place
from beds.domain.rules.rules import ALWAYS_HARD, RULES, Rule
from common.errors import Refusal


class Severity(StrEnum):
    """Hard: never otherwise. Overridable: by those who may, with a reason. Soft: costs a penalty."""

    HARD = "hard"
    OVERRIDABLE = "overridable"
    SOFT = "soft"


class Outcome(StrEnum):
    PASS = "pass"  # noqa: S105
    FAIL = "fail"
    PENALTY = "penalty"


class Fit(StrEnum):
    """How a bed could be had for somebody, the best first: now, against rules, once it is clean, or not at all."""

    SUITS = "suits"
    AGAINST_RULES = "against_rules"
    NOT_READY = "not_ready"
    UNSUITED = "unsuited"


_FITS = tuple(Fit)


class PackedRule(NamedTuple):
    """A rule as the hospital wants it; `penalty` is what each miss of a soft one costs."""

    rule: Rule
    severity: Severity
    penalty: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says; `penalty` is above 0 where a soft rule is missed."""

    rule: Rule
    severity: Severity
    outcome: Outcome
    penalty: int
    sentence: str


class Standing(NamedTuple):
    """Where a bed stands among others for one patient: `failed` are its hard and overridable rules."""

    fit: Fit
    failed: frozenset[Rule]
    penalty: int

    def order(self) -> tuple[int, int, int]:
        """The better first: how it could be had, against how many rules, what it costs."""
        return _FITS.index(self.fit), len(self.failed), self.penalty


class PlacementRuleFailed(Refusal):
    code = "placement_rule_failed"
    sentence = "This bed does not suit this patient: `failed` names the rules. Choose another one."


class RulePack:
    """The rules in force. What the pack does not name is judged by nobody, except for what is always hard."""

    def __init__(self, rules: Iterable[PackedRule]) -> None:
        named = {packed.rule: packed for packed in rules}
        always = {rule: PackedRule(rule, Severity.HARD, 0) for rule in ALWAYS_HARD}
        self._rules = tuple(
            (always | {rule: one for rule, one in named.items() if rule not in always}).values()
        )
        self._strict = tuple(
            (one.rule, RULES[one.rule].missed) for one in self._rules if one.severity is not Severity.SOFT
        )
        self._soft = tuple(
            (one.penalty, RULES[one.rule].missed) for one in self._rules if one.severity is Severity.SOFT
        )
        self._overridable = frozenset(one.rule for one in self._rules if one.severity is Severity.OVERRIDABLE)

    def verdicts(self, place: Place, needs: Needs) -> list[Verdict]:
        """Every rule with what it says, the gravest first."""
        order = list(Severity)
        made = [_verdict(packed, place, needs) for packed in self._rules]
        return sorted(made, key=lambda verdict: order.index(verdict.severity))

    def failed(self, place: Place, needs: Needs) -> frozenset[Rule]:
        """The hard and overridable rules that this place does not keep."""
        return frozenset([rule for rule, missed in self._strict if missed(place, needs)])

    def penalty(self, place: Place, needs: Needs) -> int:
        return sum([cost * missed(place, needs) for cost, missed in self._soft])

    def standing(self, place: Place, needs: Needs) -> Standing:
        """How this bed could be had, as far as the rules go."""
        failed = self.failed(place, needs)
        hard = failed - self._overridable
        if hard:
            fit = Fit.NOT_READY if hard == {Rule.BED_READY} else Fit.UNSUITED
        else:
            fit = Fit.AGAINST_RULES if failed else Fit.SUITS
        return Standing(fit, failed, self.penalty(place, needs))

    def expect_suitable(
        self, place: Place, needs: Needs, *, overridden: Collection[str] = (), overriding: bool = False
    ) -> frozenset[Rule]:
        """The rules that fail and are overridden: those that were before, and with `overriding` every overridable one.

        Raises `PlacementRuleFailed` for any other.
        """
        failed = self.failed(place, needs)
        stands = failed - (self._overridable if overriding else self._overridable & set(overridden))
        if stands:
            raise PlacementRuleFailed(
                failed=[verdict for verdict in self.verdicts(place, needs) if verdict.rule in stands]
            )
        return failed


def _verdict(packed: PackedRule, place: Place, needs: Needs) -> Verdict:
    said = RULES[packed.rule]
    missed = said.missed(place, needs)
    soft = packed.severity is Severity.SOFT
    outcome = Outcome.PASS if not missed else Outcome.PENALTY if soft else Outcome.FAIL
    return Verdict(
        packed.rule, packed.severity, outcome, missed * packed.penalty if soft else 0, said.sentence
    )
