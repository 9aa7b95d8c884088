"""RunPod's serverless workers, unmodified, as workers of a model: their jobs, in and out. Read next: `jobs`."""

from __future__ import annotations

from mutoscope.runpod.jobs import beat, claim, end, held, job_id, lost, piece, prepared, release, told
from mutoscope.runpod.setup import ENGINE, capabilities

__all__ = [
    "ENGINE",
    "beat",
    "capabilities",
    "claim",
    "end",
    "held",
    "job_id",
    "lost",
    "piece",
    "prepared",
    "release",
    "told",
]
