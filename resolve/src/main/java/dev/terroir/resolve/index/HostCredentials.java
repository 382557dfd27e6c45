package dev.terroir.resolve.index;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.process.Command;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.tomlj.Toml;
import org.tomlj.TomlTable;

/// The user's credentials for the hosts of indexes: user parts of index URLs in pip's and uv's
/// settings, `.netrc`, the `keyring` program where it is enabled. Each is for one scheme, host and
/// port, or for one host in `.netrc`. Thread-safe; holds secrets in memory only, and no text of its
/// types shows one.
///
/// @since 0.1
public final class HostCredentials {
  private static final Duration KEYRING_TIMEOUT = Duration.ofSeconds(60);

  private final List<IndexUrl> indexes;
  private final Netrc netrc;
  private final Map<String, String> variables;
  private final Map<String, Optional<Credential>> fromKeyring = new ConcurrentHashMap<>();

  private HostCredentials(List<IndexUrl> indexes, Netrc netrc, Map<String, String> variables) {
    this.indexes = List.copyOf(indexes);
    this.netrc = netrc;
    this.variables = variables;
  }

  /// A user and a password.
  ///
  /// @param user may be empty
  /// @param password may be empty
  public record Credential(String user, String password) {
    /// The value of the header `Authorization`.
    public String authorization() {
      return "Basic "
          + Base64.getEncoder()
              .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String toString() {
      return "(credential)";
    }
  }

  private record IndexUrl(URI uri, @Nullable String user, @Nullable String password) {
    @Override
    public String toString() {
      return uri.toString();
    }
  }

  /// Reads what the user has set up.
  ///
  /// @param index pip's settings over the process environment
  public static HostCredentials of(IndexSettings index) {
    var variables = index.uvVariables();
    var indexes = new ArrayList<IndexUrl>();
    for (var name :
        List.of(
            "UV_INDEX",
            "UV_DEFAULT_INDEX",
            "UV_INDEX_URL",
            "UV_EXTRA_INDEX_URL",
            "UV_FIND_LINKS")) {
      for (var word : variables.getOrDefault(name, "").split("[\\s,]+")) {
        add(indexes, word, variables);
      }
    }
    userSettings(variables).forEach(word -> add(indexes, word, variables));
    return new HostCredentials(indexes, Netrc.read(variables), variables);
  }

  /// Adds `url` or `name=url`.
  private static void add(List<IndexUrl> indexes, String word, Map<String, String> variables) {
    var scheme = word.indexOf("://");
    var equals = word.indexOf('=');
    var named = equals >= 0 && equals < scheme;
    var name = named ? word.substring(0, equals) : "";
    try {
      var uri = URI.create(named ? word.substring(equals + 1) : word);
      if (uri.getHost() == null || uri.getScheme() == null) {
        return;
      }
      var info = uri.getUserInfo();
      String user = null;
      String password = null;
      if (info != null) {
        var colon = info.indexOf(':');
        user = colon < 0 ? info : info.substring(0, colon);
        password = colon < 0 ? null : info.substring(colon + 1);
      }
      if (!name.isEmpty()) {
        var key = name.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]", "_");
        user = variables.getOrDefault("UV_INDEX_" + key + "_USERNAME", user == null ? "" : user);
        user = user.isEmpty() ? null : user;
        var given = variables.get("UV_INDEX_" + key + "_PASSWORD");
        password = given == null ? password : given;
        user = user == null && password != null ? "" : user;
      }
      indexes.add(new IndexUrl(uri, user, password));
    } catch (IllegalArgumentException e) {
      // uv says what is wrong with an index URL when it resolves; here it has no credentials.
    }
  }

  /// The index URLs in the user's `uv.toml`.
  private static List<String> userSettings(Map<String, String> variables) {
    var home = variables.getOrDefault("HOME", System.getProperty("user.home"));
    var config = variables.getOrDefault("XDG_CONFIG_HOME", "");
    var file =
        variables.containsKey("UV_CONFIG_FILE")
            ? Path.of(variables.get("UV_CONFIG_FILE"))
            : Path.of(config.isEmpty() ? home + "/.config" : config, "uv", "uv.toml");
    var urls = new ArrayList<String>();
    if (variables.containsKey("UV_NO_CONFIG") || !Files.isRegularFile(file)) {
      return urls;
    }
    try {
      var toml = Toml.parse(file);
      readUrls(toml, urls);
      var pip = toml.getTable("pip");
      if (pip != null) {
        readUrls(pip, urls);
      }
    } catch (IOException | RuntimeException e) {
      // uv itself reports a file that it cannot read.
    }
    return urls;
  }

