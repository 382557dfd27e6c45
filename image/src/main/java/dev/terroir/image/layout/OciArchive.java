package dev.terroir.image.layout;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.OciDocument;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import dev.terroir.image.transfer.VerifiedInput;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// An OCI layout in a tar file, also one that is packed by gzip. What is written depends on the
/// image alone: the same image and names give the same bytes.
///
/// @since 0.1
public final class OciArchive {
  private OciArchive() {}

  /// One image of an archive, to be read.
  ///
  /// @param reference its name or digest, or null when there is one image only
  /// @throws ImageException code `image-not-found`, or `invalid-archive`
  public static ImageSource source(Path file, @Nullable String reference) {
    var tar = TarFile.open(file);
    try {
      return source(tar, content -> content.choose(reference));
    } catch (RuntimeException e) {
      tar.close();
      throw e;
    }
  }

  @FunctionalInterface
  interface Choice {
    Descriptor from(LayoutContent content);
  }

  static ImageSource source(TarFile tar, Choice choice) {
    var marker =
        tar.bytes(OciLayout.MARKER, OciLimits.MANIFEST_BYTES)
            .orElseThrow(() -> missing(tar, OciLayout.MARKER));
    OciDocument.LAYOUT.read(marker, tar.file() + ", " + OciLayout.MARKER);
    var content = new Content(tar);
    return new LayoutSource(content, choice.from(content), tar::close);
  }

  static boolean isOne(TarFile tar) {
    return tar.find(OciLayout.MARKER).isPresent() && tar.find(OciLayout.INDEX).isPresent();
  }

  private static ImageException missing(TarFile tar, String name) {
    return new ImageException(
        Problem.of(ImageCode.IMAGE_NOT_FOUND, "the archive holds no OCI layout")
            .at(Place.file(tar.file()))
            .because("it has no file `" + name + "`")
            .hint("name it as `docker-archive:" + tar.file() + "` if `docker save` made it"));
  }

  /// An archive to be written. It appears whole when the target is closed, and not at all when
  /// something failed or no image was put.
  ///
  /// @param name what the image that is put last is called, or null
  public static ImageTarget target(Path file, @Nullable String name) {
    return new ArchiveTarget(file) {
      @Override
      void write(OciLayout staged, Descriptor image, byte[] manifest, TarOutput tar)
          throws IOException {
        if (name != null && !staged.names().containsKey(name)) {
          staged.putManifest(image, manifest, List.of(name));
        }
        tar.directory("blobs");
        for (var folder : sorted(staged.blobs().directory())) {
          if (!Files.isDirectory(folder)) {
            continue;
          }
          tar.directory("blobs/" + folder.getFileName());
          for (var blob : sorted(folder)) {
            try (var in = Files.newInputStream(blob)) {
              tar.file(
                  "blobs/" + folder.getFileName() + "/" + blob.getFileName(), Files.size(blob), in);
            }
          }
        }
        tar.file(OciLayout.INDEX, Files.readAllBytes(staged.directory().resolve(OciLayout.INDEX)));
        tar.file(
            OciLayout.MARKER, Files.readAllBytes(staged.directory().resolve(OciLayout.MARKER)));
      }

      @Override
      public String address() {
        return "oci-archive:" + file + (name == null ? "" : ":" + name);
      }
    };
  }

  private static List<Path> sorted(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.sorted().toList();
    }
  }

  /// A layout within a tar file.
  private static final class Content implements LayoutContent {
    private final TarFile tar;
    private final JsonObject index;

    Content(TarFile tar) {
      this.tar = tar;
      this.index =
          OciDocument.INDEX.read(
              tar.bytes(OciLayout.INDEX, OciLimits.MANIFEST_BYTES)
                  .orElseThrow(() -> missing(tar, OciLayout.INDEX)),
              tar.file() + ", " + OciLayout.INDEX);
    }

    @Override
    public String name() {
      return tar.file().toString();
    }

    @Override
    public JsonObject index() {
      return index;
    }

    private Optional<TarIndex.Member.Regular> find(Digest digest) {
      return tar.find("blobs/" + digest.algorithm() + "/" + digest.encoded());
    }

    @Override
    public Optional<Long> size(Digest digest) {
      return find(digest).map(TarIndex.Member.Regular::sizeBytes);
    }

    @Override
    public InputStream open(Digest digest) {
      return tar.stream(
          find(digest)
              .orElseThrow(() ->
                  new ImageException(
                      Problem.of(ImageCode.IMAGE_NOT_FOUND, "a blob is not in the archive")
                          .at(Place.file(tar.file()))
                          .at(Place.of("blob " + digest)))));
    }

    @Override
    public byte[] document(Descriptor descriptor) {
      if (descriptor.sizeBytes() > OciLimits.CONFIG_BYTES) {
        throw TarIndex.refused(
            name(),
            descriptor.digest().toString(),
            "a document of " + descriptor.sizeBytes() + " bytes");
      }
      try (var in = new VerifiedInput(open(descriptor.digest()), descriptor, name())) {
        return in.readAllBytes();
      } catch (IOException e) {
        throw FoundationException.ofFile("the archive cannot be read", tar.file(), e);
      }
    }
  }
}
