from time import perf_counter

from qipan.access.api import actor_of_post
from qipan.access.testing import POSTS, make_city


def test_the_tiny_city_is_built_fast(db, django_assert_max_num_queries):
    start = perf_counter()
    with django_assert_max_num_queries(68):
        make_city()
    assert perf_counter() - start < 1  # about 0.03 s; a busy machine gets room


def test_the_cast_acts_as_its_posts_say(city):
    names = [name for name, _role, _unit in POSTS]
    assert {name: getattr(city, name) for name in names} == {
        name: actor_of_post(city.post(name), at=city.at) for name in names
    }


def test_everybody_acts_on_the_own_ground(city):
    assert city.worker.label == "锦江一街一社区 社区工作者"
    assert city.unit("510104001001:community").place in city.worker.scope
    assert city.unit("510104001002:community").place not in city.worker.scope
    assert len(city.guard.scope.ranges) == 8
    assert city.screener.acts == {"visit.submit", "matter.report"}
    assert city.stranger.acts == frozenset()
    assert city.stranger.scope.ranges == ()
    assert city.post("worker").account.username == "worker"
