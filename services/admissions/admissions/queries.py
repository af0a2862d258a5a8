"""Reads: one statement each. What the clock decides (a hold that is over) is decided here too."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID as Uuid

from admissions.domain.admission import ARRIVED, OPEN, STATUS, AdmissionState
from admissions.models import (
    admission,
    admission_change,
    heard_placement,
    patient,
    patient_identity,
    patient_index,
    subject_key,
)
from common.columns import in_json
from common.db import UnitOfWork
from common.paging import Listing, optional
from common.policies import within
from common.stamp import version_tag
from common.statements import Statement, constant

Row = Any
_clock = sa.func.clock_timestamp()

# Patients
_OF_A_VERSION = ("patient_id", "version", "changed_at", "changed_by")
_identity_columns = [c for c in patient_identity.c if c.name not in _OF_A_VERSION]
PEOPLE = (
    sa.select(*patient.c, subject_key.c.wrapped, *_identity_columns)
    .join(subject_key, subject_key.c.subject_id == patient.c.id)
    .join(
        patient_identity,
        sa.and_(
            patient_identity.c.patient_id == patient.c.id, patient_identity.c.version == patient.c.version
        ),
    )
)
CURRENT_IDENTITY = Statement(PEOPLE.where(patient.c.id == sa.bindparam("of_id")))
#: Every identity of a patient, the oldest first; none where it was erased.
IDENTITIES = Statement(
    sa.select(patient_identity.c.patient_id.label("id"), subject_key.c.wrapped, *patient_identity.c)
    .join(subject_key, subject_key.c.subject_id == patient_identity.c.patient_id)
    .where(patient_identity.c.patient_id == sa.bindparam("of_id"))
    .order_by(patient_identity.c.version)
)
_digests: sa.BindParameter[Any] = sa.bindparam("digests", type_=ARRAY(BYTEA))


def _upwards(start: "sa.Select[Any]", name: str) -> sa.CTE:
    """From patients (`id`, `merged_into`) to the records that they were merged into, one after the other."""
    chain = start.cte(name, recursive=True)
    further = sa.select(patient.c.id, patient.c.merged_into).join(chain, patient.c.id == chain.c.merged_into)
    return chain.union(further)


_records = sa.select(patient.c.id, patient.c.merged_into)


def _found(digest: sa.ColumnElement[bytes]) -> Statement:
    """Under any of the search keys; a patient is found once, and a merged one as the survivor."""
    found = sa.select(patient_index.c.patient_id).where(digest == sa.any_(_digests))
    chain = _upwards(_records.where(patient.c.id.in_(found)), "found")
    survivors = sa.select(chain.c.id).where(chain.c.merged_into.is_(None))
    return Statement(PEOPLE.where(patient.c.id.in_(survivors)).order_by(patient.c.id))


BY_MRN = _found(patient_index.c.mrn_digest)
BY_NAME_AND_BIRTH = _found(patient_index.c.name_birth_digest)


def _with_merged(start: "sa.Select[Any]") -> sa.CTE:
    """These records (`id`) and all that were merged into them."""
    below = start.cte("below", recursive=True)
    return below.union(sa.select(patient.c.id).join(below, patient.c.merged_into == below.c.id))


_chain = _upwards(_records.where(patient.c.id == sa.bindparam("of_id")), "chain")
#: Every record of one person, asked for by any of them.
RECORDS_OF_PERSON = Statement(
    sa.select(_with_merged(sa.select(_chain.c.id).where(_chain.c.merged_into.is_(None))).c.id)
)
_below = _with_merged(sa.select(patient.c.id).where(patient.c.id == sa.bindparam("of_id")))
#: What was admitted under this record, or under one that was merged into it.
ADMISSIONS_BELOW = Statement(
    sa.select(admission.c.id).where(admission.c.patient_id.in_(sa.select(_below.c.id)))
)
ADMISSIONS_OF_PATIENT = Statement(
    sa.select(admission.c.id)
    .where(admission.c.patient_id == sa.bindparam("of_patient"))
    .order_by(admission.c.id)
)
MERGE = Statement(
    sa.select(
        patient.c.id, patient.c.merged_into, patient.c.version, patient.c.changed_at, patient.c.changed_by
    ).where(patient.c.id == sa.bindparam("of_id"))
)
ERASED = Statement(
    sa.select(patient.c.id, patient.c.erased_at, patient.c.version, patient.c.changed_by).where(
        patient.c.id == sa.bindparam("of_id"), patient.c.erased_at.is_not(None)
    )
)
_open = admission.c.state.in_([constant(state) for state in OPEN])
_asked, _person = patient.alias("asked"), patient.alias("person")
_kept_off = _upwards(_records.where(patient.c.privacy, patient.c.merged_into.is_not(None)), "kept_off")
#: Asked for by the record of the admission or of the person; it is the name of the person that is shown, unless any
#: record of the person keeps it off boards.
NAMES = Statement(
    sa.select(_asked.c.id.label("asked"), _person.c.id, subject_key.c.wrapped, patient_identity.c.name)
    .join_from(
        _asked,
        admission,
        sa.or_(admission.c.patient_id == _asked.c.id, admission.c.person_id == _asked.c.id),
    )
    .join(_person, _person.c.id == admission.c.person_id)
    .join(subject_key, subject_key.c.subject_id == _person.c.id)
    .join(
        patient_identity,
        sa.and_(
            patient_identity.c.patient_id == _person.c.id, patient_identity.c.version == _person.c.version
        ),
    )
    .where(
        _asked.c.id == sa.any_(sa.bindparam("ids", type_=ARRAY(Uuid))),
        sa.not_(_asked.c.privacy),
        sa.not_(_person.c.privacy),
        _person.c.id.not_in(sa.select(_kept_off.c.id)),
        _open,
        within(admission.c.department_id),
    )
)
OPEN_ADMISSION = Statement(
    sa.select(admission.c.id).where(
        admission.c.person_id == sa.any_(sa.bindparam("of_records", type_=ARRAY(Uuid))), _open
    )
)

# Admissions
_lapsed = sa.and_(
    admission.c.state == constant(AdmissionState.BED_ASSIGNED), heard_placement.c.held_until <= _clock
)
_state = sa.case((_lapsed, constant(AdmissionState.REQUESTED)), else_=admission.c.state)
_placement = sa.case(
    (heard_placement.c.admission_id.is_(None), sa.null()),
    else_=sa.func.jsonb_build_object(
        "state", sa.case((_lapsed, constant("queued")), else_=heard_placement.c.state),
        "refusal", sa.case((_lapsed, constant("expired")), else_=heard_placement.c.refusal),
        "department_id", heard_placement.c.department_id,
        "bed_id", sa.case((_lapsed, sa.null()), else_=heard_placement.c.bed_id),
        "held_until", sa.case((_lapsed, sa.null()), else_=in_json(heard_placement.c.held_until)),
        "version", heard_placement.c.version,
    ),
)  # fmt: skip
#: Where no discharge is expected. A list is ordered by what is never null.
_NEVER = datetime(9999, 1, 1, tzinfo=UTC)
_expected = sa.func.coalesce(
    admission.c.discharge_expected_at, sa.literal(_NEVER, admission.c.discharge_expected_at.type)
)
_due = admission.c.confirmed_left_due_at
_left_late = sa.or_(
    admission.c.left_at > _due,
    sa.and_(
        admission.c.left_at.is_(None),
        admission.c.state.in_([constant(state) for state in ARRIVED]),
        _due < _clock,
    ),
)
_admissions = sa.select(
    *(column for column in admission.c if column.name not in ("state", "discharge_expected_at")),
    _state.label("state"),
    _expected.label("discharge_expected_at"),
    sa.func.coalesce(_left_late, sa.false()).label("confirmed_left_missed"),
    _placement.label("placement"),
    sa.func.coalesce(_lapsed, sa.false()).label("lapsed"),
    sa.func.coalesce(heard_placement.c.version, 0).label("placement_version"),
    sa.func.coalesce(heard_placement.c.want_version >= admission.c.want_version, sa.false()).label(
        "answered"
    ),
).join_from(admission, heard_placement, heard_placement.c.admission_id == admission.c.id, isouter=True)
_leaving = (
    sa.bindparam("leaving_from", type_=sa.DateTime(timezone=True)),
    sa.bindparam("leaving_until", type_=sa.DateTime(timezone=True)),
)
_wanted_states: sa.BindParameter[Any] = sa.bindparam("states", type_=ARRAY(sa.Text))
ADMISSIONS = Listing(
    _admissions.where(
        within(admission.c.department_id),
        optional(admission.c.department_id, "department_id"),
        sa.or_(optional(admission.c.patient_id, "patient_id"), optional(admission.c.person_id, "patient_id")),
        sa.or_(_wanted_states.is_(None), _state == sa.any_(_wanted_states)),
        sa.or_(_leaving[0].is_(None), admission.c.discharge_expected_at >= _leaving[0]),
        sa.or_(_leaving[1].is_(None), admission.c.discharge_expected_at < _leaving[1]),
    ),
    key=admission.c.id,
    orders={
        "requested_at": admission.c.requested_at,
        "changed_at": admission.c.changed_at,
        "discharge_expected_at": _expected,
    },
    default="requested_at",
)
ADMISSION = Statement(_admissions.where(admission.c.id == sa.bindparam("of_id")))
HISTORY = Statement(
    sa.select(*(column for column in admission_change.c if column.name != "admission_id"))
    .where(admission_change.c.admission_id == sa.bindparam("of_id"))
    .order_by(admission_change.c.version)
)


# Repair and watching
ADMISSION_KEYS = Statement(
    sa.select(admission.c.id.label("key")).where(
        sa.or_(_open, admission.c.changed_at > _clock - sa.text("interval '30 days'"))
    )
)
ERASED_KEYS = Statement(sa.select(patient.c.id.label("key")).where(patient.c.erased_at.is_not(None)))
UNANSWERED = Statement(
    sa.select(sa.func.count())
    .select_from(admission)
    .join(heard_placement, heard_placement.c.admission_id == admission.c.id, isouter=True)
    .where(
        _open,
        sa.func.coalesce(heard_placement.c.want_version, 0) < admission.c.want_version,
        admission.c.changed_at < _clock - sa.text("interval '30 seconds'"),
    )
)


def admission_tag(row: Row) -> str:
    """Changes with the admission, with the answer of beds that is shown in it, and with what the clock ends."""
    ended = row["lapsed"] + row["confirmed_left_missed"]
    return version_tag(row["version"], row["placement_version"], lapsed=ended)


async def expect_shown(act: UnitOfWork, admission_id: UUID) -> None:
    """The caller decides on what it was shown. Raises `PreconditionFailed`."""
    if act.demand.if_match is not None:
        row = await act.first(ADMISSION, of_id=admission_id)
        act.demand.expect(admission_tag(row))


def admission_view(row: Row) -> dict[str, Any]:
    """An admission as the API shows it, with the seeds' word and the last answer of beds."""
    view = dict(row)
    for internal in ("lapsed", "answered", "placement_version"):
        del view[internal]
    state, expected = view["state"], view["discharge_expected_at"]
    moved = state in ARRIVED and view["arrived_department_id"] not in (None, view["department_id"])
    return view | {
        "status": "transferred" if moved else STATUS.get(state, state),
        "left_unconfirmed": state == AdmissionState.DISCHARGED and view["discharge_confirmed_at"] is None,
        "discharge_expected_at": None if expected == _NEVER else expected,
        "waits_for": [one["kind"] for one in view["milestones"] if one["done_at"] is None],
    }
