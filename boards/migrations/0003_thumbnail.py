import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('boards', '0002_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='Thumbnail',
            fields=[
                ('board', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='thumbnail', serialize=False, to='boards.board')),
                ('clock', models.BigIntegerField(default=-1, help_text="The board's clock when it was drawn, or could not be.")),
                ('key', models.CharField(blank=True, help_text='Where it lies; empty: nothing to see yet.', max_length=200)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('mime_type', models.CharField(blank=True, max_length=40)),
                ('tried_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
    ]
