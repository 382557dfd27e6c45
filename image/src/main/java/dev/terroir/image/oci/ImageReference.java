package dev.terroir.image.oci;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The name of an image in a registry: where, which repository, which tag or digest. Immutable.
///
/// Spec: the reference grammar of the distribution project, which all engines share:
///
/// ```
/// reference        := name [ ":" tag ] [ "@" digest ]
/// name             := [domain '/'] path
/// domain           := host [':' port]
/// host             := domain-name | IPv4address | '[' IPv6address ']'
/// domain-name      := domain-component ['.' domain-component]*
/// domain-component := [a-zA-Z0-9] | [a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]
/// path             := path-component ['/' path-component]*
/// path-component   := [a-z0-9]+ [separator [a-z0-9]+]*
/// separator        := [_.] | '__' | '-'+
/// tag              := [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}
/// ```
///
/// @param domain the registry's host and port; empty only from [#parseExactly]
/// @param path the repository
/// @param tag or null
/// @param digest or null
/// @since 0.1
public record ImageReference(
    String domain, String path, @Nullable String tag, @Nullable Digest digest) {
  /// What a name without a registry belongs to.
  public static final String DEFAULT_DOMAIN = "docker.io";

  /// Longest repository, in characters.
  private static final int MAX_PATH = 255;

  /// Longer texts are not looked at: longest path, tag and digest with a generous domain.
  private static final int MAX_TEXT = 4096;

  private static final String OFFICIAL = "library/";
  private static final String COMPONENT = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
  private static final String HOST =
      "(?:" + COMPONENT + "(?:\\." + COMPONENT + ")*|\\[[a-fA-F0-9:]+\\])";
  private static final String DOMAIN = HOST + "(?::[0-9]+)?";
  private static final String PATH_COMPONENT = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*+";
  private static final String PATH = PATH_COMPONENT + "(?:/" + PATH_COMPONENT + ")*+";
  private static final String TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}";
  private static final String DIGEST =
      "[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}";
  private static final Pattern REFERENCE =
      Pattern.compile(
          "(?:(?<domain>"
              + DOMAIN
              + ")/)?(?<path>"
              + PATH
              + ")(?::(?<tag>"
              + TAG
              + "))?(?:@(?<digest>"
              + DIGEST
              + "))?");
  private static final Pattern PATH_ALONE = Pattern.compile(PATH);
  private static final Pattern TAG_ALONE = Pattern.compile(TAG);
  private static final Pattern IDENTIFIER = Pattern.compile("[a-f0-9]{64}");

  /// Reads a name as users write it: without a registry it is Docker Hub's, there without a folder
  /// it is in `library/`.
  ///
  /// @throws ImageException code `invalid-image-reference`
  public static ImageReference parse(String text) {
    if (IDENTIFIER.matcher(text).matches()) {
      throw invalid(text, "64 hexadecimal digits are the id of an image, not a name")
          .get("name the repository, and the digest as `NAME@sha256:" + text + "`");
    }
    var slash = text.indexOf('/');
    var first = slash < 0 ? "" : text.substring(0, slash);
    String domain;
    String rest;
    if (first.equals("index.docker.io")) {
      domain = DEFAULT_DOMAIN;
      rest = text.substring(slash + 1);
    } else if (first.equals("localhost")
        || first.contains(".")
        || first.contains(":")
        || !first.toLowerCase(Locale.ROOT).equals(first)) {
      domain = first;
      rest = text.substring(slash + 1);
    } else {
      domain = DEFAULT_DOMAIN;
      rest = text;
    }
    if (domain.equals(DEFAULT_DOMAIN) && rest.indexOf('/') < 0) {
      rest = OFFICIAL + rest;
    }
    return parsed(domain + "/" + rest, text);
  }

  /// Reads a name by the grammar alone: nothing is implied.
  ///
  /// @throws ImageException code `invalid-image-reference`
  public static ImageReference parseExactly(String text) {
    return parsed(text, text);
  }

  private static ImageReference parsed(String full, String written) {
    if (written.isEmpty()) {
      throw invalid(written, "it is empty").get("write a name such as `debian:12`");
    }
    if (full.length() > MAX_TEXT) {
      throw invalid(written.substring(0, 80) + "…", "it is longer than " + MAX_TEXT + " characters")
          .get("shorten the name");
    }
    if (full.contains("://")) {
      throw invalid(written, "it is a URL").get("leave the scheme away: `HOST[:PORT]/NAME:TAG`");
    }
    Matcher matcher = REFERENCE.matcher(full);
    if (!matcher.matches()) {
      if (REFERENCE.matcher(full.toLowerCase(Locale.ROOT)).matches()) {
        throw invalid(written, "a repository has lower-case letters only")
            .get("write `" + written.toLowerCase(Locale.ROOT) + "`");
      }
      throw invalid(written, "it does not follow `[DOMAIN[:PORT]/]PATH[:TAG][@DIGEST]`")
          .get("write a name such as `registry.example.com:5000/team/app:1.0`");
    }
    var path = matcher.group("path");
    if (path.length() > MAX_PATH) {
      throw invalid(
              written, "its repository has " + path.length() + " characters; at most 255 may be")
          .get("shorten the repository");
    }
    var domain = matcher.group("domain");
    var digest = matcher.group("digest");
    try {
      return new ImageReference(
          domain == null ? "" : domain,
          path,
          matcher.group("tag"),
          digest == null ? null : Digest.parse(digest));
    } catch (ImageException e) {
      throw invalid(written, e.problem().what())
          .get("use `@sha256:` and 64 lower-case hexadecimal digits");
    }
  }

  /// Whether a text can be a tag.
  public static boolean isTag(String text) {
    return TAG_ALONE.matcher(text).matches();
  }

  /// Whether a text can be a repository, by the distribution specification.
  public static boolean isRepository(String text) {
    return text.length() <= MAX_PATH && PATH_ALONE.matcher(text).matches();
  }

  /// Whether a text is a repository and a tag of it, `team/app:1.0`.
  public static boolean isRepositoryTag(String text) {
    var colon = text.lastIndexOf(':');
    return colon > 0 && isRepository(text.substring(0, colon)) && isTag(text.substring(colon + 1));
  }

  @FunctionalInterface
  private interface WithHint {
    ImageException get(String hint);
  }

  private static WithHint invalid(String text, String why) {
    return hint ->
        new ImageException(
            Problem.of(
                    ImageCode.INVALID_IMAGE_REFERENCE, "`" + text + "` is no reference of an image")
                .at(Place.of("image reference"))
                .because(why)
                .hint(hint));
  }

  /// Registry and repository.
  public String name() {
    return domain.isEmpty() ? path : domain + "/" + path;
  }

  /// Registry and repository in the short form: `docker.io/library/debian` is `debian`.
  public String familiarName() {
    if (!domain.equals(DEFAULT_DOMAIN)) {
      return name();
    }
    var inner = path.startsWith(OFFICIAL) ? path.substring(OFFICIAL.length()) : path;
    return inner.isEmpty() || inner.indexOf('/') >= 0 ? path : inner;
  }

  /// The tag, else `latest`; not for references by digest.
  public String tagOrLatest() {
    return tag == null ? "latest" : tag;
  }

  /// The same repository with another tag and no digest.
  public ImageReference withTag(String other) {
    return new ImageReference(domain, path, other, null);
  }

  /// The same repository by digest alone.
  public ImageReference withDigest(Digest other) {
    return new ImageReference(domain, path, null, other);
  }

  @Override
  public String toString() {
    return name() + (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
  }
}
