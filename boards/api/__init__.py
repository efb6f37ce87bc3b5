"""HTTP doors of the boards app, one file for each noun."""

from ninja import Router

from boards.api import board, exchange, files, jobs, links, render, versions

router = Router()
router.add_router("/boards", board.router, tags=["boards"])
router.add_router("/boards", exchange.router, tags=["boards"])
router.add_router("/boards", links.router, tags=["boards"])
router.add_router("/boards", files.router, tags=["boards"])
router.add_router("/boards", render.router, tags=["boards"])
router.add_router("/boards", versions.router, tags=["history"])
router.add_router("", jobs.router, tags=["jobs"])
