package dev.terroir.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.file.Trees;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Images and bills of materials before the validators of their own specifications")
class ImageValidatorsTest {
  private static final Path FOLDER =
      Path.of(System.getProperty("terroir.root"), "cli", "target", "test-validators");

  /// The OCI image specification as a Go module; it holds the schemas.
  private static final String GO_MODULE = "github.com/opencontainers/image-spec@v1.1.1";

  /// The same as a Debian package, of an earlier version.
  private static final String DEBIAN_PACKAGE = "golang-github-opencontainers-image-spec-dev";

  private static final String IN_DEBIAN =
      "usr/share/gocode/src/github.com/opencontainers/image-spec/schema";

  /// The schemas refer to each other by file name, while their `id`s are addresses that nothing
  /// answers at; so they are known by file name here.
  private static final String OCI =
      """
      import json, pathlib, sys
      import jsonschema, referencing, referencing.jsonschema
      def nameless(value):
          if isinstance(value, dict):
              return {key: nameless(item) for key, item in value.items()
                      if not (key == "id" and isinstance(item, str))}
          return [nameless(item) for item in value] if isinstance(value, list) else value
      def schema(name):
          return nameless(json.loads((pathlib.Path(sys.argv[1]) / name).read_text()))
      def retrieve(uri):
          return referencing.jsonschema.DRAFT4.create_resource(schema(uri.rsplit("/", 1)[-1]))
      registry = referencing.Registry(retrieve=retrieve)
      FILES = {"manifest": "image-manifest-schema.json", "index": "image-index-schema.json",
               "config": "config-schema.json", "layout": "image-layout-schema.json",
               "descriptor": "content-descriptor.json"}
      VALIDATORS = {kind: jsonschema.Draft4Validator(schema(name), registry=registry)
                    for kind, name in FILES.items()}
      wrong, counts = [], {}
      def check(kind, document, where):
          counts[kind] = counts.get(kind, 0) + 1
          wrong.extend(where + ": " + error.json_path + ": " + error.message
                       for error in VALIDATORS[kind].iter_errors(document))
      """;

  private static final String WALK =
      """
      layout = pathlib.Path(sys.argv[2])
      read = lambda name: json.loads((layout / name).read_text())
      BASE = "application/vnd.oci.image."
      KINDS = {BASE + "manifest.v1+json": "manifest", BASE + "index.v1+json": "index",
               BASE + "config.v1+json": "config"}
      def follow(descriptor):
          check("descriptor", descriptor, descriptor["digest"])
          kind = KINDS.get(descriptor["mediaType"])
          if kind is None:
              return
          document = read("blobs/" + descriptor["digest"].replace(":", "/"))
          check(kind, document, kind + " " + descriptor["digest"])
          if kind != "config":
              below = document.get("manifests", []) + document.get("layers", [])
              for one in below + [document[key] for key in ("config",) if key in document]:
                  follow(one)
      check("layout", read("oci-layout"), "oci-layout")
      check("index", read("index.json"), "index.json")
      for one in read("index.json")["manifests"]:
          follow(one)
      print(json.dumps({"wrong": wrong, "counts": counts}))
      """;

  /// Documents of Docker's media types are left out: the suite converts them first.
  private static final String CASES =
      """
      refused, missed = 0, []
      for case in json.load(open(sys.argv[2]))["cases"]:
          try:
              document = json.loads(case["text"])
          except ValueError:
              continue
          if "docker" in case["text"]:
              continue
          before = len(wrong)
          check(case["kind"], document, case["note"])
          if not case["expect_valid"]:
              found = wrong[before:]
              del wrong[before:]
              refused += bool(found)
              if not found:
                  missed.append(case["note"])
      print(json.dumps({"wrong": wrong, "refused": refused, "missed": missed}))
      """;

  private static final String CYCLONEDX =
      """
      import json, sys
      from cyclonedx.schema import SchemaVersion
      from cyclonedx.validation.json import JsonStrictValidator
      text = open(sys.argv[1], encoding="utf-8").read()
      validator = JsonStrictValidator(SchemaVersion.V1_6)
      found = validator.validate_str(text)
      broken = json.loads(text)
      broken["components"][0]["type"] = "vegetable"
      print(json.dumps({"wrong": [] if found is None else [str(found)],
                        "sees": validator.validate_str(json.dumps(broken)) is not None}))
      """;

  private static final String SPDX =
      """
      import json, sys
      from spdx_tools.spdx.parser.parse_anything import parse_file
      from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document
      document = parse_file(sys.argv[1])
      found = [message.validation_message for message in validate_full_spdx_document(document)]
      document.packages[-1].checksums[0].value = "nothing"
      print(json.dumps({"wrong": found, "sees": bool(validate_full_spdx_document(document))}))
      """;

  @TempDir static Path folder;
  private static Terroir terroir;

  @BeforeAll
  static void build() {
    terroir = new Terroir(folder);
    var wheels = folder.resolve("wheels");
    WheelHouse.wheel(wheels, "local", "1!2.0+cu118.x", List.of(), Map.of("local.py", "X = 1\n"));
    terroir.write("requirements.txt", "beta\nlocal\n");
    for (var compression : List.of("gzip", "zstd")) {
      terroir
          .run(
              "image build --compression "
                  + compression
                  + " -f "
                  + terroir.project.resolve("requirements.txt"),
              "--base",
              DebianBase.location(),
              "--to",
              layout(compression))
          .succeeds();
    }
  }

