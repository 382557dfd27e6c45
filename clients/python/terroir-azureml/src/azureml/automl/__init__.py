"""Not part of Terroir."""

raise ImportError(
    "azureml.automl is not part of Terroir: train in a script of yours and submit it with ScriptRunConfig."
)
