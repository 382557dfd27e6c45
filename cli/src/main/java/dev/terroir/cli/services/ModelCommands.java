package dev.terroir.cli.services;

import dev.terroir.cli.CliException;
import dev.terroir.cli.command.Arguments;
import dev.terroir.cli.command.Context;
import dev.terroir.cli.command.Leaf;
import dev.terroir.cli.command.Leaf.Option;
import dev.terroir.cli.environments.Environments;
import dev.terroir.cli.runs.RunCommands;
import dev.terroir.environment.Environment;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.serving.ScoringServices;
import dev.terroir.serving.configuration.DeploymentConfig;
import dev.terroir.serving.configuration.InferenceConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// `terroir model …`.
///
/// @since 0.1
public final class ModelCommands {
  /// What a deployment or update is made of.
  static final List<Option> DEPLOYMENT =
      List.of(
          Option.required("-n --name", "SERVICE", "The service's name."),
          Option.repeated("-m --model", "MODEL:V", "A registered model."),
          Option.value("--es --entry-script", "FILE", "The script with init and run."),
          Option.value("--sd --source-directory", "DIR", "Its directory."),
          Option.value("-e --environment-name", "NAME[:V]", "A registered environment."),
          Option.value("--ev --environment-version", "V", "Its version."),
          Option.value("--environment-directory", "DIR", "A saved environment directory."),
          Option.value("--ic --inference-config-file", "FILE", "An inference configuration."),
          Option.value("--dc --deploy-config-file", "FILE", "A deployment configuration."),
          Option.value(
              "--ct --compute-target",
              "TYPE",
              "`local`, or `docker`, `aci`, `aks` for a container."),
          Option.value("--port", "P", "Where it listens; any free port when left out."));

  private ModelCommands() {}

  /// The commands.
  public static List<Leaf> leaves() {
    var name = Option.required("-n --name", "NAME", "The model's name.");
    var id = Option.required("-i --model-id --name", "NAME[:V]", "The model.");
    var deploy = new ArrayList<>(DEPLOYMENT);
    deploy.add(Option.flag("--overwrite", "Replace a service of that name."));
    deploy.add(Option.flag("--auth-enabled", "Ask for a key."));
    deploy.add(Option.flag("--wait", "Keep the service until this command is stopped."));
    return List.of(
        new Leaf(
            "register",
            "Register a file or folder as the next version of a model.",
            "terroir model register -n iris --run-id RUN --asset-path outputs/model.pkl",
            List.of(
                name,
                Option.value("-p --model-path", "PATH", "A file or folder."),
                Option.value("--run-id", "RUN", "The run whose file it is."),
                Option.value("--asset-path", "P", "The file's name in the run."),
                Option.value("--description", "TEXT", "What it is."),
                Option.repeated("--tag", "KEY=VALUE", "A tag.")),
            "",
            ModelCommands::register),
        new Leaf(
            "list",
            "List models.",
            "terroir model list --output table",
            List.of(Option.value("-n --name", "NAME", "All versions of this one.")),
            "",
            ModelCommands::list),
        new Leaf(
            "show",
            "Show a model.",
            "terroir model show -i iris:1",
            List.of(id),
            "",
            (arguments, context) -> {
              context
                  .console()
                  .result(
                      context.models().get(arguments.get("--model-id")),
                      "id",
                      "createdTime",
                      "runId");
              return 0;
            }),
        new Leaf(
            "download",
            "Copy a model.",
            "terroir model download -i iris:1 -t .",
            List.of(id, Option.value("-t --target-dir", "DIR", "Where to.")),
            "",
            ModelCommands::download),
        new Leaf(
            "delete",
            "Delete a version of a model that no service uses.",
            "terroir model delete -i iris:1",
            List.of(id),
            "",
            (arguments, context) -> {
              var model = context.models().get(arguments.get("--model-id"));
              context.models().delete(model.string("id"));
              context.console().result(model, "id");
              return 0;
            }),
        new Leaf(
            "deploy",
            "Serve models with a scoring script.",
            "terroir model deploy -n iris -m iris:1 --es score.py --sd project -e demo:1",
            deploy,
            "",
            ModelCommands::deploy));
  }

  private static int register(Arguments arguments, Context context) {
    var name = arguments.get("--name");
    var tags = RunCommands.tags(arguments.all("--tag"));
    var description = arguments.orNull("--description");
    var run = arguments.optional("--run-id");
    var models = context.models();
    JsonObject model;
    if (run.isPresent()) {
      model =
          models.registerFromRun(
              name, run.get(), arguments.optional("--asset-path").orElse(name), tags, description);
    } else {
      var path =
          arguments
              .path("--model-path")
              .orElseThrow(() ->
                  CliException.usage(
                      "there is nothing to register",
                      "give -p PATH, or --run-id and --asset-path"));
      model = models.register(name, path, tags, description);
    }
    context.console().result(model, "id", "createdTime", "runId");
    return 0;
  }

  private static int list(Arguments arguments, Context context) {
    context
        .console()
        .result(
            new JsonValue.JsonArray(List.copyOf(context.models().list(arguments.orNull("--name")))),
            "id",
            "createdTime",
            "runId",
            "sizeBytes");
    return 0;
  }

