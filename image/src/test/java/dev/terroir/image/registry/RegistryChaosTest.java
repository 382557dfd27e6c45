package dev.terroir.image.registry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.SampleImage;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.transfer.Copy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("A registry that misbehaves (OCI distribution specification)")
class RegistryChaosTest {
  private static final String SECRET = "canary-secret";

  @TempDir Path temporary;

  private ChaosRegistry registry;
  private final List<Duration> pauses = new CopyOnWriteArrayList<>();
  private Registries registries;

  @BeforeEach
  void start() throws IOException {
    registry = new ChaosRegistry();
    use(options());
  }

  @AfterEach
  void stop() {
    registries.close();
    registry.close();
  }

  private RegistryOptions options() {
    return RegistryOptions.of(
            CredentialSource.of(Map.of(registry.address(), Credentials.of("user", SECRET))))
        .withPatience(4, Duration.ofSeconds(3), pauses::add);
  }

  private void use(RegistryOptions options) {
    if (registries != null) {
      registries.close();
    }
    registries = new Registries(options);
  }

  private ImageReference reference(String name) {
    return ImageReference.parse(registry.address() + "/" + name);
  }

  private static byte[] random(int size) {
    var bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return bytes;
  }

  private static Descriptor descriptor(byte[] bytes) {
    return Descriptor.of("application/octet-stream", Digest.of(bytes), bytes.length);
  }

  private long put(String name, byte[] bytes) {
    return registries
        .target(reference(name), List.of())
        .put(descriptor(bytes), () -> new ByteArrayInputStream(bytes));
  }

  private static void assertCode(Throwable thrown, ImageCode code) {
    assertThat(thrown)
        .isInstanceOfSatisfying(
            ImageException.class,
            e -> {
              assertThat(e.problem().code()).as(e.problem().render()).isEqualTo(code);
              assertThat(e.problem().render()).doesNotContain(SECRET).doesNotContain("token-");
              assertThat(e.problem().what()).doesNotContain("status");
            });
  }

  private Copy.Report copyDown(String name) {
    try (var source = registries.source(reference(name))) {
      return Copy.with(Progress.SILENT)
          .run(source, new OciLayout(temporary.resolve("layout")).target(), null, List.of("x"));
    }
  }

  private SampleImage image() {
    return SampleImage.of(Platform.LINUX_AMD64, 11, 3, 200_000);
  }

  @Test
  void anImageGoesThereAndBackWithATokenThatIsAskedForOnce() {
    registry.realm = "http://" + registry.address() + "/token";
    var image = image();
    image.putInto(registries.target(reference("team/app"), List.of()), "1.0");
    assertThat(registry.tokens).hasValue(1);
    assertThat(copyDown("team/app:1.0").root()).isEqualTo(image.root());
    assertThat(new OciLayout(temporary.resolve("layout")).verify()).isEmpty();
    assertThat(copyDown("team/app@" + image.root().digest()).sentBytes()).isZero();
  }

  @Test
  void whatIsThereIsNotSent() {
    var bytes = random(300_000);
    assertThat(put("a", bytes)).isEqualTo(bytes.length);
    registry.log.clear();
    assertThat(put("a", bytes)).isZero();
    assertThat(registry.log).singleElement().satisfies(line -> assertThat(line).startsWith("HEAD"));
  }

  @Test
  void aBlobOfAnotherRepositoryIsMounted() {
    var bytes = random(300_000);
    put("a", bytes);
    var target = registries.target(reference("b"), List.of("missing", "a"));
    registry.mounts = true;
    registry.log.clear();
    // The first candidate does not have it, which is asked before a session would be opened there.
    assertThat(target.put(descriptor(bytes), () -> new ByteArrayInputStream(bytes))).isZero();
    assertThat(registry.log).filteredOn(line -> line.startsWith("POST")).hasSize(1);
    var nowhere = registries.target(reference("e"), List.of("missing", "absent"));
    assertThat(nowhere.put(descriptor(bytes), () -> new ByteArrayInputStream(bytes)))
        .isEqualTo(bytes.length);
    var direct = registries.target(reference("c"), List.of("a"));
    assertThat(direct.put(descriptor(bytes), () -> new ByteArrayInputStream(bytes))).isZero();
    registry.mounts = false;
    var refused = registries.target(reference("d"), List.of("a"));
    assertThat(refused.put(descriptor(bytes), () -> new ByteArrayInputStream(bytes)))
        .isEqualTo(bytes.length);
  }

