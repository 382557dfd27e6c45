package dev.terroir.image.conda;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.lock.CondaPackage;
import dev.terroir.samples.Rattler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/// What rattler makes of conda packages for the folder `/opt/env`: the judge of what an image
/// holds.
public final class RattlerPrefix {
  private RattlerPrefix() {}

  private static final String INSTALL =
      """
      import asyncio, json, os, sys
      from rattler import PackageRecord, RepoDataRecord, install
      from rattler.package.build_string import BuildString

      def record(it):
          package = PackageRecord(
              it["name"], it["version"], BuildString(it["build"]), it["build_number"],
              it["subdir"], arch=it.get("arch"), platform=it.get("platform"),
              noarch=it.get("noarch"), depends=it["depends"], constrains=it["constrains"],
              sha256=bytes.fromhex(it["sha256"]), md5=bytes.fromhex(it["md5"]), size=it["size"],
              license=it.get("license"), license_family=it.get("license_family"),
              python_site_packages_path=it.get("python_site_packages_path"))
          return RepoDataRecord(package, it["fn"], it["url"], it["channel"])

      async def main(packages, prefix, cache):
          await install([record(it) for it in json.load(open(packages))], prefix, cache_dir=cache,
                        alternative_target_prefix="/opt/env", show_progress=False,
                        execute_link_scripts=False)

      asyncio.run(main(*sys.argv[1:]))
      # Its threads may still be at work, and end the interpreter in the middle.
      os._exit(0)
      """;

  /// What a lock says of a package, by its own words.
  public static CondaPackage locked(Path file) throws IOException {
    var scratch = Path.of("target", "scratch");
    try (var archive = CondaArchive.open(file, file.toString(), scratch)) {
      var index = archive.info().index();
      var bytes = Files.readAllBytes(file);
      return new CondaPackage(
          index.string("name"),
          index.string("version"),
          index.string("build"),
          index.optionalLong("build_number").orElse(0L),
          index.optionalString("subdir").orElse("linux-64"),
          "https://channel.example/samples",
          file.toUri().toString(),
          Sha256.of(bytes).hex(),
          HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes)),
          bytes.length,
          index.strings("depends"),
          index.strings("constrains"),
          archive.info().isNoarchPython() ? "python" : index.optionalString("noarch").orElse(null),
          index.optionalString("python_site_packages_path").orElse(null),
          index.optionalString("license").orElse(null),
          -1,
          List.of(),
          List.of());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Installs packages.
  ///
  /// @return what rattler says when it refuses, or nothing
  public static String install(List<CondaPackage> packages, Path prefix, Path work)
      throws IOException {
    var found = Rattler.in(Path.of("target", "rattler"));
    if (found.isEmpty()) {
      System.err.println("SKIPPED: py-rattler cannot be had");
    }
    assumeTrue(found.isPresent(), "py-rattler");
    var list = new ArrayList<JsonValue>();
    for (var item : packages) {
      try (var archive =
          CondaArchive.open(Path.of(java.net.URI.create(item.url())), item.title(), work)) {
        var index = archive.info().index();
        list.add(
            JsonObject.builder()
                .put("name", item.name())
                .put("version", item.version())
                .put("build", item.build())
                .put("build_number", item.buildNumber())
                .put("subdir", item.subdir())
                .put("arch", index.optionalString("arch").orElse(null))
                .put("platform", index.optionalString("platform").orElse(null))
                .put("noarch", item.noarch())
                .put("depends", item.depends())
                .put("constrains", item.constrains())
                .put("sha256", item.sha256())
                .put("md5", item.md5())
                .put("size", item.sizeBytes())
                .put("license", item.license())
                .put("license_family", index.optionalString("license_family").orElse(null))
                .put("python_site_packages_path", item.sitePackagesPath())
                .put("fn", item.fileName())
                .put("url", item.url())
                .put("channel", item.channel())
                .build());
      }
    }
    var file =
        Files.writeString(
            work.resolve("packages.json"), JsonWriter.compact(new JsonValue.JsonArray(list)));
    var result =
        found
            .get()
            .run(
                INSTALL,
                Map.of(),
                file.toString(),
                prefix.toString(),
                work.resolve("cache").toString());
    return result.isSuccess() ? "" : result.error();
  }

  /// A record without what is meant to differ: where it was fetched and unpacked, how it was
  /// linked, and digests that rattler leaves out because nothing was changed.
  public static String comparable(Path record) throws IOException {
    var json = JsonReader.parseObject(Files.readString(record), record.toString());
    var builder = json.toBuilder();
    for (var field :
        List.of("url", "link", "extracted_package_dir", "track_features", "features")) {
      builder.remove(field);
    }
    var paths = new ArrayList<JsonValue>();
    for (var path : json.object("paths_data").objects("paths")) {
      var digest = path.optionalString("sha256");
      var changed = path.toBuilder();
      if (path.optionalString("sha256_in_prefix").equals(digest)) {
        changed.remove("sha256_in_prefix");
      }
      paths.add(changed.build());
    }
    builder.put(
        "paths_data",
        JsonObject.builder()
            .put("paths_version", json.object("paths_data").longValue("paths_version"))
            .put("paths", new JsonValue.JsonArray(paths))
            .build());
    return JsonWriter.canonical(builder.build());
  }
}
