package dev.terroir.image.registry;

import java.nio.charset.StandardCharsets;
import java.util.Base64;

/// What a user shows a registry. Immutable; its text never holds the secret.
///
/// @param user the name, empty for an identity token
/// @param secret the password or the identity token
/// @param isIdentityToken whether the secret is a token to get others with, not a password
/// @since 0.1
public record Credentials(String user, String secret, boolean isIdentityToken) {
  /// A user's name and password.
  public static Credentials of(String user, String password) {
    return new Credentials(user, password, false);
  }

  /// The value of the header `Authorization` in the basic scheme.
  String basic() {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString((user + ":" + secret).getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public String toString() {
    return "credentials of `" + user + "`";
  }
}
