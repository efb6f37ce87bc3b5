import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('boards', '0003_thumbnail'),
    ]

    operations = [
        migrations.AddField(
            model_name='board',
            name='pruned_clock',
            field=models.BigIntegerField(default=0, editable=False, help_text='Who has seen less than this gets the complete scene on return.'),
        ),
        migrations.AddIndex(
            model_name='element',
            index=models.Index(condition=models.Q(('is_deleted', True)), fields=['changed_at'], name='tombstone_by_age'),
        ),
        migrations.CreateModel(
            name='PrunedElement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('element_id', models.CharField(db_collation='C', max_length=64)),
                ('version', models.BigIntegerField()),
                ('version_nonce', models.BigIntegerField()),
                ('board', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pruned_elements', to='boards.board')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('board', 'element_id'), name='one_rank_per_pruned_element')],
            },
        ),
    ]
