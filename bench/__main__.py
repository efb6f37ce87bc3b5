"""The main job, measured from outside: two browsers, the web, the worker, all on this machine.

make bench            or, for one part:  python -m bench page strokes
"""

import statistics
import sys
import tempfile
import time
from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, CDPSession

from bench import memory
from bench.report import Figure, write
from tests.e2e.atelier import Atelier
from tests.e2e.browser import VIEWPORT, BoardPage, chromium

WATCH = (Path(__file__).parent / "watch.js").read_text()
PROMPT = {"prompt": "a house with a red roof"}


class Bench:
    def __init__(self, atelier: Atelier, browser: Browser) -> None:
        self.atelier = atelier
        self.browser = browser

    def page_ready(self, repetitions: int = 7) -> list[Figure]:
        """A cold browser opens the board: until it can be drawn on and is in step with the server."""
        seconds: list[float] = []
        by_kind: dict[str, list[float]] = defaultdict(list)
        for _ in range(repetitions):
            context = self.browser.new_context(viewport=VIEWPORT)  # type: ignore[arg-type]
            page = context.new_page()
            received = _Received(context.new_cdp_session(page))
            began = time.monotonic()
            page.goto(self.atelier.url)
            page.wait_for_selector("[data-testid=status-chip][data-state=saved]")
            seconds.append(time.monotonic() - began)
            # What is on its way by then counts too; two seconds later the page begins to fetch what it may need some day.
            page.wait_for_timeout(1_500)
            for kind, size_bytes in received.by_kind.items():
                by_kind[kind].append(size_bytes / 1000)
            context.close()
        print("  ".join(f"{kind} {statistics.median(sizes):.1f}" for kind, sizes in by_kind.items()), "kB")
        everything = [sum(sizes) for sizes in zip(*by_kind.values(), strict=True)]
        bare = [total - fonts for total, fonts in zip(everything, by_kind["Font"], strict=True)]
        return [
            Figure("board page ready, cold", "s", seconds, ("p50", 1.5)),
            Figure("board page, over the wire", "kB", everything, ("p50", 470)),
            Figure("board page, without fonts", "kB", bare, ("p50", 470)),
        ]

    def memory(self) -> list[Figure]:
        """A while after the start, before anybody came."""
        assert self.atelier.process is not None
        time.sleep(20)
        parts = memory.megabytes(self.atelier.process.pid)
        print("  ".join(f"{part} {held:.0f}" for part, held in sorted(parts.items())), "MB")
        return [Figure("idle memory, all processes", "MB", [sum(parts.values())], ("max", 1000))]

    def strokes(self, repetitions: int = 40) -> list[Figure]:
        """The pointer moves at A; the shape's pixels change at B."""
        a, b = self._pair()
        milliseconds = []
        for number in range(repetitions):
            x, y = 570 + number % 8 * 55, -150 + number // 8 * 32
            self._watch(b, {"x": x, "y": y, "width": 40, "height": 26})
            a.page.evaluate("window.__bench.drawn()")
            a.draw("r", (x + 2, y + 2), (x + 38, y + 24))
            seen = b.page.evaluate("window.__bench.seen")
            milliseconds.append(seen - a.page.evaluate("window.__bench.began"))
        self._end(a, b)
        return [Figure("stroke at A to pixels at B", "ms", milliseconds, ("p95", 150))]

    def pictures(self, repetitions: int = 12) -> list[Figure]:
        """Jobs asked for one at a time: how long they wait, take, and need to be seen by the other."""
        a, b = self._pair()
        waits, takes, shows = [], [], []
        for number in range(repetitions):
            # Each picture has a place of its own that is in view and still empty.
            region = {
                "x": 560.0 + number % 4 * 110,
                "y": 20.0 + number // 4 * 110,
                "width": 100,
                "height": 100,
            }
            self._watch(b, region)
            job = self._ask(a, region, kind="pix2pix", width_px=256, height_px=256, seed=number)
            seen = b.page.evaluate("window.__bench.seen")
            job = self._job(a, job["id"])
            finished, started, created = (
                _wall_ms(job[name]) for name in ("finished_at", "started_at", "created_at")
            )
            waits.append(started - created)
            takes.append((finished - started) / 1000)
            shows.append(seen - finished)
        self._end(a, b)
        return [
            Figure("submit to worker start", "ms", waits, ("p50", 30)),
            Figure("one 256 px picture, built-in model", "s", takes, ("p50", 3)),
            Figure("worker done to picture visible at B", "ms", shows, ("p95", 300)),
        ]

    def acks(self, pushes: int = 200) -> list[Figure]:
        """A stroke is pushed ten times a second while the worker paints without a pause on the same cores."""
        a, b = self._pair()
        figures = []
        for name, busy in (
            ("ack of a stroke, idle worker", False),
            ("ack of a stroke while the worker paints", True),
        ):
            if busy:
                for number in range(30):
                    self._ask(
                        b,
                        {"x": -3000, "y": 0, "width": 200, "height": 200},
                        kind="pix2pix",
                        steps=50,
                        seed=number,
                    )
            script = "([path, count]) => window.__bench.acks(path, count, 100)"
            path = a.page.evaluate("JSON.parse(document.getElementById('board-config').textContent).socket")
            times = a.page.evaluate(script, [path, pushes])
            figures.append(Figure(name, "ms", times, ("p95", 150)))
            if busy:
                assert self._jobs(b, "queued") or self._jobs(b, "running"), (
                    "the worker ran out of work: ask for more"
                )
                for job in [*self._jobs(b, "queued"), *self._jobs(b, "running")]:
                    self._post(b, f"/api/v1/jobs/{job['id']}/cancel")
        self._end(a, b)
        return figures

    # --- helpers -------------------------------------------------------------------------------------------

    def _pair(self) -> tuple[BoardPage, BoardPage]:
        pages = BoardPage(self.browser, self.atelier.url), BoardPage(self.browser, self.atelier.url)
        for page in pages:
            page.page.evaluate(WATCH)
        return pages

    def _end(self, *pages: BoardPage) -> None:
        for page in pages:
            assert page.complaints == [], page.complaints
            page.context.close()

    def _ask(self, page: BoardPage, region: dict[str, float], **params: Any) -> dict[str, Any]:
        script = """async ([region, params]) => {
            const canvas = document.createElement("canvas");
            canvas.width = canvas.height = 256;
            const c = canvas.getContext("2d");
            c.fillStyle = "white"; c.fillRect(0, 0, 256, 256); c.lineWidth = 3; c.strokeRect(60, 110, 136, 100);
            c.beginPath(); c.moveTo(40, 112); c.lineTo(128, 40); c.lineTo(216, 112); c.stroke();
            const form = new FormData();
            form.set("params", JSON.stringify(params)); form.set("region", JSON.stringify(region));
            form.set("placement", "inside");
            form.set("snapshot", await new Promise((resolve) => canvas.toBlob(resolve)), "sketch.png");
            const board = JSON.parse(document.getElementById("board-config").textContent).board.id;
            const token = document.cookie.match(/csrftoken=([^;]+)/)[1];
            const answer = await fetch(`/api/v1/boards/${board}/jobs`, {method: "POST", body: form, headers: {"X-CSRFToken": token}});
            if (!answer.ok) throw new Error(await answer.text());
            return answer.json();
        }"""
        job: dict[str, Any] = page.page.evaluate(script, [region, PROMPT | params])
        return job

    def _watch(self, page: BoardPage, region: dict[str, float]) -> None:
        """From now on, see when something is painted in a region of the scene."""
        left, top = page.to_viewport(region["x"], region["y"])
        right, bottom = page.to_viewport(region["x"] + region["width"], region["y"] + region["height"])
        page.page.evaluate("region => window.__bench.watch(region)", [left, top, right - left, bottom - top])

    def _job(self, page: BoardPage, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = page.page.evaluate(
            "id => fetch(`/api/v1/jobs/${id}`).then(r => r.json())", job_id
        )
        return job

    def _jobs(self, page: BoardPage, status: str) -> list[dict[str, Any]]:
        found = page.page.evaluate(
            "s => fetch(`/api/v1/jobs?status=${s}&limit=100`).then(r => r.json())", status
        )
        jobs: list[dict[str, Any]] = found["items"]
        return jobs

    def _post(self, page: BoardPage, path: str) -> None:
        page.page.evaluate(
            "path => fetch(path, {method: 'POST', headers: {'X-CSRFToken': document.cookie.match(/csrftoken=([^;]+)/)[1]}})",
            path,
        )


class _Received:
    """Bytes that a page received, with the headers, by the browser's word for the kind; of a socket the frames."""

    def __init__(self, network: CDPSession) -> None:
        self.by_kind: Counter[str] = Counter()
        self._kinds: dict[str, str] = {}
        network.on("Network.responseReceived", self._begun)
        network.on("Network.loadingFinished", self._finished)
        network.on("Network.webSocketFrameReceived", self._frame)
        network.send("Network.enable")

    def _begun(self, event: dict[str, Any]) -> None:
        self._kinds[event["requestId"]] = event["type"]

    def _finished(self, event: dict[str, Any]) -> None:
        self.by_kind[self._kinds.get(event["requestId"], "Other")] += event["encodedDataLength"]

    def _frame(self, event: dict[str, Any]) -> None:
        frame = event["response"]
        binary = frame["opcode"] == 2
        self.by_kind["Socket"] += len(
            b64decode(frame["payloadData"]) if binary else frame["payloadData"].encode()
        )


def _wall_ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


def main() -> None:
    wanted = sys.argv[1:] or ["memory", "page", "strokes", "pictures", "acks"]
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="atelier-bench-") as folder, chromium() as browser:
        atelier = Atelier(Path(folder) / "home")
        atelier.start()
        try:
            bench = Bench(atelier, browser)
            parts: dict[str, Callable[[], list[Figure]]] = {
                "memory": bench.memory,
                "page": bench.page_ready,
                "strokes": bench.strokes,
                "pictures": bench.pictures,
                "acks": bench.acks,
            }
            for name in wanted:
                print(f"measuring {name} …", flush=True)
                figures += parts[name]()
        finally:
            atelier.stop()
    write(figures, "main-job")


if __name__ == "__main__":
    main()
