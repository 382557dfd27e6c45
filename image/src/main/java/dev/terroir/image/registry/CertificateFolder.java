package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationCode;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Pem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// The certificates that the user has laid down for one registry, for every program that speaks to
/// it. The first of `containers/certs.d` below `$XDG_CONFIG_HOME`, `/etc/containers/certs.d` and
/// `/etc/docker/certs.d` that has a folder of the registry's name, port included, is read: its
/// `*.crt` are authorities that are trusted beside the usual ones, its `*.cert` and `*.key` of one
/// name are shown to a registry that asks who calls.
///
/// Spec: `containers-certs.d(5)`.
///
/// @param authorities in the order of their files' names
/// @param identities in the order of their files' names
record CertificateFolder(List<X509Certificate> authorities, List<Pem.Identity> identities) {
  private static final List<Path> SYSTEM =
      List.of(Path.of("/etc/containers/certs.d"), Path.of("/etc/docker/certs.d"));

  /// Copies the lists.
  CertificateFolder {
    authorities = List.copyOf(authorities);
    identities = List.copyOf(identities);
  }

  /// Where a user puts them.
  static String usual(String registry) {
    return "~/.config/containers/certs.d/" + registry;
  }

  /// Reads the folder of a registry.
  ///
  /// @param registry host and port, as references name it
  /// @throws FoundationException code `bad-setting`, when a file in it does not serve
  static Optional<CertificateFolder> find(Settings settings, String registry) {
    var places = new ArrayList<Path>();
    settings
        .get("XDG_CONFIG_HOME")
        .map(Path::of)
        .or(() -> settings.get("HOME").map(home -> Path.of(home, ".config")))
        .ifPresent(config -> places.add(config.resolve("containers").resolve("certs.d")));
    places.addAll(SYSTEM);
    for (var place : places) {
      var folder = place.resolve(registry);
      if (Files.isDirectory(folder) && Files.isReadable(folder)) {
        return Optional.of(read(folder));
      }
    }
    return Optional.empty();
  }

  private static CertificateFolder read(Path folder) {
    var authorities = new ArrayList<X509Certificate>();
    var identities = new ArrayList<Pem.Identity>();
    try (var entries = Files.list(folder)) {
      for (var file : entries.sorted().toList()) {
        var name = file.getFileName().toString();
        var other = counterpart(name);
        if (name.endsWith(".crt")) {
          authorities.addAll(Pem.certificates(file));
        } else if (!other.isEmpty() && !Files.exists(file.resolveSibling(other))) {
          throw unusable(file, "there is no file `" + other + "` beside it", null);
        } else if (name.endsWith(".cert")) {
          identities.add(Pem.identity(file, file.resolveSibling(other)));
        }
      }
      return new CertificateFolder(authorities, identities);
    } catch (Pem.UnusableException e) {
      throw unusable(e.file(), String.valueOf(e.getMessage()), e);
    } catch (IOException e) {
      throw FoundationException.ofFile(
          "the certificates of the registry cannot be read", folder, e);
    }
  }

  /// The file that belongs to one, or empty.
  private static String counterpart(String name) {
    return name.endsWith(".cert")
        ? name.substring(0, name.length() - ".cert".length()) + ".key"
        : name.endsWith(".key") ? name.substring(0, name.length() - ".key".length()) + ".cert" : "";
  }

  private static FoundationException unusable(
      Path file, String why, @org.jspecify.annotations.Nullable Exception cause) {
    return new FoundationException(
        Problem.of(FoundationCode.BAD_SETTING, "the certificates of the registry cannot be used")
            .at(Place.file(file))
            .because(why)
            .hint(
                "`containers-certs.d(5)` says what is in that folder; repair the file or remove"
                    + " it"),
        cause);
  }
}
