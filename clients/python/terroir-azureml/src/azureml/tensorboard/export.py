"""What runs have logged as event files of TensorBoard."""

from __future__ import annotations

import os
from typing import Any

from azureml._terroir.errors import OptionalDependencyMissingException

__all__ = ["export_to_tensorboard"]


def export_to_tensorboard(run_data: Any, logdir: str, logger: Any = None, recursive: bool = True) -> None:
    """Writes the numbers of runs, each below a folder of its own where there are several; children too."""
    try:
        from tensorboard.summary import Writer  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        raise OptionalDependencyMissingException("TensorBoard is not installed: install tensorboard.") from None
    if hasattr(run_data, "get_runs"):
        run_data = list(run_data.get_runs())
    runs = list(run_data) if isinstance(run_data, (list, tuple)) else [run_data]
    folders = [(run, os.path.join(logdir, run.id) if len(runs) > 1 else logdir) for run in runs]
    while folders:
        run, folder = folders.pop()
        writer = Writer(folder)
        for name, logged in run.get_metrics().items():
            if isinstance(logged, dict):
                continue
            for step, value in enumerate(logged if isinstance(logged, list) else [logged]):
                if isinstance(value, (int, float)):
                    writer.add_scalar(name, float(value), step)
        writer.close()
        if recursive:
            folders += [(child, os.path.join(folder, child.id)) for child in run.get_children()]
