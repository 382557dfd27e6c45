package dev.terroir.image.registry;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.Manifest;
import dev.terroir.image.oci.MediaType;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/// A repository of a registry, to be written to. Thread-safe.
final class RegistryTarget implements ImageTarget {
  /// How many other repositories are asked for a blob; each costs a request.
  private static final int MAX_MOUNTS = 3;

  private final Host host;
  private final ImageReference reference;
  private final RegistryOptions options;
  private final Semaphore slots;
  private final Set<String> mountFrom = new LinkedHashSet<>();
  private final @Nullable PushedBlobs pushed;
  private final Set<Digest> known = ConcurrentHashMap.newKeySet();
  private volatile ImageReference address;

  RegistryTarget(
      Host host,
      ImageReference reference,
      RegistryOptions options,
      Semaphore slots,
      List<String> mountFrom,
      @Nullable PushedBlobs pushed) {
    this.pushed = pushed;
    this.host = host;
    this.reference = reference;
    this.options = options;
    this.slots = slots;
    this.mountFrom.addAll(mountFrom);
    this.address = reference;
  }

  private Host.Scope scope() {
    return Host.Scope.push(reference.path());
  }

  @Override
  public void comesFrom(ImageSource source) {
    if (source.origin() instanceof RegistrySource other
        && other.host().domain().equals(host.domain())
        && !other.repository().equals(reference.path())) {
      synchronized (mountFrom) {
        mountFrom.add(other.repository());
      }
    }
  }

  @Override
  public boolean has(Descriptor blob) {
    if (known.contains(blob.digest())) {
      return true;
    }
    var what = "whether `" + reference.name() + "` has a blob cannot be asked";
    var type = blob.mediaType();
    // A registry does not show manifests among the blobs.
    var isDocument = MediaType.isManifest(type) || MediaType.isIndex(type);
    var uri =
        host.resolve(
            "/v2/" + reference.path() + (isDocument ? "/manifests/" : "/blobs/") + blob.digest());
    var request = Host.Request.of("HEAD", uri, scope());
    try (var answer = host.send(isDocument ? request.with("Accept", type) : request, what)) {
      return switch (answer.status()) {
        case 200 -> {
          var size = answer.header("Content-Length").orElse("");
          var isSame = size.isEmpty() || size.equals(Long.toString(blob.sizeBytes()));
          if (isSame) {
            known.add(blob.digest());
          }
          yield isSame;
        }
        case 404 -> !isDocument && isTakenOver(blob);
        default -> throw host.refused(answer, what);
      };
    }
  }

  /// Takes a blob over from a repository that was given it from here, so that it need not even be
  /// made.
  private boolean isTakenOver(Descriptor blob) {
    if (pushed == null) {
      return false;
    }
    var others =
        pushed.repositories(host.domain(), blob.digest()).stream()
            .filter(other -> !other.equals(reference.path()))
            .limit(MAX_MOUNTS)
            .toList();
    var isMounted =
        new Upload(host, reference.path(), blob, InputStream::nullInputStream, options)
            .isMountedFrom(others);
    if (isMounted) {
      known.add(blob.digest());
    }
    return isMounted;
  }

  @Override
  public long put(Descriptor blob, Content content) {
    if (has(blob)) {
      return 0;
    }
    try {
      slots.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw Transport.canceled(e);
    }
    try {
      List<String> candidates;
      synchronized (mountFrom) {
        candidates = mountFrom.stream().limit(MAX_MOUNTS).toList();
      }
      var sent = new Upload(host, reference.path(), blob, content, options).run(candidates);
      known.add(blob.digest());
      return sent;
    } finally {
      slots.release();
    }
  }

  @Override
  public void putManifest(Descriptor manifest, byte[] bytes, List<String> tags) {
    for (var tag : tags) {
      if (!ImageReference.isTag(tag)) {
        throw new ImageException(
            Problem.of(ImageCode.INVALID_IMAGE_REFERENCE, "`" + tag + "` is no tag")
                .at(Place.of(reference.name()))
                .hint("use up to 128 letters, digits, `_`, `.` and `-`"));
      }
    }
    if (tags.isEmpty()) {
      put(manifest, bytes, manifest.digest().toString());
      address = reference.withDigest(manifest.digest());
    }
    for (var tag : tags) {
      put(manifest, bytes, tag);
    }
    if (!tags.isEmpty()) {
      address = reference.withTag(tags.getFirst());
    }
    remember(manifest, bytes);
  }

