/// The files of `az ml model deploy`: inference and deployment configurations, JSON or YAML.
@NullMarked
package dev.terroir.serving.configuration;

import org.jspecify.annotations.NullMarked;
