package dev.terroir.image.registry;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Distrust;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.registry.Host.Answer;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/// Tells people what a registry said, or why it said nothing.
///
/// @param domain of the registry
record Refusals(String domain) {
  /// Tells in our words what a registry said, and closes its answer.
  ///
  /// @param what the sentence, such as "the manifest cannot be read"
  ImageException refused(Answer answer, String what) {
    try (answer) {
      var words = words(answer);
      var status = answer.status();
      Problem problem =
          switch (status) {
            case 401, 403 ->
                Problem.of(
                    ImageCode.REGISTRY_DENIED, what + ": the registry `" + domain + "` denies it");
            case 404 -> Problem.of(ImageCode.IMAGE_NOT_FOUND, what + ": it is not there");
            case 429 ->
                Problem.of(
                    ImageCode.REGISTRY_REFUSED,
                    what + ": the registry `" + domain + "` gets too many requests");
            case Host.FULL ->
                Problem.of(
                    ImageCode.REGISTRY_REFUSED,
                    what + ": the registry `" + domain + "` has no room for it");
            default ->
                status >= 500
                    ? Problem.of(
                        ImageCode.REGISTRY_UNREACHABLE,
                        what + ": the registry `" + domain + "` has a failure of its own")
                    : Problem.of(
                        ImageCode.REGISTRY_REFUSED,
                        what + ": the registry `" + domain + "` refuses it");
          };
      problem = problem.at(Host.place(answer.uri()));
      problem =
          problem.because(words.isEmpty() ? "it says no more than the status " + status : words);
      var wait = Host.retryAfter(answer);
      if (wait != null) {
        problem = problem.because("it asks to come back in " + wait.toSeconds() + " s");
      }
      return new ImageException(
          switch (status) {
            case 401, 403 ->
                problem.hint(
                    "log in with `podman login "
                        + domain
                        + "` or `docker login "
                        + domain
                        + "`, and check the name and the permission");
            case 404 -> problem.hint("check the name and the tag");
            case 413 ->
                problem.hint(
                    "ask who runs the registry for a larger quota or limit; what was sent is kept");
            case Host.FULL ->
                problem.hint("make room in the registry and push again; what was sent is kept");
            default -> status == 429 || status >= 500 ? problem.hint("try again later") : problem;
          });
    }
  }

  /// The registry's own words: its error codes and messages, without control characters.
  private static String words(Answer answer) {
    try {
      var text = new String(answer.bytes(64 << 10), StandardCharsets.UTF_8);
      var said =
          JsonReader.parseObject(text, "answer").objects("errors").stream()
              .map(Refusals::said)
              .limit(3)
              .toList();
      return String.join("; ", said).replaceAll("\\p{Cntrl}", " ").strip();
    } catch (IOException | FoundationException e) {
      // Not an answer by the specification: a proxy's page, or nothing.
      return "";
    }
  }

  private static String said(JsonObject error) {
    var code = error.optionalString("code").orElse("");
    var message = error.optionalString("message").orElse("");
    var both = code + (code.isEmpty() || message.isEmpty() ? "" : ": ") + message;
    return both.length() > 300 ? both.substring(0, 300) + "…" : both;
  }

  private String authority() {
    return "put the certificate of its authority at `"
        + CertificateFolder.usual(domain)
        + "/ca.crt`, or set `SSL_CERT_FILE` to a file of the authorities to trust, the registry's"
        + " among them";
  }

  /// Tells why a registry does not answer.
  ImageException unreachable(URI base, String what, IOException cause) {
    return new ImageException(
        Problem.of(
                ImageCode.REGISTRY_UNREACHABLE,
                what + ": the registry `" + domain + "` cannot be reached")
            .at(Host.place(base))
            .because(String.valueOf(cause.getMessage()))
            .hint(
                cause instanceof Transport.StalledException
                    ? "try again; what was transferred is not transferred again"
                    : Distrust.in(cause).isPresent()
                        ? Distrust.in(cause).get().hint(authority())
                        : LocalScheme.isDistrust(cause)
                            ? "when the registry asks who calls, put a certificate and its key at"
                                + " `"
                                + CertificateFolder.usual(domain)
                                + "/client.cert` and `client.key`"
                            : "check the name, the network, and that the registry runs"),
        cause);
  }
}
