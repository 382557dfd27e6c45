package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Terroir and Podman of an ordinary user. Run as root, the test takes a user that has subordinate
/// ids; where there is none it is skipped, loudly.
@DisplayName("Containers of an ordinary user, without root")
class RootlessPodmanTest {
  @TempDir Path folder;
  private Terroir terroir;
  private List<String> asUser = List.of();
  private String classPath = System.getProperty("java.class.path");
  private String owner = System.getProperty("user.name");

  /// An ordinary user.
  private record User(String name, String uid, String gid) {}

  @BeforeEach
  void open() throws IOException {
    var isRoot = owner.equals("root");
    var user = isRoot ? user() : Optional.<User>empty();
    var isPossible =
        Files.isExecutable(Path.of("/usr/bin/podman"))
            && Files.isExecutable(Path.of("/usr/bin/newuidmap"))
            && (!isRoot || user.isPresent());
    if (!isPossible) {
      System.err.println(
          "SKIPPED: no rootless podman: it needs the Debian packages podman and uidmap, and an"
              + " ordinary user with entries in /etc/subuid and /etc/subgid, as `useradd` makes"
              + " them");
    }
    assumeTrue(isPossible, "rootless podman");
    var runtime = Files.createDirectories(folder.resolve("runtime"));
    Files.setPosixFilePermissions(runtime, PosixFilePermissions.fromString("rwx------"));
    var variables = new ArrayList<>(List.of("TERROIR_ENGINE=podman"));
    OwnStore.variables(folder, "overlay")
        .forEach((name, value) -> variables.add(name + "=" + value));
    variables.add("HOME=" + Files.createDirectories(folder.resolve("user")));
    variables.add("XDG_RUNTIME_DIR=" + runtime);
    terroir = new Terroir(folder, variables);
    if (user.isPresent()) {
      owner = user.get().name();
      asUser =
          List.of(
              "setpriv",
              "--reuid=" + user.get().uid(),
              "--regid=" + user.get().gid(),
              "--clear-groups");
      classPath = readableClassPath();
    }
    askForNamespaces();
  }

  /// Some machines give an ordinary user none, whatever is installed.
  private void askForNamespaces() {
    handOver();
    var program = new ArrayList<>(asUser);
    program.addAll(List.of("podman", "unshare"));
    var asked = terroir.process(program, List.of("true"));
    if (asked.code() != 0) {
      System.err.println(
          "SKIPPED: no rootless podman: this machine gives an ordinary user no namespaces: "
              + asked.err());
      terroir = null;
    }
    assumeTrue(asked.code() == 0, "namespaces of an ordinary user");
  }

  private static Optional<User> user() throws IOException {
    var accounts = Files.readAllLines(Path.of("/etc/passwd"));
    var subordinate = Path.of("/etc/subuid");
    if (!Files.isReadable(subordinate)) {
      return Optional.empty();
    }
    for (var line : Files.readAllLines(subordinate)) {
      var name = line.split(":", 2)[0];
      for (var account : accounts) {
        var fields = account.split(":");
        if (fields[0].equals(name) && !fields[2].equals("0")) {
          return Optional.of(new User(name, fields[2], fields[3]));
        }
      }
    }
    return Optional.empty();
  }

  /// The jars lie where root alone may read.
  private String readableClassPath() throws IOException {
    var jars = Files.createDirectories(folder.resolve("jars"));
    var places = new ArrayList<String>();
    for (var element : System.getProperty("java.class.path").split(File.pathSeparator)) {
      var path = Path.of(element);
      if (Files.isRegularFile(path)) {
        places.add(Files.copy(path, jars.resolve(places.size() + ".jar")).toString());
      } else {
        places.add(element);
      }
    }
    return String.join(File.pathSeparator, places);
  }

  /// Hands everything that root made over to the user.
  private void handOver() {
    if (!asUser.isEmpty()) {
      terroir
          .process(
              List.of("chown", "--recursive", "--no-dereference", owner + ":"),
              List.of(folder.toString()))
          .succeeds();
    }
  }

  private Terroir.Outcome run(String words, String... more) {
    var program = new ArrayList<>(asUser);
    program.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            classPath,
            "dev.terroir.cli.Main"));
    var arguments = new ArrayList<>(List.of(words.split(" ")));
    arguments.addAll(List.of(more));
    return terroir.process(program, arguments);
  }

  private String podman(String... arguments) {
    var program = new ArrayList<>(asUser);
    program.add("podman");
    return terroir.process(program, List.of(arguments)).succeeds().out();
  }

  @AfterEach
  void endTheProcessThatKeepsTheNamespaces() {
    if (terroir != null) {
      podman("system", "migrate");
    }
  }

  @Test
  void scriptsAndServicesRunAndTheirFilesBelongToTheUser() throws IOException {
    terroir.environmentOnDebian(
        "demo",
        docker ->
            docker.toBuilder().put("enabled", true).put("baseImage", DebianBase.location()).build(),
        "alpha");
    terroir.write(
        "source/main.py",
        """
        import alpha, os, sys
        print("inside", alpha.VERSION, sys.prefix, os.getuid() == os.stat(".").st_uid)
        open("outputs/model.txt", "w").write("model")
        sys.exit(int(sys.argv[1]))
        """);
    terroir.write(
        "app/score.py",
        """
        import sys
        def init():
            pass
        def run(data):
            return sys.prefix
        """);
    terroir.write(
        "deploy.json",
        """
        {"computeType": "docker", "containerResourceRequirements": {"memoryInGB": 0.25}}
        """);
    handOver();

    run("environment register -d " + terroir.directory()).succeeds();
    var submit =
        "run submit-script -e test --output json --environment demo --source "
            + terroir.project.resolve("source")
            + " main.py ";
    var done = run(submit + "0").succeeds().json();
    assertThat(podman("info", "--format", "{{.Host.Security.Rootless}}").strip()).isEqualTo("true");
    assertThat(
            Path.of(
                java.net.URI.create(
                    done.object("logFiles").string("azureml-logs/70_driver_log.txt"))))
        .content()
        .contains("inside 2.0 /opt/env True");
    run("run download -r " + done.string("runId") + " -d out").succeeds();
    var output = terroir.project.resolve("out/outputs/model.txt");
    assertThat(output).hasContent("model");
    assertThat(Files.getOwner(output).getName()).isEqualTo(owner);
    assertThat(run(submit + "125").json().string("error")).contains("exit code 125");

    run(
            "model deploy -n test-service --es score.py -e demo --sd",
            terroir.project.resolve("app").toString(),
            "--dc",
            terroir.project.resolve("deploy.json").toString())
        .succeeds();
    try {
      assertThat(run("service run -n test-service -d {}").succeeds().out()).contains("/opt/env");
    } finally {
      run("service delete -n test-service").succeeds();
    }
    assertThat(podman("ps", "--all", "--quiet")).isBlank();
  }
}
