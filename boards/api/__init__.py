"""HTTP doors of the boards app, one file for each noun."""

from ninja import Router

from boards.api import board, files, jobs, links

router = Router()
router.add_router("/boards", board.router, tags=["boards"])
router.add_router("/boards", links.router, tags=["boards"])
router.add_router("/boards", files.router, tags=["boards"])
router.add_router("", jobs.router, tags=["jobs"])
