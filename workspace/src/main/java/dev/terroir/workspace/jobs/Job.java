package dev.terroir.workspace.jobs;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Long work: what was asked, how far it is, what came of it. Immutable.
///
/// @param id sorts by the time it was asked for
/// @param kind such as `build`
/// @param status how far it is
/// @param createdAt UTC, ISO 8601, as all times here
/// @param startedAt when it began, or null
/// @param endedAt when it ended, or null
/// @param subject what it is about, or null
/// @param actor who asked for it
/// @param requestId by which request
/// @param input what was asked
/// @param progress how far it is, or null
/// @param result what came of it, or null
/// @param error the problem that it failed with, or null
/// @since 0.1
public record Job(
    String id,
    String kind,
    Status status,
    String createdAt,
    @Nullable String startedAt,
    @Nullable String endedAt,
    @Nullable String subject,
    String actor,
    String requestId,
    JsonObject input,
    @Nullable JsonObject progress,
    @Nullable JsonObject result,
    @Nullable JsonObject error) {

  /// How far a job is.
  public enum Status {
    /// It waits for its turn.
    QUEUED("Queued"),
    /// It goes on.
    RUNNING("Running"),
    /// It did what it should.
    SUCCEEDED("Succeeded"),
    /// It could not.
    FAILED("Failed"),
    /// It was stopped on request.
    CANCELED("Canceled");

    private final String word;

    Status(String word) {
      this.word = word;
    }

    /// The word in documents.
    public String word() {
      return word;
    }

    /// Whether it changes no more.
    public boolean isFinal() {
      return this != QUEUED && this != RUNNING;
    }

    /// The status of a word.
    public static Optional<Status> of(String word) {
      return Arrays.stream(values()).filter(status -> status.word.equals(word)).findFirst();
    }
  }

  /// The same with another status and its time.
  public Job begun(String at) {
    return new Job(
        id,
        kind,
        Status.RUNNING,
        createdAt,
        at,
        null,
        subject,
        actor,
        requestId,
        input,
        progress,
        null,
        null);
  }

  /// The same, waiting again.
  public Job waiting() {
    return new Job(
        id,
        kind,
        Status.QUEUED,
        createdAt,
        null,
        null,
        subject,
        actor,
        requestId,
        input,
        null,
        null,
        null);
  }

  /// The same, ended.
  public Job ended(
      Status end, String at, @Nullable JsonObject outcome, @Nullable JsonObject problem) {
    return new Job(
        id, kind, end, createdAt, startedAt, at, subject, actor, requestId, input, progress,
        outcome, problem);
  }

  /// The same, so far.
  public Job at(JsonObject howFar) {
    return new Job(
        id, kind, status, createdAt, startedAt, endedAt, subject, actor, requestId, input, howFar,
        result, error);
  }

  /// As it is shown.
  public JsonObject toJson() {
    return JsonObject.builder()
        .put("id", id)
        .put("kind", kind)
        .put("status", status.word())
        .put("createdAt", createdAt)
        .put("startedAt", startedAt)
        .put("endedAt", endedAt)
        .put("subject", subject)
        .put("progress", orNull(progress))
        .put("result", orNull(result))
        .put("error", orNull(error))
        .build();
  }

  /// What is kept beside the columns.
  JsonObject document() {
    return JsonObject.builder()
        .put("startedAt", startedAt)
        .put("endedAt", endedAt)
        .put("subject", subject)
        .put("actor", actor)
        .put("requestId", requestId)
        .put("input", input)
        .put("progress", orNull(progress))
        .put("result", orNull(result))
        .put("error", orNull(error))
        .build();
  }

  static Job read(String id, String kind, Status status, String createdAt, JsonObject document) {
    return new Job(
        id,
        kind,
        status,
        createdAt,
        document.optionalString("startedAt").orElse(null),
        document.optionalString("endedAt").orElse(null),
        document.optionalString("subject").orElse(null),
        document.optionalString("actor").orElse(""),
        document.optionalString("requestId").orElse(""),
        document.optionalObject("input").orElse(JsonObject.EMPTY),
        document.optionalObject("progress").orElse(null),
        document.optionalObject("result").orElse(null),
        document.optionalObject("error").orElse(null));
  }

  private static JsonValue orNull(@Nullable JsonObject object) {
    return object == null ? JsonValue.NULL : object;
  }
}
