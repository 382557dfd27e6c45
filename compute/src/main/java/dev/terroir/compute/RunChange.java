package dev.terroir.compute;

import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.foundation.problem.Problem;
import dev.terroir.workspace.Tags;
import dev.terroir.workspace.runs.RunRecords.RunRecord;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.TreeMap;

/// A change of what is said about a run.
///
/// @param patch `tags` (null removes one), `properties`, `displayName`, `description`, `status`,
///   `error`, `errorCode`; what is not there stays. A script run takes one status, `Failed`: its
///   script is ended first
/// @since 0.1
public record RunChange(JsonObject patch) {
  RunRecord apply(RunRecord before, Clock clock) {
    var document = before.document().toBuilder();
    if (patch.has("tags")) {
      document.put(
          "tags",
          JsonValue.ofStrings(
              Tags.patched(before.document().stringMap("tags"), patch.object("tags"))));
    }
    if (patch.has("properties")) {
      document.put("properties", JsonValue.ofStrings(properties(before)));
    }
    for (var name : new String[] {"displayName", "description", "error", "errorCode"}) {
      patch.get(name).ifPresent(value -> document.put(name, value));
    }
    var status = patch.optionalString("status");
    if (status.isEmpty()) {
      return before.with(before.status(), document.build());
    }
    var wanted = RunStatus.of(status.get());
    checkStatus(before, wanted);
    if (!Run.isWithoutScript(before) && !RunStatus.of(before.status()).isFinal()) {
      document.put(Run.FAILING, true);
      return before.with(RunStatus.CANCEL_REQUESTED.word(), document.build());
    }
    if (wanted.isFinal() && !RunStatus.of(before.status()).isFinal()) {
      document.put("endTimeUtc", clock.instant().truncatedTo(ChronoUnit.MILLIS).toString());
    }
    return before.with(wanted.word(), document.build());
  }

  private TreeMap<String, String> properties(RunRecord before) {
    var properties = new TreeMap<>(before.document().stringMap("properties"));
    patch
        .stringMap("properties")
        .forEach((key, value) -> {
          var former = properties.putIfAbsent(key, value);
          if (former != null && !former.equals(value)) {
            throw new ComputeException(
                Problem.of(
                        ComputeCode.RUN_CONFLICT,
                        "property `" + key + "` of run `" + before.id() + "` is said already")
                    .because("it is `" + former + "`, and properties never change")
                    .hint("use a tag for what may change"));
          }
        });
    return properties;
  }

  private static void checkStatus(RunRecord before, RunStatus wanted) {
    var status = RunStatus.of(before.status());
    if (status == wanted) {
      return;
    }
    if (!Run.isInteractive(before) && wanted != RunStatus.FAILED) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.RUN_CONFLICT,
                  "the status of run `" + before.id() + "` is that of its script")
              .hint(
                  "the run ends with its script; cancel it, or set it to Failed, to end it"
                      + " before"));
    }
    if (status.isFinal()) {
      throw new ComputeException(
          Problem.of(
                  ComputeCode.RUN_CONFLICT,
                  "run `" + before.id() + "` has ended and cannot become " + wanted.word())
              .because("its status is " + status.word()));
    }
  }
}
