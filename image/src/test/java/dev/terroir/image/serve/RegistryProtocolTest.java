package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.image.SampleImage;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.MediaType;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("The distribution protocol over a layout (OCI distribution specification 1.1)")
class RegistryProtocolTest {
  private static final SampleImage IMAGE = SampleImage.of(Platform.current(), 11, 2, 5_000);
  private static final String MANIFESTS = "/v2/team/app/manifests/";

  @TempDir Path temporary;
  private OciLayout layout;
  private WritableRegistry registry;
  private Wire wire;

  @BeforeEach
  void start() {
    layout = new OciLayout(temporary.resolve("layout"));
    serve(new RegistryProtocol(WritableRegistry.store(layout.directory())), Access.DELETE);
  }

  private void serve(RegistryProtocol protocol, Access access) {
    if (registry != null) {
      stop();
    }
    registry = WritableRegistry.of(protocol, access);
    wire = Wire.to(registry.address());
  }

  @AfterEach
  void stop() {
    wire.close();
    registry.close();
    assertThat(layout.verify()).isEmpty();
  }

  private static byte[] manifest(SampleImage image) {
    return image.documents().get(image.root());
  }

  private void pushBlobs(SampleImage image) {
    image
        .blobs()
        .forEach((blob, bytes) ->
            assertThat(
                    wire.send("POST", "/v2/team/app/blobs/uploads/?digest=" + blob.digest(), bytes)
                        .status())
                .isEqualTo(201));
  }

  private Wire.Answer pushManifest(SampleImage image, String reference) {
    return wire.send(
        "PUT", MANIFESTS + reference, manifest(image), "Content-Type", image.root().mediaType());
  }

  @Nested
  @DisplayName("A manifest that is pushed")
  class Manifests {
    @Test
    void needsItsBlobsFirst() {
      assertThat(pushManifest(IMAGE, "1").error()).isEqualTo("404 MANIFEST_BLOB_UNKNOWN");
      pushBlobs(IMAGE);
      var pushed = pushManifest(IMAGE, "1");
      assertThat(pushed.status()).isEqualTo(201);
      assertThat(pushed.header("Docker-Content-Digest"))
          .isEqualTo(IMAGE.root().digest().toString());
      assertThat(pushed.header("Location")).isEqualTo(MANIFESTS + "1");
      assertThat(layout.find("team/app:1")).contains(IMAGE.root());
    }

    @Test
    void isTheOneOfItsDigestAndGetsTheTagsOfTheQuery() {
      pushBlobs(IMAGE);
      assertThat(pushManifest(IMAGE, Digest.of(new byte[1]).toString()).error())
          .isEqualTo("400 DIGEST_INVALID");
      assertThat(pushManifest(IMAGE, "sha256:12").error()).isEqualTo("400 DIGEST_INVALID");
      assertThat(pushManifest(IMAGE, IMAGE.root().digest() + "?tag=a&tag=b").status())
          .isEqualTo(201);
      assertThat(wire.send("GET", "/v2/team/app/tags/list").text()).contains("[\"a\",\"b\"]");
    }

    @Test
    void isJudgedByTheSpecificationOfItsType() {
      pushBlobs(IMAGE);
      var text = new String(manifest(IMAGE), StandardCharsets.UTF_8);
      for (var wrong :
          List.of(
              "",
              "{",
              "[]",
              text.replace("\"schemaVersion\":2", "\"schemaVersion\":1"),
              text.replace("\"config\"", "\"confg\""),
              text.replace("sha256:", "md5:"),
              text.replaceFirst("\"size\":[0-9]+", "\"size\":-1"),
              text.replaceFirst("\"mediaType\":\"[^\"]*\"", "\"mediaType\":7"))) {
        var answer =
            wire.send(
                "PUT",
                MANIFESTS + "1",
                wrong.getBytes(StandardCharsets.UTF_8),
                "Content-Type",
                MediaType.MANIFEST);
        assertThat(answer.error()).as(wrong).isEqualTo("400 MANIFEST_INVALID");
      }
      var otherSize = text.replaceFirst("\"size\":[0-9]+", "\"size\":1");
      assertThat(
              wire.send("PUT", MANIFESTS + "1", otherSize.getBytes(StandardCharsets.UTF_8)).error())
          .isEqualTo("400 SIZE_INVALID");
      assertThat(
              wire.send("PUT", MANIFESTS + "1", manifest(IMAGE), "Content-Type", MediaType.INDEX)
                  .error())
          .isEqualTo("400 MANIFEST_INVALID");
      assertThat(
              wire.send(
                      "PUT",
                      MANIFESTS + "1",
                      "{\"schemaVersion\":1}".getBytes(StandardCharsets.UTF_8),
                      "Content-Type",
                      "application/vnd.docker.distribution.manifest.v1+json")
                  .error())
          .isEqualTo("400 MANIFEST_INVALID");
      assertThat(layout.names()).isEmpty();
    }

