package dev.terroir.image.serve;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.image.Conformance;
import dev.terroir.image.SampleImage;
import dev.terroir.image.Tool;
import dev.terroir.image.layout.OciLayout;
import dev.terroir.image.oci.Descriptor;
import dev.terroir.image.oci.Digest;
import dev.terroir.image.oci.ImageReference;
import dev.terroir.image.registry.CredentialSource;
import dev.terroir.image.registry.Registries;
import dev.terroir.image.registry.RegistryOptions;
import dev.terroir.image.transfer.Copy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Layouts as a registry to read from (OCI distribution specification)")
class RegistryEndpointTest {
  private static final String NAME = "azureml/azureml_1f0c";
  private static final SampleImage IMAGE = SampleImage.of(Platform.current(), 5, 3, 100_000);

  @TempDir Path temporary;

  private OciLayout layout;
  private RegistryEndpoint endpoint;
  private final HttpClient client = HttpClient.newHttpClient();

  @BeforeEach
  void start() {
    layout = new OciLayout(temporary.resolve("layout"));
    IMAGE.putInto(layout.target(), NAME + ":latest", NAME + ":1", NAME + ":2", "other:3");
    var sbom = SampleImage.artifact(IMAGE.root(), "application/spdx+json", "{}");
    sbom.blobs()
        .forEach((blob, bytes) -> layout.target().put(blob, () -> new ByteArrayInputStream(bytes)));
    layout.target().putReferrer(IMAGE.root(), sbom.root(), sbom.documents().get(sbom.root()));
    endpoint =
        RegistryEndpoint.start(name ->
            name.startsWith("azureml/")
                ? Optional.of(new ServedRepository(layout, name))
                : Optional.empty());
  }

  @AfterEach
  void stop() {
    endpoint.close();
    client.close();
  }

