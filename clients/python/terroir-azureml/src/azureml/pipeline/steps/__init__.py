"""The steps of pipelines."""

from azureml.pipeline.steps._refused import (
    AdlaStep,
    AutoMLStep,
    AutoMLStepRun,
    AzureBatchStep,
    DatabricksStep,
    DataTransferStep,
    KustoStep,
    ModuleStep,
    RScriptStep,
    SynapseSparkStep,
)
from azureml.pipeline.steps.command_step import CommandStep
from azureml.pipeline.steps.estimator_step import EstimatorStep
from azureml.pipeline.steps.hyper_drive_step import HyperDriveStep, HyperDriveStepRun
from azureml.pipeline.steps.mpi_step import MpiStep
from azureml.pipeline.steps.parallel_run_config import ParallelRunConfig
from azureml.pipeline.steps.parallel_run_step import ParallelRunStep
from azureml.pipeline.steps.python_script_step import PythonScriptStep

__all__ = [
    "AdlaStep",
    "AutoMLStep",
    "AutoMLStepRun",
    "AzureBatchStep",
    "CommandStep",
    "DataTransferStep",
    "DatabricksStep",
    "EstimatorStep",
    "HyperDriveStep",
    "HyperDriveStepRun",
    "KustoStep",
    "ModuleStep",
    "MpiStep",
    "ParallelRunConfig",
    "ParallelRunStep",
    "PythonScriptStep",
    "RScriptStep",
    "SynapseSparkStep",
]
