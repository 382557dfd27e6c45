package dev.terroir.server;

/// Definitions that need no index.
final class Definitions {
  /// An explicit list of conda, of one package that no channel has.
  static final String EXPLICIT =
      "@EXPLICIT\nhttps://channel.example/main/linux-64/zlib-1.3-h1_0.conda#"
          + "a".repeat(64)
          + "\n";

  private Definitions() {}

  /// One whose packages its user manages.
  static String of(String name, String variable) {
    return """
    {"name": "NAME", "environmentVariables": {"A": "VALUE"},
     "python": {"userManagedDependencies": true, "interpreterPath": "python3"}}
    """
        .replace("NAME", name)
        .replace("VALUE", variable);
  }

  /// One that has to be locked, with a package that no index has; as a choice of environment.
  static String lockable(String name) {
    return """
    {"definition": {"name": "NAME", "python": {"condaDependencies":
      {"dependencies": ["python=3.11", {"pip": ["no-such-package-of-NAME==1"]}]}}}}
    """
        .replace("NAME", name);
  }
}
