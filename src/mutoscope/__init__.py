"""Mutoscope: your own generative-media cloud, on your own machine."""

__version__ = "0.1.0"
