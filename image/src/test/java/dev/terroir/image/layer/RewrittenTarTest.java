package dev.terroir.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.image.ImageException;
import dev.terroir.image.blob.BlobStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("Layers of engines, rewritten (OCI image specification, \"Changeset\")")
class RewrittenTarTest {
  @TempDir Path folder;

  private record Item(String name, byte kind, String target, int mode) {}

  private static Item file(String name) {
    return new Item(name, TarConstants.LF_NORMAL, "", 0644);
  }

  /// @param attribute of the last entry, or empty
  private MadeLayer rewrite(long seconds, String attribute, List<Item> items) throws IOException {
    var tar = folder.resolve("engine-" + seconds + ".tar");
    try (var out = new TarArchiveOutputStream(Files.newOutputStream(tar), "UTF-8")) {
      for (var item : items) {
        var entry = new TarArchiveEntry(item.name(), item.kind());
        entry.setMode(item.mode());
        entry.setLinkName(item.target());
        entry.setUserName("somebody");
        entry.setUserId(1000);
        entry.setLastModifiedTime(FileTime.from(Instant.ofEpochSecond(seconds)));
        if (!attribute.isEmpty() && item.equals(items.getLast())) {
          entry.addPaxHeader("SCHILY.xattr.user.note", attribute);
        }
        var content = item.kind() == TarConstants.LF_NORMAL ? item.name() : "";
        entry.setSize(content.length());
        out.putArchiveEntry(entry);
        out.write(content.getBytes(StandardCharsets.UTF_8));
        out.closeArchiveEntry();
      }
    }
    return RewrittenTar.gzip(
        tar, folder.resolve("ours-" + seconds + ".tar"), BlobStore.cache(folder.resolve("blobs")));
  }

  private List<TarArchiveEntry> entries(MadeLayer layer) throws IOException {
    var entries = new ArrayList<TarArchiveEntry>();
    var blob = BlobStore.cache(folder.resolve("blobs")).path(layer.digest());
    try (var tar = new TarArchiveInputStream(new GZIPInputStream(Files.newInputStream(blob)))) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        entries.add(entry);
      }
    }
    return entries;
  }

  @Test
  void equalChangesAreEqualBytesWhateverTheirOrderAndTimes() throws IOException {
    var items =
        List.of(
            new Item("tmp/", TarConstants.LF_DIR, "", 01777),
            file("opt/z"),
            new Item("opt/a", TarConstants.LF_LINK, "opt/z", 0644),
            file("opt/.wh.gone"),
            file("etc/resolv.conf"),
            new Item("opt/b", TarConstants.LF_SYMLINK, "z", 0777),
            new Item("opt/c/", TarConstants.LF_DIR, "", 02750));
    var one = rewrite(1_700_000_000, "text", items);
    var other = new ArrayList<>(items.subList(0, 6).reversed());
    other.add(items.getLast());
    // A hard link follows its file in every tar.
    other.remove(items.get(2));
    other.add(5, items.get(2));
    assertThat(rewrite(1_800_000_000, "text", other).digest()).isEqualTo(one.digest());

    var entries = entries(one);
    assertThat(entries.stream().map(TarArchiveEntry::getName))
        .containsExactly("opt/.wh.gone", "opt/b", "opt/c/", "opt/z", "tmp/", "opt/a");
    assertThat(entries)
        .allSatisfy(entry -> {
          assertThat(entry.getLastModifiedTime().toInstant()).hasToString("1980-01-02T00:00:00Z");
          assertThat(entry.getUserName()).isEmpty();
          assertThat(entry.getLongUserId()).isEqualTo(1000);
        });
    assertThat(entries.get(2).getMode() & 07777).isEqualTo(02750);
    assertThat(entries.get(2).getExtraPaxHeader("SCHILY.xattr.user.note")).isEqualTo("text");
    assertThat(entries.get(4).getMode() & 07777).isEqualTo(01777);
    assertThat(entries.getLast().getLinkName()).isEqualTo("opt/z");
  }

  @Test
  void anAttributeThatCannotBeKeptIsRefused() {
    assertThatThrownBy(() -> rewrite(1, "\uFFFD", List.of(file("opt/program"))))
        .isInstanceOf(ImageException.class)
        .hasMessageContaining("extended attribute");
  }
}
