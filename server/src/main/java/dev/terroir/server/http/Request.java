package dev.terroir.server.http;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.server.ServerCode;
import dev.terroir.server.ServerException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A request that the contract allows: its parameters and its JSON have been checked against it,
/// and what has a default has it. For one thread.
///
/// @since 0.1
public final class Request {
  private final String operationId;
  private final Caller caller;
  private final String requestId;
  private final Map<String, String> path;
  private final Map<String, List<String>> query;
  private final Map<String, String> headers;
  private final @Nullable JsonObject json;
  private final InputStream body;

  /// @param path decoded, by the names in the contract
  /// @param query decoded, defaults included
  /// @param headers by their names in lower case
  /// @param json the body, or null when it is no JSON
  /// @param body the bytes of another body, within the limits
  Request(
      String operationId,
      Caller caller,
      String requestId,
      Map<String, String> path,
      Map<String, List<String>> query,
      Map<String, String> headers,
      @Nullable JsonObject json,
      InputStream body) {
    this.operationId = operationId;
    this.caller = caller;
    this.requestId = requestId;
    this.path = Map.copyOf(path);
    this.query = Map.copyOf(query);
    this.headers = Map.copyOf(headers);
    this.json = json;
    this.body = body;
  }

  /// Which operation is asked for.
  public String operationId() {
    return operationId;
  }

  /// Who asks.
  public Caller caller() {
    return caller;
  }

  /// What log lines and the audit log call the request.
  public String requestId() {
    return requestId;
  }

  /// A parameter of the path, decoded.
  public String path(String parameter) {
    var value = path.get(parameter);
    if (value == null) {
      throw new IllegalArgumentException(operationId + " has no {" + parameter + "}");
    }
    return value;
  }

  /// A parameter of the query, or its default.
  public Optional<String> query(String name) {
    return queries(name).stream().findFirst();
  }

  /// All values of a parameter of the query.
  public List<String> queries(String name) {
    return query.getOrDefault(name, List.of());
  }

  /// A boolean parameter of the query; false when it is not there.
  public boolean flag(String name) {
    return query(name).map("true"::equals).orElse(false);
  }

  /// How many items a page shall have.
  public int limit() {
    return query("limit").map(Integer::parseInt).orElse(100);
  }

  /// What the page begins after, as it was given to [#cursor].
  public Optional<String> after() {
    return query("after")
        .map(text -> {
          try {
            return new String(Base64.getUrlDecoder().decode(text), StandardCharsets.UTF_8);
          } catch (IllegalArgumentException e) {
            throw new ServerException(
                Problem.of(
                        ServerCode.INVALID_PARAMETER,
                        "parameter `after` must be the `next` of a page, not `" + text + "`")
                    .hint("leave it out for the first page"),
                e);
          }
        });
  }

  /// The `next` of a page that ends with something.
  public static String cursor(String last) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(last.getBytes(StandardCharsets.UTF_8));
  }

  /// A header.
  public Optional<String> header(String name) {
    return Optional.ofNullable(headers.get(name.toLowerCase(java.util.Locale.ROOT)));
  }

  /// The body; an empty object when the operation takes JSON and none was sent.
  public JsonObject json() {
    return json == null ? JsonObject.EMPTY : json;
  }

  /// The bytes of a body that is no JSON. Reading beyond the limit, or after the sender has
  /// stopped, throws.
  public InputStream body() {
    return body;
  }

  /// Goes on only when the caller knows the resource as it is, if it says what it knows.
  ///
  /// @param etag of the resource as it is
  /// @throws ServerException code `precondition-failed`
  public void checkIfMatch(String etag) {
    header("if-match")
        .filter(list -> !Etags.isIn(list, etag))
        .ifPresent(list -> {
          throw ServerException.of(
              ServerCode.PRECONDITION_FAILED,
              "the resource changed since it was read: its ETag is " + etag + ", not " + list,
              "read it again and repeat the change");
        });
  }
}