    @Test
    void isNoLargerThanFourMebibytes() {
      assertThat(wire.send("PUT", MANIFESTS + "1", new byte[(4 << 20) + 1]).error())
          .isEqualTo("413 SIZE_INVALID");
    }

    @ParameterizedTest
    @ValueSource(strings = {"-a", ".a", "a+b", "a%20b"})
    void hasATagOfTheSpecification(String tag) {
      pushBlobs(IMAGE);
      assertThat(pushManifest(IMAGE, tag).error()).isEqualTo("400 MANIFEST_INVALID");
      assertThat(wire.send("GET", MANIFESTS + tag).error()).isEqualTo("404 MANIFEST_UNKNOWN");
    }

    @Test
    void withASubjectIsListedAsItsReferrerAlsoWhenItLosesItsTag() {
      pushBlobs(IMAGE);
      pushManifest(IMAGE, "1");
      var sbom = SampleImage.artifact(IMAGE.root(), "application/spdx+json", "{}");
      pushBlobs(sbom);
      var pushed = pushManifest(sbom, "sbom");
      assertThat(pushed.header("OCI-Subject")).isEqualTo(IMAGE.root().digest().toString());
      var path = "/v2/team/app/referrers/" + IMAGE.root().digest();
      assertThat(wire.send("GET", path).text()).contains(sbom.root().digest().toString());
      assertThat(wire.send("DELETE", MANIFESTS + "sbom").status()).isEqualTo(202);
      assertThat(wire.send("GET", path).text()).contains(sbom.root().digest().toString());
      var filtered = wire.send("GET", path + "?artifactType=application/spdx%2Bjson");
      assertThat(filtered.header("OCI-Filters-Applied")).isEqualTo("artifactType");
      assertThat(filtered.text()).contains("application/spdx+json");
      assertThat(wire.send("GET", path + "?artifactType=text/x").text())
          .contains("\"manifests\":[]");
      assertThat(wire.send("DELETE", MANIFESTS + sbom.root().digest()).status()).isEqualTo(202);
      assertThat(wire.send("GET", path).text()).contains("\"manifests\":[]");
    }
  }

  @Nested
  @DisplayName("An upload")
  class UploadsInParts {
    private final byte[] bytes = "0123456789".repeat(10).getBytes(StandardCharsets.US_ASCII);
    private final String digest = Digest.of(bytes).toString();

    private String place() {
      var started = wire.send("POST", "/v2/team/app/blobs/uploads/");
      assertThat(started.status()).isEqualTo(202);
      return started.header("Location");
    }

    private Wire.Answer part(String method, String place, int from, int to) {
      return wire.send(
          method,
          place,
          java.util.Arrays.copyOfRange(bytes, from, to),
          "Content-Range",
          from + "-" + (to - 1));
    }

    @Test
    void comesInOrder() {
      var place = place();
      assertThat(part("PATCH", place, 0, 40).header("Range")).isEqualTo("0-39");
      var early = part("PATCH", place, 50, 60);
      assertThat(early.error()).isEqualTo("416 BLOB_UPLOAD_INVALID");
      assertThat(early.header("Range")).isEqualTo("0-39");
      assertThat(part("PATCH", place, 30, 40).status()).isEqualTo(416);
      var status = wire.send("GET", place);
      assertThat(status.status()).isEqualTo(204);
      assertThat(status.header("Range")).isEqualTo("0-39");
      assertThat(part("PATCH", place, 40, 90).status()).isEqualTo(202);
      assertThat(part("PUT", place + "?digest=" + digest, 90, 100).status()).isEqualTo(201);
      assertThat(wire.send("GET", "/v2/team/app/blobs/" + digest).bytes()).isEqualTo(bytes);
      assertThat(wire.send("GET", place).error()).isEqualTo("404 BLOB_UPLOAD_UNKNOWN");
      assertThat(part("PATCH", place, 0, 10).error()).isEqualTo("404 BLOB_UPLOAD_UNKNOWN");
    }