  private HttpResponse<byte[]> request(String method, String path, String... headers) {
    try {
      var request =
          HttpRequest.newBuilder(URI.create("http://" + endpoint.address() + path))
              .method(method, HttpRequest.BodyPublishers.noBody());
      if (headers.length > 0) {
        request.headers(headers);
      }
      return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @Test
  void aManifestIsReadByTagAndByDigest() {
    for (var name : List.of("latest", "1", IMAGE.root().digest().toString())) {
      for (var method : List.of("GET", "HEAD")) {
        var answer = request(method, "/v2/" + NAME + "/manifests/" + name);
        assertThat(answer.statusCode()).isEqualTo(200);
        assertThat(header(answer, "Content-Type")).isEqualTo(IMAGE.root().mediaType());
        assertThat(header(answer, "Docker-Content-Digest"))
            .isEqualTo(IMAGE.root().digest().toString());
        assertThat(header(answer, "Content-Length")).isEqualTo("" + IMAGE.root().sizeBytes());
        assertThat(answer.body())
            .isEqualTo(method.equals("GET") ? IMAGE.documents().get(IMAGE.root()) : new byte[0]);
      }
    }
  }

  @Test
  void aBlobIsReadWholeAndInRanges() {
    var blob = IMAGE.blobs().keySet().iterator().next();
    var bytes = IMAGE.blobs().get(blob);
    var path = "/v2/" + NAME + "/blobs/" + blob.digest();
    assertThat(request("GET", path).body()).isEqualTo(bytes);
    assertThat(header(request("HEAD", path), "Content-Length")).isEqualTo("" + bytes.length);
    var middle = request("GET", path, "Range", "bytes=10-19");
    assertThat(middle.statusCode()).isEqualTo(206);
    assertThat(middle.body()).isEqualTo(Arrays.copyOfRange(bytes, 10, 20));
    assertThat(header(middle, "Content-Range")).isEqualTo("bytes 10-19/" + bytes.length);
    assertThat(request("GET", path, "Range", "bytes=10-").body())
        .isEqualTo(Arrays.copyOfRange(bytes, 10, bytes.length));
    assertThat(request("GET", path, "Range", "bytes=-7").body())
        .isEqualTo(Arrays.copyOfRange(bytes, bytes.length - 7, bytes.length));
    assertThat(request("GET", path, "Range", "bytes=" + bytes.length + "-").statusCode())
        .isEqualTo(416);
    assertThat(request("GET", path, "Range", "lines=1-2").body()).isEqualTo(bytes);
  }

  /// Larger than what is mapped to memory at once, and than what sockets hold.
  private Descriptor largeBlob() {
    var image = SampleImage.of(Platform.current(), 6, 1, 70_000_000);
    image.putInto(layout.target(), NAME + ":large");
    return image.blobs().keySet().stream()
        .max(Comparator.comparingLong(Descriptor::sizeBytes))
        .orElseThrow();
  }

  @Test
  void aLargeBlobIsReadWholeAndInRanges() {
    var blob = largeBlob();
    var path = "/v2/" + NAME + "/blobs/" + blob.digest();
    var whole = request("GET", path).body();
    assertThat(Digest.of(whole)).isEqualTo(blob.digest());
    for (var from : List.of(0, 4095, (64 << 20) - 3, 64 << 20, (64 << 20) + 3)) {
      var part = request("GET", path, "Range", "bytes=" + from + "-" + (from + 99_999));
      assertThat(part.statusCode()).isEqualTo(206);
      assertThat(part.body()).as("from " + from).isEqualTo(copyOf(whole, from, 100_000));
    }
  }

  private static byte[] copyOf(byte[] bytes, int from, int count) {
    return Arrays.copyOfRange(bytes, from, from + count);
  }

  @Test
  void aBlobThatIsCutWhileItIsReadEndsTheAnswerAndNothingElse() throws IOException {
    var blob = largeBlob();
    var port = Integer.parseInt(endpoint.address().split(":")[1]);
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(20_000);
      var head = "GET /v2/" + NAME + "/blobs/" + blob.digest() + " HTTP/1.1\r\nHost: localhost\r\n";
      socket.getOutputStream().write((head + "\r\n").getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
          .isEqualTo("HTTP/1.1 200");
      try (var file =
          FileChannel.open(
              layout.blobs().find(blob.digest()).orElseThrow(), StandardOpenOption.WRITE)) {
        file.truncate(1000);
      }
      var count = 0L;
      var buffer = new byte[1 << 16];
      try {
        for (int read; (read = socket.getInputStream().read(buffer)) > 0; ) {
          count += read;
        }
      } catch (SocketException e) {
        // Reset, which ends it as well.
      }
      assertThat(count).isLessThan(blob.sizeBytes());
    }
    assertThat(request("GET", "/v2/").statusCode()).isEqualTo(200);
  }

  @Test
  void tagsAreThoseOfTheRepositorySorted() {
    assertThat(body("/v2/" + NAME + "/tags/list"))
        .isEqualTo("{\"name\":\"" + NAME + "\",\"tags\":[\"1\",\"2\",\"latest\"]}");
    var page = request("GET", "/v2/" + NAME + "/tags/list?n=1&last=1");
    assertThat(new String(page.body(), StandardCharsets.UTF_8)).contains("[\"2\"]");
    assertThat(header(page, "Link")).contains("last=2").contains("rel=\"next\"");
    assertThat(request("GET", "/v2/" + NAME + "/tags/list?n=x").statusCode()).isEqualTo(400);
  }

  private String body(String path) {
    return new String(request("GET", path).body(), StandardCharsets.UTF_8);
  }

  @Test
  void writingIsRefusedWithTheErrorOfTheProtocol() {
    for (var method : List.of("POST", "PUT", "PATCH", "DELETE")) {
      var answer = request(method, "/v2/" + NAME + "/blobs/uploads/");
      assertThat(answer.statusCode()).isEqualTo(405);
      assertThat(
              JsonReader.parseObject(new String(answer.body(), StandardCharsets.UTF_8), "answer")
                  .objects("errors")
                  .getFirst()
                  .string("code"))
          .isEqualTo("UNSUPPORTED");
    }
  }

  @TestFactory
  Stream<DynamicTest> endPointsForReadingAnswerAsTheTableSays() {
    var file = Conformance.root().resolve("oci/registry_endpoints.json");
    var table = JsonReader.readObject(file);
    var codes = table.objects("error_codes").stream().map(code -> code.string("code")).toList();
    return table.objects("cases").stream()
        .filter(entry -> entry.strings("method").contains("GET"))
        .filter(entry -> !entry.string("path").startsWith("<blob-push"))
        .map(entry ->
            DynamicTest.dynamicTest(
                entry.string("id") + " " + entry.string("path"),
                () -> {
                  var here = fill(entry.string("path"), NAME, IMAGE.root().digest().toString());
                  var nowhere =
                      fill(entry.string("path"), "unknown/name", Digest.of(new byte[9]).toString());
                  for (var method : entry.strings("method")) {
                    assertThat(entry.array("success").toString())
                        .contains("" + request(method, here).statusCode());
                    if (!here.equals(nowhere)) {
                      var answer = request(method, nowhere);
                      assertThat(entry.array("failure").toString())
                          .contains("" + answer.statusCode());
                      if (method.equals("GET")) {
                        assertThat(codes)
                            .contains(
                                JsonReader.parseObject(
                                        new String(answer.body(), StandardCharsets.UTF_8), "answer")
                                    .objects("errors")
                                    .getFirst()
                                    .string("code"));
                      }
                    }
                  }
                }));
  }

  private static String fill(String path, String name, String digest) {
    return path.replace("<name>", name)
        .replace("<digest>", digest)
        .replace("<tag-or-digest>", digest)
        .replace("<integer>", "2")
        .replace("<tagname>", "1")
        .replace("<artifactType>", "application/spdx+json");
  }

  @Test
  void referrersAreListedAndFiltered() {
    assertThat(body("/v2/" + NAME + "/referrers/" + IMAGE.root().digest()))
        .contains("application/spdx+json");
    var filtered =
        request(
            "GET", "/v2/" + NAME + "/referrers/" + IMAGE.root().digest() + "?artifactType=text/x");
    assertThat(header(filtered, "OCI-Filters-Applied")).isEqualTo("artifactType");
    assertThat(new String(filtered.body(), StandardCharsets.UTF_8)).contains("\"manifests\":[]");
    assertThat(request("GET", "/v2/" + NAME + "/referrers/nothing").statusCode()).isEqualTo(400);
  }

  @Test
  void noPathLeadsOutOfTheLayout() {
    for (var path :
        List.of(
            "/v2/" + NAME + "/blobs/..%2f..%2findex.json",
            "/v2/../etc/passwd",
            "/v2/" + NAME + "/blobs/sha256:..",
            "/v2/" + NAME + "/manifests/%2e%2e",
            "/",
            "/v2/" + NAME,
            "/v2/" + "a/".repeat(800) + "manifests/1",
            "/v2/azureml/x/blobs/sha256:" + "a".repeat(64))) {
      assertThat(request("GET", path).statusCode()).as(path).isEqualTo(404);
    }
  }

  @Test
  void aStrangersNameForThisMachineIsRefused() throws IOException {
    var port = Integer.parseInt(endpoint.address().split(":")[1]);
    try (var socket = new Socket("127.0.0.1", port)) {
      socket
          .getOutputStream()
          .write(
              "GET /v2/ HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .startsWith("HTTP/1.1 403");
    }
  }

  @Test
  void aGreetingInTlsIsNotWaitedFor() throws IOException {
    var port = Integer.parseInt(endpoint.address().split(":")[1]);
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(10_000);
      // The first bytes of a client's hello.
      socket.getOutputStream().write(new byte[] {0x16, 3, 1, 0, 100, 1, 0, 0, 96, 3, 3});
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
    assertThat(request("GET", "/v2/").statusCode()).isEqualTo(200);
  }

  @Test
  void ourOwnClientReadsIt() {
    var reference = ImageReference.parse(endpoint.address() + "/" + NAME);
    try (var registries = new Registries(RegistryOptions.of(CredentialSource.none()));
        var source = registries.source(reference)) {
      var copy = new OciLayout(temporary.resolve("copy"));
      Copy.with(Progress.SILENT).run(source, copy.target(), Platform.current(), List.of("x"));
      assertThat(copy.verify()).isEmpty();
      assertThat(registries.tags(reference)).containsExactly("1", "2", "latest");
      assertThat(registries.referrers(reference, IMAGE.root().digest(), null)).hasSize(1);
    }
  }

  @Test
  void skopeoReadsIt() {
    var skopeo = Tool.named("skopeo");
    var inspected =
        skopeo.run(
            "inspect",
            "--tls-verify=false",
            "docker://" + endpoint.address() + "/" + NAME + ":latest");
    assertThat(JsonReader.parseObject(inspected, "skopeo").string("Digest"))
        .isEqualTo(IMAGE.root().digest().toString());
    var to = temporary.resolve("by-skopeo");
    skopeo.run(
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        "docker://" + endpoint.address() + "/" + NAME + ":1",
        "oci:" + to + ":x");
    var copied = new OciLayout(to);
    assertThat(copied.verify()).isEmpty();
    assertThat(copied.find("x").orElseThrow().digest()).isEqualTo(IMAGE.root().digest());
  }
}
