package dev.terroir.workspace.database;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Where a database of PostgreSQL is: `postgresql://[USER@]HOST[:PORT]/DATABASE[?schema=SCHEMA]`,
/// libpq's form of a connection URI without the password, with a schema beside it. Immutable.
///
/// Spec: PostgreSQL 15, 34.1.1.2 "Connection URIs".
///
/// @param user or null for the one that [PostgresLogin] finds
/// @param host a name or an address; one of IPv6 without its brackets
/// @param port 5432 when none is given
/// @param database its name
/// @param schema the schema that holds the workspace, `public` when none is given
/// @since 0.1
public record PostgresAddress(
    @Nullable String user, String host, int port, String database, String schema) {
  private static final int DEFAULT_PORT = 5432;
  private static final String DEFAULT_SCHEMA = "public";
  private static final String FORM =
      "write `postgresql://[USER@]HOST[:PORT]/DATABASE[?schema=SCHEMA]`";
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}");
  private static final Pattern SCHEMA = Pattern.compile("[a-z_][a-z0-9_]{0,62}");

  /// Reads one.
  ///
  /// @throws WorkspaceException code `invalid-database`; what may be a password is not repeated
  public static PostgresAddress parse(String text) {
    var authority = text.replaceFirst("^[a-z]*://", "").replaceFirst("/.*", "");
    var at = authority.lastIndexOf('@');
    if (text.toLowerCase(java.util.Locale.ROOT).contains("password=")
        || at >= 0 && authority.substring(0, at).contains(":")) {
      throw new WorkspaceException(
          Problem.of(WorkspaceCode.INVALID_DATABASE, "a database's address holds a password")
              .at(Place.of("database"))
              .because("whoever can read `workspace.json` would know it")
              .hint("leave it out; `PGPASSWORD`, or the file `~/.pgpass`, hands it over"));
    }
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw invalid("`" + text + "` is no address of a database", FORM);
    }
    if (!"postgresql".equals(uri.getScheme()) && !"postgres".equals(uri.getScheme())) {
      throw invalid("`" + text + "` names no database of PostgreSQL", FORM);
    }
    var host = uri.getHost();
    if (host == null) {
      throw invalid("`" + text + "` names no host", FORM);
    }
    var path = uri.getPath();
    var database = path == null || path.isEmpty() ? "" : path.substring(1);
    if (!NAME.matcher(database).matches()) {
      throw invalid("`" + text + "` names no database on `" + host + "`", FORM);
    }
    var parameters = parameters(uri, text);
    var schema = parameters.getOrDefault("schema", DEFAULT_SCHEMA);
    parameters.remove("schema");
    if (!parameters.isEmpty()) {
      throw invalid(
          "`" + parameters.keySet().iterator().next() + "` is no parameter of a database's address",
          "`schema` is the only one; `PGSSLMODE` and `PGSSLROOTCERT` say how it is encrypted");
    }
    if (!SCHEMA.matcher(schema).matches() || schema.startsWith("pg_")) {
      throw invalid(
          "`" + schema + "` cannot name a workspace's schema",
          "use small letters, digits and `_`, a letter first, at most 63, and no `pg_` in front");
    }
    return new PostgresAddress(
        uri.getUserInfo(),
        host.replaceAll("^\\[|]$", ""),
        uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort(),
        database,
        schema);
  }

  private static Map<String, String> parameters(URI uri, String text) {
    var parameters = new TreeMap<String, String>();
    var query = uri.getQuery();
    if (query == null || query.isEmpty()) {
      return parameters;
    }
    for (var part : query.split("&")) {
      var pair = part.split("=", 2);
      if (pair.length < 2 || parameters.put(pair[0], pair[1]) != null) {
        throw invalid("`" + text + "` says nothing, or two things, of `" + pair[0] + "`", FORM);
      }
    }
    return parameters;
  }

  private static WorkspaceException invalid(String what, String hint) {
    return new WorkspaceException(
        Problem.of(WorkspaceCode.INVALID_DATABASE, what).at(Place.of("database")).hint(hint));
  }

  /// As `workspace.json` has it.
  public String url() {
    return "postgresql://"
        + (user == null ? "" : user + "@")
        + place()
        + (schema.equals(DEFAULT_SCHEMA) ? "" : "?schema=" + schema);
  }

  /// Host, port and database, for messages.
  public String place() {
    return (host.contains(":") ? "[" + host + "]" : host) + ":" + port + "/" + database;
  }

  @Override
  public String toString() {
    return url();
  }
}
