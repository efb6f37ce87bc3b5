"""What sessions are sent of a board besides its scene: title, background, whether it is frozen, files and jobs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from boards.database.threads import in_thread
from boards.jobs import board_jobs
from boards.room.board_state import BoardState
from boards.room.fanout import Fanout
from boards.wire.server_messages import (
    FileDescription,
    FilesAdded,
    JobDescription,
    JobUpdate,
    Progress,
    encode,
)
from generation.messages import JobProgress
from generation.models import ACTIVE, JobStatus


class BoardCache:
    """Holds it as it was last read or announced, and broadcasts what changes."""

    def __init__(self, fanout: Fanout, catch_up: Callable[[], Awaitable[None]]) -> None:
        """catch_up: reads what was committed past the room, so that a job's picture is sent before its `job`."""
        self.title = ""
        self.frozen = False
        self.background = ""
        self.files: dict[str, FileDescription] = {}
        self.jobs: dict[str, JobDescription] = {}
        self._fanout = fanout
        self._catch_up = catch_up

    def load(self, state: BoardState) -> None:
        """Take over all of it, without a broadcast."""
        self.set_fields(state)
        self.files, self.jobs = dict(state.files), {job["id"]: job for job in state.jobs}

    def set_fields(self, state: BoardState) -> None:
        """Take over title, frozenness and background."""
        self.title, self.frozen, self.background = state.title, state.frozen, state.background

    async def refresh(self, state: BoardState) -> None:
        """Take over files and jobs, and broadcast those that are new or differ."""
        if new := {file_id: file for file_id, file in state.files.items() if file_id not in self.files}:
            self.add_files(new)
        now = {job["id"]: board_jobs.stamp(job) for job in state.jobs}
        before = {job_id: board_jobs.stamp(job) for job_id, job in self.jobs.items()}
        for job_id in [each for each in now | before if now.get(each) != before.get(each)]:
            await self.refresh_job(job_id)
            if job_id not in now:
                self.jobs.pop(job_id, None)  # unchanged, but not shown any more

    def add_files(self, files: Mapping[str, FileDescription]) -> None:
        """Keep and broadcast these, by file id."""
        self.files |= files
        self._fanout.broadcast(encode(FilesAdded(files=files)))

    async def refresh_job(self, job_id: str) -> None:
        """Read a job again and broadcast it."""
        row = await in_thread(board_jobs.describe_by_id, job_id)
        if row is None:
            self.jobs.pop(job_id, None)
            return
        if any(image["element_id"] for image in row["images"]):
            await self._catch_up()
            self._fanout.tick()  # the picture first, then the job that has it
        known = self.jobs.get(job_id, {})
        job: JobDescription = {**row, **_newer_progress(known, row)}
        if board_jobs.is_shown(row):
            preview = known.get("preview_url")  # the row knows none
            self.jobs[job_id] = {**job, "preview_url": preview}
        else:
            self.jobs.pop(job_id, None)
        self._fanout.broadcast(encode(JobUpdate(job=job)))

    def receive_progress(self, message: JobProgress) -> None:
        """Broadcast how far a job is, and keep it for newcomers."""
        step, steps = message.step, message.steps
        preview = board_jobs.preview_url(message.preview) if message.preview else None
        if (job := self.jobs.get(message.job)) is not None:
            shown = preview or job.get("preview_url")
            self.jobs[message.job] = {**job, "step": step, "steps": steps, "preview_url": shown}
        progress = Progress(job=message.job, step=step, steps=steps, preview_url=preview)
        self._fanout.broadcast(encode(progress), lossy=True)


def _newer_progress(known: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """step and steps of `known`, if it is ahead of the row of the same attempt; else nothing.

    A row is written now and then, progress is announced with each step; it may be here before the row that says
    that the job runs.
    """
    was_queued = known.get("status") == JobStatus.QUEUED
    goes_on = job["status"] == JobStatus.RUNNING and known.get("attempt") == job["attempt"]
    if job["status"] not in ACTIVE or not (was_queued or goes_on) or known["step"] <= job["step"]:
        return {}
    return {"step": known["step"], "steps": known["steps"]}
