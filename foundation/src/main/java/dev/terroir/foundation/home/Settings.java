package dev.terroir.foundation.home;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// The process environment, handed in rather than read from everywhere, and the list of the
/// variables that are Terroir's own. Immutable.
///
/// @since 0.1
public final class Settings {
  /// Moves everything that Terroir keeps into one directory. Default: the XDG directories. Since
  /// 0.1.
  public static final String TERROIR_HOME = "TERROIR_HOME";

  /// The workspace to use when `--workspace` names none: a directory, a name, or the address of a
  /// server. It goes before config.json. Since 0.1.
  public static final String TERROIR_WORKSPACE = "TERROIR_WORKSPACE";

  /// Path of the uv program to use instead of a found or fetched one. Since 0.1.
  public static final String TERROIR_UV = "TERROIR_UV";

  /// Path of a Python that has py-rattler, to use instead of an installed one. Since 0.1.
  public static final String TERROIR_RATTLER = "TERROIR_RATTLER";

  /// Path of the Python that fetches tools by its pip. Default: `python3` or `python` on PATH.
  /// Since 0.1.
  public static final String TERROIR_PYTHON = "TERROIR_PYTHON";

  /// The container engine to use: `podman`, `docker` or `buildah`, or the path of one of them.
  /// Default: the first of these on PATH that answers. Since 0.1.
  public static final String TERROIR_ENGINE = "TERROIR_ENGINE";

  /// The password for the registry that a definition's `docker.baseImageRegistry` names, with the
  /// user name that stands there. Sent to that registry alone, never kept, and not handed on to
  /// programs. Default: what `docker login` or `podman login` keeps. Since 0.1.
  public static final String TERROIR_REGISTRY_PASSWORD = "TERROIR_REGISTRY_PASSWORD";

  /// File with the key of the server's secret store, 32 bytes in Base64, readable by its owner
  /// only. Default: `server/secret.key` below the workspace's directory, made on first use. Since
  /// 0.1.
  public static final String TERROIR_SECRET_KEY_FILE = "TERROIR_SECRET_KEY_FILE";

  /// A token for the server that `config.json` names by `endpoint`. Since 0.1.
  public static final String TERROIR_TOKEN = "TERROIR_TOKEN";

  /// File with such a token. Since 0.1.
  public static final String TERROIR_TOKEN_FILE = "TERROIR_TOKEN_FILE";

  /// The program by which clients start the server of a workspace on this machine. Default:
  /// `terroir` on PATH. Since 0.1.
  public static final String TERROIR_COMMAND = "TERROIR_COMMAND";

  /// The user of a workspace's database of PostgreSQL, as psql reads it. Default: the one in the
  /// database's address, else this machine's user. Since 0.1.
  public static final String PGUSER = "PGUSER";

  /// The password for a workspace's database of PostgreSQL, as psql reads it. Default: what the
  /// file of [#PGPASSFILE] says. Since 0.1.
  public static final String PGPASSWORD = "PGPASSWORD";

  /// The file of passwords of PostgreSQL, as psql reads it. Default: `~/.pgpass`. Since 0.1.
  public static final String PGPASSFILE = "PGPASSFILE";

  /// How the connection to PostgreSQL is encrypted: `disable`, `prefer`, `require`, `verify-ca` or
  /// `verify-full`, as psql reads it. Default: `prefer`. Since 0.1.
  public static final String PGSSLMODE = "PGSSLMODE";

  /// The authorities that PostgreSQL's certificate is judged by, a file. Default: the driver's.
  /// Since 0.1.
  public static final String PGSSLROOTCERT = "PGSSLROOTCERT";

  /// The certificate shown to PostgreSQL, a file. Default: none. Since 0.1.
  public static final String PGSSLCERT = "PGSSLCERT";

  /// The key of [#PGSSLCERT], a file in PKCS-8. Default: none. Since 0.1.
  public static final String PGSSLKEY = "PGSSLKEY";

  /// `1` shows stack traces of expected failures too. Since 0.1.
  public static final String TERROIR_TRACE = "TERROIR_TRACE";

  private final Map<String, String> variables;

  private Settings(Map<String, String> variables) {
    this.variables = new TreeMap<>(variables);
  }

  /// The environment of this process.
  public static Settings system() {
    return new Settings(System.getenv());
  }

  /// Settings of a test or of an embedding program.
  public static Settings of(Map<String, String> variables) {
    return new Settings(variables);
  }

  /// The value of a variable; an empty value counts as unset, as the XDG specification asks.
  public Optional<String> get(String name) {
    return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
  }

  /// All variables, to hand on to a program; without the passwords and the token that are for
  /// Terroir alone.
  public Map<String, String> variables() {
    var copy = new TreeMap<>(variables);
    copy.remove(TERROIR_REGISTRY_PASSWORD);
    copy.remove(PGPASSWORD);
    copy.remove(TERROIR_TOKEN);
    return copy;
  }

  /// A copy with one variable set.
  public Settings with(String name, String value) {
    var copy = new TreeMap<>(variables);
    copy.put(name, value);
    return new Settings(copy);
  }
}
