"""What a client is told when something behind the API is away."""

import json
import logging

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client, RequestFactory

from webapp.api import api


@pytest.mark.parametrize(
    "error", [OperationalError("couldn't get a connection after 5.00 sec"), InterfaceError("gone")]
)
def test_a_database_that_has_no_time_excuses_itself(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "webapp.problems"):
        answer = api.on_exception(RequestFactory().post("/api/v1/jobs"), error)
    assert (answer.status_code, json.loads(answer.content)["code"]) == (503, "database_unavailable")
    assert int(answer["Retry-After"]) > 0
    assert str(error) in caplog.text


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/v2/boards"])
def test_an_address_of_the_api_that_leads_nowhere_says_so_to_programs(path: str) -> None:
    for answer in (Client().get(path), Client(enforce_csrf_checks=True).post(path)):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert answer["Content-Type"] == "application/problem+json"


def test_a_mistake_of_ours_is_no_excuse() -> None:
    answer = api.on_exception(RequestFactory().get("/api/v1/jobs"), ValueError("ours"))
    assert (answer.status_code, json.loads(answer.content)["code"]) == (500, "internal")
