"""Schedules, which are refused: what runs at a time is started by what this machine starts things with."""

from __future__ import annotations

from typing import Any, List, Optional

from azureml._terroir.errors import UnsupportedHere, UserErrorException

__all__ = ["Schedule", "ScheduleRecurrence", "TimeZone"]

_FREQUENCIES = ("Minute", "Hour", "Day", "Week", "Month")


class TimeZone:
    UTC = "UTC"


class ScheduleRecurrence:
    """How often something is to be."""

    def __init__(
        self,
        frequency: str,
        interval: int,
        start_time: Any = None,
        time_zone: Any = None,
        hours: Optional[List[int]] = None,
        minutes: Optional[List[int]] = None,
        week_days: Optional[List[str]] = None,
        time_of_day: Optional[str] = None,
    ):
        if frequency not in _FREQUENCIES:
            raise UserErrorException("frequency expected one of {}, {!r} found.".format(", ".join(_FREQUENCIES), frequency))
        self.frequency = frequency
        self.interval = interval
        self.start_time = start_time
        self.time_zone = time_zone
        self.hours = hours
        self.minutes = minutes
        self.week_days = week_days
        self.time_of_day = time_of_day

    def validate(self) -> None:
        """It has been looked at."""


class Schedule:
    """No schedule is kept."""

    @staticmethod
    def create(workspace: Any, name: str, pipeline_id: Optional[str] = None, experiment_name: Optional[str] = None, **kwargs: Any) -> Any:
        raise _refused(pipeline_id, experiment_name)

    @staticmethod
    def create_for_pipeline_endpoint(workspace: Any, name: str, pipeline_endpoint_id: str, experiment_name: str, **kwargs: Any) -> Any:
        raise _refused(None, experiment_name)

    @staticmethod
    def get(workspace: Any, id: str, **kwargs: Any) -> Any:
        raise UserErrorException("No schedule {} is in the workspace {}.".format(id, workspace.name))

    @staticmethod
    def list(workspace: Any, active_only: bool = True, **kwargs: Any) -> List[Any]:
        return []

    @staticmethod
    def get_all(workspace: Any, active_only: bool = True, **kwargs: Any) -> List[Any]:
        return []

    @staticmethod
    def get_schedules_for_pipeline_id(workspace: Any, pipeline_id: str, **kwargs: Any) -> List[Any]:
        return []

    @staticmethod
    def get_schedules_for_pipeline_endpoint_id(workspace: Any, pipeline_endpoint_id: str, **kwargs: Any) -> List[Any]:
        return []


def _refused(pipeline_id: Optional[str], experiment_name: Optional[str]) -> UnsupportedHere:
    return UnsupportedHere(
        "Schedules are not kept here: let cron, a systemd timer or your CI run a script with "
        "PublishedPipeline.get(ws, '{}').submit(ws, '{}').".format(pipeline_id or "ID", experiment_name or "EXPERIMENT")
    )
