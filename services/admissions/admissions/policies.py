"""Who may do what in admissions: contract §2, *Admissions*. What is not here is refused."""

from enum import StrEnum

from common.policies import Policies, Scope

ANY, DEPT = Scope.ANY, Scope.DEPARTMENTS


class Act(StrEnum):
    KEEP_PATIENTS = "keep_patients"
    FIND_PATIENTS = "find_patients"
    READ_IDENTITIES = "read_identity_history"
    READ_NAMES = "read_names"
    MERGE_PATIENTS = "merge_patients"
    ERASE_PATIENTS = "erase_patients"
    REQUEST_BED = "request_bed"
    REOPEN = "reopen"
    ENTER_IN_ERROR = "enter_in_error"
    READ_ADMISSIONS = "read_admissions"
    READ_HISTORY = "read_admission_history"
    PLAN_DISCHARGE = "plan_discharge"
    CONFIRM_DISCHARGE = "confirm_discharge"


CLINICAL = ("nurse", "charge_nurse", "physician", "bed_manager", "unit_manager")
CLINICAL_IN_DEPARTMENT = dict.fromkeys(CLINICAL, DEPT)
REVERSING = {"bed_manager": ANY, "charge_nurse": DEPT, "unit_manager": DEPT}

POLICIES = Policies(
    {
        Act.KEEP_PATIENTS: dict.fromkeys(("nurse", "charge_nurse", "bed_manager", "integration"), ANY),
        Act.FIND_PATIENTS: dict.fromkeys((*CLINICAL, "integration"), ANY),
        Act.READ_IDENTITIES: dict.fromkeys(("nurse", "charge_nurse", "bed_manager", "unit_manager"), ANY),
        Act.READ_NAMES: CLINICAL_IN_DEPARTMENT | {"bed_manager": ANY},
        Act.MERGE_PATIENTS: {"unit_manager": ANY, "admin": ANY},
        Act.ERASE_PATIENTS: {"admin": ANY},
        Act.REQUEST_BED: {"nurse": DEPT, "charge_nurse": DEPT, "bed_manager": ANY, "integration": ANY},
        Act.REOPEN: REVERSING,
        Act.ENTER_IN_ERROR: REVERSING,
        Act.READ_ADMISSIONS: CLINICAL_IN_DEPARTMENT | {"bed_manager": ANY},
        Act.READ_HISTORY: CLINICAL_IN_DEPARTMENT,
        Act.PLAN_DISCHARGE: {"physician": DEPT, "charge_nurse": DEPT},
        Act.CONFIRM_DISCHARGE: {"physician": DEPT, "charge_nurse": DEPT},
    }
)