    @ParameterizedTest(name = "Content-Range: {0}")
    @CsvSource({
      "x, 400 BLOB_UPLOAD_INVALID",
      "9-0, 400 BLOB_UPLOAD_INVALID",
      "-5, 400 BLOB_UPLOAD_INVALID",
      "0-99999999999999999999, 400 BLOB_UPLOAD_INVALID",
      "0-98, 400 SIZE_INVALID",
      "0-100, 400 SIZE_INVALID"
    })
    void isRefusedWithARangeThatIsNotItsOwn(String range, String error) {
      assertThat(wire.send("PATCH", place(), bytes, "Content-Range", range).error())
          .isEqualTo(error);
    }

    @Test
    void isTakenWithARangeAsHttpWritesIt() {
      assertThat(wire.send("PATCH", place(), bytes, "Content-Range", "bytes 0-99/100").status())
          .isEqualTo(202);
    }

    @Test
    void isThrownAwayWhenItIsNotItsDigest() {
      var place = place();
      assertThat(wire.send("PUT", place, bytes).error()).isEqualTo("400 DIGEST_INVALID");
      assertThat(wire.send("PUT", place + "?digest=sha256:1", bytes).error())
          .isEqualTo("400 DIGEST_INVALID");
      var other = Digest.of(new byte[3]);
      assertThat(wire.send("PUT", place + "?digest=" + other, bytes).error())
          .isEqualTo("400 DIGEST_INVALID");
      assertThat(wire.send("GET", place).status()).isEqualTo(404);
      assertThat(wire.send("HEAD", "/v2/team/app/blobs/" + other).status()).isEqualTo(404);
      assertThat(wire.send("POST", "/v2/team/app/blobs/uploads/?digest=" + other, bytes).error())
          .isEqualTo("400 DIGEST_INVALID");
      assertThat(layout.directory().resolve(".uploads")).isEmptyDirectory();
    }

    @Test
    void mayHaveTheDigestOfAnotherAlgorithmThanWasThoughtAtFirst() throws Exception {
      var sha512 =
          new Digest(
              "sha512",
              java.util.HexFormat.of()
                  .formatHex(java.security.MessageDigest.getInstance("SHA-512").digest(bytes)));
      var place = place();
      assertThat(wire.send("PATCH", place, bytes).status()).isEqualTo(202);
      assertThat(wire.send("PUT", place + "?digest=" + sha512).status()).isEqualTo(201);
      assertThat(wire.send("GET", "/v2/team/app/blobs/" + sha512).bytes()).isEqualTo(bytes);
      assertThat(wire.send("POST", "/v2/team/app/blobs/uploads/?digest-algorithm=md5").error())
          .isEqualTo("400 DIGEST_INVALID");
    }

    @Test
    void canBeCanceled() {
      var place = place();
      assertThat(wire.send("DELETE", place).status()).isEqualTo(204);
      assertThat(wire.send("DELETE", place).error()).isEqualTo("404 BLOB_UPLOAD_UNKNOWN");
      for (var name : List.of("x", "%2e%2e", "..%2findex.json", "0".repeat(36))) {
        assertThat(wire.send("DELETE", "/v2/team/app/blobs/uploads/" + name).status())
            .as(name)
            .isEqualTo(404);
      }
    }

    @Test
    void isNoLargerThanTheRegistryTakes() {
      serve(
          new RegistryProtocol(
              WritableRegistry.store(layout.directory()), ManifestMaker.none(), 99),
          Access.WRITE);
      assertThat(wire.send("PATCH", place(), bytes).error()).isEqualTo("413 SIZE_INVALID");
      assertThat(wire.send("POST", "/v2/team/app/blobs/uploads/?digest=" + digest, bytes).error())
          .isEqualTo("413 SIZE_INVALID");
      var place = place();
      assertThat(part("PATCH", place, 0, 60).status()).isEqualTo(202);
      assertThat(part("PATCH", place, 60, 100).error()).isEqualTo("413 SIZE_INVALID");
      assertThat(part("PATCH", place, 60, 99).status()).isEqualTo(202);
    }

