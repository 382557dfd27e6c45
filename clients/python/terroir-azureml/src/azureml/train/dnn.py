"""The estimators of deep learning."""

from __future__ import annotations

from typing import Any, List, Optional

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

    def __init__(
        self,
        source_directory: str,
        *,
        parameter_server_count: int = 1,
        worker_count: int = 1,
        distributed_backend: Optional[str] = None,
        distributed_training: Any = None,
        **kwargs: Any,
    ):
        if distributed_training is None and str(distributed_backend).lower() == "ps":
            distributed_training = ParameterServer(worker_count, parameter_server_count)
        super().__init__(
            source_directory, distributed_backend=distributed_backend, distributed_training=distributed_training, **kwargs
        )

    def _framework_packages(self, version: Optional[str], use_gpu: bool) -> List[str]:
        old = version is not None and version.split(".")[0] == "1"
        name = "tensorflow-gpu" if use_gpu and old else "tensorflow"
        if version and version.count(".") == 1:
            version += ".*"
        return ["{}=={}".format(name, version) if version else name]


class Chainer(Estimator):
    """An estimator whose environment has Chainer."""

    _PACKAGES = ["chainer"]
