package dev.terroir.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/// The configuration of a container engine that works where little is allowed, with a store of its
/// own in a folder.
public final class OwnStore {
  private OwnStore() {}

  /// The variables that Podman and buildah read it by.
  ///
  /// @param driver of the store, such as `vfs`
  public static Map<String, String> variables(Path folder, String driver) throws IOException {
    var configuration =
        Files.writeString(
            folder.resolve("containers.conf"),
            """
            [containers]
            netns = "host"
            default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            """);
    var storage =
        Files.writeString(
            folder.resolve("storage.conf"),
            """
            [storage]
            driver = "%s"
            runroot = "%s"
            graphroot = "%s"
            """
                .formatted(driver, folder.resolve("run"), folder.resolve("graph")));
    return Map.of(
        "CONTAINERS_CONF", configuration.toString(),
        "CONTAINERS_STORAGE_CONF", storage.toString());
  }
}
