"""Not part of Terroir."""

raise ImportError(
    "azureml.datadrift is not part of Terroir: compare datasets in a script of yours and log the result with Run.log."
)
