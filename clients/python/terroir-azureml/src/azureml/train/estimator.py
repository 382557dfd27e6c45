"""Estimators."""

from azureml.core._run_sections import MpiConfiguration, TensorflowConfiguration
from azureml.train._estimator import Estimator, Gloo, Mpi, Nccl, ParameterServer

__all__ = ["Estimator", "Gloo", "Mpi", "MpiConfiguration", "Nccl", "ParameterServer", "TensorflowConfiguration"]
