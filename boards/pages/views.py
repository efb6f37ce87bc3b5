"""Pages: home, the list of boards, the board itself, and the files on it."""

import uuid
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts import address, guests, sessions
from accounts.models import User
from boards import access, scopes, title, trash
from boards.access import Act
from boards.errors import BoardError, LinkInvalid, ScopeRequired, Unauthenticated
from boards.models import TITLE_MAX, Board, BoardFile, Role, Thumbnail
from boards.pages import demo, link_preview, welcome
from boards.principal import Principal, by_session, of_request, person
from boards.responses import stored_file
from boards.sharing import links, people
from http_api.problems import problem_of

LAST_BOARD = "last_board"
"""In the session: id of the board that this browser opened last."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Redirects accounts to their boards, guests to the board that they were on last.

    A newcomer becomes a guest with a welcome board; robots and prefetches get a page about Atelier, and no rows are made.
    """
    user = sessions.user_of(request)
    if user is None and guests.is_automated(request):
        return render(request, "boards/home.html", {"preview": link_preview.of_home(request)})
    if user is not None and not user.is_guest:
        return redirect("board-list")
    return redirect("board", _board_of_guest(request, guests.ensure_user(request)).pk)


def _board_of_guest(request: HttpRequest, guest: User) -> Board:
    """The board that the guest opened last, else their welcome board, else a new one."""
    with suppress(BoardError):
        return access.find(by_session(request), request.session.get(LAST_BOARD, ""), Act.SEE)[0]
    return welcome.of(guest) or welcome.make(guest, get_language() or "en")


@require_safe
def demo_page(request: HttpRequest) -> HttpResponse:
    """Redirects to the public demo board, on an instance that has one."""
    if not settings.ATELIER_DEMO_BOARD:
        raise Http404("There is no demo board here.")
    return redirect("board", demo.board().pk)


@login_required
@require_GET
def board_list(request: HttpRequest) -> HttpResponse:
    """The 200 boards of the user that changed last, or with `?trash` those in the trash.

    `?trashed=ID` offers to bring back a board that was just thrown away.
    """
    principal = by_session(request)
    user, trashed = person(principal), "trash" in request.GET
    boards = access.trash_of(user) if trashed else access.boards_of(user)
    undo: Board | None = None
    with suppress(BoardError):
        undo = access.find_in_trash(principal, request.GET.get("trashed", ""))
    shown = {
        "boards": boards.select_related("thumbnail").order_by("-deleted_at", "-changed_at")[:200],
        "trash": trashed,
        "in_trash": access.trash_of(user).count(),
        "undo": undo,
        "kept_days": settings.TRASH_KEPT_DAYS,
        "demo": settings.ATELIER_DEMO_BOARD,
    }
    return render(request, "boards/list.html", shown)


@require_POST
def rename_board(request: HttpRequest, board: uuid.UUID) -> HttpResponse:
    """Gives a board of the list another name; an empty one changes nothing."""
    found = _managed(request, board)
    if name := " ".join(request.POST.get("title", "").split())[:TITLE_MAX]:
        title.change(found, name)
    return redirect("board-list")


@require_POST
def trash_board(request: HttpRequest, board: uuid.UUID) -> HttpResponse:
    """Moves a board of the list to the trash; the list then offers to bring it back."""
    trash.throw(_managed(request, board), timezone.now())
    return redirect(f"{reverse('board-list')}?trashed={board}")


@require_POST
def restore_board(request: HttpRequest, board: uuid.UUID) -> HttpResponse:
    """Brings a board back from the trash."""
    try:
        trash.restore(access.find_in_trash(by_session(request), board))
    except BoardError as error:
        return _refused(error, "There is no such board.")
    return redirect("board-list")


def _managed(request: HttpRequest, board: uuid.UUID) -> Board:
    """A board that the person may manage. Raises Http404."""
    try:
        return access.find(by_session(request), board, Act.MANAGE)[0]
    except BoardError:
        raise Http404("There is no such board.") from None


@require_POST
def new_board(request: HttpRequest) -> HttpResponse:
    """Creates a board and redirects to it: an empty one, or with `scene=welcome` the example."""
    user = guests.ensure_user(request)
    example = request.POST.get("scene") == "welcome"
    board = welcome.make(user, get_language() or "en") if example else Board.objects.create(owner=user)
    return redirect("board", board.pk)


