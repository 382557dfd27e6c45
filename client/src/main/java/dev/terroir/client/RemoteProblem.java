package dev.terroir.client;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonReader;
import dev.terroir.foundation.problem.Code;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// A server's problem detail (RFC 9457) as the failure that it was there.
final class RemoteProblem {
  /// Codes of requests that no packages satisfy; the others of status 422 failed on the way.
  private static final Set<String> UNSOLVABLE = Set.of("unsolvable", "conda-pip-conflict");

  private static final int LONGEST_EXCERPT = 300;

  private RemoteProblem() {}

  /// A server's code.
  ///
  /// @param id as on its command line
  /// @param kind decides the exit code of a command
  record RemoteCode(String id, Code.Kind kind) implements Code {}

  private static Code code(String id, int status) {
    var kind =
        id.equals("canceled") || id.equals("run-canceled")
            ? Code.Kind.CANCELED
            : UNSOLVABLE.contains(id)
                ? Code.Kind.UNSOLVABLE
                : status == 422
                    ? Code.Kind.FAILED
                    : status >= 500 || status == 429 ? Code.Kind.SURROUNDINGS : Code.Kind.REQUEST;
    return new RemoteCode(id, kind);
  }

  /// What an answer of another status than success says.
  static ClientException of(int status, String body, String url) {
    JsonObject json;
    try {
      json = JsonReader.parseObject(body, url);
    } catch (FoundationException e) {
      json = JsonObject.EMPTY;
    }
    if (!json.has("code") || !json.has("title")) {
      var problem =
          Problem.of(
                  ClientCode.SERVER_INCOMPATIBLE,
                  "the answer " + status + " is not one of a server of Terroir")
              .at(Place.of(url));
      var text = body.strip();
      return new ClientException(
          (text.isEmpty()
                  ? problem
                  : problem.because(text.substring(0, Math.min(LONGEST_EXCERPT, text.length()))))
              .hint("check the address, and what stands between here and the server"));
    }
    return of(json);
  }

  /// What a problem detail says.
  static ClientException of(JsonObject json) {
    var status = json.optionalLong("status").orElse(500L).intValue();
    var first =
        new Problem(
            code(json.string("code"), status),
            json.string("title"),
            places(json),
            json.strings("because"),
            json.strings("hints"));
    var problems = new ArrayList<>(List.of(first));
    for (var error : json.objects("errors").stream().skip(1).toList()) {
      problems.add(
          new Problem(
              code(error.optionalString("code").orElse(json.string("code")), status),
              error.string("title"),
              places(error),
              List.of(),
              List.of()));
    }
    return new ClientException(problems);
  }

  private static List<Place> places(JsonObject json) {
    return json.strings("where").stream().map(Place::of).toList();
  }
}
