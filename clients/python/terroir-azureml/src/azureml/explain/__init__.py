"""Not part of Terroir."""

raise ImportError(
    "azureml.explain is not part of Terroir: explain the model with interpret-community or shap, and keep the result with Run.upload_folder or Run.log_image."
)
