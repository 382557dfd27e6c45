"""Which sets of parameters are tried."""

from __future__ import annotations

import itertools
import json
import math
import random
import sys
import warnings
from typing import Any, Dict, List, Mapping, Optional

from azureml._terroir.errors import UserErrorException
from azureml.train.hyperdrive.parameter_expressions import (  # noqa: F401 - earlier releases had them here too
    checked,
    choice,
    drawn,
    lognormal,
    loguniform,
    normal,
    qlognormal,
    qloguniform,
    qnormal,
    quniform,
    randint,
    uniform,
)


class HyperParameterSampling:
    """Parameters with what their values are."""

    _KIND = ""

    def __init__(self, parameter_space: Mapping[str, Any], properties: Any = None, validator: Any = None):
        if not isinstance(parameter_space, Mapping) or not parameter_space:
            raise UserErrorException("parameter_space expected a dictionary of names and expressions, {!r} found.".format(parameter_space))
        self._parameter_space = {str(name): checked(str(name), expression) for name, expression in parameter_space.items()}

    def _require(self, allowed: Any) -> None:
        for name, expression in self._parameter_space.items():
            if expression[0] not in allowed:
                raise UserErrorException(
                    "{} takes {}, and not {} for the parameter {!r}.".format(type(self).__name__, ", ".join(allowed), expression[0], name)
                )

    def _combinations(self) -> Optional[int]:
        """How many different sets there are; nothing where there is no end of them."""
        sizes = []
        for kind, arguments in self._parameter_space.values():
            if kind not in ("choice", "randint"):
                return None
            sizes.append(len(arguments[0]) if kind == "choice" else arguments[0])
        return math.prod(sizes)

    def _sets(self, count: int) -> List[Dict[str, Any]]:
        """At most so many sets, each another one."""
        raise NotImplementedError

    def _at_random(self, count: int, seed: Optional[int]) -> List[Dict[str, Any]]:
        chance = random.Random(seed)
        there = self._combinations()
        if there is not None and there <= 10 * count:
            every = self._every(sys.maxsize)
            chance.shuffle(every)
            return every[:count]
        found: Dict[str, Dict[str, Any]] = {}
        # Values that are rounded may come again and again.
        for _ in range(100 * count):
            one = {name: drawn(expression, chance) for name, expression in self._parameter_space.items()}
            found.setdefault(json.dumps(one, sort_keys=True, default=str), one)
            if len(found) == count:
                break
        return list(found.values())

    def _every(self, most: int) -> List[Dict[str, Any]]:
        values = [
            list(arguments[0]) if kind == "choice" else list(range(arguments[0])) for kind, arguments in self._parameter_space.values()
        ]
        return [dict(zip(self._parameter_space, one)) for one in itertools.islice(itertools.product(*values), most)]

    def to_json(self) -> Dict[str, Any]:
        """Its name and the parameters, as the run's tag `generator_config` has them."""
        return {"name": self._KIND, "parameter_space": self._parameter_space}

    def __repr__(self) -> str:
        return "{}({!r})".format(type(self).__name__, self._parameter_space)


class RandomParameterSampling(HyperParameterSampling):
    """Sets at random; the same seed draws the same ones."""

    _KIND = "RANDOM"

    def __init__(self, parameter_space: Mapping[str, Any], properties: Any = None, seed: Optional[int] = None):
        super().__init__(parameter_space, properties)
        self._seed = seed

    def _sets(self, count: int) -> List[Dict[str, Any]]:
        return self._at_random(count, self._seed)


class GridParameterSampling(HyperParameterSampling):
    """Every set of values that can be chosen, one after the other."""

    _KIND = "GRID"

    def __init__(self, parameter_space: Mapping[str, Any], validator: Any = None):
        super().__init__(parameter_space)
        self._require(("choice",))

    def _sets(self, count: int) -> List[Dict[str, Any]]:
        return self._every(count)


class BayesianParameterSampling(HyperParameterSampling):
    """Sets at random: what former runs reached is not looked at, which a warning says."""

    _KIND = "BAYESIANOPTIMIZATION"

    def __init__(self, parameter_space: Mapping[str, Any], properties: Any = None):
        super().__init__(parameter_space, properties)
        self._require(("choice", "uniform", "quniform"))
        warnings.warn(
            "BayesianParameterSampling draws at random here: runs do not choose the parameters of later runs. "
            "RandomParameterSampling says so by its name; for a search that learns, run Optuna in one script."
        )

    def _sets(self, count: int) -> List[Dict[str, Any]]:
        return self._at_random(count, None)
