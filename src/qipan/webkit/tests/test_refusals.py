import pytest
from django.db import DataError
from django.http import HttpResponse
from django.test import RequestFactory

from qipan.webkit.middleware import RefusalMiddleware

middleware = RefusalMiddleware(lambda _request: HttpResponse())


def test_what_no_column_can_hold_is_the_callers_mistake(caplog: pytest.LogCaptureFixture) -> None:
    answer = middleware.process_exception(RequestFactory().get("/api/desk/tasks"), DataError("NUL (0x00) bytes"))
    assert answer is not None
    assert answer.status_code == 400
    assert "NUL" in caplog.text  # the operator can read why


def test_a_bug_stays_a_bug() -> None:
    assert middleware.process_exception(RequestFactory().get("/"), ValueError("a bug")) is None