    @Test
    void isMountedWhenTheBlobIsThereAndBeginsElse() {
      var path = "/v2/team/other/blobs/uploads/?from=team/app&mount=";
      assertThat(wire.send("POST", path + digest).status()).isEqualTo(202);
      wire.send("POST", "/v2/team/app/blobs/uploads/?digest=" + digest, bytes);
      var mounted = wire.send("POST", path + digest);
      assertThat(mounted.status()).isEqualTo(201);
      assertThat(mounted.header("Location")).isEqualTo("/v2/team/other/blobs/" + digest);
      assertThat(wire.send("POST", path + "sha256:1").error()).isEqualTo("400 DIGEST_INVALID");
    }

    @Test
    void isGivenUpAfterADay() throws Exception {
      var folder = layout.directory().resolve(".uploads");
      var old = place().replaceFirst(".*/", "");
      java.nio.file.Files.setLastModifiedTime(
          folder.resolve(old),
          java.nio.file.attribute.FileTime.from(
              java.time.Instant.now().minus(Duration.ofHours(25))));
      serve(new RegistryProtocol(WritableRegistry.store(layout.directory())), Access.WRITE);
      var fresh = place().replaceFirst(".*/", "");
      assertThat(folder.resolve(old)).doesNotExist();
      assertThat(folder.resolve(fresh)).exists();
    }
  }

  @Nested
  @DisplayName("A deletion")
  class Deletions {
    @Test
    void leavesWhatAnImageNeeds() {
      pushBlobs(IMAGE);
      pushManifest(IMAGE, "1");
      var blob = IMAGE.blobs().keySet().iterator().next().digest();
      assertThat(wire.send("DELETE", "/v2/team/app/blobs/" + blob).error())
          .isEqualTo("405 UNSUPPORTED");
      wire.send(
          "PUT",
          "/v2/team/other/manifests/1",
          manifest(IMAGE),
          "Content-Type",
          IMAGE.root().mediaType());
      var path = "manifests/" + IMAGE.root().digest();
      assertThat(wire.send("DELETE", "/v2/team/app/" + path).status()).isEqualTo(202);
      assertThat(wire.send("GET", MANIFESTS + "1").status()).isEqualTo(404);
      assertThat(wire.send("DELETE", "/v2/team/app/" + path).error()).isEqualTo("405 UNSUPPORTED");
      assertThat(wire.send("GET", "/v2/team/other/manifests/1").status()).isEqualTo(200);
      assertThat(wire.send("DELETE", "/v2/team/other/" + path).status()).isEqualTo(202);
      assertThat(wire.send("DELETE", "/v2/team/other/" + path).error())
          .isEqualTo("404 MANIFEST_UNKNOWN");
      assertThat(wire.send("DELETE", "/v2/team/app/blobs/" + blob).status()).isEqualTo(202);
      assertThat(wire.send("DELETE", "/v2/team/app/blobs/" + blob).error())
          .isEqualTo("404 BLOB_UNKNOWN");
    }

    @Test
    void ofATagLeavesTheOthers() {
      pushBlobs(IMAGE);
      pushManifest(IMAGE, "1");
      pushManifest(IMAGE, "2");
      assertThat(wire.send("DELETE", MANIFESTS + "1").status()).isEqualTo(202);
      assertThat(wire.send("DELETE", MANIFESTS + "1").error()).isEqualTo("404 MANIFEST_UNKNOWN");
      assertThat(wire.send("GET", MANIFESTS + "2").status()).isEqualTo(200);
    }