@require_safe
@ensure_csrf_cookie
def board_page(request: HttpRequest, board: uuid.UUID) -> HttpResponse:
    """The board's page. Signs an anonymous visitor in as a guest; robots and prefetches get the link preview alone."""
    try:
        found, role = access.find(by_session(request), board, Act.SEE)
    except BoardError:
        raise Http404("There is no such board.") from None
    shown: dict[str, Any] = {"board": found, "preview": link_preview.of(found, request)}
    if sessions.user_of(request) is not None or not guests.is_automated(request):
        shown["config"] = _config(found, guests.ensure_user(request), role)
        if request.session.get(LAST_BOARD) != str(found.pk):
            request.session[LAST_BOARD] = str(found.pk)
    return render(request, "boards/board.html", shown)


def _config(board: Board, user: User, role: Role) -> dict[str, Any]:
    """What the page's script needs before it connects: see BoardConfig in frontend/src/canvas/config.ts."""
    return {
        "board": {
            "id": str(board.pk),
            "title": board.title,
            "welcome": bool(board.welcome),
            "open": bool(board.open_role),
        },
        "you": {
            "id": str(user.pk),
            "name": user.display_name,
            "guest": user.is_guest,
            "role": role,
            "color": people.color_of(str(user.pk)),
        },
        "socket": f"/ws/v1/boards/{board.pk}",
        "api": "/api/v1",
        "urls": {
            "boards": reverse("board-list"),
            "new": reverse("board-new"),
            "login": reverse("account_login"),
            "signup": reverse("account_signup"),
            "logout": reverse("account_logout"),
            "language": reverse("set_language"),
        },
        "languages": settings.LANGUAGES,
    }


@require_GET
def board_thumbnail(request: HttpRequest, board: uuid.UUID) -> HttpResponseBase:
    """The thumbnail of a board that the principal may see."""
    try:
        found, _ = access.find(_with_key(request), board, Act.SEE)
    except BoardError as error:
        return _refused(error, "There is no such board.")
    thumbnail = Thumbnail.objects.filter(board=found).exclude(key="").first()
    if thumbnail is None:
        raise Http404("Nothing is drawn there yet.")
    response = stored_file(request, thumbnail.sha256, thumbnail.key, thumbnail.mime_type)
    if "v" not in request.GET:  # without it the address stays the same while the picture changes
        response["Cache-Control"] = "private, no-cache"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Joins a board by a share link, once its password is right. Signs an anonymous visitor in as a guest."""
    needs_password = False
    try:
        link = links.valid(token)
        if guests.is_automated(request):
            return render(request, "boards/invitation.html", {"preview": link_preview.INVITATION})
        needs_password = bool(link.password)
        links.check(link, request.POST.get("password"), address.of_request(request))
    except LinkInvalid as error:
        status = 200 if needs_password and request.method == "GET" else error.status
        return render(
            request,
            "boards/join.html",
            {"message": error.message, "needs_password": needs_password},
            status=status,
        )
    return redirect("board", links.join(link, guests.ensure_user(request)).pk)


@require_GET
def board_file(request: HttpRequest, board: uuid.UUID, file_id: str) -> HttpResponseBase:
    """A picture on a board that the principal may see. The bytes of an id never change."""
    try:
        found, _ = access.find(_with_key(request), board, Act.SEE)
    except BoardError as error:
        return _refused(error, "There is no such file.")
    file = BoardFile.objects.filter(board=found, file_id=file_id).first()
    if file is None:
        raise Http404("There is no such file.")
    return stored_file(request, file.sha256, file.key, file.mime_type)


def _with_key(request: HttpRequest) -> Principal:
    """The principal of a page that accepts API keys, too. Raises Unauthenticated, ScopeRequired."""
    principal = of_request(request)
    scopes.check(principal, scopes.door_of_request(request))
    return principal


def _refused(error: BoardError, missing: str) -> HttpResponse:
    """A problem if the API key is at fault; in all other cases raises Http404, so that hidden boards look missing."""
    if not isinstance(error, ScopeRequired | Unauthenticated):
        raise Http404(missing) from None
    return problem_of(error)
