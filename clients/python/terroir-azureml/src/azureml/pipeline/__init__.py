"""Not part of Terroir."""

raise ImportError(
    "azureml.pipeline is not part of Terroir: submit each step with Experiment.submit(ScriptRunConfig(...)) and wait for it, or call Terroir from a workflow tool."
)
