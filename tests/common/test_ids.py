"""What an id tells of itself."""

from uuid import uuid4

from common.ids import age_of, new_id


def test_an_id_of_ours_tells_how_old_it_is():
    age = age_of(new_id())
    assert age is not None
    assert abs(age) < 1


def test_an_id_of_another_kind_tells_nothing():
    assert age_of(uuid4()) is None
