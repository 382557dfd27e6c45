package dev.terroir.environment.requirement;

import dev.terroir.environment.EnvironmentCode;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.foundation.web.Web;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;

/// Fetches the files that requirements files name by URL, as constraints of whole distributions of
/// software are published.
///
/// No credentials are sent: what needs some is fetched by whoever has them.
final class RequirementsUrl {
  /// Where the bytes of a URL come from.
  interface Fetch {
    /// @throws EnvironmentException code `requirement-not-fetched`
    byte[] bytes(URI url);
  }

  private static final int MAX_REDIRECTS = 10;
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  private RequirementsUrl() {}

  /// Whether an included file is one to fetch.
  static boolean isUrl(String text) {
    return text.regionMatches(true, 0, "http://", 0, 7)
        || text.regionMatches(true, 0, "https://", 0, 8);
  }

  /// By HTTP, with the proxies and authorities of the settings.
  static Fetch http(Settings settings) {
    return url -> {
      try (var web = Web.of(settings)) {
        return get(web, url);
      } catch (IOException e) {
        throw refused(
            url,
            "it cannot be reached: "
                + (e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage()));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw refused(url, "the program was interrupted while it was fetched");
      } catch (IllegalArgumentException e) {
        throw refused(url, "the URL cannot be used: " + e.getMessage());
      }
    };
  }

  private static byte[] get(Web web, URI first) throws IOException, InterruptedException {
    var url = first;
    for (int redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      var request = web.request(url).timeout(TIMEOUT).build();
      var response = web.client().send(request, HttpResponse.BodyHandlers.ofInputStream());
      try (var body = response.body()) {
        var location = response.headers().firstValue("Location");
        if (response.statusCode() == 200) {
          return limited(body, first);
        }
        if (response.statusCode() / 100 != 3 || location.isEmpty()) {
          throw refused(first, "the server answers with status " + response.statusCode());
        }
        var next = url.resolve(location.get());
        if (!isUrl(next.toString())
            || ("https".equalsIgnoreCase(url.getScheme())
                && !"https".equalsIgnoreCase(next.getScheme()))) {
          throw refused(first, "the server sends from " + url + " on to " + next);
        }
        url = next;
      }
    }
    throw refused(first, "the server sends on more than " + MAX_REDIRECTS + " times");
  }

  private static byte[] limited(InputStream body, URI url) throws IOException {
    var bytes = body.readNBytes(RequirementsText.MAX_BYTES + 1);
    if (bytes.length > RequirementsText.MAX_BYTES) {
      throw refused(url, "it has more than " + RequirementsText.MAX_BYTES + " bytes");
    }
    return bytes;
  }

  static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  private static EnvironmentException refused(URI url, String why) {
    return new EnvironmentException(
        Problem.of(EnvironmentCode.REQUIREMENT_NOT_FETCHED, "the file `" + url + "` is not fetched")
            .because(why)
            .hint("fetch it, put it beside the file that names it and write its name there"));
  }
}