  private static String layout(String tag) {
    return "oci:" + folder.resolve("layout") + ":" + tag;
  }

  private static Command.Result run(Object... words) {
    var line = new ArrayList<String>();
    for (var word : words) {
      line.add(String.valueOf(word));
    }
    return new Command(line, Settings.system().variables(), null, Duration.ofMinutes(5)).run();
  }

  /// An environment with the validators, made once of the usual package index.
  private static synchronized Path python() throws IOException {
    var environment = FOLDER.resolve("environment");
    var done = environment.resolve("done");
    if (!Files.exists(done)) {
      Trees.delete(environment);
      Files.createDirectories(FOLDER);
      var made = run("python3", "-m", "venv", environment);
      assertThat(made.isSuccess()).as(made.error()).isTrue();
      var fetched =
          run(
              environment.resolve("bin/python"),
              "-m",
              "pip",
              "install",
              "--quiet",
              "cyclonedx-python-lib[json-validation]>=11,<12",
              "spdx-tools>=0.8.5,<0.9",
              "jsonschema>=4.18");
      if (!fetched.isSuccess()) {
        System.err.println("SKIPPED: pip cannot fetch the validators here: " + fetched.error());
      }
      assumeTrue(fetched.isSuccess(), "the validators");
      Files.writeString(done, "");
    }
    return environment.resolve("bin/python");
  }

  /// The schemas of the OCI image specification: of the Go module, else of Debian's package.
  private static synchronized Path schemas() throws IOException {
    var module = FOLDER.resolve("go").resolve(GO_MODULE).resolve("schema");
    var unpacked = FOLDER.resolve("debian");
    Files.createDirectories(unpacked);
    if (!Files.isDirectory(module)) {
      run(
          "sh",
          "-c",
          "cd \"$0\" && GOFLAGS=-modcacherw GOMODCACHE=\"$0\"/go go mod download " + GO_MODULE,
          FOLDER);
    }
    for (var found : List.of(module, Path.of("/", IN_DEBIAN), unpacked.resolve(IN_DEBIAN))) {
      if (Files.isDirectory(found)) {
        return found;
      }
    }
    var fetched =
        run(
            "sh",
            "-c",
            "cd \"$0\" && apt-get -qq download " + DEBIAN_PACKAGE + " && dpkg-deb -x *.deb .",
            unpacked);
    if (!fetched.isSuccess()) {
      System.err.println(
          "SKIPPED: no schemas of the OCI image specification; install Go, or the Debian package "
              + DEBIAN_PACKAGE);
    }
    assumeTrue(fetched.isSuccess(), DEBIAN_PACKAGE);
    return unpacked.resolve(IN_DEBIAN);
  }

  private static List<String> findings(Object... words) {
    var result = run(words);
    assertThat(result.isSuccess()).as(result.error()).isTrue();
    var json = JsonReader.parseObject(result.output(), "findings");
    assertThat(json.optionalBoolean("sees"))
        .as("the validator finds what is wrong")
        .isNotEqualTo(java.util.Optional.of(false));
    return json.strings("wrong");
  }

  private static Path write(String name, String text) {
    try {
      return Files.writeString(folder.resolve(name), text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void everyDocumentOfTheLayoutIsAsTheSchemasSay() throws IOException {
    var result = run(python(), "-c", OCI + WALK, schemas(), folder.resolve("layout"));
    assertThat(result.isSuccess()).as(result.error()).isTrue();
    var json = JsonReader.parseObject(result.output(), "findings");
    assertThat(json.strings("wrong")).isEmpty();
    var counts = json.object("counts");
    assertThat(counts.longValue("manifest"))
        .as("two images with three artifacts each")
        .isEqualTo(8);
    assertThat(counts.longValue("config")).isEqualTo(2);
    assertThat(counts.longValue("descriptor")).isGreaterThan(20);
  }

  @Test
  void theSchemasJudgeTheCasesOfTheirOwnSuiteAsItDoes() throws IOException {
    var conformance = System.getProperty("terroir.conformance", "");
    if (conformance.isEmpty()) {
      System.err.println("SKIPPED: no conformance data; give -Dterroir.conformance=DIR");
    }
    assumeTrue(!conformance.isEmpty(), "conformance data");
    var result =
        run(python(), "-c", OCI + CASES, schemas(), conformance + "/oci/schema_cases.json");
    assertThat(result.isSuccess()).as(result.error()).isTrue();
    var json = JsonReader.parseObject(result.output(), "cases");
    assertThat(json.strings("wrong")).as("valid ones that are refused").isEmpty();
    assertThat(json.longValue("refused")).isGreaterThan(10);
    assertThat(json.strings("missed"))
        .as("judged by a later version, or by the suite's program instead of the schema")
        .hasSizeLessThan(6);
  }

  @Test
  void theBillOfMaterialsIsCycloneDx() throws IOException {
    var text = terroir.run("image sbom", layout("gzip")).succeeds().out();
    assertThat(findings(python(), "-c", CYCLONEDX, write("bom.cdx.json", text))).isEmpty();
  }

  @Test
  void theBillOfMaterialsIsSpdx() throws IOException {
    var text = terroir.run("image sbom --format spdx", layout("zstd")).succeeds().out();
    assertThat(findings(python(), "-c", SPDX, write("bom.spdx.json", text))).isEmpty();
  }
}
