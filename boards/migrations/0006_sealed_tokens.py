"""Tokens of share links: a digest to find them by, and the token itself only sealed. Links that exist go on working."""

from typing import Any

from django.db import migrations, models

import boards.models
from boards import sealed_tokens
from boards.models import ShareLink


def seal(apps: Any, schema_editor: Any) -> None:
    links = apps.get_model("boards", "ShareLink").objects
    for link in links.only("token").iterator():
        link.digest, link.sealed_token = ShareLink.digest_of(link.token), sealed_tokens.seal(link.token)
        link.save(update_fields=["digest", "sealed_token"])


def unseal(apps: Any, schema_editor: Any) -> None:
    links = apps.get_model("boards", "ShareLink").objects
    for link in links.only("sealed_token").iterator():
        link.token = sealed_tokens.unseal(link.sealed_token) or link.token
        link.save(update_fields=["token"])


class Migration(migrations.Migration):
    dependencies = [("boards", "0005_candidates")]

    operations = [
        migrations.AddField(
            "sharelink", "digest", models.CharField(max_length=64, null=True, editable=False)
        ),
        migrations.AddField(
            "sharelink", "sealed_token", models.CharField(max_length=200, default="", editable=False)
        ),
        migrations.RunPython(seal, unseal),
        migrations.AlterField(
            "sharelink",
            "digest",
            models.CharField(max_length=64, unique=True, editable=False, help_text="SHA-256 of the token."),
        ),
        migrations.AlterField(
            "sharelink",
            "sealed_token",
            models.CharField(
                max_length=200,
                default=boards.models.new_sealed_token,
                editable=False,
                help_text="See boards.sealed_tokens.",
            ),
        ),
        migrations.RemoveField("sharelink", "token"),
    ]
