"""Fields under a key per subject, keys under a master keyset, and the index of equal values."""

import traceback
from uuid import uuid4

import orjson
import pytest
from hypothesis import given, strategies as st

from common.crypto import KeyedIndex, MasterKeys, SubjectKey, Unreadable, normalised
from tests.common.toy import a_keyset

KEYS = MasterKeys(a_keyset())
SUBJECT = uuid4()


def a_key() -> SubjectKey:
    return KEYS.new_subject_key(SUBJECT)[0]


@given(st.text())
def test_what_is_encrypted_can_be_read_again(text: str):
    key = a_key()

    assert key.decrypt("patient.name", key.encrypt("patient.name", text)) == text


def test_equal_texts_do_not_look_equal():
    key = a_key()

    assert key.encrypt("patient.name", "Jane") != key.encrypt("patient.name", "Jane")


def test_bytes_of_another_field_are_unreadable():
    key = a_key()

    with pytest.raises(Unreadable):
        key.decrypt("patient.mrn", key.encrypt("patient.name", "Jane"))


def test_bytes_of_another_subject_are_unreadable_even_under_the_same_key():
    raw = b"k" * 32
    sealed = SubjectKey(raw, SUBJECT).encrypt("patient.name", "Jane")

    with pytest.raises(Unreadable):
        SubjectKey(raw, uuid4()).decrypt("patient.name", sealed)


@pytest.mark.parametrize("broken", [b"", b"\x01", b"\x01" + b"n" * 12, b"\x02" + b"n" * 40])
def test_bytes_that_are_no_ciphertext_are_unreadable(broken: bytes):
    with pytest.raises(Unreadable):
        a_key().decrypt("patient.name", broken)


def test_a_changed_ciphertext_is_unreadable():
    key = a_key()
    sealed = bytearray(key.encrypt("patient.name", "Jane"))
    sealed[-1] ^= 1

    with pytest.raises(Unreadable):
        key.decrypt("patient.name", bytes(sealed))


def test_a_key_is_stored_wrapped_and_comes_back():
    key, wrapped = KEYS.new_subject_key(SUBJECT)
    sealed = key.encrypt("patient.name", "Jane")

    assert KEYS.subject_key(wrapped, SUBJECT).decrypt("patient.name", sealed) == "Jane"


def test_a_wrapped_key_does_not_open_for_another_subject():
    _, wrapped = KEYS.new_subject_key(SUBJECT)

    with pytest.raises(Unreadable):
        KEYS.subject_key(wrapped, uuid4())


def test_a_wrapped_key_does_not_open_under_another_master_key():
    _, wrapped = KEYS.new_subject_key(SUBJECT)

    with pytest.raises(Unreadable):
        MasterKeys(a_keyset()).subject_key(wrapped, SUBJECT)


def test_after_a_rotation_the_new_master_key_wraps_and_the_old_one_still_unwraps():
    old, new = orjson.loads(a_keyset()), orjson.loads(a_keyset())
    both = {"primaryKeyId": new["primaryKeyId"], "key": [*old["key"], *new["key"]]}
    before, after = MasterKeys(orjson.dumps(old).decode()), MasterKeys(orjson.dumps(both).decode())
    only_new = MasterKeys(orjson.dumps(new).decode())

    _, wrapped_before = before.new_subject_key(SUBJECT)
    _, wrapped_after = after.new_subject_key(SUBJECT)

    after.subject_key(wrapped_before, SUBJECT)
    only_new.subject_key(wrapped_after, SUBJECT)
    with pytest.raises(Unreadable):
        before.subject_key(wrapped_after, SUBJECT)


