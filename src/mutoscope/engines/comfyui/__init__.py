"""ComfyUI workflows as models: a manifest names a workflow and where its inputs go; a ComfyUI server runs it.

Read `engine` first, then `following` (one prompt until its end), `client` (HTTP) and `messages` (websocket). `plan` is
the manifest's settings, `workflow` the graph, `refusals` what ComfyUI complains of, `outputs` the files, `folder` a
ComfyUI that is started here, `proposal` a manifest for a workflow.
"""

from mutoscope.engines.comfyui.engine import Comfyui
from mutoscope.engines.comfyui.plan import FOLDER, SERVERS, check_named

__all__ = ["FOLDER", "SERVERS", "Comfyui", "check_named"]