  @Test
  void aCopyWithinARegistryMountsByItself() {
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    try (var source = registries.source(reference("a:1"));
        var target = registries.target(reference("b"), List.of())) {
      var report = Copy.with(Progress.SILENT).run(source, target, null, List.of("1"));
      assertThat(report.sentBytes()).isZero();
      assertThat(target.address()).isEqualTo(registry.address() + "/b:1");
    }
    assertThat(registry.manifests).containsKey("b:1");
  }

  @Test
  void anUploadThatIsCutIsGoneOnWith() {
    var bytes = random(9_000_000);
    var cuts = new AtomicInteger(3);
    var lengths = new CopyOnWriteArrayList<Long>();
    registry.chaos =
        (exchange, path) -> {
          if (exchange.getRequestMethod().equals("PATCH")) {
            lengths.add(Long.valueOf(exchange.getRequestHeaders().getFirst("Content-Length")));
          }
          if (exchange.getRequestMethod().equals("PATCH") && cuts.getAndDecrement() > 0) {
            var into = registry.uploads.get(path.substring(path.lastIndexOf('/') + 1));
            into.writeBytes(exchange.getRequestBody().readNBytes(2_000_000));
            exchange.close();
            return true;
          }
          return false;
        };
    put("a", bytes);
    // How much is sent beyond what arrives before a cut depends on the buffers between.
    assertThat(lengths)
        .as("not sent from the beginning each time")
        .containsExactly(9_000_000L, 7_000_000L, 5_000_000L, 3_000_000L);
    assertThat(registry.count("POST")).as("one session").isEqualTo(1);
    assertThat(registry.blobs).containsKey("a@" + Digest.of(bytes));
    assertThat(pauses).hasSize(3);
  }

  @Test
  void anUploadInPiecesArrivesWhole() {
    use(options().withChunkBytes(1_000_000));
    var bytes = random(4_300_000);
    put("a", bytes);
    assertThat(registry.count("PATCH")).isEqualTo(5);
    assertThat(registry.blobs.get("a@" + Digest.of(bytes))).isEqualTo(bytes);
  }

  @Test
  void aBodyThatIsTooLargeIsSentInPieces() {
    var bytes = random(20_000_000);
    registry.chaos =
        (exchange, _) -> {
          var length = exchange.getRequestHeaders().getFirst("Content-Length");
          if (exchange.getRequestMethod().equals("PATCH") && Long.parseLong(length) > 10_000_000) {
            ChaosRegistry.answer(exchange, 413, "");
            return true;
          }
          return false;
        };
    put("a", bytes);
    assertThat(registry.blobs.get("a@" + Digest.of(bytes))).isEqualTo(bytes);
  }

  @Test
  void aTokenThatEndsInMidUploadIsAskedForAnew() {
    registry.realm = "http://" + registry.address() + "/token";
    use(options().withChunkBytes(1_000_000));
    var bytes = random(5_000_000);
    var patches = new AtomicInteger();
    registry.chaos =
        (exchange, _) -> {
          if (exchange.getRequestMethod().equals("PATCH") && patches.incrementAndGet() == 3) {
            registry.validToken = "another";
          }
          return false;
        };
    put("a", bytes);
    assertThat(registry.tokens).hasValue(2);
    assertThat(registry.blobs.get("a@" + Digest.of(bytes))).isEqualTo(bytes);
  }

  @Test
  void aSessionThatIsForgottenIsOpenedAnew() {
    var bytes = random(6_000_000);
    var once = new AtomicInteger();
    registry.chaos =
        (exchange, _) -> {
          if (exchange.getRequestMethod().equals("PATCH") && once.getAndIncrement() == 0) {
            registry.uploads.clear();
            exchange.close();
            return true;
          }
          return false;
        };
    put("a", bytes);
    assertThat(registry.count("POST")).isEqualTo(2);
    assertThat(registry.blobs.get("a@" + Digest.of(bytes))).isEqualTo(bytes);
  }

