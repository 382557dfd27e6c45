package dev.terroir.image.archive;

/// One member of a zip archive, as both of its headers describe it. Immutable.
///
/// @param name its path: `/` between components, none of them empty, `.` or `..`; a folder's has no
///   `/` at the end
/// @param isFolder whether it stands for a folder
/// @param isDeflated whether the bytes are a raw deflate stream; else they are stored
/// @param isExecutable whether anybody may execute it
/// @param crc32 CRC-32 of the content, 0 to 2³²-1
/// @param packedSizeBytes size in the archive
/// @param sizeBytes size of the content
/// @param dataOffset where its bytes begin in the archive
/// @since 0.1
public record ZipMember(
    String name,
    boolean isFolder,
    boolean isDeflated,
    boolean isExecutable,
    long crc32,
    long packedSizeBytes,
    long sizeBytes,
    long dataOffset) {}
