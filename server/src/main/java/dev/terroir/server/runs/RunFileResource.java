package dev.terroir.server.runs;

import dev.terroir.compute.Run;
import dev.terroir.foundation.FoundationException;
import dev.terroir.foundation.json.JsonObject;
import dev.terroir.foundation.json.JsonValue;
import dev.terroir.server.ServerContext;
import dev.terroir.server.contents.Uploads;
import dev.terroir.server.data.FileLists;
import dev.terroir.server.http.Answer;
import dev.terroir.server.http.Guarded;
import dev.terroir.server.http.Pages;
import dev.terroir.server.http.Request;
import dev.terroir.server.http.Resource;
import dev.terroir.workspace.runs.RunMetrics.Item;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/// What runs leave: metrics and files.
///
/// @since 0.1
public final class RunFileResource implements Resource {
  private final ServerContext context;

  private final Uploads uploads;

  /// @param context of the server
  public RunFileResource(ServerContext context, Uploads uploads) {
    this.context = context;
    this.uploads = uploads;
  }

  @Override
  public Map<String, Guarded> operations() {
    return Map.of(
        "getMetrics", Guarded.reader(this::metrics),
        "logMetrics", Guarded.contributor(this::logMetrics),
        "listRunFiles", Guarded.reader(this::list),
        "getRunFile", Guarded.reader(this::get),
        "putRunFile", Guarded.contributor(this::put));
  }

  private Run run(Request request) {
    return Run.get(context.workspace(), request.path("id"));
  }

  private Answer metrics(Request request) {
    var id = context.workspace().runs().get(request.path("id")).id();
    var after = request.after().filter(text -> text.matches("[0-9]{1,18}")).orElse("0");
    return Pages.of(
        context
            .workspace()
            .metrics()
            .list(
                id, request.query("name").orElse(null), Long.parseLong(after), request.limit() + 1),
        request.limit(),
        Item::toJson,
        item -> String.valueOf(item.ordinal()));
  }

  private Answer logMetrics(Request request) {
    var json = request.json();
    var last =
        context
            .workspace()
            .metrics()
            .add(
                context.workspace().runs().get(request.path("id")).id(),
                json.string("sender"),
                json.longValue("first"),
                json.objects("items"));
    return Answer.json(200, JsonObject.builder().put("last", JsonValue.of(last)).build());
  }

  private Answer list(Request request) {
    var run = run(request);
    var files = new TreeMap<String, Path>();
    var prefix = request.query("prefix").orElse("");
    for (var name : run.getFileNames()) {
      if (name.startsWith(prefix)) {
        try {
          files.put(name, run.file(name));
        } catch (dev.terroir.compute.ComputeException e) {
          // The script deleted it meanwhile.
        }
      }
    }
    return FileLists.of(files);
  }

  private Answer get(Request request) {
    var file = run(request).file(request.path("path"));
    if (Files.isDirectory(file)) {
      throw new dev.terroir.compute.ComputeException(
          dev.terroir.foundation.problem.Problem.of(
              dev.terroir.compute.ComputeCode.RUN_FILE_NOT_FOUND,
              "`" + request.path("path") + "` is a folder of the run, no file"));
    }
    return Answer.file(file);
  }

  private Answer put(Request request) {
    var run = run(request);
    var path = request.path("path");
    var there = run.getFileNames().contains(path) ? run.file(path) : null;
    if (uploads.isThere(request, there)) {
      return Answer.empty(201);
    }
    try (var in = uploads.content(request)) {
      run.addFile(path, in);
    } catch (IOException e) {
      throw FoundationException.ofFile("the file cannot be added", Path.of(path), e);
    }
    uploads.finish(request);
    context.audit(request, "run.file", "run " + run.id() + " file " + request.path("path"));
    return Answer.empty(201);
  }
}
