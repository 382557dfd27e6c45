"""Pipelines: steps that hand data on, each a run of its own."""
