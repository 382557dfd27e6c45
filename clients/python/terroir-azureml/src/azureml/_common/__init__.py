"""The place where older scripts import exceptions from."""
