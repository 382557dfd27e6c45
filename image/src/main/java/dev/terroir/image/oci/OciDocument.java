package dev.terroir.image.oci;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.regex.Pattern;

/// The kinds of documents of an image, and whether a text is one of them by the rules of the
/// specification's schemas. All that is wrong is collected, each with its field.
///
/// What is judged here is form: a digest of an algorithm that Terroir does not know is well-formed,
/// and is refused only by who needs it.
///
/// Spec: OCI image specification 1.1, the schemas of its folder `schema`.
///
/// @since 0.1
public enum OciDocument {
  /// Says what a blob is and which.
  DESCRIPTOR("a descriptor", OciLimits.MANIFEST_BYTES),
  /// An image manifest.
  MANIFEST("an image manifest", OciLimits.MANIFEST_BYTES),
  /// A manifest as registries take it: the distribution specification lets one have no layers, as
  /// those of some artifacts.
  STORED_MANIFEST("a manifest", OciLimits.MANIFEST_BYTES),
  /// Manifests by platform.
  INDEX("an image index", OciLimits.MANIFEST_BYTES),
  /// An image configuration.
  CONFIG("an image configuration", OciLimits.CONFIG_BYTES),
  /// The file `oci-layout`.
  LAYOUT("the file `oci-layout`", OciLimits.MANIFEST_BYTES);

  /// RFC 6838, section 4.2.
  private static final Pattern MEDIA_TYPE =
      Pattern.compile(
          "[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}");

  private static final Pattern ENVIRONMENT = Pattern.compile("(?s)[^=]+=.*");

  private final String title;
  private final int maxBytes;

  OciDocument(String title, int maxBytes) {
    this.title = title;
    this.maxBytes = maxBytes;
  }

  /// What kind a well-formed object looks like, judged by the members that only one kind has.
  public static OciDocument kindOf(JsonObject json) {
    if (json.has("imageLayoutVersion")) {
      return LAYOUT;
    }
    if (json.has("manifests")) {
      return INDEX;
    }
    if (json.has("rootfs")) {
      return CONFIG;
    }
    return json.has("layers") || json.has("config") ? MANIFEST : DESCRIPTOR;
  }

