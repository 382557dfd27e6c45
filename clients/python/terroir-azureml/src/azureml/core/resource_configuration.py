"""What a model asks of the machine: carried, nothing is done with it."""

from __future__ import annotations

from typing import Any, Dict, Optional


class ResourceConfiguration:
    def __init__(self, cpu: Optional[float] = None, memory_in_gb: Optional[float] = None, gpu: Optional[int] = None):
        self.cpu = cpu
        self.memory_in_gb = memory_in_gb
        self.gpu = gpu

    def serialize(self) -> Dict[str, Any]:
        return {"cpu": self.cpu, "memoryInGB": self.memory_in_gb, "gpu": self.gpu}
