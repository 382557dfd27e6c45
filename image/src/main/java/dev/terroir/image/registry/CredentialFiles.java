package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.process.Command;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.ImageReference;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The credentials that `docker login` and `podman login` keep. Looked at in this order: the file
/// that `REGISTRY_AUTH_FILE` names, alone when it is set; else `containers/auth.json` below
/// `$XDG_RUNTIME_DIR` (`/run/containers/UID/auth.json` while that is not set) and below
/// `$XDG_CONFIG_HOME`, then Docker's `config.json` below `$DOCKER_CONFIG`. In each, a helper for
/// the registry goes before an entry, and an entry before the helper for all.
///
/// Immutable and thread-safe; files are read when they are asked for.
///
/// Spec: `containers-auth.json(5)`, `docker login`.
///
/// @since 0.1
public final class CredentialFiles implements CredentialSource {
  /// A helper's name becomes part of a program's name, so it is a plain word.
  private static final Pattern HELPER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  /// Helpers may ask a key chain, which may ask the user.
  private static final Duration HELPER_PATIENCE = Duration.ofSeconds(60);

  private static final String HUB_KEY = "https://index.docker.io/v1/";

  private final Settings settings;
  private final List<Path> files;

  /// @param settings the process environment
  /// @param home the user's home directory
  public CredentialFiles(Settings settings, Path home) {
    this.settings = settings;
    var places = new ArrayList<Path>();
    var explicit = settings.get("REGISTRY_AUTH_FILE");
    if (explicit.isPresent()) {
      places.add(Path.of(explicit.get()));
    } else {
      settings
          .get("XDG_RUNTIME_DIR")
          .map(directory -> Path.of(directory, "containers", "auth.json"))
          .or(CredentialFiles::runtimeFile)
          .ifPresent(places::add);
      places.add(
          settings
              .get("XDG_CONFIG_HOME")
              .map(Path::of)
              .orElse(home.resolve(".config"))
              .resolve("containers")
              .resolve("auth.json"));
      places.add(
          settings
              .get("DOCKER_CONFIG")
              .map(Path::of)
              .orElse(home.resolve(".docker"))
              .resolve("config.json"));
    }
    this.files = List.copyOf(places);
  }

