/// The config.json of a project, found as azureml-core finds it.
@NullMarked
package dev.terroir.workspace.config;

import org.jspecify.annotations.NullMarked;