  private static void readUrls(TomlTable table, List<String> urls) {
    if (table.isString("index-url")) {
      urls.add(String.valueOf(table.getString("index-url")));
    }
    for (var name : List.of("extra-index-url", "find-links")) {
      var list = table.isArray(name) ? table.getArray(name) : null;
      for (int i = 0; list != null && i < list.size(); i++) {
        urls.add(String.valueOf(list.get(i)));
      }
    }
    var list = table.isArray("index") ? table.getArray("index") : null;
    for (int i = 0; list != null && i < list.size(); i++) {
      if (list.get(i) instanceof TomlTable entry && entry.isString("url")) {
        var name = entry.isString("name") ? entry.getString("name") + "=" : "";
        urls.add(name + entry.getString("url"));
      }
    }
  }

  /// What is sent with the first request to an address: the user part of the index URL on the same
  /// scheme, host and port that has most of the path in common, else the entry in `.netrc`.
  public Optional<Credential> find(URI uri) {
    var index = index(uri, true);
    if (index != null && index.user() != null && index.password() != null) {
      return Optional.of(new Credential(index.user(), index.password()));
    }
    return netrc.find(uri.getHost());
  }

  /// What is sent after the server has asked for credentials: those of the `keyring` program, if
  /// the user's settings enable it. Asked once for each host.
  public Optional<Credential> ask(URI uri) {
    if (!variables.getOrDefault("UV_KEYRING_PROVIDER", "").equals("subprocess")) {
      return Optional.empty();
    }
    return fromKeyring.computeIfAbsent(origin(uri), _ -> keyring(uri));
  }

  private Optional<Credential> keyring(URI uri) {
    var index = index(uri, false);
    var user = index == null ? null : index.user();
    var services = new ArrayList<String>();
    if (index != null) {
      services.add(withoutUser(index.uri()));
    }
    services.add(uri.getHost());
    for (var service : services) {
      var arguments =
          user == null
              ? List.of("keyring", "--mode", "creds", "get", service)
              : List.of("keyring", "get", service, user);
      try {
        var result = new Command(program(arguments), variables, null, KEYRING_TIMEOUT).run();
        var lines = result.output().lines().toList();
        if (!result.isSuccess() || lines.isEmpty()) {
          continue;
        }
        if (user != null) {
          return Optional.of(new Credential(user, lines.getFirst()));
        }
        if (lines.size() >= 2) {
          return Optional.of(new Credential(lines.get(0), lines.get(1)));
        }
      } catch (FoundationException e) {
        // No keyring here: the server's refusal is the problem to report.
        return Optional.empty();
      }
    }
    return Optional.empty();
  }

  /// The program by its path, as the user's own PATH finds it.
  private List<String> program(List<String> arguments) {
    var found = new ArrayList<>(arguments);
    for (var directory : variables.getOrDefault("PATH", "").split(":")) {
      var candidate = Path.of(directory, arguments.getFirst());
      if (!directory.isEmpty() && Files.isExecutable(candidate)) {
        found.set(0, candidate.toString());
        break;
      }
    }
    return found;
  }

  private @Nullable IndexUrl index(URI uri, boolean withPassword) {
    IndexUrl best = null;
    var common = -1;
    for (var candidate : indexes) {
      if (!origin(candidate.uri()).equals(origin(uri))
          || (withPassword && candidate.password() == null)) {
        continue;
      }
      var length = common(path(candidate.uri()), path(uri));
      if (length > common) {
        best = candidate;
        common = length;
      }
    }
    return best;
  }

  private static String path(URI uri) {
    return uri.getPath() == null ? "" : uri.getPath();
  }

  /// How many leading path segments are the same.
  private static int common(String left, String right) {
    var one = left.split("/");
    var other = right.split("/");
    var length = 0;
    while (length < one.length && length < other.length && one[length].equals(other[length])) {
      length++;
    }
    return length;
  }

