"""Pages of deployments: ComfyUI workflows as an API of their own."""
