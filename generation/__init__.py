"""Jobs, checkpoints and the engine that turns a sketch and a prompt into pictures."""
