package dev.terroir.image.archive;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.json.JsonWriter;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.problem.TerroirException;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where a distribution came from that was not found on an index: `direct_url.json`. Immutable.
/// Credentials in the address are dropped, but for the user of an SSH address and references to
/// environment variables.
///
/// Spec: Python packaging, "Recording the Direct URL Origin of installed distributions".
///
/// @param url the address, without credentials
/// @param info what is there
/// @param subdirectory where in it the project lies, or null
/// @since 0.1
public record DirectUrl(String url, Info info, @Nullable String subdirectory) {
  private static final Pattern CREDENTIALS =
      Pattern.compile("^([A-Za-z][A-Za-z0-9+.-]*://)([^/?#]*)@");
  private static final Pattern VARIABLES =
      Pattern.compile("\\$\\{[A-Za-z0-9_-]+\\}(:\\$\\{[A-Za-z0-9_-]+\\})?");

  /// What lies at the address.
  public sealed interface Info {
    /// A file.
    ///
    /// @param hashes digests by algorithm
    record Archive(Map<String, String> hashes) implements Info {
      /// Copies and sorts.
      public Archive {
        hashes = Collections.unmodifiableMap(new TreeMap<>(hashes));
      }
    }

    /// A repository.
    ///
    /// @param vcs `git`, `hg`, `bzr` or `svn`
    /// @param commitId the exact commit
    /// @param requestedRevision what was asked for, or null
    record Repository(String vcs, String commitId, @Nullable String requestedRevision)
        implements Info {}

    /// A directory of this machine.
    ///
    /// @param editable whether it is used in place, or null when nothing is said
    record Directory(@Nullable Boolean editable) implements Info {}
  }

  /// Drops credentials.
  ///
  /// @throws ImageException code `invalid-archive`, when a directory has no absolute `file:` URL
  public DirectUrl {
    url = withoutCredentials(url);
    if (info instanceof Info.Directory) {
      if (!url.toLowerCase(Locale.ROOT).startsWith("file:")) {
        throw invalid("the URL of a directory has another scheme than `file`");
      }
      if (!url.startsWith("/", 5)) {
        throw invalid("the `file` URL of a directory is not absolute");
      }
      url = "file:" + (url.startsWith("//", 5) ? "" : "//") + url.substring(5);
    }
  }

  private static String withoutCredentials(String url) {
    var matcher = CREDENTIALS.matcher(url);
    if (!matcher.find()) {
      return url;
    }
    var user = matcher.group(2);
    boolean isHarmless =
        VARIABLES.matcher(user).matches()
            || (user.equals("git") && matcher.group(1).contains("ssh"));
    return isHarmless ? url : matcher.group(1) + url.substring(matcher.end());
  }

  /// Reads the document.
  ///
  /// @throws ImageException code `invalid-archive`
  public static DirectUrl of(JsonObject json) {
    try {
      return read(json);
    } catch (ImageException e) {
      throw e;
    } catch (TerroirException e) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_ARCHIVE, "a `direct_url.json` is not as its format says")
              .because(e.problem().what()),
          e);
    }
  }

  private static DirectUrl read(JsonObject json) {
    var url = json.string("url");
    int infos = 0;
    Info info = null;
    if (json.has("archive_info")) {
      infos++;
      info = archive(json.object("archive_info"));
    }
    if (json.has("vcs_info")) {
      infos++;
      var vcs = json.object("vcs_info");
      info =
          new Info.Repository(
              vcs.string("vcs"),
              vcs.string("commit_id"),
              vcs.optionalString("requested_revision").orElse(null));
    }
    if (json.has("dir_info")) {
      infos++;
      info = new Info.Directory(json.object("dir_info").optionalBoolean("editable").orElse(null));
    }
    if (infos != 1 || info == null) {
      throw invalid("it has " + infos + " of `archive_info`, `vcs_info`, `dir_info`, not one");
    }
    return new DirectUrl(url, info, json.optionalString("subdirectory").orElse(null));
  }

  private static Info archive(JsonObject json) {
    var hashes = new TreeMap<String, String>();
    json.optionalObject("hashes")
        .ifPresent(object ->
            object.members().keySet().forEach(name -> hashes.put(name, object.string(name))));
    var hash = json.optionalString("hash").orElse(null);
    if (hash != null) {
      int equals = hash.indexOf('=');
      if (equals <= 0) {
        throw invalid("`" + hash + "` is no `algorithm=digest`");
      }
      var algorithm = hash.substring(0, equals);
      if (!json.has("hashes")) {
        hashes.put(algorithm, hash.substring(equals + 1));
      } else if (!hash.substring(equals + 1).equals(hashes.get(algorithm))) {
        throw invalid("`hash` is not among `hashes`");
      }
    }
    return new Info.Archive(hashes);
  }

  private static ImageException invalid(String why) {
    return new ImageException(
        Problem.of(ImageCode.INVALID_ARCHIVE, "a `direct_url.json` is not as its format says")
            .because(why));
  }

  /// The document.
  public JsonObject toJson() {
    var json = JsonObject.builder().put("url", url);
    switch (info) {
      case Info.Archive(var hashes) ->
          json.put(
              "archive_info",
              hashes.isEmpty()
                  ? JsonObject.EMPTY
                  : JsonObject.builder().put("hashes", JsonValue.ofStrings(hashes)).build());
      case Info.Repository repository -> {
        var vcs =
            JsonObject.builder()
                .put("vcs", repository.vcs())
                .put("commit_id", repository.commitId());
        if (repository.requestedRevision() != null) {
          vcs.put("requested_revision", repository.requestedRevision());
        }
        json.put("vcs_info", vcs.build());
      }
      case Info.Directory directory -> {
        var editable = directory.editable();
        json.put(
            "dir_info",
            editable == null
                ? JsonObject.EMPTY
                : JsonObject.builder().put("editable", editable.booleanValue()).build());
      }
    }
    if (subdirectory != null) {
      json.put("subdirectory", subdirectory);
    }
    return json.build();
  }

  /// The document's text, without spaces.
  @Override
  public String toString() {
    return JsonWriter.compact(toJson());
  }
}
