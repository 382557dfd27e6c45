package dev.terroir.cli;

import dev.terroir.foundation.digest.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/// A folder of small wheels, so that tests need no index: `alpha` 1.0 and 2.0, `beta` 1.0 that
/// requires `alpha<2`, stand-ins of PyYAML and of the inference server that starts at once.
final class WheelHouse {
  private static final String SERVER =
      """
      import http.server, importlib.util, json, os, sys
      from . import constants
      def run():
          options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
          os.environ["AZUREML_MODEL_DIR"] = options["--model_dir"]
          spec = importlib.util.spec_from_file_location("entry", options["--entry_script"])
          entry = importlib.util.module_from_spec(spec)
          spec.loader.exec_module(entry)
          entry.init()
          class Handler(http.server.BaseHTTPRequestHandler):
              def answer(self, status, body):
                  self.send_response(status)
                  self.send_header("Content-Type", "application/json")
                  self.send_header("Content-Length", str(len(body)))
                  self.end_headers()
                  self.wfile.write(body)
              def do_GET(self):
                  self.answer(200, b"Healthy")
              def do_POST(self):
                  data = self.rfile.read(int(self.headers["Content-Length"])).decode()
                  try:
                      self.answer(200, json.dumps(entry.run(data)).encode())
                  except Exception as error:
                      self.answer(500, json.dumps({"message": str(error)}).encode())
              def log_message(self, *_):
                  pass
          http.server.ThreadingHTTPServer((constants.DEFAULT_HOST, int(options["--port"])), Handler).serve_forever()
      """;

  private WheelHouse() {}

  /// Fills a folder.
  static Path make(Path folder) {
    wheel(folder, "alpha", "1.0", List.of(), Map.of("alpha/__init__.py", "VERSION = '1.0'\n"));
    wheel(folder, "alpha", "2.0", List.of(), Map.of("alpha/__init__.py", "VERSION = '2.0'\n"));
    wheel(folder, "beta", "1.0", List.of("alpha<2"), Map.of("beta/__init__.py", "import alpha\n"));
    wheel(
        folder,
        "pyyaml",
        "6.0",
        List.of(),
        Map.of("yaml/__init__.py", "class YAMLError(Exception):\n    pass\n"));
    wheel(
        folder,
        "azureml_inference_server_http",
        "1.0",
        List.of(),
        Map.of(
            "azureml_inference_server_http/__init__.py", "",
            "azureml_inference_server_http/constants.py", "DEFAULT_HOST = '0.0.0.0'\n",
            "azureml_inference_server_http/amlserver.py", SERVER));
    return folder;
  }

  static Path wheel(
      Path folder, String name, String version, List<String> requires, Map<String, String> files) {
    return wheel(folder, name, version, requires, files, ZipEntry.DEFLATED);
  }

  /// A wheel whose files are not compressed, so that no compressor decides its bytes.
  static Path stored(
      Path folder, String name, String version, List<String> requires, Map<String, String> files) {
    return wheel(folder, name, version, requires, files, ZipEntry.STORED);
  }

  private static Path wheel(
      Path folder,
      String name,
      String version,
      List<String> requires,
      Map<String, String> files,
      int method) {
    var info = name + "-" + version + ".dist-info/";
    var all = new LinkedHashMap<String, String>(files);
    var metadata =
        new StringBuilder("Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n");
    requires.forEach(
        requirement -> metadata.append("Requires-Dist: ").append(requirement).append('\n'));
    all.put(info + "METADATA", metadata.toString());
    all.put(
        info + "WHEEL",
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n");
    var record = new StringBuilder();
    all.forEach((path, text) ->
        record
            .append(path.contains(",") ? '"' + path + '"' : path)
            .append(",sha256=")
            .append(
                Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(HexFormat.of().parseHex(Sha256.of(text).hex())))
            .append(',')
            .append(text.getBytes(StandardCharsets.UTF_8).length)
            .append('\n'));
    all.put(info + "RECORD", record + info + "RECORD,,\n");
    var file = folder.resolve(name + "-" + version + "-py3-none-any.whl");
    try {
      Files.createDirectories(folder);
      try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
        for (var entry : all.entrySet()) {
          var data = entry.getValue().getBytes(StandardCharsets.UTF_8);
          var member = new ZipEntry(entry.getKey());
          member.setTimeLocal(LocalDateTime.of(1980, 1, 1, 0, 0));
          member.setMethod(method);
          if (method == ZipEntry.STORED) {
            var crc = new CRC32();
            crc.update(data);
            member.setCrc(crc.getValue());
            member.setSize(data.length);
          }
          zip.putNextEntry(member);
          zip.write(data);
          zip.closeEntry();
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return file;
  }
}
