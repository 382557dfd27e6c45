"""What the values of a parameter are: a name and its arguments, as `["uniform", [0, 1]]`."""

from __future__ import annotations

import math
import random
from typing import Any, Callable, Dict, List

from azureml._terroir.errors import UserErrorException

Expression = List[Any]


def choice(*options: Any) -> Expression:
    """One of some values: given one by one, as a list, or as a range."""
    values: List[Any] = []
    # Arrays and numbers of numpy as those of Python.
    for option in (option.tolist() if hasattr(option, "tolist") else option for option in options):
        values.extend(option if isinstance(option, (list, range)) and len(options) == 1 else [option])
    if not values:
        raise UserErrorException("choice needs a value to choose.")
    return ["choice", [values]]


def randint(upper: int) -> Expression:
    """A whole number from 0 to below `upper`."""
    return ["randint", [upper]]


def uniform(min_value: float, max_value: float) -> Expression:
    """A number between two others."""
    return ["uniform", _ordered(min_value, max_value)]


def quniform(min_value: float, max_value: float, q: float) -> Expression:
    """The same, rounded to multiples of `q`."""
    return ["quniform", [*_ordered(min_value, max_value), _step(q)]]


def loguniform(min_value: float, max_value: float) -> Expression:
    """The exponential of a number between two others."""
    return ["loguniform", _ordered(min_value, max_value)]


def qloguniform(min_value: float, max_value: float, q: float) -> Expression:
    """The same, rounded to multiples of `q`."""
    return ["qloguniform", [*_ordered(min_value, max_value), _step(q)]]


def normal(mu: float, sigma: float) -> Expression:
    """A number of a normal distribution."""
    return ["normal", [mu, sigma]]


def qnormal(mu: float, sigma: float, q: float) -> Expression:
    """The same, rounded to multiples of `q`."""
    return ["qnormal", [mu, sigma, _step(q)]]


def lognormal(mu: float, sigma: float) -> Expression:
    """The exponential of a number of a normal distribution."""
    return ["lognormal", [mu, sigma]]


def qlognormal(mu: float, sigma: float, q: float) -> Expression:
    """The same, rounded to multiples of `q`."""
    return ["qlognormal", [mu, sigma, _step(q)]]


def _ordered(low: float, high: float) -> List[Any]:
    if low > high:
        raise UserErrorException("The least value, {!r}, is above the greatest, {!r}.".format(low, high))
    return [low, high]


def _step(q: float) -> float:
    if q <= 0:
        raise UserErrorException("q expected a number above 0, {!r} found.".format(q))
    return q


_DRAWN: Dict[str, Callable[..., Any]] = {
    "choice": lambda chance, values: chance.choice(list(values)),
    "randint": lambda chance, upper: chance.randrange(upper),
    "uniform": lambda chance, low, high: chance.uniform(low, high),
    "normal": lambda chance, mu, sigma: chance.gauss(mu, sigma),
    "loguniform": lambda chance, low, high: math.exp(chance.uniform(low, high)),
    "lognormal": lambda chance, mu, sigma: math.exp(chance.gauss(mu, sigma)),
}

#: How many arguments each has.
_ARGUMENTS = {"choice": 1, "randint": 1}


def checked(name: str, expression: Any) -> Expression:
    """An expression that can be drawn from."""
    is_pair = isinstance(expression, (list, tuple)) and len(expression) == 2 and isinstance(expression[1], (list, tuple))
    kind = expression[0] if is_pair else None
    plain = _plain(kind)
    if plain not in _DRAWN or len(expression[1]) != _ARGUMENTS.get(plain, 2) + (plain != kind):
        raise UserErrorException("The parameter {!r} expected an expression such as choice(1, 2) or uniform(0, 1), {!r} found.".format(name, expression))
    return list(expression)


def _plain(kind: Any) -> str:
    """The expression without its rounding."""
    text = str(kind)
    return text[1:] if text.startswith("q") and text[1:] in _DRAWN else text


def drawn(expression: Expression, chance: random.Random) -> Any:
    """One value."""
    kind, arguments = expression
    plain = _plain(kind)
    if plain == kind:
        return _DRAWN[kind](chance, *arguments)
    q = arguments[-1]
    return round(_DRAWN[plain](chance, *arguments[:-1]) / q) * q