  /// Where logins are kept while the user is logged in and no variable names the place.
  private static Optional<Path> runtimeFile() {
    try {
      var user = String.valueOf(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
      return Optional.of(Path.of("/run/containers", user, "auth.json"));
    } catch (IOException | UnsupportedOperationException e) {
      return Optional.empty();
    }
  }

  /// The files that are looked at, in order.
  public List<Path> files() {
    return files;
  }

  @Override
  public Optional<Credentials> find(String registry, String repository) {
    for (var file : files) {
      if (Files.isRegularFile(file)) {
        var found = find(JsonReader.readObject(file), file, registry, repository);
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.empty();
  }

  private Optional<Credentials> find(
      JsonObject json, Path file, String registry, String repository) {
    var helpers = json.stringMap("credHelpers");
    for (var host : hosts(registry)) {
      var helper = helpers.get(host);
      if (helper != null) {
        return ask(helper, registry, file);
      }
    }
    var entries = json.optionalObject("auths").orElse(JsonObject.EMPTY);
    for (var key : keys(registry, repository)) {
      for (var entry : entries.members().entrySet()) {
        if (normalized(entry.getKey()).equals(normalized(key))
            && entry.getValue() instanceof JsonObject object) {
          var found = decode(object, file, entry.getKey());
          if (found.isPresent()) {
            return found;
          }
        }
      }
    }
    var store = json.optionalString("credsStore").filter(name -> !name.isEmpty());
    return store.isPresent() ? ask(store.get(), registry, file) : Optional.empty();
  }

  /// Whether a key of such a file stands for a registry or a part of it.
  ///
  /// @param registry host and port, `docker.io` for Docker Hub, or another such key
  static boolean isOf(String key, String registry) {
    var bare = normalized(key);
    var whole = registryOf(registry);
    return (normalized(registry).contains("/") ? List.of(registry) : hosts(whole))
        .stream()
            .map(CredentialFiles::normalized)
            .anyMatch(host -> bare.equals(host) || bare.startsWith(host + "/"));
  }

  /// The registry that a key of such a file is about: host and port, `docker.io` for Docker Hub.
  static String registryOf(String key) {
    var host = normalized(key).split("/", 2)[0];
    return hosts(ImageReference.DEFAULT_DOMAIN).contains(host)
        ? ImageReference.DEFAULT_DOMAIN
        : host;
  }

  private static List<String> hosts(String registry) {
    return registry.equals(ImageReference.DEFAULT_DOMAIN)
        ? List.of(registry, "index.docker.io", HUB_KEY, "registry-1.docker.io")
        : List.of(registry);
  }

  /// From the repository itself up to the registry.
  private static List<String> keys(String registry, String repository) {
    var keys = new ArrayList<String>();
    for (var path = repository; !path.isEmpty(); ) {
      keys.add(registry + "/" + path);
      path = path.substring(0, Math.max(0, path.lastIndexOf('/')));
    }
    keys.addAll(hosts(registry));
    return keys;
  }

  /// Docker writes keys as URLs, of which the host counts.
  private static String normalized(String key) {
    var bare =
        key.matches("https?://.*")
            ? key.replaceFirst("^https?://", "").replaceFirst("/.*", "")
            : key.replaceFirst("/v[12]/?$", "");
    return bare.endsWith("/") ? bare.substring(0, bare.length() - 1) : bare;
  }

  private static Optional<Credentials> decode(JsonObject entry, Path file, String key) {
    var token = entry.optionalString("identitytoken").filter(text -> !text.isEmpty());
    if (token.isPresent()) {
      return Optional.of(new Credentials("", token.get(), true));
    }
    var user = entry.optionalString("username").filter(text -> !text.isEmpty());
    if (user.isPresent()) {
      return Optional.of(Credentials.of(user.get(), entry.optionalString("password").orElse("")));
    }
    var auth = entry.optionalString("auth").filter(text -> !text.isEmpty());
    if (auth.isEmpty()) {
      return Optional.empty();
    }
    try {
      var text = new String(Base64.getDecoder().decode(auth.get().strip()), StandardCharsets.UTF_8);
      var colon = text.indexOf(':');
      // Podman and Docker go on without an entry that has no colon, as if it were not there.
      return colon < 0
          ? Optional.empty()
          : Optional.of(
              Credentials.of(
                  text.substring(0, colon), text.substring(colon + 1).replace("\0", "")));
    } catch (IllegalArgumentException e) {
      // Told below, without the text, which is a secret.
    }
    throw new ImageException(
        Problem.of(ImageCode.REGISTRY_DENIED, "the credentials for `" + key + "` cannot be read")
            .at(Place.file(file))
            .because("the field `auth` is not base64 of `USER:PASSWORD`")
            .hint("log in again with `podman login` or `docker login`"));
  }

  private Optional<Credentials> ask(String helper, String registry, Path file) {
    if (!HELPER.matcher(helper).matches()) {
      throw failed(file, helper, "its name is no plain word");
    }
    var program = find("docker-credential-" + helper);
    if (program == null) {
      throw failed(file, helper, "there is no program `docker-credential-" + helper + "` on PATH");
    }
    var server = registry.equals(ImageReference.DEFAULT_DOMAIN) ? HUB_KEY : registry;
    var command =
        new Command(
            List.of(program.toString(), "get"), settings.variables(), null, HELPER_PATIENCE);
    try {
      var result = command.run(server, _ -> {});
      if (!result.isSuccess()) {
        // Its output may be anything but a secret then; this is how it says that it has none.
        if (result.output().toLowerCase(Locale.ROOT).contains("credentials not found")) {
          return Optional.empty();
        }
        throw failed(file, helper, "it ended with status " + result.exitCode());
      }
      return Optional.of(answer(result.output(), helper, file));
    } catch (FoundationException e) {
      if (e.problem().code() == FoundationCode.CANCELED) {
        throw e;
      }
      throw failed(
          file,
          helper,
          e.problem().code() == FoundationCode.PROGRAM_TIMEOUT
              ? "it did not answer within " + HELPER_PATIENCE.toSeconds() + " s"
              : "it cannot be started");
    }
  }

  private static Credentials answer(String output, String helper, Path file) {
    try {
      var json = JsonReader.parseObject(output, "output of docker-credential-" + helper);
      var user = json.string("Username");
      var secret = json.string("Secret");
      return user.equals("<token>")
          ? new Credentials("", secret, true)
          : Credentials.of(user, secret);
    } catch (FoundationException e) {
      // Without the cause, whose text may show what it answered.
      throw failed(file, helper, "its answer is not what helpers answer");
    }
  }

  private @Nullable Path find(String program) {
    for (var directory : settings.get("PATH").orElse("").split(":")) {
      var file = directory.startsWith("/") ? Path.of(directory, program) : null;
      if (file != null && Files.isExecutable(file)) {
        return file;
      }
    }
    return null;
  }

  private static ImageException failed(Path file, String helper, String why) {
    return new ImageException(
        Problem.of(
                ImageCode.REGISTRY_DENIED,
                "the credential helper `" + helper + "` gives no credentials")
            .at(Place.file(file))
            .because(why)
            .hint("install or repair the helper, or take it out of the file and log in again"));
  }
}