    @Test
    void ofAPartOfAnIndexIsRefused() {
      var image = SampleImage.multiPlatform(3);
      pushBlobs(image);
      image
          .documents()
          .forEach((document, bytes) ->
              assertThat(
                      wire.send(
                              "PUT",
                              MANIFESTS + (document.equals(image.root()) ? "1" : document.digest()),
                              bytes,
                              "Content-Type",
                              document.mediaType())
                          .status())
                  .isEqualTo(201));
      var part =
          image.documents().keySet().stream()
              .filter(document -> !document.equals(image.root()))
              .map(Descriptor::digest)
              .findFirst()
              .orElseThrow();
      assertThat(wire.send("DELETE", MANIFESTS + part).error()).isEqualTo("405 UNSUPPORTED");
      assertThat(wire.send("DELETE", MANIFESTS + image.root().digest()).status()).isEqualTo(202);
      assertThat(wire.send("DELETE", MANIFESTS + part).status()).isEqualTo(202);
    }
  }

  @Nested
  @DisplayName("Who asks")
  class Rights {
    private List<Integer> statuses(Access access) {
      IMAGE.putInto(layout.target(), "team/app:1");
      serve(new RegistryProtocol(WritableRegistry.store(layout.directory())), access);
      return List.of(
          wire.send("GET", "/v2/").status(),
          wire.send("GET", MANIFESTS + "1").status(),
          wire.send("POST", "/v2/team/app/blobs/uploads/").status(),
          pushManifest(IMAGE, "2").status(),
          wire.send("DELETE", MANIFESTS + "1").status());
    }

    @Test
    void mayDoWhatTheServerSays() {
      assertThat(statuses(Access.NONE)).containsExactly(401, 401, 401, 401, 401);
      assertThat(statuses(Access.READ)).containsExactly(200, 200, 403, 403, 403);
      assertThat(statuses(Access.WRITE)).containsExactly(200, 200, 202, 201, 403);
      assertThat(statuses(Access.DELETE)).containsExactly(200, 200, 202, 201, 202);
      serve(new RegistryProtocol(WritableRegistry.store(layout.directory())), Access.NONE);
      assertThat(wire.send("GET", "/v2/").error()).isEqualTo("401 UNAUTHORIZED");
      serve(new RegistryProtocol(WritableRegistry.store(layout.directory())), Access.READ);
      assertThat(wire.send("DELETE", MANIFESTS + "2").error()).isEqualTo("403 DENIED");
    }

    @ParameterizedTest
    @ValueSource(
        strings = {
          "/v2/Team/app/tags/list",
          "/v2/-a/manifests/1",
          "/v2/a..b/blobs/uploads/",
          "/v2/a//b/tags/list",
          "/v2/a___b/tags/list",
          "/v2/tags/list",
          "/v2/a/nothing/1",
          "/v2/%2e%2e/manifests/1",
          "/v2x"
        })
    void meetsTheNamesOfTheSpecificationOnly(String path) {
      assertThat(wire.send(path.endsWith("uploads/") ? "POST" : "GET", path).error())
          .isEqualTo("404 NAME_INVALID");
    }

    @Test
    void meetsNamesOf255CharactersAtMost() {
      var longest = "a".repeat(255);
      assertThat(wire.send("POST", "/v2/" + longest + "/blobs/uploads/").status()).isEqualTo(202);
      assertThat(wire.send("POST", "/v2/" + longest + "a/blobs/uploads/").error())
          .isEqualTo("404 NAME_INVALID");
    }

    @Test
    void isToldWhichMethodsAPlaceKnows() {
      var answer = wire.send("POST", MANIFESTS + "1");
      assertThat(answer.error()).isEqualTo("405 UNSUPPORTED");
      assertThat(answer.header("Allow")).isEqualTo("GET, HEAD, PUT, DELETE");
    }
  }

  @Test
  void repositoriesAndTagsAreListedInPages() {
    for (var name : List.of("b/x", "a", "c")) {
      IMAGE.putInto(layout.target(), name + ":1", name + ":2");
    }
    IMAGE.putInto(layout.target(), "no-repository");
    assertThat(wire.send("GET", "/v2/_catalog").text())
        .isEqualTo("{\"repositories\":[\"a\",\"b/x\",\"c\"]}");
    var names = new ArrayList<String>();
    for (var path = "/v2/_catalog?n=1"; !path.isEmpty(); ) {
      var page = wire.send("GET", path);
      names.addAll(JsonReader.parseObject(page.text(), "page").strings("repositories"));
      path = page.header("Link").replaceFirst("<(.*)>; rel=\"next\"", "$1");
    }
    assertThat(names).containsExactly("a", "b/x", "c");
    assertThat(wire.send("GET", "/v2/a/tags/list?n=0").text()).contains("[]");
    assertThat(wire.send("GET", "/v2/a/tags/list?n=-1").status()).isEqualTo(400);
  }

