package dev.terroir.samples;

/// The forms in which a channel tells its packages.
///
/// @since 0.1
public enum RepodataForm {
  /// `repodata.json`.
  JSON,
  /// `repodata.json.zst`.
  ZST,
  /// `repodata.json.bz2`, which old clients read.
  BZ2,
  /// `repodata_shards.msgpack.zst` and `shards/` (CEP 16).
  SHARDED,
  /// `current_repodata.json`: the newest version of each package.
  CURRENT
}
