package dev.terroir.samples;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Map;

/// Writes JSON as MessagePack, as far as sharded repodata needs it.
///
/// Spec: MessagePack, "Formats"; the largest form of each type is always a valid one.
final class MessagePack {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  private MessagePack() {}

  /// The bytes of a value; `sha256` and `md5` are written as bytes (CEP 16).
  static byte[] of(JsonValue value) {
    var writer = new MessagePack();
    writer.value("", value);
    return writer.out.toByteArray();
  }

  /// An index of shards: `info`, and the digest of each package's shard as bytes.
  static byte[] index(JsonObject info, Map<String, String> shards) {
    var writer = new MessagePack();
    writer.head(0xdf, 2);
    writer.string("info");
    writer.value("", info);
    writer.string("shards");
    writer.head(0xdf, shards.size());
    shards.forEach((name, sha256) -> {
      writer.string(name);
      writer.bytes(HexFormat.of().parseHex(sha256));
    });
    return writer.out.toByteArray();
  }

  private void value(String name, JsonValue value) {
    switch (value) {
      case JsonObject object -> {
        head(0xdf, object.members().size());
        object
            .members()
            .forEach((key, member) -> {
              string(key);
              value(key, member);
            });
      }
      case JsonValue.JsonArray(var elements) -> {
        head(0xdd, elements.size());
        elements.forEach(element -> value("", element));
      }
      case JsonValue.JsonString(var text) -> {
        if (name.equals("sha256") || name.equals("md5")) {
          bytes(HexFormat.of().parseHex(text));
        } else {
          string(text);
        }
      }
      case JsonValue.JsonNumber(var text) -> {
        out.write(0xd3);
        out.writeBytes(ByteBuffer.allocate(8).putLong(Long.parseLong(text)).array());
      }
      case JsonValue.JsonBoolean(var flag) -> out.write(flag ? 0xc3 : 0xc2);
      case JsonValue.JsonNull _ -> out.write(0xc0);
    }
  }

  private void string(String text) {
    var utf8 = text.getBytes(StandardCharsets.UTF_8);
    head(0xdb, utf8.length);
    out.writeBytes(utf8);
  }

  private void bytes(byte[] bytes) {
    head(0xc6, bytes.length);
    out.writeBytes(bytes);
  }

  private void head(int type, int length) {
    out.write(type);
    out.writeBytes(ByteBuffer.allocate(4).putInt(length).array());
  }
}
