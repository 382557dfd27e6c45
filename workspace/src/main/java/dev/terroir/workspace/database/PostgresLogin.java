package dev.terroir.workspace.database;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.WorkspaceCode;
import dev.terroir.workspace.WorkspaceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Who asks, and by which password, from the variables and the file that psql reads: `PGUSER`,
/// `PGPASSWORD`, `PGPASSFILE` or else `~/.pgpass`. Immutable; never shown.
///
/// Spec: PostgreSQL 15, 34.15 "Environment Variables" and 34.16 "The Password File".
///
/// @param user the address's, else `PGUSER`, else this machine's user
/// @param password or null when none is found: some servers ask for none
record PostgresLogin(String user, @Nullable String password) {
  static PostgresLogin of(PostgresAddress address, Settings settings) {
    var named = address.user();
    var user =
        named != null
            ? named
            : settings.get("PGUSER").orElseGet(() -> System.getProperty("user.name", ""));
    var password = settings.get("PGPASSWORD").or(() -> ofFile(address, user, settings));
    return new PostgresLogin(user, password.orElse(null));
  }

  private static Optional<String> ofFile(PostgresAddress address, String user, Settings settings) {
    var file =
        settings
            .get("PGPASSFILE")
            .map(Path::of)
            .orElseGet(() ->
                Path.of(
                    settings.get("HOME").orElseGet(() -> System.getProperty("user.home", "")),
                    ".pgpass"));
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      var open = Set.copyOf(Files.getPosixFilePermissions(file));
      if (open.contains(PosixFilePermission.GROUP_READ)
          || open.contains(PosixFilePermission.OTHERS_READ)) {
        throw new WorkspaceException(
            Problem.of(WorkspaceCode.INVALID_DATABASE, "a file of passwords is open to others")
                .at(Place.file(file))
                .hint("close it with `chmod 600 " + file + "`"));
      }
      for (var line : Files.readAllLines(file)) {
        var fields = fields(line);
        if (!line.startsWith("#")
            && fields.size() == 5
            && fits(fields.get(0), address.host())
            && fits(fields.get(1), String.valueOf(address.port()))
            && fits(fields.get(2), address.database())
            && fits(fields.get(3), user)) {
          return Optional.of(fields.get(4));
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw FoundationException.ofFile("the file of passwords cannot be read", file, e);
    }
  }

  private static boolean fits(String field, String value) {
    return field.equals("*") || field.equals(value);
  }

  /// `hostname:port:database:username:password`; a colon or a backslash in a field has a backslash
  /// before it.
  private static List<String> fields(String line) {
    var fields = new ArrayList<String>();
    var field = new StringBuilder();
    for (int i = 0; i < line.length(); i++) {
      var c = line.charAt(i);
      if (c == '\\' && i + 1 < line.length()) {
        field.append(line.charAt(++i));
      } else if (c == ':' && fields.size() < 4) {
        fields.add(field.toString());
        field.setLength(0);
      } else {
        field.append(c);
      }
    }
    fields.add(field.toString());
    return fields;
  }

  @Override
  public String toString() {
    return "login of " + user;
  }
}
