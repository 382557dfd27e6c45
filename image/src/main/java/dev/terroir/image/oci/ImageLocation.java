package dev.terroir.image.oci;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where an image is: a transport and what it needs, in the notation that skopeo and podman share.
/// Immutable.
///
/// @since 0.1
public sealed interface ImageLocation {
  /// A registry: `docker://REFERENCE`, or a reference alone.
  ///
  /// @param reference which image
  record InRegistry(ImageReference reference) implements ImageLocation {
    @Override
    public String toString() {
      return "docker://" + reference;
    }
  }

  /// An OCI layout in a directory: `oci:DIR[:TAG]`.
  ///
  /// @param directory the layout
  /// @param tag its name for the image, or null for the only one
  record InLayout(Path directory, @Nullable String tag) implements ImageLocation {
    @Override
    public String toString() {
      return "oci:" + directory + (tag == null ? "" : ":" + tag);
    }
  }

  /// An OCI layout in a tar file: `oci-archive:FILE[:TAG]`.
  ///
  /// @param file the archive
  /// @param tag its name for the image, or null for the only one
  record InOciArchive(Path file, @Nullable String tag) implements ImageLocation {
    @Override
    public String toString() {
      return "oci-archive:" + file + (tag == null ? "" : ":" + tag);
    }
  }

  /// A file as `docker save` makes it: `docker-archive:FILE[:REFERENCE]`.
  ///
  /// @param file the archive
  /// @param reference its name for the image, or null for the only one
  record InDockerArchive(Path file, @Nullable ImageReference reference) implements ImageLocation {
    @Override
    public String toString() {
      return "docker-archive:" + file + (reference == null ? "" : ":" + reference);
    }
  }

  /// The store of a Docker engine: `docker-daemon:REFERENCE`.
  ///
  /// @param reference which image
  record InDocker(ImageReference reference) implements ImageLocation {
    @Override
    public String toString() {
      return "docker-daemon:" + reference;
    }
  }

  /// The store of Podman: `podman:REFERENCE` or `containers-storage:REFERENCE`.
  ///
  /// @param reference which image
  record InPodman(ImageReference reference) implements ImageLocation {
    @Override
    public String toString() {
      return "containers-storage:" + reference;
    }
  }

  /// The names of the transports.
  List<String> TRANSPORTS =
      List.of(
          "docker://",
          "oci:",
          "oci-archive:",
          "docker-archive:",
          "docker-daemon:",
          "podman:",
          "containers-storage:");

  /// Reads a location; a text without a transport is a reference in a registry.
  ///
  /// @throws ImageException code `invalid-image-reference`
  static ImageLocation parse(String text) {
    for (var transport : TRANSPORTS) {
      if (text.startsWith(transport)) {
        return of(transport, text.substring(transport.length()), text);
      }
    }
    if (text.startsWith("./") || text.startsWith("/") || text.startsWith("../")) {
      throw new ImageException(
          Problem.of(ImageCode.INVALID_IMAGE_REFERENCE, "`" + text + "` names a path, not an image")
              .at(Place.of("image reference"))
              .hint(
                  "write `oci:" + text + "` for a layout, `oci-archive:" + text + "` for a file"));
    }
    return new InRegistry(ImageReference.parse(text));
  }

  private static ImageLocation of(String transport, String rest, String text) {
    return switch (transport) {
      case "docker://" -> new InRegistry(ImageReference.parse(rest));
      case "docker-daemon:" -> new InDocker(ImageReference.parse(rest));
      case "podman:", "containers-storage:" -> new InPodman(ImageReference.parse(rest));
      case "docker-archive:" -> {
        var parts = rest.split(":", 2);
        yield new InDockerArchive(
            path(parts[0], text), parts.length == 1 ? null : ImageReference.parse(parts[1]));
      }
      default -> {
        var parts = rest.split(":", 2);
        var tag = parts.length == 1 ? null : refName(parts[1], text);
        yield transport.equals("oci:")
            ? new InLayout(path(parts[0], text), tag)
            : new InOciArchive(path(parts[0], text), tag);
      }
    };
  }

  private static Path path(String path, String text) {
    if (path.isEmpty()) {
      throw invalid(text, "a path must follow the transport");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw invalid(text, "`" + path + "` is no path");
    }
  }

  private static String refName(String name, String text) {
    if (!isRefName(name)) {
      throw invalid(text, "`" + name + "` is no name that a layout can give an image");
    }
    return name;
  }

  /// Whether a text can be the annotation `org.opencontainers.image.ref.name`.
  ///
  /// ```
  /// ref       ::= component ("/" component)*
  /// component ::= alphanum (separator alphanum)*
  /// alphanum  ::= [A-Za-z0-9]+
  /// separator ::= [-._:@+] | "--"
  /// ```
  static boolean isRefName(String text) {
    return text.length() <= 512
        && Pattern.matches(
            "[A-Za-z0-9]++(?:(?:--|[-._:@+])[A-Za-z0-9]++)*+"
                + "(?:/[A-Za-z0-9]++(?:(?:--|[-._:@+])[A-Za-z0-9]++)*+)*+",
            text);
  }

  private static ImageException invalid(String text, String why) {
    return new ImageException(
        Problem.of(
                ImageCode.INVALID_IMAGE_REFERENCE, "`" + text + "` does not say where an image is")
            .at(Place.of("image reference"))
            .because(why)
            .hint("write `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE`"));
  }
}