  @Test
  void aRangeOfWhatHasChangedIsTheWhole() {
    pushBlobs(IMAGE);
    var blob = IMAGE.blobs().keySet().iterator().next();
    var path = "/v2/team/app/blobs/" + blob.digest();
    var etag = wire.send("HEAD", path).header("ETag");
    assertThat(wire.send("GET", path, "Range", "bytes=0-3", "If-Range", etag).bytes()).hasSize(4);
    assertThat(wire.send("GET", path, "Range", "bytes=0-3", "If-Range", "\"other\"").status())
        .isEqualTo(200);
  }

  @Nested
  @DisplayName("A manifest that is not there")
  class MadeOnDemand {
    private final AtomicInteger made = new AtomicInteger();

    @Test
    void isMadeOnceForAllWhoAskMeanwhile() throws Exception {
      var asked = new CountDownLatch(1);
      serve(
          new RegistryProtocol(
              WritableRegistry.store(layout.directory()),
              (repository, reference) -> {
                made.incrementAndGet();
                try {
                  asked.await();
                } catch (InterruptedException e) {
                  throw new IllegalStateException(e);
                }
                if (!repository.equals("environments/train") || !reference.equals("3")) {
                  return Optional.empty();
                }
                IMAGE.putInto(layout.target(), repository + ":" + reference);
                return Optional.of(IMAGE.root());
              },
              RegistryProtocol.MAX_BLOB_BYTES),
          Access.READ);
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var pulls = new ArrayList<java.util.concurrent.Future<Wire.Answer>>();
        Callable<Wire.Answer> pull = () -> wire.send("GET", "/v2/environments/train/manifests/3");
        for (int i = 0; i < 6; i++) {
          pulls.add(threads.submit(pull));
        }
        // All are on their way before it is made.
        Thread.sleep(500);
        asked.countDown();
        for (var answer : pulls) {
          assertThat(answer.get().bytes()).isEqualTo(manifest(IMAGE));
        }
      }
      assertThat(made).hasValue(1);
      assertThat(wire.send("HEAD", "/v2/environments/train/manifests/3").status()).isEqualTo(200);
      assertThat(made).hasValue(1);
      assertThat(wire.send("GET", "/v2/environments/train/manifests/4").error())
          .isEqualTo("404 MANIFEST_UNKNOWN");
      assertThat(made).hasValue(2);
    }

    @Test
    void isAskedForAgainAfterItCouldNotBeMade() {
      serve(
          new RegistryProtocol(
              WritableRegistry.store(layout.directory()),
              (_, _) -> {
                made.incrementAndGet();
                throw new dev.terroir.image.ImageException(
                    dev.terroir.foundation.problem.Problem.of(
                            dev.terroir.image.ImageCode.IMAGE_BUILD_FAILED,
                            "no image could be built")
                        .because("a package is missing")
                        .hint("name another"));
              },
              RegistryProtocol.MAX_BLOB_BYTES),
          Access.READ);
      for (int i = 1; i < 3; i++) {
        var answer = wire.send("GET", "/v2/environments/train/manifests/3");
        assertThat(answer.error()).isEqualTo("404 MANIFEST_UNKNOWN");
        assertThat(answer.text())
            .contains("no image could be built, because a package is missing; name another");
        assertThat(made).hasValue(i);
      }
    }
  }

  @Test
  void whatAnIndexHoldsCanBePulledByItsDigest() {
    var image = SampleImage.multiPlatform(8);
    image
        .blobs()
        .forEach((blob, bytes) -> layout.target().put(blob, () -> new ByteArrayInputStream(bytes)));
    image.putInto(layout.target(), "team/app:1");
    for (var document : image.documents().keySet()) {
      var answer = wire.send("GET", MANIFESTS + document.digest());
      assertThat(answer.bytes()).isEqualTo(image.documents().get(document));
      assertThat(answer.header("Content-Type")).isEqualTo(document.mediaType());
    }
  }
}
