"""The estimators of deep learning."""

from __future__ import annotations

from typing import List, Optional

from azureml.train._estimator import Estimator, Gloo, Mpi, Nccl, ParameterServer

__all__ = ["Chainer", "Gloo", "Mpi", "Nccl", "ParameterServer", "PyTorch", "TensorFlow"]


class PyTorch(Estimator):
    """An estimator whose environment has PyTorch."""

    _FRAMEWORK = "PyTorch"
    _PACKAGES = ["torch", "torchvision"]


class TensorFlow(Estimator):
    """An estimator whose environment has TensorFlow."""

    _FRAMEWORK = "TensorFlow"
    _PACKAGES = ["tensorflow"]

    def _framework_packages(self, version: Optional[str], use_gpu: bool) -> List[str]:
        old = version is not None and version.split(".")[0] == "1"
        name = "tensorflow-gpu" if use_gpu and old else "tensorflow"
        return ["{}=={}".format(name, version) if version else name]


class Chainer(Estimator):
    """An estimator whose environment has Chainer."""

    _PACKAGES = ["chainer"]
