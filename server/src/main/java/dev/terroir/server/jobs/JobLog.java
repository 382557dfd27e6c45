package dev.terroir.server.jobs;

import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.progress.Progress;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Consumer;

/// The log of a job, a file that grows by whole lines. Thread-safe.
final class JobLog implements Progress, AutoCloseable {
  private final OutputStream out;
  private final Consumer<String> steps;

  /// @param steps is told each step
  JobLog(Path file, Consumer<String> steps) {
    this.steps = steps;
    try {
      Files.createDirectories(file.getParent());
      this.out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw FoundationException.ofFile("the log of a job cannot be written", file, e);
    }
  }

  @Override
  public void step(String what) {
    line(what);
    steps.accept(what);
  }

  @Override
  public synchronized void line(String text) {
    try {
      out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      // A disk that is full stops the work itself, which then says so.
    }
  }

  @Override
  public void warn(String text) {
    line("warning: " + text);
  }

  @Override
  public synchronized void close() {
    try {
      out.close();
    } catch (IOException e) {
      // As above.
    }
  }
}
