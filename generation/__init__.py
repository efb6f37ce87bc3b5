"""Jobs, checkpoints and the engine that turns a sketch and a prompt into pictures. Knows no board.

jobs.submission → Job row → tasks → worker.runner → engine or remote → images.storage → jobs.lifecycle → jobs.events
"""
