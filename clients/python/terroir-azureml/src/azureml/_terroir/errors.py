"""The exceptions of the retired SDK, which print as its did."""

from __future__ import annotations

import json
from typing import Any, Dict, Optional


class AzureMLException(Exception):
    """What every exception of this package is."""

    _error_code: Optional[str] = None

    def __init__(
        self,
        exception_message: str = "",
        inner_exception: Optional[BaseException] = None,
        target: Optional[str] = None,
        details: Any = None,
        message_format: Optional[str] = None,
        message_parameters: Any = None,
        reference_code: Optional[str] = None,
        **kwargs: Any,
    ):
        super().__init__(exception_message)
        self._exception_message = exception_message
        self._inner_exception = inner_exception
        self._target = target

    @property
    def message(self) -> str:
        return self._exception_message

    @message.setter
    def message(self, value: str) -> None:
        self._exception_message = value

    @property
    def inner_exception(self) -> Optional[BaseException]:
        return self._inner_exception

    @inner_exception.setter
    def inner_exception(self, value: Optional[BaseException]) -> None:
        self._inner_exception = value

    def _error(self) -> Dict[str, Any]:
        error: Dict[str, Any] = {}
        if self._error_code:
            error["code"] = self._error_code
        error["message"] = self._exception_message
        if self._target:
            error["target"] = self._target
        return {"error": error}

    def _serialize_json(self, indent: Optional[int] = None) -> str:
        return json.dumps(self._error(), indent=indent, ensure_ascii=False)

    def __repr__(self) -> str:
        return "{}:\n\tMessage: {}\n\tInnerException {}\n\tErrorResponse \n{}".format(
            type(self).__name__,
            self._exception_message,
            self._inner_exception,
            self._serialize_json(4),
        )

    def __str__(self) -> str:
        return self.__repr__()


class UserErrorException(AzureMLException):
    """What the caller asked for cannot be."""

    _error_code = "UserError"


class ServiceException(AzureMLException):
    """The server could not do it."""

    _error_code = "ServiceError"

    def __init__(self, exception_message: str = "", *args: Any, status_code: Optional[int] = None, **kwargs: Any):
        super().__init__(exception_message, *args, **kwargs)
        self.status_code = status_code


class AzureMLAggregatedException(AzureMLException):
    pass


class AuthenticationException(UserErrorException):
    pass


class ArgumentException(UserErrorException):
    pass


class ProjectSystemException(UserErrorException):
    """A workspace that there is not, or that there is already."""


class WorkspaceException(ProjectSystemException):
    pass


class DiscoveryUrlNotFoundException(ServiceException):
    pass


class SnapshotException(UserErrorException):
    """A source directory that cannot be taken."""


class RunConfigurationException(UserErrorException):
    pass


class RunEnvironmentException(UserErrorException):
    """There is no run around."""

    def __init__(self, exception_message: str = "Could not load a submitted run, if outside of an execution context, use experiment.start_logging to initialize an azureml.core.Run.", **kwargs: Any):
        super().__init__(exception_message, **kwargs)


class TrainingException(AzureMLException):
    pass


class ExperimentExecutionException(TrainingException):
    """A run that could not be submitted, or that did not do its work."""


class ExperimentNotFoundException(UserErrorException):
    pass


class ActivityFailedException(AzureMLException):
    """A run that failed."""

    _error_code = "UserError"

    def __init__(self, error_details: Any = "", inner_exception: Optional[BaseException] = None, **kwargs: Any):
        self._error_details = error_details
        super().__init__("Activity Failed:\n{}".format(error_details), inner_exception, **kwargs)


class ComputeTargetException(AzureMLException):
    def __init__(self, exception_message: str = "", *args: Any, status_code: Optional[int] = None, **kwargs: Any):
        super().__init__(exception_message, *args, **kwargs)
        self.status_code = status_code


class WebserviceException(AzureMLException):
    def __init__(self, exception_message: str = "", *args: Any, status_code: Optional[int] = None, **kwargs: Any):
        super().__init__(exception_message, *args, **kwargs)
        self.status_code = status_code


class ImageException(AzureMLException):
    pass


class ModelNotFoundException(UserErrorException):
    pass


class ModelPathNotFoundException(UserErrorException):
    pass


class DatasetValidationError(UserErrorException):
    pass


class DatasetExecutionError(AzureMLException):
    pass


class OptionalDependencyMissingException(UserErrorException):
    pass


class UnsupportedHere(UserErrorException, NotImplementedError):
    """Something of the retired service that has no counterpart; the message names what to use."""
