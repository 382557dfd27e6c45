"""Where earlier releases had ParallelRunStep."""

from azureml.pipeline.steps import ParallelRunConfig, ParallelRunStep

__all__ = ["ParallelRunConfig", "ParallelRunStep"]
