"""What an entry script of a ParallelRunStep finds around it: `from azureml_user.parallel_run import EntryScript`."""

import logging
import os
import sys


class EntryScript:
    """Its folders and its logger, which writes to the log of the step's run."""

    @property
    def working_dir(self) -> str:
        return os.getcwd()

    @property
    def logs_dir(self) -> str:
        place = os.path.join("logs", "user")
        os.makedirs(place, exist_ok=True)
        return place

    @property
    def output_dir(self) -> str:
        """The folder of the step's output."""
        return os.environ.get("AZUREML_BI_OUTPUT_PATH", "")

    @property
    def logger(self) -> logging.Logger:
        logger = logging.getLogger("EntryScript")
        if not logger.handlers:
            handler = logging.StreamHandler(sys.stdout)
            handler.setFormatter(logging.Formatter("%(asctime)s|%(levelname)s|%(process)d|%(message)s"))
            logger.addHandler(handler)
            logger.setLevel(os.environ.get("AZUREML_PARALLEL_LOGGING_LEVEL", "INFO"))
            logger.propagate = False
        return logger
