"""Not part of Terroir."""

raise ImportError(
    "azureml.train.automl is not part of Terroir: train in a script of yours and submit it with ScriptRunConfig."
)
