"""Which runs of a search are ended before their end."""

from __future__ import annotations

from typing import Any, Dict, Optional

from azureml._terroir.errors import UserErrorException


class EarlyTerminationPolicy:
    """Looks at a run whenever it has logged the primary metric `evaluation_interval` times more."""

    _KIND = ""

    def __init__(self, evaluation_interval: int = 1, delay_evaluation: int = 0):
        for name, value, least in (("evaluation_interval", evaluation_interval, 1), ("delay_evaluation", delay_evaluation, 0)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise UserErrorException("{} expected a whole number from {} on, {!r} found.".format(name, least, value))
        self.evaluation_interval = evaluation_interval
        self.delay_evaluation = delay_evaluation

    def _more(self) -> Dict[str, Any]:
        return {}

    def to_json(self) -> Dict[str, Any]:
        """Its name and settings, as the run's tag `policy_config` has them."""
        settings = {"evaluation_interval": self.evaluation_interval, "delay_evaluation": self.delay_evaluation, **self._more()}
        return {"name": self._KIND, "properties": settings}

    def __repr__(self) -> str:
        settings = ", ".join("{}={!r}".format(key, value) for key, value in self.to_json().get("properties", {}).items())
        return "{}({})".format(type(self).__name__, settings)


class BanditPolicy(EarlyTerminationPolicy):
    """Ends runs that are behind the best one by more than a share, or by more than an amount."""

    _KIND = "Bandit"

    def __init__(
        self,
        evaluation_interval: int = 1,
        slack_factor: Optional[float] = None,
        slack_amount: Optional[float] = None,
        delay_evaluation: int = 0,
    ):
        super().__init__(evaluation_interval, delay_evaluation)
        if (slack_factor is None) == (slack_amount is None):
            raise UserErrorException("BanditPolicy takes a slack_factor or a slack_amount: give one of them.")
        slack = slack_factor if slack_factor is not None else slack_amount
        if slack is None or slack < 0:
            raise UserErrorException("The slack expected a number that is not negative, {!r} found.".format(slack))
        self.slack_factor = slack_factor
        self.slack_amount = slack_amount

    def _more(self) -> Dict[str, Any]:
        return {"slack_factor": self.slack_factor} if self.slack_factor is not None else {"slack_amount": self.slack_amount}


class MedianStoppingPolicy(EarlyTerminationPolicy):
    """Ends runs whose best value is behind the median of the averages of all runs."""

    _KIND = "MedianStopping"


class TruncationSelectionPolicy(EarlyTerminationPolicy):
    """Ends a percentage of the runs, those with the worst values."""

    _KIND = "TruncationSelection"

    def __init__(
        self,
        truncation_percentage: int,
        evaluation_interval: int = 1,
        delay_evaluation: int = 0,
        exclude_finished_jobs: bool = False,
    ):
        super().__init__(evaluation_interval, delay_evaluation)
        if not 1 <= truncation_percentage <= 99:
            raise UserErrorException("truncation_percentage expected a number from 1 to 99, {!r} found.".format(truncation_percentage))
        self.truncation_percentage = truncation_percentage
        self.exclude_finished_jobs = exclude_finished_jobs

    def _more(self) -> Dict[str, Any]:
        return {"truncation_percentage": self.truncation_percentage, "exclude_finished_jobs": self.exclude_finished_jobs}


class NoTerminationPolicy(EarlyTerminationPolicy):
    """Lets every run go on to its end."""

    _KIND = "Default"

    def __init__(self) -> None:
        super().__init__()

    def to_json(self) -> Dict[str, Any]:
        return {"name": self._KIND}
