package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Web;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageIndex;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.oci.OciLimits;
import dev.terroir.image.transfer.ImageSource;
import dev.terroir.image.transfer.ImageTarget;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The client of all registries. Make one per program and close it at the end; sources and targets
/// of it may be used until then. Thread-safe.
///
/// @since 0.1
public final class Registries implements AutoCloseable {
  /// Most pages of a list; each has a thousand entries where a registry can.
  private static final int MAX_PAGES = 1000;

  private static final Pattern NEXT = Pattern.compile("<([^>]+)>\\s*;\\s*rel=\"?next\"?");

  private final RegistryOptions options;
  private final Settings settings;
  private final Transport transport;
  private final Queue<Transport> owned = new ConcurrentLinkedQueue<>();
  private final Map<String, Host> hosts = new ConcurrentHashMap<>();
  private final Semaphore uploads;
  private final Semaphore downloads;
  private final @Nullable PushedBlobs pushed;

  /// Without a proxy, trusting whom Java trusts.
  ///
  /// @param options how registries are spoken to
  public Registries(RegistryOptions options) {
    this(options, Settings.of(Map.of()), null);
  }

  /// With the user's proxies and certificate authorities.
  ///
  /// @param options how registries are spoken to
  /// @param settings as [Web] reads them; this machine's own addresses are reached directly, as
  ///   engines do
  /// @param pushed remembers which repositories were given which blobs, or null to remember nothing
  public Registries(RegistryOptions options, Settings settings, @Nullable PushedBlobs pushed) {
    this.options = options;
    this.pushed = pushed;
    var direct = settings.get("no_proxy").or(() -> settings.get("NO_PROXY")).orElse("");
    this.settings = settings.with("no_proxy", direct + ",localhost,127.0.0.0/8,::1");
    this.transport = new Transport(Web.of(this.settings), options.stall());
    this.uploads = new Semaphore(options.parallel());
    this.downloads = new Semaphore(options.parallel());
  }

  private Host host(ImageReference reference) {
    return hosts.computeIfAbsent(
        reference.domain(), domain -> new Host(domain, options, transport(domain)));
  }

  /// How a registry is spoken to: as all, unless the user has laid down certificates for it.
  private Transport transport(String domain) {
    return CertificateFolder.find(settings, domain)
        .map(folder -> {
          var own =
              new Transport(
                  Web.of(settings, folder.authorities(), folder.identities()), options.stall());
          owned.add(own);
          return own;
        })
        .orElse(transport);
  }

  /// One image, to be read.
  public ImageSource source(ImageReference reference) {
    return new RegistrySource(host(reference), reference, options, downloads);
  }

  /// A repository, to be written to.
  ///
  /// @param reference its repository counts; its tag is what [ImageTarget#address()] names when no
  ///   manifest was put yet
  /// @param mountFrom other repositories of the same registry that may hold the blobs already
  public ImageTarget target(ImageReference reference, List<String> mountFrom) {
    return new RegistryTarget(host(reference), reference, options, uploads, mountFrom, pushed);
  }

  /// The tags of a repository, in the registry's order.
  ///
  /// @throws ImageException code `image-not-found` when there is no such repository
  public List<String> tags(ImageReference reference) {
    var host = host(reference);
    var tags = new LinkedHashSet<String>();
    var uri = host.resolve("/v2/" + reference.path() + "/tags/list?n=1000");
    for (int page = 0; uri != null && page < MAX_PAGES; page++) {
      var what = "the tags of `" + reference.name() + "` cannot be listed";
      var request = Host.Request.of("GET", uri, Host.Scope.pull(reference.path()));
      try (var answer = host.send(request, what)) {
        if (answer.status() != 200) {
          throw host.refused(answer, what);
        }
        var bytes = answer.bytes(OciLimits.MANIFEST_BYTES);
        tags.addAll(
            JsonReader.parseObject(new String(bytes, StandardCharsets.UTF_8), "tags")
                .strings("tags"));
        uri = next(host, answer);
      } catch (IOException e) {
        throw host.unreachable(what, e);
      } catch (FoundationException e) {
        throw new ImageException(
            Problem.of(ImageCode.REGISTRY_REFUSED, what)
                .at(Place.of(reference.name()))
                .because("the list is malformed: " + e.problem().what()),
            e);
      }
    }
    return List.copyOf(tags);
  }

  /// The address of the next page, always at the same registry.
  private static @Nullable URI next(Host host, Host.Answer answer) {
    for (var link : answer.headers().allValues("Link")) {
      var matcher = NEXT.matcher(link);
      if (matcher.find()) {
        var uri = host.allowed(answer.uri(), matcher.group(1), "lists more at");
        return Reach.isSame(answer.uri(), uri) ? uri : null;
      }
    }
    return null;
  }

  /// The artifacts about a manifest, by the referrers API or, where a registry has none, by the tag
  /// that stands for it.
  ///
  /// @param artifactType only those of it, or null for all
  public List<Descriptor> referrers(
      ImageReference reference, Digest subject, @Nullable String artifactType) {
    var host = host(reference);
    var what = "the artifacts about `" + reference.withDigest(subject) + "` cannot be listed";
    var found = new ArrayList<Descriptor>();
    var query = artifactType == null ? "" : "?artifactType=" + Host.encode(artifactType);
    var uri = host.resolve("/v2/" + reference.path() + "/referrers/" + subject + query);
    for (int page = 0; uri != null && page < MAX_PAGES; page++) {
      var request = Host.Request.of("GET", uri, Host.Scope.pull(reference.path()));
      try (var answer = host.send(request, what)) {
        if (page == 0 && (answer.status() == 404 || answer.status() == 405)) {
          found.addAll(RegistryTarget.taggedReferrers(host, reference.path(), subject).manifests());
          break;
        }
        if (answer.status() != 200) {
          throw host.refused(answer, what);
        }
        var bytes = answer.bytes(OciLimits.MANIFEST_BYTES);
        found.addAll(ImageIndex.read(bytes, "referrers of " + subject).manifests());
        uri = next(host, answer);
      } catch (IOException e) {
        throw host.unreachable(what, e);
      }
    }
    // A registry may leave the filter to its client.
    return found.stream()
        .filter(entry -> artifactType == null || artifactType.equals(entry.artifactType()))
        .toList();
  }

  @Override
  public void close() {
    transport.close();
    owned.forEach(Transport::close);
  }
}
