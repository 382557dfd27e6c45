"""What entry scripts collect of requests: accepted, and kept nowhere."""

from __future__ import annotations

import logging
from typing import Any, Optional, Sequence, Tuple

__all__ = ["ModelDataCollector"]

_log = logging.getLogger("azureml.monitoring")


class ModelDataCollector:
    """As the retired service did where `collect_model_data` was off: the script goes on, and nothing is written."""

    def __init__(
        self,
        model_name: str,
        designation: str = "default",
        feature_names: Optional[Sequence[str]] = None,
        *args: Any,
        **kwargs: Any,
    ):
        self.model_name = model_name
        self.designation = designation
        self.feature_names = feature_names
        _log.warning("Data of the model %s are not collected: log in the entry script what is to be kept.", model_name)

    def collect(self, input_data: Any = None, user_correlation_id: str = "") -> Tuple[bool, Optional[str]]:
        """Whether it was kept: it was not."""
        return False, None

    def add_correlation_headers(self, headers: Any) -> Any:
        return headers
