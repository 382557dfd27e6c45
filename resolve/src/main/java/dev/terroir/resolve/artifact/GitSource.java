package dev.terroir.resolve.artifact;

import dev.terroir.foundation.web.Percent;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A repository of git that a requirement names.
///
/// Spec: pip, "VCS Support"; Python packaging, "Direct URL Data Structure", VCS URLs.
///
/// @param url as git takes it, without user and password, which are no part of what it names
/// @param credentials `user:password` or a token, percent-encoded as in the URL, or empty
/// @param revision a branch, tag or commit, or empty for the repository's own default
/// @param subdirectory where the project lies in it, or empty
/// @param egg the project as `#egg=` names it, with extras, or empty
record GitSource(String url, String credentials, String revision, String subdirectory, String egg) {
  private static final Pattern URL =
      Pattern.compile("git\\+((?:https?|ssh|git|file)://)(?:([^/@]*)@)?([^#]*)(?:#(.*))?");
  private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Z0-9_]+)}");

  /// What a URL names.
  ///
  /// @param text such as `git+https://host/repository.git@v1#subdirectory=python`
  /// @param variable the value of a variable that is written `${NAME}`; one that has none stays as
  ///   it is written
  /// @return empty when it is no URL of a git repository
  static Optional<GitSource> parse(String text, UnaryOperator<String> variable) {
    var written =
        VARIABLE
            .matcher(text)
            .replaceAll(found -> {
              var value = variable.apply(found.group(1));
              return Matcher.quoteReplacement(value.isEmpty() ? found.group() : value);
            });
    var parts = URL.matcher(written);
    if (!parts.matches()) {
      return Optional.empty();
    }
    var scheme = parts.group(1);
    var user = parts.group(2) == null ? "" : parts.group(2);
    // A user of SSH is a part of the address; its key is the secret, and lies elsewhere.
    var isSecret = scheme.startsWith("http");
    var place = parts.group(3);
    var path = Math.max(0, place.indexOf('/'));
    var at = place.lastIndexOf('@');
    var hasRevision = at > path;
    var url =
        scheme
            + (isSecret || user.isEmpty() ? "" : user + "@")
            + (hasRevision ? place.substring(0, at) : place);
    return Optional.of(
        new GitSource(
            url,
            isSecret ? user : "",
            hasRevision ? Percent.decoded(place.substring(at + 1)) : "",
            fragment(parts.group(4), "subdirectory"),
            fragment(parts.group(4), "egg")));
  }

  private static String fragment(@Nullable String fragment, String name) {
    for (var part : fragment == null ? new String[0] : fragment.split("&")) {
      if (part.startsWith(name + "=")) {
        return Percent.decoded(part.substring(name.length() + 1));
      }
    }
    return "";
  }

  /// How pip and uv write it, without credentials.
  String directUrl() {
    return "git+"
        + url
        + (revision.isEmpty() ? "" : "@" + revision)
        + (subdirectory.isEmpty() ? "" : "#subdirectory=" + subdirectory);
  }

  /// Whether the revision is a whole commit, which never names anything else.
  boolean isCommit() {
    return revision.matches("[0-9a-f]{40}|[0-9a-f]{64}");
  }

  @Override
  public String toString() {
    return url + (revision.isEmpty() ? "" : "@" + revision);
  }
}
