"""Principal: one value for every credential, and nothing else that asks what it is."""

import re
from pathlib import Path
from uuid import uuid4

from accounts.models import ApiKey, User
from boards.models import ShareLink
from boards.principal import NOBODY, Principal

ROOT = Path(__file__).parent.parent.parent


def test_only_sessions_look_at_the_type_of_a_user() -> None:
    asks = re.compile(r"isinstance\([^)]*\b(User|AnonymousUser|ApiKey|ShareLink)\b")
    files = [
        path for app in ("accounts", "boards", "generation", "webapp") for path in (ROOT / app).rglob("*.py")
    ]
    assert [str(path.relative_to(ROOT)) for path in files if asks.search(path.read_text())] == [
        "accounts/sessions.py"
    ]


def test_one_user_has_one_identity_whatever_the_credential() -> None:
    user, link = User(id=uuid4()), ShareLink(id=uuid4())
    by_key = Principal(user, api_key=ApiKey(user=user))
    assert by_key.identity == Principal(User(id=user.pk), session_key="key").identity
    assert Principal(share_link=link).identity == Principal(share_link=ShareLink(id=link.pk)).identity
    assert len({by_key.identity, Principal(share_link=link).identity, NOBODY.identity}) == 3
    assert NOBODY.identity is None
