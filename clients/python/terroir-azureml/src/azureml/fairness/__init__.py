"""Not part of Terroir."""

raise ImportError(
    "azureml.fairness is not part of Terroir: use fairlearn in the script and keep its result with Run.log_table or Run.upload_file."
)
