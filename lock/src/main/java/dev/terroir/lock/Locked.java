package dev.terroir.lock;

import java.util.List;

/// One package of a lock, from a Python index or from a conda channel.
///
/// @since 0.1
public sealed interface Locked permits LockedPackage, CondaPackage {
  /// Its name, as its kind normalises names. A name of one kind says nothing of the other kind: the
  /// `redis` of a channel is a server, that of an index a client.
  String name();

  /// Its version, in its kind's scheme.
  String version();

  /// Where its archive is fetched, without credentials; `file:` for local ones.
  String url();

  /// The archive's file name.
  String fileName();

  /// SHA-256 of the archive as 64 hex digits; where a channel tells only MD5, `md5:` and 32 hex
  /// digits.
  String digest();

  /// The archive's size, or -1 when it was not told.
  long sizeBytes();

  /// Names of the packages of its kind that require it, [LockedPackage#DEFINITION] for the
  /// definition.
  List<String> requiredBy();

  /// How people are told of it: `numpy 1.17.0`, with a conda package's build after it.
  default String title() {
    return name() + " " + version();
  }
}