  /// The scheme, host and port that decide who gets a credential.
  public static String origin(URI uri) {
    var scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    var host = String.valueOf(uri.getHost()).toLowerCase(Locale.ROOT);
    var port = uri.getPort() < 0 ? (scheme.equals("https") ? 443 : 80) : uri.getPort();
    return scheme + "://" + host + ":" + port;
  }

  private static String withoutUser(URI uri) {
    var port = uri.getPort() < 0 ? "" : ":" + uri.getPort();
    return uri.getScheme() + "://" + uri.getHost() + port + path(uri);
  }

  /// Spec: the `.netrc` file format of ftp(1) as Python's `netrc` reads it: words `machine`,
  /// `default`, `login`, `password`, `account`, `macdef` (skipped to the next blank line), `#`
  /// comments, quotes around words.
  private record Netrc(Map<String, Credential> machines) {
    static Netrc read(Map<String, String> variables) {
      var home = Path.of(variables.getOrDefault("HOME", System.getProperty("user.home")));
      var given = variables.getOrDefault("NETRC", "");
      var files =
          given.isEmpty()
              ? List.of(home.resolve(".netrc"), home.resolve("_netrc"))
              : List.of(Path.of(given));
      for (var file : files) {
        if (Files.isRegularFile(file)) {
          try {
            return new Netrc(parse(Files.readString(file)));
          } catch (IOException e) {
            // Not readable, or not text: the other tools go on without it too.
            return new Netrc(Map.of());
          }
        }
      }
      return new Netrc(Map.of());
    }

    private static Map<String, Credential> parse(String text) {
      var machines = new LinkedHashMap<String, Credential>();
      String machine = null;
      var user = "";
      var password = "";
      var inMacro = false;
      for (var line : text.lines().toList()) {
        if (inMacro) {
          inMacro = !line.isBlank();
          continue;
        }
        var words = words(line);
        for (int i = 0; i < words.size(); i++) {
          var next = i + 1 < words.size() ? words.get(i + 1) : "";
          switch (words.get(i)) {
            case "machine", "default" -> {
              put(machines, machine, user, password);
              var isDefault = words.get(i).equals("default");
              machine = isDefault ? "" : next.toLowerCase(Locale.ROOT);
              user = "";
              password = "";
              i += isDefault ? 0 : 1;
            }
            case "login", "user" -> {
              user = next;
              i++;
            }
            case "password" -> {
              password = next;
              i++;
            }
            case "account" -> i++;
            case "macdef" -> {
              inMacro = true;
              i = words.size();
            }
            default -> {}
          }
        }
      }
      put(machines, machine, user, password);
      return machines;
    }

    private static void put(
        Map<String, Credential> machines, @Nullable String machine, String user, String password) {
      if (machine != null && !(user.isEmpty() && password.isEmpty())) {
        machines.putIfAbsent(machine, new Credential(user, password));
      }
    }

    private static List<String> words(String line) {
      var words = new ArrayList<String>();
      var word = new StringBuilder();
      var inWord = false;
      var quoted = false;
      for (int i = 0; i < line.length(); i++) {
        var c = line.charAt(i);
        if (c == '\\' && i + 1 < line.length()) {
          word.append(line.charAt(++i));
          inWord = true;
        } else if (c == '"' && (quoted || !inWord)) {
          quoted = !quoted;
          inWord = true;
        } else if (!quoted && Character.isWhitespace(c)) {
          if (inWord) {
            words.add(word.toString());
            word.setLength(0);
            inWord = false;
          }
        } else if (!quoted && c == '#' && !inWord && !isValue(words)) {
          break;
        } else {
          word.append(c);
          inWord = true;
        }
      }
      if (inWord) {
        words.add(word.toString());
      }
      return words;
    }

    /// A password may begin with the sign of a comment.
    private static boolean isValue(List<String> words) {
      return !words.isEmpty()
          && List.of("login", "user", "password", "account").contains(words.getLast());
    }

    Optional<Credential> find(@Nullable String host) {
      if (host == null) {
        return Optional.empty();
      }
      return Optional.ofNullable(machines.get(host.toLowerCase(Locale.ROOT)))
          .or(() -> Optional.ofNullable(machines.get("")));
    }

    @Override
    public String toString() {
      return "(netrc)";
    }
  }
}
