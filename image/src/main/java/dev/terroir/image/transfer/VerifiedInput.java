package dev.terroir.image.transfer;

import dev.terroir.foundation.problem.Place;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.image.ImageCode;
import dev.terroir.image.ImageException;
import dev.terroir.image.oci.Descriptor;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;

/// The bytes of a blob, counted and hashed as they pass: the read that meets the end fails when
/// they are not those that the descriptor names, and no more than its size is ever read. For one
/// thread.
///
/// @since 0.1
public final class VerifiedInput extends FilterInputStream {
  private final Descriptor descriptor;
  private final String from;
  private final MessageDigest engine;
  private long count;
  private boolean ended;

  /// @param in closed with this one
  /// @param from what messages call the place it comes from
  public VerifiedInput(InputStream in, Descriptor descriptor, String from) {
    super(in);
    this.descriptor = descriptor;
    this.from = from;
    this.engine = descriptor.digest().engine();
  }

  @Override
  public int read() throws IOException {
    var one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    if (ended || length == 0) {
      return ended ? -1 : 0;
    }
    var read = in.read(bytes, offset, length);
    if (read > 0) {
      count += read;
      if (count > descriptor.sizeBytes()) {
        throw mismatch("there are more than the " + descriptor.sizeBytes() + " bytes it has");
      }
      engine.update(bytes, offset, read);
      return read;
    }
    ended = true;
    if (count < descriptor.sizeBytes()) {
      throw mismatch("it ends after " + count + " of " + descriptor.sizeBytes() + " bytes");
    }
    var found = descriptor.digest().finish(engine);
    if (!found.equals(descriptor.digest())) {
      throw mismatch("its " + count + " bytes have the digest " + found);
    }
    return -1;
  }

  @Override
  public long skip(long count) throws IOException {
    return count <= 0 ? 0 : Math.max(0, read(new byte[(int) Math.min(count, 1 << 16)]));
  }

  @Override
  public boolean markSupported() {
    return false;
  }

  private ImageException mismatch(String why) {
    return new ImageException(
        Problem.of(ImageCode.BLOB_MISMATCH, "a blob is not the one that its digest names")
            .at(Place.of(from))
            .at(Place.of(descriptor.digest().toString()))
            .because(why)
            .hint("try again; if it stays so, what delivered the blob has damaged it"));
  }

  /// Checks bytes that are there already.
  ///
  /// @param from what messages call the place they come from
  /// @throws ImageException code `blob-mismatch`
  public static byte[] check(byte[] bytes, Descriptor descriptor, String from) {
    try (var in = new VerifiedInput(new java.io.ByteArrayInputStream(bytes), descriptor, from)) {
      in.transferTo(java.io.OutputStream.nullOutputStream());
      return bytes;
    } catch (IOException e) {
      throw new IllegalStateException("reading memory does not fail", e);
    }
  }
}
