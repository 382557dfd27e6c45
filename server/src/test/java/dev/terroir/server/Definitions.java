package dev.terroir.server;

/// Definitions that need no index.
final class Definitions {
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
}
