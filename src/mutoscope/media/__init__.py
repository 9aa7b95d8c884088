"""Pictures and films as files: fetch, measure, check, read and write them.

`probe` and `sandbox` look at headers only; pixels are decoded by `load` alone, in an engine's child process.
Read next: `probe.py` for what counts as a picture, `encode.py` for what a video looks like when we wrote it.
"""