  private void remember(Descriptor manifest, byte[] bytes) {
    if (pushed != null && MediaType.isManifest(manifest.mediaType())) {
      var layers = Manifest.read(bytes, manifest.digest().toString()).layers();
      pushed.add(host.domain(), reference.path(), layers.stream().map(Descriptor::digest).toList());
    }
  }

  /// @return whether the registry lists what is about something by itself
  private boolean put(Descriptor manifest, byte[] bytes, String name) {
    return put(host, reference.path(), manifest, bytes, name);
  }

  private static boolean put(
      Host host, String repository, Descriptor manifest, byte[] bytes, String name) {
    var what = "the manifest of `" + host.domain() + "/" + repository + "` cannot be written";
    var request =
        Host.Request.of(
                "PUT",
                host.resolve("/v2/" + repository + "/manifests/" + name),
                Host.Scope.push(repository))
            .with("Content-Type", manifest.mediaType())
            .with(Host.Body.of(bytes));
    try (var answer = host.send(request, what)) {
      if (answer.status() != 201 && answer.status() != 200 && answer.status() != 202) {
        throw notTaken(host, answer, what);
      }
      var digest =
          answer.header("Docker-Content-Digest").filter(Digest::isWellFormed).map(Digest::parse);
      if (digest.isPresent() && !digest.get().matches(bytes)) {
        throw new ImageException(
            Problem.of(
                    ImageCode.BLOB_MISMATCH, "the registry has changed the manifest it was given")
                .at(Host.place(answer.uri()))
                .because("it says its digest is " + digest.get() + ", not " + manifest.digest()));
      }
      return answer.header("OCI-Subject").isPresent();
    }
  }

  /// A registry that knows no such place refuses to take something; it does not lack an image.
  static ImageException notTaken(Host host, Host.Answer answer, String what) {
    var told = host.refused(answer, what);
    var problem = told.problem();
    if (problem.code() != ImageCode.IMAGE_NOT_FOUND) {
      return told;
    }
    return new ImageException(
        new Problem(
            ImageCode.REGISTRY_REFUSED,
            what + ": the registry `" + host.domain() + "` does not know the place",
            problem.where(),
            problem.why(),
            List.of("create the repository first, or check its name")));
  }

  @Override
  public void putReferrer(Descriptor subject, Descriptor referrer, byte[] bytes) {
    if (!put(referrer, bytes, referrer.digest().toString())) {
      addToTag(subject, referrer);
    }
  }

  /// The tag that stands for the list of referrers where a registry has no API for it.
  ///
  /// Spec: OCI distribution specification, "Referrers tag schema".
  static String tag(Digest subject) {
    var text = subject.algorithm() + "-" + subject.encoded();
    return text.length() > 128 ? text.substring(0, 128) : text;
  }

  static ImageIndex taggedReferrers(Host host, String repository, Digest subject) {
    var what = "the artifacts about " + subject + " cannot be listed";
    var request =
        Host.Request.of(
                "GET",
                host.resolve("/v2/" + repository + "/manifests/" + tag(subject)),
                Host.Scope.pull(repository))
            .with("Accept", MediaType.INDEX);
    try (var answer = host.send(request, what)) {
      return switch (answer.status()) {
        case 200 ->
            ImageIndex.read(answer.bytes(OciLimits.MANIFEST_BYTES), "referrers of " + subject);
        case 404 -> ImageIndex.of(List.of());
        default -> throw host.refused(answer, what);
      };
    } catch (IOException e) {
      throw host.unreachable(what, e);
    }
  }

  /// Two writers may meet: after each write it is read whether the entry is there.
  private void addToTag(Descriptor subject, Descriptor referrer) {
    for (int attempt = 1; attempt <= options.attempts(); attempt++) {
      var index = taggedReferrers(host, reference.path(), subject.digest());
      var isThere =
          index.manifests().stream().anyMatch(it -> it.digest().equals(referrer.digest()));
      if (isThere) {
        return;
      }
      if (attempt > 1) {
        host.sleep(host.backOff(attempt));
      }
      var entries = new ArrayList<>(index.manifests());
      entries.add(referrer);
      var changed = ImageIndex.of(entries);
      put(changed.descriptor(), changed.bytes(), tag(subject.digest()));
    }
    throw new ImageException(
        Problem.of(
                ImageCode.REGISTRY_REFUSED,
                "the list of artifacts of `" + reference.name() + "` does not keep a new entry")
            .at(Place.of("tag " + tag(subject.digest()))));
  }

  @Override
  public @Nullable String address() {
    return address.toString();
  }

  @Override
  public void close() {}
}
