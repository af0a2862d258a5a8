"""Who may do what in beds: contract §2, *Beds*. What is not here is refused."""

from enum import StrEnum

from common.policies import Policies, Scope

ANY, DEPT = Scope.ANY, Scope.DEPARTMENTS


class Act(StrEnum):
    READ_LAYOUT = "read_layout"
    CHANGE_LAYOUT = "change_layout"
    HOLD_BED = "hold_bed"
    SUGGEST_BEDS = "suggest_beds"
    RESERVE_BED = "reserve_bed"
    OVERRIDE_RULES = "override_placement_rules"
    DECIDE_OFFER = "accept_or_decline_offer"
    BLOCK_BED = "block_bed"
    CLOSE_BED = "close_bed"
    OVERRIDE_READINESS = "override_readiness"
    READ_BOARD = "read_board"
    READ_PLACEMENTS = "read_placements"
    READ_FIGURES = "read_figures"
    READ_DEPARTURE_REASONS = "read_departure_reasons"
    MOVE_IN_OR_OUT = "record_arrival_or_departure"
    MOVE_WITHIN = "move_within_department"
    REQUEST_TRANSFER = "request_or_cancel_transfer"
    DECIDE_TRANSFER = "accept_or_decline_transfer"
    GO_ON_LEAVE = "record_leave_or_return"
    REVERSE = "reverse_arrival_or_move"
    CLEAN = "clean"


CLINICAL = dict.fromkeys(("nurse", "charge_nurse", "physician", "bed_manager", "unit_manager"), ANY)

POLICIES = Policies(
    {
        Act.READ_LAYOUT: CLINICAL | {"housekeeping": ANY, "staffing_coordinator": ANY, "auditor": ANY},
        Act.CHANGE_LAYOUT: {"admin": ANY},
        Act.HOLD_BED: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.SUGGEST_BEDS: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.RESERVE_BED: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.OVERRIDE_RULES: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.DECIDE_OFFER: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.BLOCK_BED: {"bed_manager": ANY, "charge_nurse": DEPT, "unit_manager": DEPT},
        Act.CLOSE_BED: {"admin": ANY},
        Act.OVERRIDE_READINESS: {"bed_manager": ANY, "charge_nurse": DEPT, "unit_manager": DEPT},
        Act.READ_BOARD: dict.fromkeys(CLINICAL, DEPT) | {"bed_manager": ANY, "housekeeping": ANY},
        Act.READ_PLACEMENTS: CLINICAL,
        Act.READ_FIGURES: CLINICAL | {"staffing_coordinator": ANY, "auditor": ANY},
        Act.READ_DEPARTURE_REASONS: CLINICAL | {"integration": ANY},
        Act.MOVE_IN_OR_OUT: {"nurse": DEPT, "charge_nurse": DEPT, "bed_manager": ANY, "integration": ANY},
        Act.MOVE_WITHIN: {"bed_manager": ANY, "charge_nurse": DEPT},
        Act.REQUEST_TRANSFER: {"nurse": DEPT, "charge_nurse": DEPT, "physician": DEPT, "bed_manager": ANY},
        Act.DECIDE_TRANSFER: {"charge_nurse": DEPT, "unit_manager": DEPT, "bed_manager": ANY},
        Act.GO_ON_LEAVE: {"nurse": DEPT, "charge_nurse": DEPT},
        Act.REVERSE: {"bed_manager": ANY, "charge_nurse": DEPT, "unit_manager": DEPT},
        Act.CLEAN: {"housekeeping": ANY, "nurse": DEPT, "charge_nurse": DEPT},
    }
)
