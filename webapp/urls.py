"""HTTP routes."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

from boards.pages import views as boards
from webapp import health, problems
from webapp.api import api

admin.site.site_header = admin.site.site_title = "Atelier"
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "webapp.problems.bad_request"
urlpatterns = [
    path("", boards.home, name="home"),
    path("demo", boards.demo_page, name="demo"),
    path("boards/", boards.board_list, name="board-list"),
    path("boards/new", boards.new_board, name="board-new"),
    path("b/<uuid:board>", boards.board_page, name="board"),
    path("b/<uuid:board>/files/<str:file_id>", boards.board_file, name="board-file"),
    path("b/<uuid:board>/thumbnail", boards.board_thumbnail, name="board-thumbnail"),
    path("b/<uuid:board>/rename", boards.rename_board, name="board-rename"),
    path("b/<uuid:board>/trash", boards.trash_board, name="board-trash"),
    path("b/<uuid:board>/restore", boards.restore_board, name="board-restore"),
    path("join/<str:token>", boards.join, name="join"),
    path("language", set_language, name="set_language"),
    path("live", health.live),
    path("ready", health.ready),
    path("api/v1/", api.urls),
    path("api/<path:rest>", problems.nothing_here),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
]
