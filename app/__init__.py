"""Thinkpane: a desktop chat for reasoning models on your own machine."""

__version__ = "0.1.0"
