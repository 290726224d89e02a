from time import perf_counter

from qipan.access.testing import make_city


def test_the_tiny_city_is_built_fast(db, django_assert_max_num_queries):
    with django_assert_max_num_queries(60):
        start = perf_counter()
        make_city()
        print(perf_counter() - start)
