package dev.terroir.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.foundation.digest.Sha256;
import dev.terroir.server.http.Limits;
import dev.terroir.workspace.accounts.Role;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Files that come in pieces")
class UploadsTest {
  private static final String STORE = "/api/v1/datastores/workspaceblobstore/files/";

  @TempDir Path folder;

  private final byte[] bytes = new byte[300_000];
  private String digest;
  private String place;
  private Served served;

  @BeforeEach
  void serve() {
    new Random(6).nextBytes(bytes);
    digest = Sha256.of(bytes).prefixed();
    place = "/api/v1/uploads/" + digest;
    served = new Served(folder, Limits.DEFAULT.withUploadBytes(1_000_000));
  }

  @AfterEach
  void end() {
    served.close();
  }

  private byte[] part(int from, int to) {
    return Arrays.copyOfRange(bytes, from, to);
  }

  private long received(ApiClient api) {
    return api.get(place).is(200).json().longValue("received");
  }

  private Path kept() {
    return folder.resolve("team/server/uploads");
  }

  @Test
  void goOnWhereTheyWereAndAreTakenOnceTheirDigestIsRight() throws Exception {
    var api = served.as(Role.CONTRIBUTOR);
    assertThat(received(api)).isZero();
    api.put(place + "?offset=0", part(0, 100_000)).is(200);
    var twice = api.put(place + "?offset=0", part(0, 100_000)).is(409);
    assertThat(twice.json().string("code")).isEqualTo("upload-offset");
    assertThat(twice.json().longValue("received")).isEqualTo(100_000);
    api.put(place + "?offset=200000", part(200_000, 300_000)).is(409);
    served.server.close();
    var again =
        TerroirServer.start(
            served.workspace, ServerOptions.loopback("1.2.3", System.err), Served.settings(folder));
    try {
      api = new ApiClient(again.url(), served.tokens.get(Role.CONTRIBUTOR));
      assertThat(received(api)).isEqualTo(100_000);
      var early = api.put(STORE + "big.bin?uploaded=" + digest, new byte[0]).is(400);
      assertThat(early.json().string("code")).isEqualTo("content-mismatch");
      api.put(place + "?offset=0", part(0, 150_000)).is(200);
      api.put(place + "?offset=150000", part(150_000, 300_000)).is(200);
      api.put(STORE + "big.bin?uploaded=" + digest, new byte[0]).is(201);
      // As somebody does who has lost the answer.
      api.put(STORE + "big.bin?uploaded=" + digest, new byte[0]).is(201);
      assertThat(served.workspace.datastores().folder("workspaceblobstore").file("big.bin"))
          .hasBinaryContent(bytes);
      var gone = api.put(STORE + "other.bin?uploaded=" + digest, new byte[0]).is(404);
      assertThat(gone.json().string("code")).isEqualTo("content-not-found");
      try (var left = Files.list(kept())) {
        assertThat(left).isEmpty();
      }
    } finally {
      again.close();
    }
  }

  @Test
  void areTheirCallersOwnAndMayBeGivenUp() {
    var api = served.as(Role.CONTRIBUTOR);
    api.put(place, part(0, 100_000)).is(200);
    assertThat(received(served.owner())).isZero();
    api.send("DELETE", place, "").is(204);
    assertThat(received(api)).isZero();
    served.as(Role.READER).put(place, part(0, 10)).is(403);
  }

  @Test
  void areKeptUntilTheyAreWhereTheyBelong() {
    var api = served.as(Role.CONTRIBUTOR);
    api.put(STORE + "a.bin", new byte[] {1}).is(201);
    api.put(place, bytes).is(200);
    api.put(STORE + "a.bin?uploaded=" + digest, new byte[0]).is(409);
    api.put(STORE + "a.bin?overwrite=true&uploaded=" + digest, new byte[0]).is(201);
    api.put(place, bytes).is(200);
    api.put("/api/v1/contents/" + digest + "?uploaded=" + digest, new byte[0]).is(204);
    api.get("/api/v1/contents/" + digest).is(200);
  }

  @Test
  void areNoLargerThanFilesMayBe() throws Exception {
    var api = served.as(Role.CONTRIBUTOR);
    for (int i = 0; i < 3; i++) {
      api.put(place + "?offset=" + i * 300_000L, bytes).is(200);
    }
    var refused = api.put(place + "?offset=900000", bytes).is(413);
    assertThat(refused.json().string("code")).isEqualTo("body-too-large");
    try (var left = Files.list(kept())) {
      assertThat(left).isEmpty();
    }
  }
}