  /// Reads a document strictly.
  ///
  /// @param source what messages call it
  /// @throws ImageException code `invalid-oci-document`, with every mistake that was found
  public JsonObject read(byte[] bytes, String source) {
    if (bytes.length > maxBytes) {
      throw invalid(
          Problem.of(
                  ImageCode.INVALID_OCI_DOCUMENT,
                  title + " has " + bytes.length + " bytes; at most " + maxBytes + " are read")
              .at(Place.of(source)));
    }
    try {
      var text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return read(text, source);
    } catch (CharacterCodingException e) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_OCI_DOCUMENT, title + " is not UTF-8 text")
              .at(Place.of(source)),
          e);
    }
  }

  /// Reads a document strictly.
  ///
  /// @param source what messages call it
  /// @throws ImageException code `invalid-oci-document`, with every mistake that was found
  public JsonObject read(String text, String source) {
    JsonObject json;
    try {
      json = JsonReader.parseObject(text, source);
    } catch (FoundationException e) {
      var problem = e.problem();
      throw new ImageException(
          new Problem(
              ImageCode.INVALID_OCI_DOCUMENT,
              title + " cannot be read",
              problem.where(),
              List.of(problem.what()),
              List.of()),
          e);
    }
    var problems = check(json);
    if (!problems.isEmpty()) {
      var first = problems.getFirst();
      var more =
          problems.size() == 1
              ? first
              : first.because(
                  "there are "
                      + (problems.size() - 1)
                      + " more mistakes, the next: "
                      + problems.get(1).what());
      throw invalid(more);
    }
    return json;
  }

  /// Everything that is wrong with a document, in the order of its fields; empty when nothing is.
  public List<Problem> check(JsonObject json) {
    var checks = new Checks();
    switch (this) {
      case DESCRIPTOR -> checks.descriptor(json);
      case MANIFEST -> {
        checks.manifest(json);
        checks.layers(json);
      }
      case STORED_MANIFEST -> checks.manifest(json);
      case INDEX -> checks.index(json);
      case CONFIG -> checks.config(json);
      case LAYOUT -> checks.layout(json);
    }
    return List.copyOf(checks.problems);
  }

  private static ImageException invalid(Problem problem) {
    return new ImageException(problem);
  }

  private static String described(JsonValue value) {
    return switch (value) {
      case JsonValue.JsonString(var text) ->
          "`" + (text.length() > 200 ? text.substring(0, 200) + "…" : text) + "`";
      case JsonValue.JsonNumber(var text) -> "the number " + text;
      case JsonValue.JsonBoolean(var flag) -> String.valueOf(flag);
      case JsonValue.JsonNull _ -> "null";
      case JsonValue.JsonArray _ -> "an array";
      case JsonObject _ -> "an object";
    };
  }

  /// The rules, one method for each definition of the schemas.
  private static final class Checks {
    private final List<Problem> problems = new ArrayList<>();

    private void wrong(JsonObject in, String field, String what) {
      problems.add(Problem.of(ImageCode.INVALID_OCI_DOCUMENT, what).at(in.place(field)));
    }

    private void mustBe(JsonObject in, String field, String expected, JsonValue found) {
      wrong(
          in,
          field,
          "the field `" + field + "` must be " + expected + ", and is " + described(found));
    }

    private void required(JsonObject in, String field) {
      if (!in.has(field)) {
        wrong(in, field, "the field `" + field + "` is missing");
      }
    }

    private void string(JsonObject in, String field) {
      in.get(field)
          .filter(value -> !(value instanceof JsonValue.JsonString))
          .ifPresent(value -> mustBe(in, field, "a string", value));
    }

    private void flag(JsonObject in, String field) {
      in.get(field)
          .filter(value -> !(value instanceof JsonValue.JsonBoolean))
          .ifPresent(value -> mustBe(in, field, "true or false", value));
    }

    private void matching(JsonObject in, String field, Pattern pattern, String expected) {
      in.get(field)
          .filter(value ->
              !(value instanceof JsonValue.JsonString(var text) && pattern.matcher(text).matches()))
          .ifPresent(value -> mustBe(in, field, expected, value));
    }

    private void mediaType(JsonObject in, String field) {
      matching(in, field, MEDIA_TYPE, "a media type such as `" + MediaType.MANIFEST + "`");
    }

    private void date(JsonObject in, String field) {
      in.get(field)
          .filter(value -> !(value instanceof JsonValue.JsonString(var text) && isDate(text)))
          .ifPresent(value ->
              mustBe(in, field, "a time as RFC 3339 writes it, `2015-10-31T22:22:56Z`", value));
    }

    private static boolean isDate(String text) {
      try {
        OffsetDateTime.parse(text);
        return true;
      } catch (DateTimeParseException e) {
        return false;
      }
    }

    /// An array whose elements are all judged; null stands for "not there" where writers of the
    /// field write it.
    private void array(
        JsonObject in, String field, String of, BiConsumer<JsonObject, JsonValue> element) {
      switch (in.get(field).orElse(JsonValue.NULL)) {
        case JsonValue.JsonArray(var elements) -> {
          if (elements.size() > OciLimits.ENTRIES) {
            wrong(
                in,
                field,
                "the field `"
                    + field
                    + "` has "
                    + elements.size()
                    + " entries; at most "
                    + OciLimits.ENTRIES
                    + " are read");
          } else {
            elements.forEach(value -> element.accept(in, value));
          }
        }
        case JsonValue.JsonNull _ -> {}
        case JsonValue other -> mustBe(in, field, "an array of " + of, other);
      }
    }

    private void strings(JsonObject in, String field) {
      array(
          in,
          field,
          "strings",
          (owner, value) -> {
            if (!(value instanceof JsonValue.JsonString)) {
              mustBe(owner, field, "an array of strings", value);
            }
          });
    }

    private void objects(
        JsonObject in, String field, String of, java.util.function.Consumer<JsonObject> element) {
      array(
          in,
          field,
          of,
          (owner, value) -> {
            if (value instanceof JsonObject object) {
              element.accept(object);
            } else {
              mustBe(owner, field, "an array of " + of, value);
            }
          });
    }

    private void object(
        JsonObject in,
        String field,
        String expected,
        java.util.function.Consumer<JsonObject> inside) {
      in.get(field)
          .ifPresent(value -> {
            if (value instanceof JsonObject object) {
              inside.accept(object);
            } else {
              mustBe(in, field, expected, value);
            }
          });
    }

    private void nullableMap(
        JsonObject in, String field, String expected, Class<? extends JsonValue> of) {
      switch (in.get(field).orElse(JsonValue.NULL)) {
        case JsonObject map ->
            map.members()
                .forEach((key, value) -> {
                  if (!of.isInstance(value)) {
                    mustBe(map, key, expected, value);
                  }
                });
        case JsonValue.JsonNull _ -> {}
        case JsonValue other -> mustBe(in, field, "an object", other);
      }
    }

    private void annotations(JsonObject in) {
      nullableMap(in, "annotations", "a string", JsonValue.JsonString.class);
    }

    private void schemaVersion(JsonObject in) {
      required(in, "schemaVersion");
      in.get("schemaVersion")
          .filter(value -> !(value instanceof JsonValue.JsonNumber(var text) && text.equals("2")))
          .ifPresent(value -> mustBe(in, "schemaVersion", "2", value));
    }

    void descriptor(JsonObject in) {
      required(in, "mediaType");
      mediaType(in, "mediaType");
      required(in, "digest");
      in.get("digest")
          .filter(value ->
              !(value instanceof JsonValue.JsonString(var text) && Digest.isWellFormed(text)))
          .ifPresent(value ->
              mustBe(in, "digest", "`algorithm:encoded`, such as `sha256:` and 64 digits", value));
      required(in, "size");
      in.get("size")
          .filter(value -> !(value instanceof JsonValue.JsonNumber(var text) && isSize(text)))
          .ifPresent(value -> mustBe(in, "size", "a whole number of bytes", value));
      array(
          in,
          "urls",
          "URLs",
          (owner, value) -> {
            if (!(value instanceof JsonValue.JsonString(var text) && isUrl(text))) {
              mustBe(owner, "urls", "an array of URLs", value);
            }
          });
      in.get("data")
          .filter(value -> !(value instanceof JsonValue.JsonString(var text) && isBase64(text)))
          .ifPresent(value -> mustBe(in, "data", "base64 with its padding", value));
      mediaType(in, "artifactType");
      object(in, "platform", "an object", this::platform);
      annotations(in);
    }

    private void platform(JsonObject in) {
      required(in, "architecture");
      string(in, "architecture");
      required(in, "os");
      string(in, "os");
      string(in, "os.version");
      strings(in, "os.features");
      string(in, "variant");
    }

    private static boolean isSize(String text) {
      try {
        return Long.parseLong(text) >= 0;
      } catch (NumberFormatException e) {
        return false;
      }
    }

    private static boolean isUrl(String text) {
      try {
        return new URI(text).isAbsolute();
      } catch (URISyntaxException e) {
        return false;
      }
    }

    private static boolean isBase64(String text) {
      try {
        Base64.getDecoder().decode(text);
        return text.length() % 4 == 0;
      } catch (IllegalArgumentException e) {
        return false;
      }
    }

    void manifest(JsonObject in) {
      schemaVersion(in);
      mediaType(in, "mediaType");
      mediaType(in, "artifactType");
      required(in, "config");
      object(in, "config", "a descriptor", this::descriptor);
      required(in, "layers");
      objects(in, "layers", "descriptors", this::descriptor);
      object(in, "subject", "a descriptor", this::descriptor);
      annotations(in);
    }

    void layers(JsonObject in) {
      if (in.get("layers").orElse(JsonValue.NULL) instanceof JsonValue.JsonNull
          || in.get("layers").orElseThrow() instanceof JsonValue.JsonArray(var layers)
              && layers.isEmpty()) {
        wrong(in, "layers", "the field `layers` has no entry; an image has at least one layer");
      }
    }

    void index(JsonObject in) {
      schemaVersion(in);
      mediaType(in, "mediaType");
      mediaType(in, "artifactType");
      required(in, "manifests");
      objects(in, "manifests", "descriptors", this::descriptor);
      object(in, "subject", "a descriptor", this::descriptor);
      annotations(in);
    }

    void config(JsonObject in) {
      date(in, "created");
      string(in, "author");
      required(in, "architecture");
      string(in, "architecture");
      string(in, "variant");
      required(in, "os");
      string(in, "os");
      string(in, "os.version");
      strings(in, "os.features");
      object(in, "config", "an object", this::execution);
      required(in, "rootfs");
      object(in, "rootfs", "an object", this::rootfs);
      objects(in, "history", "objects", this::history);
    }

    private void execution(JsonObject in) {
      string(in, "User");
      nullableMap(in, "ExposedPorts", "an object", JsonObject.class);
      array(
          in,
          "Env",
          "strings",
          (owner, value) -> {
            if (!(value instanceof JsonValue.JsonString(var text)
                && ENVIRONMENT.matcher(text).matches())) {
              mustBe(owner, "Env", "an array of `NAME=value`", value);
            }
          });
      strings(in, "Entrypoint");
      strings(in, "Cmd");
      nullableMap(in, "Volumes", "an object", JsonObject.class);
      string(in, "WorkingDir");
      nullableMap(in, "Labels", "a string", JsonValue.JsonString.class);
      string(in, "StopSignal");
      flag(in, "ArgsEscaped");
    }

    private void rootfs(JsonObject in) {
      required(in, "type");
      in.get("type")
          .filter(
              value -> !(value instanceof JsonValue.JsonString(var text) && text.equals("layers")))
          .ifPresent(value -> mustBe(in, "type", "`layers`", value));
      required(in, "diff_ids");
      strings(in, "diff_ids");
    }

    private void history(JsonObject in) {
      date(in, "created");
      string(in, "author");
      string(in, "created_by");
      string(in, "comment");
      flag(in, "empty_layer");
    }

    void layout(JsonObject in) {
      required(in, "imageLayoutVersion");
      in.get("imageLayoutVersion")
          .filter(
              value -> !(value instanceof JsonValue.JsonString(var text) && text.equals("1.0.0")))
          .ifPresent(value -> mustBe(in, "imageLayoutVersion", "`1.0.0`", value));
    }
  }
}
