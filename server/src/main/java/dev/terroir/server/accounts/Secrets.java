package dev.terroir.server.accounts;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.file.AtomicFiles;
import dev.terroir.foundation.file.ProcessLock;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import dev.terroir.workspace.accounts.SecretRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// Credentials that are kept sealed: AES-256 in Galois/Counter mode, the name authenticated with
/// the value, the key in a file of its owner outside of the database. Thread-safe.
///
/// @since 0.1
public final class Secrets {
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final String FORMAT = "v1:";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private static final Set<PosixFilePermission> OWNERS =
      Set.of(
          PosixFilePermission.OWNER_READ,
          PosixFilePermission.OWNER_WRITE,
          PosixFilePermission.OWNER_EXECUTE);

  private final SecretRecords records;
  private final Path keyFile;
  private final SecureRandom random = new SecureRandom();

  /// @param keyFile made when the first secret is kept, unless it is there
  public Secrets(SecretRecords records, Path keyFile) {
    this.records = records;
    this.keyFile = keyFile;
  }

  /// The names.
  public List<SecretRecords.Named> list() {
    return records.list();
  }

  /// Keeps a value.
  public void put(String name, String value) {
    var nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      var cipher = cipher(Cipher.ENCRYPT_MODE, key(true), nonce, name);
      var sealed = cipher.doFinal(value.getBytes(StandardCharsets.UTF_8));
      var encoder = Base64.getEncoder();
      records.put(
          name, FORMAT + encoder.encodeToString(nonce) + ":" + encoder.encodeToString(sealed));
    } catch (GeneralSecurityException e) {
      throw unusable("a secret cannot be sealed", e);
    }
  }

  /// Forgets one.
  ///
  /// @return whether it was there
  public boolean delete(String name) {
    return records.delete(name);
  }

  /// The value, for the server's own use.
  public Optional<String> get(String name) {
    return records.sealed(name).map(sealed -> open(name, sealed));
  }

  private String open(String name, String sealed) {
    var parts = sealed.split(":");
    try {
      var decoder = Base64.getDecoder();
      var cipher = cipher(Cipher.DECRYPT_MODE, key(false), decoder.decode(parts[1]), name);
      return new String(cipher.doFinal(decoder.decode(parts[2])), StandardCharsets.UTF_8);
    } catch (GeneralSecurityException | RuntimeException e) {
      if (e instanceof ServerException own) {
        throw own;
      }
      throw unusable("the secret `" + name + "` cannot be opened with this key", e);
    }
  }

  private static Cipher cipher(int mode, byte[] key, byte[] nonce, String name)
      throws GeneralSecurityException {
    var cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, new SecretKeySpec(key, "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private byte[] key(boolean isMade) {
    try {
      if (isMade && !Files.exists(keyFile)) {
        try (var _ =
            ProcessLock.acquire(
                keyFile.resolveSibling(keyFile.getFileName() + ".lock"), PATIENCE)) {
          if (!Files.exists(keyFile)) {
            var key = new byte[KEY_BYTES];
            random.nextBytes(key);
            AtomicFiles.writePrivate(keyFile, Base64.getEncoder().encodeToString(key) + "\n");
          }
        }
      }
      if (!OWNERS.containsAll(Files.getPosixFilePermissions(keyFile))) {
        throw new ServerException(
            Problem.of(ServerCode.SECRET_KEY, "the key of the secret store can be read by others")
                .at(Place.file(keyFile))
                .hint("take the rights away with `chmod 600`, and make new credentials"));
      }
      var key = Base64.getMimeDecoder().decode(Files.readString(keyFile).strip());
      if (key.length != KEY_BYTES) {
        throw new ServerException(
            Problem.of(
                    ServerCode.SECRET_KEY,
                    "the key of the secret store has " + key.length + " bytes, not " + KEY_BYTES)
                .at(Place.file(keyFile))
                .hint("write one with `openssl rand -base64 32`"));
      }
      return key;
    } catch (IOException e) {
      throw FoundationException.ofFile("the key of the secret store cannot be read", keyFile, e);
    }
  }

  private ServerException unusable(String what, Exception e) {
    return new ServerException(
        Problem.of(ServerCode.SECRET_KEY, what)
            .at(Place.file(keyFile))
            .hint("TERROIR_SECRET_KEY_FILE names the file with the key that it was sealed with"),
        e);
  }
}