def test_what_is_sealed_for_one_purpose_does_not_open_for_another():
    sealed = KEYS.seal(b"bytes", "dead_letter")

    assert KEYS.open(sealed, "dead_letter") == b"bytes"
    with pytest.raises(Unreadable):
        KEYS.open(sealed, "attachment")


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("MÜLLER", "müller"),
        ("Mu\u0308ller", "M\u00fcller"),
        ("  Jane \t\n  Doe ", "jane doe"),
        ("Straße", "STRASSE"),
        ("ｊａｎｅ", "jane"),
        ("A\u00a0B", "a b"),
        ("ﬁona", "fiona"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
    ],
)
def test_spellings_of_the_same_value_meet(one: str, same: str):
    assert normalised(one) == normalised(same)
    assert KeyedIndex(b"k" * 32).digest("patient.name", one) == KeyedIndex(b"k" * 32).digest(
        "patient.name", same
    )


def test_normalisation_keeps_to_its_first_rule():
    """Stored digests depend on it: a change needs a new rule number and a backfill."""
    assert normalised("  ÉMILIE   du\tChâtelet ") == "émilie du châtelet"
    assert (
        KeyedIndex(b"k" * 32).digest("patient.name", "Jane", "Doe").hex()
        == "b49256084d50111368f9de8ecdf8f7116f9eb220c28752c07d64e10e51e76f8e"
    )


def test_digests_differ_by_field_by_key_and_by_where_the_parts_end():
    index = KeyedIndex(b"k" * 32)
    digests = [
        index.digest("patient.name", "jane", "doe"),
        index.digest("patient.name", "janed", "oe"),
        index.digest("patient.name", "jane\x1fdoe"),
        index.digest("patient.mrn", "jane", "doe"),
        KeyedIndex(b"l" * 32).digest("patient.name", "jane", "doe"),
    ]

    assert len(set(digests)) == len(digests)


@given(st.text(), st.sampled_from(["patient.name", "patient.mrn", "patient.contact"]))
def test_fields_of_two_subjects_cannot_be_swapped(text: str, field: str):
    """Not in one subject's row, not in another's, whatever is in them."""
    other = uuid4()
    key, others = a_key(), KEYS.new_subject_key(other)[0]
    sealed = key.encrypt(field, text)

    for reader, name in ((others, field), (key, "patient.date_of_birth"), (others, "patient.date_of_birth")):
        with pytest.raises(Unreadable):
            reader.decrypt(name, sealed)


def test_a_rewrapped_key_is_the_same_key_under_the_primary():
    old, new = orjson.loads(a_keyset()), orjson.loads(a_keyset())
    both = {"primaryKeyId": new["primaryKeyId"], "key": [*old["key"], *new["key"]]}
    key, wrapped = MasterKeys(orjson.dumps(old).decode()).new_subject_key(SUBJECT)
    rotating = MasterKeys(orjson.dumps(both).decode())
    rewrapped = rotating.rewrapped(wrapped, SUBJECT)

    assert rewrapped.startswith(rotating.current)
    assert not wrapped.startswith(rotating.current)
    only_new = MasterKeys(orjson.dumps(new).decode())
    assert only_new.subject_key(rewrapped, SUBJECT).decrypt("f", key.encrypt("f", "text")) == "text"
    with pytest.raises(Unreadable):
        rotating.rewrapped(wrapped, uuid4())


def test_keys_tell_nothing_of_themselves():
    keyset, raw = a_keyset(), b"secret-key-bytes" * 2
    material = orjson.loads(keyset)["key"][0]["keyData"]["value"]
    told = [repr(one) + str(vars(one)) for one in (MasterKeys(keyset), SubjectKey(raw, SUBJECT))]
    told.append(repr(KeyedIndex(raw)))
    with pytest.raises(Unreadable) as refused:
        SubjectKey(raw, SUBJECT).decrypt("patient.name", b"\x01" + b"n" * 40)
    told.append(repr(refused.value) + str(refused.value.__cause__))

    assert not any(secret in text for text in told for secret in (material, "secret-key-bytes"))


@pytest.mark.parametrize("keyset", ["private", '{"primaryKeyId": 1, "key": "private"}'])
def test_what_is_no_keyset_is_not_quoted(keyset: str):
    with pytest.raises(ValueError, match="not a Tink keyset") as refused:
        MasterKeys(keyset)

    assert "private" not in "".join(traceback.format_exception(refused.value))
