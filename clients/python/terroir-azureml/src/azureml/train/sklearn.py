"""The estimator of scikit-learn."""

from __future__ import annotations

from typing import List, Optional

from azureml.train._estimator import Estimator

__all__ = ["SKLearn"]


class SKLearn(Estimator):
    """An estimator whose environment has scikit-learn."""

    _PACKAGES = ["scikit-learn"]

    def _framework_packages(self, version: Optional[str], use_gpu: bool) -> List[str]:
        return [*super()._framework_packages(version, use_gpu), "scipy", "joblib"]
