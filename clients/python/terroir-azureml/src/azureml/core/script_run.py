"""Runs of submitted scripts."""

from azureml.core.run import ScriptRun

__all__ = ["ScriptRun"]
