"""Checkpoints that another server draws with: ComfyUI, AUTOMATIC1111, or an OpenAI-compatible images endpoint."""
