"""The names of the retired SDK that published notebooks and scripts use, with the parameters that they give."""

import importlib
import inspect
import unittest

# A name, then the parameters by which it is called; attributes that are read stand alone.
_NAMES = """
azureml.core.VERSION
azureml.core.Workspace subscription_id resource_group workspace_name auth
azureml.core.Workspace.create name auth subscription_id resource_group location create_resource_group sku exist_ok show_output storage_account key_vault app_insights container_registry friendly_name
azureml.core.Workspace.from_config path auth _file_name
azureml.core.Workspace.get name auth subscription_id resource_group
azureml.core.Workspace.list subscription_id
azureml.core.Workspace.write_config path file_name
azureml.core.Workspace.get_details
azureml.core.Workspace.get_default_datastore
azureml.core.Workspace.set_default_datastore name
azureml.core.Workspace.get_default_keyvault
azureml.core.Workspace.get_default_compute_target type
azureml.core.Workspace.get_mlflow_tracking_uri
azureml.core.Workspace.get_run run_id
azureml.core.Workspace.update image_build_compute
azureml.core.Workspace.environments
azureml.core.Workspace.experiments
azureml.core.Workspace.compute_targets
azureml.core.Workspace.datasets
azureml.core.Workspace.datastores
azureml.core.Workspace.models
azureml.core.Workspace.webservices
azureml.core.Workspace.images
azureml.core.workspace.Workspace
azureml.core.Experiment workspace name
azureml.core.Experiment.submit config tags
azureml.core.Experiment.start_logging outputs snapshot_directory
azureml.core.Experiment.get_runs type tags properties include_children
azureml.core.Experiment.list workspace experiment_name view_type tags
azureml.core.Experiment.delete workspace experiment_id
azureml.core.Experiment.archive
azureml.core.Experiment.reactivate
azureml.core.Experiment.get_portal_url
azureml.core.Experiment.name
azureml.core.Experiment.id
azureml.core.Experiment.workspace
azureml.core.experiment.Experiment
azureml.core.Run experiment run_id
azureml.core.Run.get_context allow_offline
azureml.core.Run.get workspace run_id
azureml.core.Run.list experiment
azureml.core.Run.log name value description step
azureml.core.Run.log_list name value description
azureml.core.Run.log_row name description angle
azureml.core.Run.log_table name value description
azureml.core.Run.log_image name path plot description
azureml.core.Run.log_accuracy_table name value
azureml.core.Run.log_confusion_matrix name value
azureml.core.Run.log_predictions name value
azureml.core.Run.log_residuals name value
azureml.core.Run.flush timeout_seconds
azureml.core.Run.tag key value
azureml.core.Run.set_tags tags
azureml.core.Run.remove_tags tags
azureml.core.Run.get_tags
azureml.core.Run.add_properties properties
azureml.core.Run.get_properties
azureml.core.Run.get_metrics name recursive run_type populate
azureml.core.Run.get_details
azureml.core.Run.get_details_with_logs
azureml.core.Run.get_detailed_status
azureml.core.Run.get_all_logs destination
azureml.core.Run.get_status
azureml.core.Run.get_environment
azureml.core.Run.get_portal_url
azureml.core.Run.get_file_names
azureml.core.Run.get_children recursive tags properties type status
azureml.core.Run.get_snapshot_id
azureml.core.Run.get_secret name
azureml.core.Run.get_secrets secrets
azureml.core.Run.restore_snapshot snapshot_id path
azureml.core.Run.take_snapshot file_or_folder_path
azureml.core.Run.upload_file name path_or_stream
azureml.core.Run.upload_files names paths
azureml.core.Run.upload_folder name path
azureml.core.Run.download_file name output_file_path
azureml.core.Run.download_files prefix output_directory output_paths batch_size append_prefix
azureml.core.Run.register_model model_name model_path tags properties model_framework model_framework_version description datasets sample_input_dataset sample_output_dataset resource_configuration
azureml.core.Run.child_run name run_id outputs
azureml.core.Run.create_children count tag_key tag_values
azureml.core.Run.submit_child config tags
azureml.core.Run.wait_for_completion show_output wait_post_processing raise_on_error
azureml.core.Run.complete
azureml.core.Run.fail error_details error_code
azureml.core.Run.cancel
azureml.core.Run.start
azureml.core.Run.clean
azureml.core.Run.input_datasets
azureml.core.Run.output_datasets
azureml.core.Run.display_name
azureml.core.Run.description
azureml.core.Run.parent
azureml.core.Run.number
azureml.core.Run.type
azureml.core.run.Run
azureml.core.run.get_run experiment run_id
azureml.core.run.RUNNING_STATES
azureml.core.ScriptRun
azureml.core.ScriptRunConfig source_directory script arguments run_config compute_target environment distributed_job_config resume_from max_run_duration_seconds command docker_runtime_config
azureml.core.script_run_config.ScriptRunConfig
azureml.core.script_run.ScriptRun
azureml.core.RunConfiguration script arguments framework communicator conda_dependencies
azureml.core.runconfig.RunConfiguration.load path name
azureml.core.runconfig.RunConfiguration.save path name separate_environment_yaml
azureml.core.runconfig.CondaDependencies
azureml.core.runconfig.ContainerRegistry
azureml.core.runconfig.DEFAULT_CPU_IMAGE
azureml.core.runconfig.DEFAULT_GPU_IMAGE
azureml.core.runconfig.DataReferenceConfiguration datastore_name mode path_on_datastore path_on_compute overwrite
azureml.core.runconfig.DockerConfiguration use_docker shared_volumes arguments shm_size
azureml.core.runconfig.EnvironmentDefinition
azureml.core.runconfig.MpiConfiguration process_count_per_node node_count
azureml.core.runconfig.PyTorchConfiguration communication_backend process_count node_count
azureml.core.runconfig.TensorflowConfiguration worker_count parameter_server_count
azureml.core.runconfig.ParallelTaskConfiguration
azureml.core.runconfig.SparkConfiguration
azureml.core.runconfig.Data
azureml.core.Environment name
azureml.core.Environment.get workspace name version label
azureml.core.Environment.list workspace
azureml.core.Environment.register workspace
azureml.core.Environment.from_conda_specification name file_path
azureml.core.Environment.from_pip_requirements name file_path pip_version
azureml.core.Environment.from_existing_conda_environment name conda_environment_name
azureml.core.Environment.from_docker_image name image container_registry conda_specification pip_requirements
azureml.core.Environment.from_dockerfile name dockerfile conda_specification pip_requirements
azureml.core.Environment.from_docker_build_context name docker_build_context conda_specification pip_requirements
azureml.core.Environment.clone new_name
azureml.core.Environment.build workspace image_build_compute
azureml.core.Environment.build_local workspace platform useDocker pushImageToWorkspaceAcr
azureml.core.Environment.get_image_details workspace
azureml.core.Environment.save_to_directory path overwrite
azureml.core.Environment.load_from_directory path
azureml.core.Environment.label workspace name version labels
azureml.core.Environment.add_private_pip_wheel workspace file_path exist_ok
azureml.core.environment.Environment
azureml.core.environment.CondaDependencies
azureml.core.environment.DEFAULT_CPU_IMAGE
azureml.core.environment.DEFAULT_GPU_IMAGE
azureml.core.environment.DockerBuildContext.from_local_directory workspace path dockerfile_path
azureml.core.environment.DockerImageDetails
azureml.core.environment.DockerSection
azureml.core.environment.PythonSection
azureml.core.environment.RCranPackage
azureml.core.environment.RGitHubPackage
azureml.core.environment.RSection
azureml.core.environment.SparkPackage group artifact version
azureml.core.environment.SparkSection
azureml.core.conda_dependencies.CondaDependencies conda_dependencies_file_path
azureml.core.conda_dependencies.CondaDependencies.create pip_indexurl pip_packages conda_packages python_version pin_sdk_version
azureml.core.conda_dependencies.CondaDependencies.add_channel channel
azureml.core.conda_dependencies.CondaDependencies.add_conda_package conda_package
azureml.core.conda_dependencies.CondaDependencies.add_pip_package pip_package
azureml.core.conda_dependencies.CondaDependencies.add_tensorflow_conda_package core_type version
azureml.core.conda_dependencies.CondaDependencies.add_tensorflow_pip_package core_type version
azureml.core.conda_dependencies.CondaDependencies.remove_pip_package pip_package
azureml.core.conda_dependencies.CondaDependencies.save_to_file base_directory conda_file_path
azureml.core.conda_dependencies.CondaDependencies.serialize_to_string
azureml.core.conda_dependencies.CondaDependencies.set_pip_index_url index_url
azureml.core.conda_dependencies.CondaDependencies.set_pip_option pip_option
azureml.core.conda_dependencies.CondaDependencies.set_python_version version
azureml.core.databricks.EggLibrary library
azureml.core.databricks.JarLibrary library
azureml.core.databricks.MavenLibrary coordinates repo exclusions
azureml.core.databricks.PyPiLibrary package repo
azureml.core.authentication.AzureCliAuthentication
azureml.core.authentication.InteractiveLoginAuthentication tenant_id force
azureml.core.authentication.InteractiveLoginAuthentication.get_authentication_header
azureml.core.authentication.MsiAuthentication
azureml.core.authentication.ServicePrincipalAuthentication tenant_id service_principal_id service_principal_password
azureml.core.ComputeTarget workspace name
azureml.core.compute.ComputeTarget.create workspace name provisioning_configuration
azureml.core.compute.ComputeTarget.attach workspace name attach_configuration
azureml.core.compute.ComputeTarget.list workspace
azureml.core.compute.ComputeTarget.wait_for_completion show_output
azureml.core.compute.AmlCompute workspace name
azureml.core.compute.AmlCompute.provisioning_configuration vm_size vm_priority min_nodes max_nodes idle_seconds_before_scaledown admin_username admin_user_password admin_user_ssh_key vnet_resourcegroup_name vnet_name subnet_name tags description remote_login_port_public_access identity_type identity_id location
azureml.core.compute.AmlCompute.supported_vmsizes workspace location
azureml.core.compute.AmlCompute.wait_for_completion show_output min_node_count timeout_in_minutes
azureml.core.compute.AmlCompute.get_status
azureml.core.compute.AmlCompute.list_nodes
azureml.core.compute.AmlCompute.update min_nodes max_nodes idle_seconds_before_scaledown
azureml.core.compute.AmlCompute.delete
azureml.core.compute.AksCompute.provisioning_configuration agent_count vm_size ssl_cname ssl_cert_pem_file ssl_key_pem_file location cluster_purpose
azureml.core.compute.AksCompute.attach_configuration resource_group cluster_name resource_id cluster_purpose
azureml.core.compute.AksCompute.ClusterPurpose
azureml.core.compute.ComputeInstance.provisioning_configuration vm_size ssh_public_access
azureml.core.compute.ComputeInstance.create workspace name provisioning_configuration
azureml.core.compute.ComputeInstance.supported_vmsizes workspace location
azureml.core.compute.ComputeInstance.get_status
azureml.core.compute.ComputeInstance.stop wait_for_completion show_output
azureml.core.compute.ComputeInstance.restart wait_for_completion show_output
azureml.core.compute.ComputeInstance.start wait_for_completion show_output
azureml.core.compute.DatabricksCompute.attach_configuration resource_group workspace_name access_token
azureml.core.compute.DsvmCompute.provisioning_configuration vm_size
azureml.core.compute.HDInsightCompute.attach_configuration address ssh_port username password private_key_file
azureml.core.compute.RemoteCompute.attach_configuration username address resource_id ssh_port password private_key_file private_key_passphrase
azureml.core.compute_target.ComputeTargetException
azureml.core.compute.amlcompute.AmlCompute
azureml.core.compute.computeinstance.ComputeInstance
azureml.core.container_registry.ContainerRegistry
azureml.core.keyvault.Keyvault.set_secret name value
azureml.core.keyvault.Keyvault.get_secret name
azureml.core.keyvault.Keyvault.list_secrets
azureml.core.Dataset.get_by_name workspace name version
azureml.core.Dataset.get_by_id workspace id
azureml.core.Dataset.get_all workspace
azureml.core.Dataset.File.from_files path validate partition_format is_file
azureml.core.Dataset.File.upload_directory src_dir target pattern overwrite show_progress
azureml.core.Dataset.Tabular.from_delimited_files path validate include_path infer_column_types set_column_types separator header partition_format support_multi_line empty_as_string encoding
azureml.core.Dataset.Tabular.from_parquet_files path validate include_path set_column_types partition_format
azureml.core.Dataset.Tabular.from_json_lines_files path validate include_path set_column_types partition_format invalid_lines encoding
azureml.core.Dataset.Tabular.from_sql_query query validate set_column_types query_timeout
azureml.core.Dataset.Tabular.register_pandas_dataframe dataframe target name description tags show_progress
azureml.core.dataset.Dataset
azureml.data.TabularDataset.to_pandas_dataframe on_error out_of_range_datetime
azureml.data.TabularDataset.take count
azureml.data.TabularDataset.skip count
azureml.data.TabularDataset.random_split percentage seed
azureml.data.TabularDataset.take_sample probability seed
azureml.data.TabularDataset.keep_columns columns validate
azureml.data.TabularDataset.drop_columns columns
azureml.data.TabularDataset.filter expression
azureml.data.TabularDataset.with_timestamp_columns timestamp partition_timestamp validate fine_grain_timestamp coarse_grain_timestamp
azureml.data.TabularDataset.time_before end_time include_boundary
azureml.data.TabularDataset.time_after start_time include_boundary
azureml.data.TabularDataset.time_between start_time end_time include_boundary
azureml.data.TabularDataset.time_recent time_delta include_boundary
azureml.data.TabularDataset.partition_by partition_keys target name show_progress partition_as_file_dataset
azureml.data.TabularDataset.to_csv_files separator
azureml.data.TabularDataset.to_parquet_files
azureml.data.TabularDataset.timestamp_columns
azureml.data.TabularDataset.as_named_input name
azureml.data.TabularDataset.register workspace name description tags create_new_version
azureml.data.TabularDataset.unregister_all_versions
azureml.data.FileDataset.as_mount path_on_compute
azureml.data.FileDataset.as_download path_on_compute
azureml.data.FileDataset.as_hdfs
azureml.data.FileDataset.download target_path overwrite
azureml.data.FileDataset.mount mount_point
azureml.data.FileDataset.to_path
azureml.data.OutputFileDatasetConfig name destination source partition_format
azureml.data.OutputFileDatasetConfig.as_upload overwrite source_globs
azureml.data.OutputFileDatasetConfig.as_mount
azureml.data.OutputFileDatasetConfig.read_delimited_files include_path separator header partition_format
azureml.data.OutputFileDatasetConfig.register_on_complete name description tags
azureml.data.DataType.to_datetime formats
azureml.data.data_reference.DataReference datastore data_reference_name path_on_datastore mode path_on_compute overwrite
azureml.data.datapath.DataPath datastore path_on_datastore name
azureml.data.datapath.DataPath.create_data_reference data_reference_name datapath_compute_binding
azureml.data.datapath.DataPathComputeBinding mode path_on_compute overwrite
azureml.data.dataset_consumption_config.DatasetConsumptionConfig name dataset mode path_on_compute
azureml.data.dataset_error_handling.DatasetValidationError
azureml.data.dataset_error_handling.DatasetExecutionError
azureml.data.dataset_factory.TabularDatasetFactory
azureml.data.dataset_factory.FileDatasetFactory
azureml.data.dataset_factory.DataType
azureml.data.dataset_type_definitions.PromoteHeadersBehavior.NO_HEADERS
azureml.data.tabular_dataset.TabularDataset
azureml.data.file_dataset.FileDataset
azureml.data.azure_storage_datastore.AzureBlobDatastore
azureml.data.constants
azureml.core.Datastore workspace name
azureml.core.Datastore.get workspace datastore_name
azureml.core.Datastore.get_default workspace
azureml.core.Datastore.register_azure_blob_container workspace datastore_name container_name account_name sas_token account_key create_if_not_exists
azureml.core.Datastore.register_azure_file_share workspace datastore_name file_share_name account_name
azureml.core.Datastore.register_azure_data_lake_gen2 workspace datastore_name filesystem account_name tenant_id client_id client_secret
azureml.core.Datastore.register_azure_sql_database workspace datastore_name server_name database_name
azureml.core.datastore.Datastore
azureml.data.azure_storage_datastore.AzureBlobDatastore.upload src_dir target_path overwrite show_progress
azureml.data.azure_storage_datastore.AzureBlobDatastore.upload_files files relative_root target_path overwrite show_progress
azureml.data.azure_storage_datastore.AzureBlobDatastore.download target_path prefix overwrite show_progress
azureml.data.azure_storage_datastore.AzureBlobDatastore.path path data_reference_name
azureml.data.azure_storage_datastore.AzureBlobDatastore.as_mount
azureml.data.azure_storage_datastore.AzureBlobDatastore.as_download path_on_compute
azureml.core.Model workspace name id tags properties version run_id
azureml.core.Model.register workspace model_path model_name tags properties description datasets model_framework model_framework_version child_paths sample_input_dataset sample_output_dataset resource_configuration
azureml.core.Model.list workspace name tags properties run_id latest
azureml.core.Model.get_model_path model_name version _workspace
azureml.core.Model.download target_dir exist_ok
azureml.core.Model.deploy workspace name models inference_config deployment_config deployment_target overwrite show_output
azureml.core.Model.package workspace models inference_config generate_dockerfile image_name image_label
azureml.core.Model.profile workspace profile_name models inference_config input_dataset cpu memory_in_gb
azureml.core.Model.delete
azureml.core.Model.update tags description sample_input_dataset
azureml.core.Model.add_tags tags
azureml.core.Model.add_properties properties
azureml.core.Model.serialize
azureml.core.Model.Framework.SCIKITLEARN
azureml.core.Model.Framework.ONNX
azureml.core.Model.Framework.TENSORFLOW
azureml.core.Model.Framework.PYTORCH
azureml.core.Model.Framework.MULTI
azureml.core.Model.Framework.CUSTOM
azureml.core.model.Model
azureml.core.model.InferenceConfig entry_script runtime conda_file extra_docker_file_steps source_directory enable_gpu description base_image base_image_registry cuda_version environment
azureml.core.model.ModelPackage.wait_for_creation show_output
azureml.core.model.ModelPackage.pull
azureml.core.model.ModelPackage.save output_directory
azureml.core.model.ModelPackage.get_container_registry
azureml.core.model.ModelPackage.get_logs
azureml.core.profile.ModelProfile.get_details
azureml.core.profile.ModelProfile.wait_for_completion show_output
azureml.core.resource_configuration.ResourceConfiguration cpu memory_in_gb gpu
azureml.core.Webservice workspace name
azureml.core.Webservice.list workspace compute_type image_name model_name tags properties
azureml.core.Webservice.deploy workspace name model_paths image_config deployment_config deployment_target
azureml.core.Webservice.deploy_from_model workspace name models image_config deployment_config deployment_target
azureml.core.Webservice.deploy_from_image workspace name image deployment_config deployment_target
azureml.core.Webservice.wait_for_deployment show_output timeout_sec
azureml.core.Webservice.run input_data
azureml.core.Webservice.get_logs num_lines init
azureml.core.Webservice.get_keys
azureml.core.Webservice.regen_key key
azureml.core.Webservice.get_token
azureml.core.Webservice.update
azureml.core.Webservice.delete
azureml.core.Webservice.serialize
azureml.core.Webservice.scoring_uri
azureml.core.Webservice.swagger_uri
azureml.core.Webservice.state
azureml.core.webservice.AciWebservice.deploy_configuration cpu_cores memory_gb tags properties description location auth_enabled ssl_enabled enable_app_insights ssl_cert_pem_file ssl_key_pem_file ssl_cname dns_name_label
azureml.core.webservice.AciWebservice.update image tags properties description auth_enabled ssl_enabled enable_app_insights models inference_config
azureml.core.webservice.AksWebservice.deploy_configuration autoscale_enabled autoscale_min_replicas autoscale_max_replicas collect_model_data auth_enabled cpu_cores memory_gb enable_app_insights num_replicas gpu_cores tags description namespace token_auth_enabled compute_target_name
azureml.core.webservice.AksWebservice.update enable_app_insights collect_model_data models inference_config
azureml.core.webservice.AksEndpoint.deploy_configuration version_name traffic_percentile
azureml.core.webservice.LocalWebservice.deploy_configuration port
azureml.core.webservice.LocalWebservice.reload wait
azureml.core.webservice.LocalWebservice.update models deployment_config inference_config
azureml.core.webservice.LocalWebservice.port
azureml.core.webservice.webservice.Webservice
azureml.core.image.ContainerImage.image_configuration execution_script runtime conda_file docker_file schema_file dependencies enable_gpu tags properties description base_image base_image_registry
azureml.core.image.ContainerImage.create workspace name models image_config
azureml.core.image.Image.create workspace name models image_config
azureml.core.image.Image.list workspace
azureml.core.image.Image.wait_for_creation show_output
azureml.core.image.ContainerImage.creation_state
azureml.core.image.ContainerImage.image_location
azureml.core.image.ContainerImage.image_build_log_uri
azureml.train.estimator.Estimator source_directory compute_target entry_script script_params node_count process_count_per_node distributed_backend distributed_training use_gpu use_docker custom_docker_image image_registry_details user_managed conda_packages pip_packages conda_dependencies_file pip_requirements_file environment_variables environment_definition inputs source_directory_data_store shm_size max_run_duration_seconds
azureml.train.estimator.Mpi
azureml.train.dnn.PyTorch source_directory compute_target entry_script script_params use_gpu pip_packages framework_version distributed_training
azureml.train.dnn.TensorFlow source_directory compute_target entry_script script_params framework_version
azureml.train.dnn.Chainer source_directory compute_target entry_script
azureml.train.dnn.Mpi process_count_per_node
azureml.train.dnn.Gloo
azureml.train.dnn.Nccl
azureml.train.dnn.ParameterServer worker_count parameter_server_count
azureml.train.sklearn.SKLearn source_directory compute_target entry_script script_params pip_packages inputs
azureml.train.hyperdrive.HyperDriveConfig hyperparameter_sampling primary_metric_name primary_metric_goal max_total_runs max_concurrent_runs max_duration_minutes policy estimator run_config resume_from resume_child_runs
azureml.train.hyperdrive.HyperDriveRunConfig
azureml.train.hyperdrive.HyperDriveRun experiment run_id
azureml.train.hyperdrive.HyperDriveRun.get_best_run_by_primary_metric include_failed include_canceled include_resume_from_runs
azureml.train.hyperdrive.HyperDriveRun.get_children_sorted_by_primary_metric top reverse discard_no_metric
azureml.train.hyperdrive.HyperDriveRun.get_hyperparameters
azureml.train.hyperdrive.HyperDriveRun.get_metrics
azureml.train.hyperdrive.BanditPolicy evaluation_interval slack_factor slack_amount delay_evaluation
azureml.train.hyperdrive.MedianStoppingPolicy evaluation_interval delay_evaluation
azureml.train.hyperdrive.TruncationSelectionPolicy truncation_percentage evaluation_interval delay_evaluation
azureml.train.hyperdrive.NoTerminationPolicy
azureml.train.hyperdrive.RandomParameterSampling parameter_space
azureml.train.hyperdrive.GridParameterSampling parameter_space
azureml.train.hyperdrive.BayesianParameterSampling parameter_space
azureml.train.hyperdrive.parameter_expressions.choice
azureml.train.hyperdrive.parameter_expressions.uniform
azureml.train.hyperdrive.policy.BanditPolicy
azureml.train.hyperdrive.run.PrimaryMetricGoal.MAXIMIZE
azureml.train.hyperdrive.runconfig.HyperDriveConfig
azureml.train.hyperdrive.sampling.RandomParameterSampling
azureml.widgets.RunDetails run_instance
azureml.widgets.RunDetails.show
azureml.telemetry.set_diagnostics_collection send_diagnostics
azureml.tensorboard.Tensorboard runs local_root port
azureml.tensorboard.Tensorboard.start start_browser
azureml.tensorboard.Tensorboard.stop
azureml.tensorboard.export.export_to_tensorboard run_data logdir
azureml.mlflow.register_model run name path tags
azureml.mlflow.get_portal_url run
azureml.monitoring.ModelDataCollector model_name designation feature_names
azureml.contrib.services.aml_request.rawhttp
azureml.contrib.services.aml_request.AMLRequest
azureml.contrib.services.aml_response.AMLResponse message status_code response_headers json_str
azureml.exceptions.ActivityFailedException
azureml.exceptions.AzureMLException
azureml.exceptions.ComputeTargetException
azureml.exceptions.DatasetValidationError
azureml.exceptions.ExperimentExecutionException
azureml.exceptions.ModelNotFoundException
azureml.exceptions.ProjectSystemException
azureml.exceptions.RunEnvironmentException
azureml.exceptions.ServiceException
azureml.exceptions.SnapshotException
azureml.exceptions.UserErrorException
azureml.exceptions.WebserviceException
azureml._common.exceptions.AzureMLException
"""


def found(name):
    """What a dotted name is: its longest part that is a module, then attributes."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            thing = getattr(thing, part)
        return thing
    raise ModuleNotFoundError(name)


class Names(unittest.TestCase):
    def test_are_there_with_their_parameters(self):
        wrong = []
        for line in _NAMES.strip().splitlines():
            name, *wanted = line.split()
            try:
                thing = found(name)
            except (AttributeError, ImportError) as e:
                wrong.append("{}: {}".format(name, e))
                continue
            if not wanted:
                continue
            taken = inspect.signature(thing).parameters.values()
            if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken):
                continue
            missing = [one for one in wanted if one not in [parameter.name for parameter in taken]]
            if missing:
                wrong.append("{} takes no {}".format(name, ", ".join(missing)))
        self.assertFalse(wrong, "\n".join(wrong))


if __name__ == "__main__":
    unittest.main()
