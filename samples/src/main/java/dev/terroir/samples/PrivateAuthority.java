package dev.terroir.samples;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// A certificate authority of a team's own, made by `openssl` in a folder of the test.
///
/// @since 0.1
public final class PrivateAuthority {
  private static final List<String> EC =
      List.of("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1");
  private static final List<String> RSA = List.of("-newkey", "rsa:2048");

  private final Path folder;
  private final String name;

  /// @param folder made if it is not there
  /// @param name the authority's
  public PrivateAuthority(Path folder, String name) {
    this.folder = folder;
    this.name = name;
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var request = new ArrayList<>(List.of("req", "-x509", "-nodes", "-days", "3"));
    request.addAll(EC);
    Collections.addAll(
        request, "-subj", "/CN=" + name, "-keyout", file(".key"), "-out", file(".crt"));
    openssl(request);
  }

  /// A certificate and its key, both PEM.
  ///
  /// @param certificate the file
  /// @param key the file, PKCS#8
  public record Issued(Path certificate, Path key) {
    /// The same with its key in the older form of its kind.
    public Issued withOldKey() {
      var old = key.resolveSibling(key.getFileName() + ".old");
      openssl(List.of("pkey", "-in", key.toString(), "-traditional", "-out", old.toString()));
      return new Issued(certificate, old);
    }
  }

  private String file(String suffix) {
    return folder.resolve(name + suffix).toString();
  }

  /// The authority's own certificate.
  public Path certificate() {
    return Path.of(file(".crt"));
  }

  /// Issues a certificate with a key of an elliptic curve, good for two days.
  ///
  /// @param subject its name and that of its files
  /// @param names such as `IP:127.0.0.1,DNS:localhost`
  public Issued issue(String subject, String names) {
    return issue(subject, names, EC, 2);
  }

  /// The same with a key of RSA.
  public Issued issueRsa(String subject, String names) {
    return issue(subject, names, RSA, 2);
  }

  /// The same, ended a day ago.
  public Issued issueExpired(String subject, String names) {
    return issue(subject, names, EC, -1);
  }

  private Issued issue(String subject, String names, List<String> kind, int days) {
    var key = folder.resolve(subject + ".key");
    var certificate = folder.resolve(subject + ".crt");
    var asked = folder.resolve(subject + ".csr");
    var extensions = folder.resolve(subject + ".ext");
    try {
      Files.writeString(extensions, "subjectAltName=" + names + "\n", StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    var request = new ArrayList<>(List.of("req", "-new", "-nodes"));
    request.addAll(kind);
    Collections.addAll(
        request, "-subj", "/CN=" + subject, "-keyout", key.toString(), "-out", asked.toString());
    openssl(request);
    openssl(
        List.of(
            "x509",
            "-req",
            "-in",
            asked.toString(),
            "-CA",
            file(".crt"),
            "-CAkey",
            file(".key"),
            "-CAcreateserial",
            "-days",
            Integer.toString(days),
            "-extfile",
            extensions.toString(),
            "-out",
            certificate.toString()));
    return new Issued(certificate, key);
  }

  private static void openssl(List<String> arguments) {
    var command = new ArrayList<>(List.of("openssl"));
    command.addAll(arguments);
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      var said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      if (!process.waitFor(30, TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IllegalStateException(String.join(" ", command) + ": " + said);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
