"""Creates the users with API keys, and the boards that all of them may edit, in the database of Atelier.

    python -m bench.room.stage PEOPLE BOARDS        prints {"tokens": [...], "boards": [...]}

It runs in a process of its own with the environment of the server under test.
"""

import json
import os
import sys


def main(people: int, boards: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    import django

    django.setup()
    from accounts import api_keys
    from accounts.models import User
    from boards.models import Board, Membership, Role

    users = User.objects.bulk_create(User(name=f"Person {number}") for number in range(people))
    tokens = [api_keys.create(user) for user in users]
    made = Board.objects.bulk_create(
        Board(title=f"Board {number}", owner=users[0]) for number in range(boards)
    )
    Membership.objects.bulk_create(
        (Membership(board=board, user=user, role=Role.EDIT) for board in made for user in users[1:]),
        batch_size=5_000,
    )
    print(json.dumps({"tokens": tokens, "boards": [str(board.pk) for board in made]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
