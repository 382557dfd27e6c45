"""Where scripts import HDInsightCompute from."""

from azureml.core.compute.compute import HDInsightCompute

__all__ = ["HDInsightCompute"]
