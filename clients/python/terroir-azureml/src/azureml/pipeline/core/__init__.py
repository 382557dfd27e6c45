"""Pipelines: their steps, data, parameters and runs."""

from azureml.data.output_dataset_config import OutputFileDatasetConfig
from azureml.pipeline.core._refused import Module, ModuleVersion, PipelineDraft
from azureml.pipeline.core.builder import PipelineData, PipelineStep, StepSequence
from azureml.pipeline.core.graph import Graph, InputPortBinding, OutputPortBinding, PipelineParameter, TrainingOutput
from azureml.pipeline.core.pipeline import Pipeline
from azureml.pipeline.core.pipeline_endpoint import PipelineEndpoint
from azureml.pipeline.core.pipeline_output_dataset import PipelineOutputAbstractDataset, PipelineOutputFileDataset, PipelineOutputTabularDataset
from azureml.pipeline.core.published_pipeline import PublishedPipeline
from azureml.pipeline.core.run import PipelineRun, PortDataReference, StepRun, StepRunOutput
from azureml.pipeline.core.schedule import Schedule, ScheduleRecurrence, TimeZone

__all__ = [
    "Graph",
    "InputPortBinding",
    "Module",
    "ModuleVersion",
    "OutputFileDatasetConfig",
    "OutputPortBinding",
    "Pipeline",
    "PipelineData",
    "PipelineDraft",
    "PipelineEndpoint",
    "PipelineOutputAbstractDataset",
    "PipelineOutputFileDataset",
    "PipelineOutputTabularDataset",
    "PipelineParameter",
    "PipelineRun",
    "PipelineStep",
    "PortDataReference",
    "PublishedPipeline",
    "Schedule",
    "ScheduleRecurrence",
    "StepRun",
    "StepRunOutput",
    "StepSequence",
    "TimeZone",
    "TrainingOutput",
]
