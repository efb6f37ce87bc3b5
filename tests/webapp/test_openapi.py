"""Whatever the API's own description allows, and some of what it forbids, is answered without a 5xx, by a real server."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from accounts import api_keys
from tests.e2e.atelier import free_port
from tests.faults.web import running
from tests.faults.workers import environment

EXAMPLES = 300


@pytest.fixture
def address(transactional_db: None, media: Path, tmp_path: Path) -> Iterator[str]:
    with running(free_port(), environment(media), tmp_path / "web.log") as (address, _):
        yield address


def test_no_request_is_answered_by_a_5xx(address: str, board: Any, alice: Any) -> None:
    headers = {"Authorization": f"Bearer {api_keys.create(alice)}"}
    schema = schemathesis.openapi.from_url(f"{address}/api/v1/openapi.json")
    answers: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(case=schema.as_strategy(), is_hers=st.booleans())
    def ask(case: Any, is_hers: bool) -> None:
        if is_hers and "board_id" in (case.path_parameters or {}):
            if case.method == "DELETE":
                return  # her only board
            case.path_parameters["board_id"] = str(board.pk)
        answer = case.call(headers=headers, timeout=30)
        answers[answer.status_code] += 1
        assert answer.status_code < 500, f"{case.as_curl_command()}\n{answer.text[:500]}"

    ask()
    assert answers[200] and answers[422] and sum(answers.values()) >= EXAMPLES // 2, answers
