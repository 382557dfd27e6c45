"""The generation of the retired SDK whose behaviour this package has."""

VERSION = "1.61.0"