  private static int download(Arguments arguments, Context context) {
    var models = context.models();
    var id = models.get(arguments.get("--model-id")).string("id");
    var target = arguments.path("--target-dir").orElse(Path.of("")).resolve(models.fileName(id));
    if (Files.exists(target)) {
      throw CliException.usage(target + " is there already", "choose another directory with -t");
    }
    models.download(id, target);
    context
        .console()
        .result(
            JsonObject.builder().put("id", id).put("path", target.toString()).build(),
            "id",
            "path");
    return 0;
  }

  /// Reads what a deployment or update is told.
  static ScoringServices.Plan deployment(Arguments arguments, Context context) {
    var file = arguments.path("--inference-config-file");
    var fromFile =
        file.map(path -> InferenceConfig.read(path, context.project(), context.progress()::warn));
    var script =
        arguments
            .optional("--entry-script")
            .or(() -> fromFile.map(InferenceConfig::entryScript))
            .orElseThrow(() ->
                CliException.usage(
                    "no entry script is named", "give --es FILE or an inference configuration"));
    var source =
        arguments
            .path("--source-directory")
            .or(() -> fromFile.map(InferenceConfig::sourceDirectory))
            .orElse(context.project());
    var inference =
        new InferenceConfig(
            script,
            source.toAbsolutePath().normalize(),
            fromFile.map(InferenceConfig::environment).orElse(null));
    return new ScoringServices.Plan(
        arguments.get("--name"),
        arguments.all("--model"),
        inference,
        environment(arguments, context, inference),
        configuration(arguments, context));
  }

  /// Reads what an update is told; what it does not name stays.
  static ScoringServices.Change change(Arguments arguments, Context context) {
    var fromFile =
        arguments
            .path("--inference-config-file")
            .map(path -> InferenceConfig.read(path, context.project(), context.progress()::warn));
    var named = arguments.optional("--entry-script");
    var source =
        arguments
            .path("--source-directory")
            .or(() -> fromFile.map(InferenceConfig::sourceDirectory))
            .or(() -> named.map(_ -> context.project()));
    var environment =
        named(arguments, context).or(() -> fromFile.map(InferenceConfig::environment));
    var settings = settings(arguments, context);
    var models = arguments.all("--model");
    if (models.isEmpty()
        && fromFile.isEmpty()
        && named.isEmpty()
        && source.isEmpty()
        && environment.isEmpty()
        && settings.equals(JsonObject.EMPTY)) {
      throw CliException.usage(
          "nothing is said that shall be another",
          "give a model (-m), a script (--es), its folder (--sd), an environment (-e), or a"
              + " configuration (--ic, --dc)");
    }
    return new ScoringServices.Change(
        arguments.get("--name"),
        models.isEmpty() ? null : models,
        named.or(() -> fromFile.map(InferenceConfig::entryScript)).orElse(null),
        source.map(folder -> folder.toAbsolutePath().normalize()).orElse(null),
        environment.orElse(null),
        settings);
  }

  /// The members of a deployment configuration that an update names.
  private static JsonObject settings(Arguments arguments, Context context) {
    var named =
        List.of("--deploy-config-file", "--compute-target", "--port").stream()
            .anyMatch(option -> arguments.optional(option).isPresent());
    if (!named) {
      return JsonObject.EMPTY;
    }
    var configuration = configuration(arguments, context);
    var settings = configuration.source().toBuilder();
    if (arguments.optional("--compute-target").isPresent()) {
      settings.put("computeType", configuration.computeType());
    }
    if (arguments.optional("--port").isPresent()) {
      settings.put("port", configuration.port());
    }
    return settings.build();
  }

  private static Environment environment(
      Arguments arguments, Context context, InferenceConfig inference) {
    return named(arguments, context)
        .or(() -> Optional.ofNullable(inference.environment()))
        .orElseThrow(() ->
            CliException.usage(
                "no environment is named",
                "give -e NAME[:VERSION], or one in the inference configuration"));
  }

  /// The environment that options name.
  private static Optional<Environment> named(Arguments arguments, Context context) {
    var directory = arguments.path("--environment-directory");
    if (directory.isPresent()) {
      return Optional.of(Environments.parse(directory.get().toString(), context));
    }
    var version = arguments.optional("--environment-version").map(text -> ":" + text).orElse("");
    return arguments
        .optional("--environment-name")
        .map(name -> Environments.parse(name + version, context));
  }

  private static DeploymentConfig configuration(Arguments arguments, Context context) {
    var file = arguments.path("--deploy-config-file");
    var config =
        file.map(path -> DeploymentConfig.read(path, context.progress()::warn))
            .orElse(DeploymentConfig.local(0));
    var type = arguments.optional("--compute-target");
    if (type.isPresent()) {
      config = config.withComputeType(type.get());
    }
    var port = arguments.optional("--port");
    try {
      return new DeploymentConfig(
          config.computeType(),
          port.isPresent() ? Integer.parseInt(port.get()) : config.port(),
          config.authEnabled() || arguments.has("--auth-enabled"),
          config.tags(),
          config.description(),
          config.source());
    } catch (NumberFormatException e) {
      throw CliException.usage(
          "`" + port.orElse("") + "` is no port", "write a number up to 65535");
    }
  }

  private static int deploy(Arguments arguments, Context context) {
    var deployment = deployment(arguments, context);
    if (arguments.has("--wait")) {
      return WaitingDeployment.run(deployment, arguments.has("--overwrite"), context);
    }
    context
        .console()
        .result(
            context.services().deploy(deployment, arguments.has("--overwrite"), context.progress()),
            "name",
            "state",
            "scoringUri");
    return 0;
  }
}
