from time import perf_counter

from qipan.access.testing import make_city


def test_the_tiny_city_is_built_fast(db, django_assert_max_num_queries):
    make_city_once = perf_counter()
    with django_assert_max_num_queries(60):
        make_city()
    assert perf_counter() - make_city_once < 1  # about 0.03 s; a busy machine gets room


def test_everybody_acts_on_the_own_ground(city):
    assert city.worker.label == "锦江一街一社区 社区工作者"
    assert city.unit("510104001001:community").place in city.worker.scope
    assert city.unit("510104001002:community").place not in city.worker.scope
    assert len(city.guard.scope.ranges) == 8
    assert city.screener.acts == {"visit.submit"}
    assert city.stranger.acts == frozenset()
    assert city.stranger.scope.ranges == ()
    assert city.post("worker").account.username == "worker"