  @Test
  void tooManyRequestsAreWaitedForAsLongAsTheRegistryAsks() {
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    var left = new AtomicInteger(2);
    registry.chaos =
        (exchange, _) -> {
          if (left.getAndDecrement() > 0) {
            exchange.getResponseHeaders().add("Retry-After", "7");
            ChaosRegistry.answer(exchange, 429, "");
            return true;
          }
          return false;
        };
    assertThat(registries.source(reference("a:1")).root()).isEqualTo(image.root());
    assertThat(pauses).containsExactly(Duration.ofSeconds(7), Duration.ofSeconds(7));
    left.set(100);
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_REFUSED))
        .hasMessageContaining("too many requests");
  }

  @Test
  void failuresOfTheRegistryAreTriedAgainWithGrowingPauses() {
    registry.chaos =
        (exchange, _) -> {
          ChaosRegistry.answer(exchange, 503, "<html>");
          return true;
        };
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_UNREACHABLE));
    assertThat(pauses).hasSize(3);
    assertThat(pauses.get(2)).isGreaterThanOrEqualTo(Duration.ofMillis(800));
    assertThat(registry.log).hasSize(4);
  }

  @Test
  void aBlobThatIsCutIsGoneOnWith() {
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    for (boolean ranges : new boolean[] {true, false}) {
      registry.ranges = ranges;
      var cuts = new AtomicInteger(4);
      registry.chaos =
          (exchange, path) -> {
            if (path.contains("/blobs/sha256:") && cuts.getAndDecrement() > 0) {
              var bytes = registry.blobs.get("a@" + path.substring(path.lastIndexOf('/') + 1));
              var range = ranges ? exchange.getRequestHeaders().getFirst("Range") : null;
              int from = range == null ? 0 : Integer.parseInt(range.replaceAll("[^0-9]", ""));
              if (range != null) {
                exchange
                    .getResponseHeaders()
                    .add(
                        "Content-Range",
                        "bytes " + from + "-" + (bytes.length - 1) + "/" + bytes.length);
              }
              exchange.sendResponseHeaders(range == null ? 200 : 206, bytes.length - from);
              exchange.getResponseBody().write(bytes, from, (bytes.length - from) / 2);
              exchange.getResponseBody().flush();
              exchange.close();
              return true;
            }
            return false;
          };
      var layout = new OciLayout(temporary.resolve("ranges-" + ranges));
      try (var source = registries.source(reference("a:1"))) {
        Copy.with(Progress.SILENT).run(source, layout.target(), null, List.of("x"));
      }
      assertThat(layout.verify()).isEmpty();
      assertThat(layout.find("x")).contains(image.root());
    }
  }

  @Test
  void aBodyThatStallsIsGoneOnWithAndAtLastGivenUp() {
    use(options().withPatience(3, Duration.ofMillis(300), pauses::add));
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    var stalls = new AtomicInteger(2);
    registry.chaos =
        (exchange, path) -> {
          if (path.contains("/blobs/") && stalls.getAndDecrement() > 0) {
            exchange.sendResponseHeaders(200, 200_000);
            exchange.getResponseBody().write(new byte[10]);
            exchange.getResponseBody().flush();
            sleep(2000);
            exchange.close();
            return true;
          }
          return false;
        };
    // The ten zeros are not what the blob has, which is found at its end.
    assertThatThrownBy(() -> copyDown("a:1"))
        .satisfies(e -> assertCode(e, ImageCode.BLOB_MISMATCH));
    stalls.set(1000);
    assertThatThrownBy(
            () -> {
              try (var source = registries.source(reference("a:1"));
                  var in = source.blob(descriptor(random(9)))) {
                in.readAllBytes();
              }
            })
        .isInstanceOf(ImageException.class);
  }

  @Test
  void aRegistryThatDoesNotAnswerIsGivenUp() {
    use(options().withPatience(2, Duration.ofMillis(300), pauses::add));
    registry.chaos =
        (exchange, _) -> {
          sleep(2000);
          exchange.close();
          return true;
        };
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_UNREACHABLE))
        .satisfies(e ->
            assertThat(((ImageException) e).problem().why())
                .singleElement()
                .asString()
                .contains("nothing came for"));
  }

  private static void sleep(long millis) {
    try {
      Thread.sleep(millis);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void wrongBytesAreFound() {
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    registry.blobs.replaceAll((_, bytes) -> {
      var other = bytes.clone();
      other[other.length / 2] ^= 1;
      return other;
    });
    assertThatThrownBy(() -> copyDown("a:1"))
        .satisfies(e -> assertCode(e, ImageCode.BLOB_MISMATCH));
    registry.manifests.replaceAll((_, bytes) -> Arrays.copyOf(bytes, bytes.length - 1));
    assertThatThrownBy(() -> registries.source(reference("a@" + image.root().digest())).root())
        .satisfies(e -> assertCode(e, ImageCode.BLOB_MISMATCH));
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.INVALID_OCI_DOCUMENT));
  }

  @Test
  void credentialsDoNotFollowToAnotherServer() throws IOException {
    registry.realm = "http://" + registry.address() + "/token";
    var image = image();
    image.putInto(registries.target(reference("a"), List.of()), "1");
    try (var store = new ChaosRegistry()) {
      store.blobs.putAll(registry.blobs);
      registry.chaos =
          (exchange, path) -> {
            if (path.contains("/blobs/") && exchange.getRequestMethod().equals("GET")) {
              exchange
                  .getResponseHeaders()
                  .add("Location", "http://localhost:" + store.port() + path + "?signature=s");
              ChaosRegistry.answer(exchange, 307, "");
              return true;
            }
            return false;
          };
      assertThat(copyDown("a:1").root()).isEqualTo(image.root());
      assertThat(store.log).hasSize(4);
      assertThat(store.authorizations).as("nothing was shown there").isEmpty();
      assertThat(registry.authorizations).isNotEmpty();
    }
  }

  @Test
  void theTokenServerMustBeTheSameOrProtected() throws IOException {
    try (var thief = new ChaosRegistry()) {
      registry.realm = "http://192.0.2.1:" + thief.port() + "/token";
      assertThatThrownBy(() -> registries.source(reference("a:1")).root())
          .satisfies(e -> assertCode(e, ImageCode.REGISTRY_REFUSED));
      assertThat(thief.log).isEmpty();
      registry.realm = "http://169.254.169.254/latest/token";
      assertThatThrownBy(() -> registries.source(reference("a:1")).root())
          .satisfies(e -> assertCode(e, ImageCode.REGISTRY_REFUSED));
    }
  }

  @Test
  void redirectsIntoNearerNetworksAreNotFollowed() {
    assertThat(Reach.objection(uri("https://203.0.113.1/"), uri("https://10.0.0.1/"))).isNotEmpty();
    assertThat(Reach.objection(uri("https://203.0.113.1/"), uri("https://127.0.0.1/")))
        .isNotEmpty();
    assertThat(Reach.objection(uri("https://203.0.113.1/"), uri("http://203.0.113.1/")))
        .isNotEmpty();
    assertThat(Reach.objection(uri("https://10.0.0.1/"), uri("https://169.254.169.254/")))
        .isNotEmpty();
    assertThat(Reach.objection(uri("https://203.0.113.1/"), uri("https://[fd00::1]/")))
        .isNotEmpty();
    assertThat(Reach.objection(uri("https://203.0.113.1/"), uri("https://user:x@203.0.113.1/")))
        .isNotEmpty();
    assertThat(Reach.objection(uri("https://10.0.0.1/"), uri("https://10.0.0.2/"))).isEmpty();
    assertThat(Reach.objection(uri("https://10.0.0.1/"), uri("https://203.0.113.1/"))).isEmpty();
  }

  private static java.net.URI uri(String text) {
    return java.net.URI.create(text);
  }

  @Test
  void wrongCredentialsAreToldInWords() {
    registry.basic = "user:other";
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_DENIED))
        .satisfies(e ->
            assertThat(((ImageException) e).problem().render())
                .contains("podman login " + registry.address())
                .contains("who are you"));
    registry.basic = "user:" + SECRET;
    put("a", random(100));
    use(options().withCredentials(CredentialSource.none()));
    assertThatThrownBy(() -> put("a", random(101)))
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_DENIED));
  }

  @Test
  void aReadOnlyRegistryAndAFullOneAreToldInTheirWords() {
    for (var words : List.of("UNSUPPORTED: read only", "DENIED: quota of 5 GB is used up")) {
      registry.chaos =
          (exchange, _) -> {
            if (exchange.getRequestMethod().equals("POST")) {
              var parts = words.split(": ");
              ChaosRegistry.answer(
                  exchange,
                  words.startsWith("D") ? 403 : 405,
                  "{\"errors\":[{\"code\":\""
                      + parts[0]
                      + "\",\"message\":\""
                      + parts[1]
                      + "\"}]}");
              return true;
            }
            return false;
          };
      assertThatThrownBy(() -> put("a", random(100)))
          .satisfies(e ->
              assertCode(
                  e,
                  words.startsWith("D") ? ImageCode.REGISTRY_DENIED : ImageCode.REGISTRY_REFUSED))
          .satisfies(e -> assertThat(((ImageException) e).problem().render()).contains(words));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "413, PATCH, DENIED, the quota of 5 GB is used up, REGISTRY_REFUSED",
    "403, PATCH, DENIED, the quota of 5 GB is used up, REGISTRY_DENIED",
    "507, PATCH, UNKNOWN, no space left on device, REGISTRY_REFUSED",
    "413, PUT, SIZE_INVALID, the quota of 5 GB is used up, REGISTRY_REFUSED",
    "403, PUT, DENIED, the quota of 5 GB is used up, REGISTRY_DENIED",
    "507, PUT, UNKNOWN, no space left on device, REGISTRY_REFUSED",
    "403, manifests, DENIED, the quota of 5 GB is used up, REGISTRY_DENIED",
    "507, manifests, UNKNOWN, no space left on device, REGISTRY_REFUSED",
    "405, manifests, UNSUPPORTED, the registry is read-only, REGISTRY_REFUSED",
  })
  void aQuotaThatEndsInMidPushIsToldOnceAndTheNextPushGoesOn(
      int status, String where, String code, String words, ImageCode expected) {
    var image = SampleImage.of(Platform.LINUX_AMD64, 17, 3, where.equals("PATCH") ? 6_000_000 : 9);
    var sent = new AtomicInteger();
    registry.chaos =
        (exchange, path) -> {
          var isUpload = exchange.getRequestMethod().equals(where) && !path.contains("manifests");
          var isFull = isUpload ? sent.incrementAndGet() > 1 : path.contains("/" + where + "/");
          if (isFull && !exchange.getRequestMethod().equals("GET")) {
            ChaosRegistry.answer(
                exchange,
                status,
                "{\"errors\":[{\"code\":\"" + code + "\",\"message\":\"" + words + "\"}]}");
          }
          return isFull && !exchange.getRequestMethod().equals("GET");
        };
    assertThatThrownBy(() -> image.putInto(registries.target(reference("a"), List.of()), "1"))
        .satisfies(e -> assertCode(e, expected))
        .satisfies(e ->
            assertThat(((ImageException) e).problem().render())
                .contains(code + ": " + words, registry.address()));
    assertThat(pauses).as("waiting does not make room").hasSizeLessThan(2);
    assertThat(registry.manifests).isEmpty();
    assertThat(registry.blobs).as("what was sent before").isNotEmpty();

    registry.chaos = (_, _) -> false;
    var there = registry.blobs.size();
    registry.log.clear();
    use(options());
    image.putInto(registries.target(reference("a"), List.of()), "1");
    assertThat(registry.count("POST")).isEqualTo(image.blobs().size() - there);
    assertThat(copyDown("a:1").root()).isEqualTo(image.root());
    assertThat(new OciLayout(temporary.resolve("layout")).verify()).isEmpty();
  }

  @Test
  void whatIsNotThereIsToldAndNothingAnswersToo() {
    assertThatThrownBy(() -> registries.source(reference("a:none")).root())
        .satisfies(e -> assertCode(e, ImageCode.IMAGE_NOT_FOUND));
    registry.close();
    assertThatThrownBy(() -> registries.source(reference("a:1")).root())
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_UNREACHABLE))
        .satisfies(e ->
            assertThat(((ImageException) e).problem().why())
                .containsExactly("nothing answers there"));
  }

  @Test
  void referrersAreKeptUnderATagWhereThereIsNoApi() {
    var image = image();
    var target = registries.target(reference("a"), List.of());
    image.putInto(target, "1");
    for (var type : List.of("application/spdx+json", "application/vnd.cyclonedx+json")) {
      var artifact = SampleImage.artifact(image.root(), type, type);
      artifact
          .blobs()
          .forEach((blob, bytes) -> target.put(blob, () -> new ByteArrayInputStream(bytes)));
      target.putReferrer(image.root(), artifact.root(), artifact.documents().get(artifact.root()));
      target.putReferrer(image.root(), artifact.root(), artifact.documents().get(artifact.root()));
    }
    assertThat(registry.manifests)
        .containsKey("a:" + image.root().digest().toString().replace(':', '-'));
    assertThat(registries.referrers(reference("a"), image.root().digest(), null)).hasSize(2);
    assertThat(registries.referrers(reference("a"), image.root().digest(), "application/spdx+json"))
        .hasSize(1);
    registry.referrers = true;
    assertThat(registries.referrers(reference("a"), image.root().digest(), null)).isEmpty();
  }

  @Test
  void tagsAreListedOverAllPages() {
    var target = registries.target(reference("a"), List.of());
    image().putInto(target, "1", "2", "3", "4", "5");
    assertThat(registries.tags(reference("a"))).containsExactly("1", "2", "3", "4", "5");
    assertThat(registry.count("GET /v2/a/tags/list")).isEqualTo(3);
  }

  @Test
  void aSourceThatFailsIsNotTakenForTheRegistry() {
    var bytes = random(5_000_000);
    assertThatThrownBy(() ->
            registries
                .target(reference("a"), List.of())
                .put(descriptor(bytes), () -> new ByteArrayInputStream(bytes, 0, 4_900_000)))
        .satisfies(e -> assertCode(e, ImageCode.BLOB_MISMATCH));
    assertThat(registry.count("POST")).as("not tried again").isEqualTo(1);
    var wrong = random(5_000_001);
    wrong[0] ^= 1;
    assertThatThrownBy(() ->
            registries
                .target(reference("a"), List.of())
                .put(descriptor(random(5_000_001)), () -> new ByteArrayInputStream(wrong)))
        .satisfies(e -> assertCode(e, ImageCode.REGISTRY_REFUSED));
    assertThat(registry.blobs).isEmpty();
  }

  @Test
  void addressesInDescriptorsAreNeverFollowed() throws IOException {
    try (var thief = new ChaosRegistry()) {
      var image = image();
      var layer = image.blobs().keySet().iterator().next();
      var text =
          new String(image.documents().get(image.root()), java.nio.charset.StandardCharsets.UTF_8);
      var bytes =
          text.replace(
                  "\"size\":" + layer.sizeBytes() + "}",
                  "\"size\":"
                      + layer.sizeBytes()
                      + ",\"urls\":[\"http://"
                      + thief.address()
                      + "/layer\"]}")
              .getBytes(java.nio.charset.StandardCharsets.UTF_8);
      assertThat(bytes.length).isGreaterThan(text.length());
      image.putInto(registries.target(reference("a"), List.of()), "1");
      registry.manifests.put("a:1", bytes);
      registry.blobs.remove("a@" + layer.digest());
      assertThatThrownBy(() -> copyDown("a:1"))
          .satisfies(e -> assertCode(e, ImageCode.IMAGE_NOT_FOUND));
      assertThat(thief.log).isEmpty();
    }
  }

  @Test
  void cancelingEndsATransferAtOnce() throws Exception {
    registry.chaos =
        (HttpExchange exchange, String _) -> {
          sleep(10_000);
          exchange.close();
          return true;
        };
    var thrown = new java.util.concurrent.atomic.AtomicReference<Throwable>();
    var thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                registries.source(reference("a:1")).root();
              } catch (RuntimeException e) {
                thrown.set(e);
              }
            });
    Thread.sleep(200);
    thread.interrupt();
    thread.join(Duration.ofSeconds(2));
    assertThat(thrown.get()).hasMessageContaining("canceled");
  }
}
