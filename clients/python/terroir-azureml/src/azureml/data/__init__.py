"""Data of runs."""

from azureml.data.abstract_dataset import AbstractDataset
from azureml.data.dataset_factory import DataType
from azureml.data.file_dataset import FileDataset
from azureml.data.output_dataset_config import HDFSOutputDatasetConfig, OutputFileDatasetConfig
from azureml.data.tabular_dataset import TabularDataset

__all__ = ["AbstractDataset", "DataType", "FileDataset", "HDFSOutputDatasetConfig", "OutputFileDatasetConfig", "TabularDataset"]
