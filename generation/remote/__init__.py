"""Checkpoints that another server draws with: ComfyUI, AUTOMATIC1111, or an OpenAI-compatible images endpoint.

remote_jobs → protocol → {comfyui, automatic1111, openai} → {request, response, http_client}; health → protocol.
"""
