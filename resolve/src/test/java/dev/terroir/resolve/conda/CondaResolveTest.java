package dev.terroir.resolve.conda;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.terroir.environment.Environment;
import dev.terroir.environment.conda.CondaDependencies;
import dev.terroir.foundation.home.Settings;
import dev.terroir.foundation.platform.Platform;
import dev.terroir.foundation.progress.Progress;
import dev.terroir.lock.CondaPackage;
import dev.terroir.lock.Lock;
import dev.terroir.resolve.Replacements;
import dev.terroir.resolve.ResolveCode;
import dev.terroir.resolve.ResolveException;
import dev.terroir.resolve.Resolver;
import dev.terroir.samples.CondaChannel;
import dev.terroir.samples.CondaSample;
import dev.terroir.samples.CondaServer;
import dev.terroir.samples.Misbehaviour;
import dev.terroir.samples.RepodataForm;
import dev.terroir.samples.SampleChannel;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("From a definition with conda packages to a lock")
class CondaResolveTest {
  @TempDir static Path standing;
  private static CondaChannel channel;
  @TempDir Path folder;

  @BeforeAll
  static void makeChannel() throws IOException {
    channel = SampleChannel.small(standing.resolve("sample"));
    channel.add(CondaSample.of("pip", "23.2.1").noarchPython().depends("python >=3.7")).index();
  }

  private Settings settings(Map<String, String> more) {
    var all = new TreeMap<>(more);
    all.putIfAbsent("HOME", folder.toString());
    all.putIfAbsent("XDG_CACHE_HOME", folder.resolve("cache").toString());
    all.put("UV_CACHE_DIR", Path.of("target/uv-cache").toAbsolutePath().toString());
    return Tools.settings(all);
  }

  private Lock resolve(Settings settings, CondaOptions options, String text) {
    return new Resolver(Tools.uv(settings), Replacements.DEFAULT, options)
        .resolve(
            Environment.of("e", CondaDependencies.parse(text, "environment.yml")),
            new Resolver.Target(Platform.LINUX_AMD64, null, folder),
            Progress.SILENT);
  }

  private Lock resolve(String text) {
    return resolve(settings(Map.of()), CondaOptions.DEFAULT, text);
  }

  private static String from(String channel, String... dependencies) {
    return "channels: ["
        + channel
        + ", nodefaults]\ndependencies:\n- "
        + String.join("\n- ", dependencies)
        + "\n";
  }

  private static String definition(String... dependencies) {
    return from(channel.url().toString(), dependencies);
  }

  private static String version(Lock lock, String name) {
    return lock.conda().find(name).map(CondaPackage::version).orElse("none");
  }

  private ResolveException failure(Settings settings, String text) {
    return catchThrowableOfType(
        ResolveException.class, () -> resolve(settings, CondaOptions.DEFAULT, text));
  }

  @Test
  void theLockSaysWhatWasChosenAndWhy() {
    var lock = resolve(definition("python=3.11", "foo", "greeter>=1,<2"));
    assertThat(lock.pythonVersion()).isEqualTo("3.11");
    assertThat(version(lock, "libfoo")).isEqualTo("1.1");
    assertThat(version(lock, "greeter")).isEqualTo("1.0");
    var libfoo = lock.conda().find("libfoo").orElseThrow();
    assertThat(libfoo.build()).isEqualTo("b_1");
    assertThat(libfoo.requiredBy()).containsExactly("foo");
    assertThat(libfoo.url())
        .startsWith(channel.url().toString().replaceAll("/+$", "") + "/linux-64/libfoo-1.1");
    assertThat(libfoo.sha256()).hasSize(64);
    assertThat(lock.conda().find("greeter").orElseThrow().isNoarchPython()).isTrue();
    assertThat(lock.conda().virtualPackages()).anyMatch(item -> item.startsWith("__glibc="));
    assertThat(lock.tools()).containsKey("rattler").doesNotContainKey("uv");
    assertThat(lock.packages()).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(RepodataForm.class)
  void everyFormOfRepodataIsRead(RepodataForm form) throws IOException {
    var own = CondaChannel.at(folder.resolve("c"));
    own.add(CondaSample.of("one", "1.0").text("a", "a"));
    own.add(CondaSample.of("one", "2.0").depends("two").text("a", "b"));
    own.add(CondaSample.of("two", "1.0").noarchGeneric().text("b", "b"));
    own.index(form == RepodataForm.CURRENT ? RepodataForm.JSON : form);
    try (var server = CondaServer.serving(own.directory())) {
      var lock = resolve(from(server.url().toString(), "one"));
      assertThat(version(lock, "one")).isEqualTo("2.0");
      assertThat(version(lock, "two")).isEqualTo("1.0");
    }
  }

  @Test
  void theFirstChannelThatHasANameWinsUnlessToldOtherwise() throws IOException {
    var first = CondaChannel.at(folder.resolve("first"));
    first.add(CondaSample.of("thing", "1.0").text("a", "1")).index();
    var second = CondaChannel.at(folder.resolve("second"));
    second.add(CondaSample.of("thing", "2.0").text("a", "2"));
    second.add(CondaSample.of("other", "1.0").text("b", "1").depends("thing >=2")).index();
    var channels = first.url() + ", " + second.url();
    assertThat(version(resolve(from(channels, "thing")), "thing")).isEqualTo("1.0");
    assertThat(failure(settings(Map.of()), from(channels, "other")).problem().code())
        .isEqualTo(ResolveCode.UNSOLVABLE);
    var flexible = settings(Map.of("CONDA_CHANNEL_PRIORITY", "flexible"));
    assertThat(version(resolve(flexible, CondaOptions.DEFAULT, from(channels, "other")), "thing"))
        .isEqualTo("2.0");
    var named =
        resolve(
            settings(Map.of("CONDA_CHANNEL_ALIAS", folder.toUri().toString())),
            CondaOptions.DEFAULT,
            from("first", "second::thing"));
    assertThat(version(named, "thing")).isEqualTo("2.0");
  }

  @Test
  void whatCannotBeSolvedIsExplainedInTheUsersNames() {
    var failure = failure(settings(Map.of()), definition("foo", "bar"));
    assertThat(failure.problem().code()).isEqualTo(ResolveCode.UNSOLVABLE);
    assertThat(failure.problem().render())
        .contains("no set of conda packages satisfies the definition", "foo", "bar", "libfoo");
    assertThat(failure(settings(Map.of()), definition("no-such-thing")).problem().render())
        .contains("no-such-thing");
  }

  @Test
  void whatNoSpecIsIsToldWithItsPlace() {
    var failure = failure(settings(Map.of()), definition("foo", "=bad==", "bar[version"));
    assertThat(failure.problems())
        .hasSize(2)
        .allSatisfy(problem -> {
          assertThat(problem.code()).isEqualTo(ResolveCode.MATCH_SPEC);
          assertThat(problem.render()).containsPattern("environment.yml:[45]");
        });
  }

  @Test
  void aMachineCanBeStated() {
    assertThat(failure(settings(Map.of()), definition("gpu-only")).problem().render())
        .contains("__cuda", "__glibc=");
    var lock =
        resolve(
            settings(Map.of()),
            CondaOptions.DEFAULT.adding(List.of("__cuda=12.4")),
            definition("gpu-only"));
    assertThat(lock.conda().virtualPackages()).contains("__cuda=12.4=0");
    var overridden = settings(Map.of("CONDA_OVERRIDE_CUDA", "12.1"));
    assertThat(
            resolve(overridden, CondaOptions.DEFAULT, definition("gpu-only"))
                .conda()
                .virtualPackages())
        .contains("__cuda=12.1=0");
  }

  @Test
  void packagesThatNeedEachOtherAreNoTrouble() {
    assertThat(resolve(definition("circle-a")).conda().packages()).hasSize(2);
  }

  @Test
  void pipsPartStandsOnCondas() throws IOException {
    var wheels = folder.resolve("wheels");
    TestWheel.write(wheels, "needs", "1.0", "greeter>=2");
    TestWheel.write(wheels, "needs", "0.5", "greeter<2");
    TestWheel.write(wheels, "greeter", "3.0");
    var local = settings(Map.of("PIP_NO_INDEX", "1", "PIP_FIND_LINKS", wheels.toString()));
    var lock =
        resolve(
            local, CondaOptions.DEFAULT, definition("python=3.11", "greeter=1", "pip:\n  - needs"));
    // conda's greeter stays, and the newer `needs` would exclude it.
    assertThat(lock.packages())
        .singleElement()
        .satisfies(item -> {
          assertThat(item.name()).isEqualTo("needs");
          assertThat(item.version()).isEqualTo("0.5");
        });
    assertThat(lock.conda().find("greeter").orElseThrow().distributions())
        .containsExactly(new CondaPackage.Distribution("greeter", "1.0"));
    var failure = failure(local, definition("python=3.11", "greeter=1", "pip:\n  - needs==1.0"));
    assertThat(failure.problem().code()).isEqualTo(ResolveCode.CONDA_PIP_CONFLICT);
    assertThat(failure.problem().render())
        .contains("conda brings greeter 1.0", "the definition asks for it", "needs");
    var direct = failure(local, definition("python=3.11", "greeter=1", "pip:\n  - greeter>=3"));
    assertThat(direct.problem().render())
        .contains("conda brings greeter 1.0", "the pip section asks for `greeter>=3`");
  }

  @Test
  void credentialsComeFromNetrcAndCondarc() throws IOException {
    try (var server = CondaServer.serving(channel.directory()).withBasic("me", "pass word")) {
      var text = from(server.url().toString(), "foo");
      var refused = failure(settings(Map.of()), text);
      assertThat(refused.problem().code()).isEqualTo(ResolveCode.CHANNEL_CREDENTIALS);
      assertThat(refused.problem().render()).contains(server.url().toString().replaceAll("/$", ""));
      Files.writeString(
          folder.resolve(".netrc"), "machine 127.0.0.1 login me password \"pass word\"\n");
      assertThat(version(resolve(text), "foo")).isEqualTo("1.0");
      Files.delete(folder.resolve(".netrc"));
      var withUser =
          server.url().toString().replace("http://", "http://me:pass%20word@").replaceAll("/$", "");
      Files.writeString(folder.resolve(".condarc"), "channels: ['" + withUser + "']\n");
      var lock = resolve(text);
      assertThat(lock.toString()).doesNotContain("pass");
    }
    try (var server = CondaServer.serving(standing).withPathToken("tk-123")) {
      var base = server.url().toString().replaceAll("/$", "");
      var address = base.replaceFirst("(http://[^/]+)", "$1/t/tk-123");
      Files.writeString(
          folder.resolve(".condarc"), "custom_channels:\n  sample: '" + address + "'\n");
      assertThat(resolve(from("sample", "foo")).toString()).doesNotContain("tk-123");
      // The same as `anaconda login` keeps it.
      Files.delete(folder.resolve(".condarc"));
      var binstar = folder.resolve("binstar/data");
      Files.createDirectories(binstar);
      var name = URLEncoder.encode(base.replaceFirst("(http://[^/]+).*", "$1"), UTF_8) + ".token";
      Files.writeString(binstar.resolve(name), "tk-123\n");
      var there = folder.resolve("binstar").toString();
      var signedIn = settings(Map.of("BINSTAR_CONFIG_DIR", there));
      assertThat(resolve(signedIn, CondaOptions.DEFAULT, from(base + "/sample", "foo")).toString())
          .contains("foo")
          .doesNotContain("tk-123");
      var unwanted =
          settings(Map.of("BINSTAR_CONFIG_DIR", there, "CONDA_ADD_ANACONDA_TOKEN", "false"));
      assertThat(failure(unwanted, from(base + "/sample", "foo")).problem().code())
          .isEqualTo(ResolveCode.CHANNEL_CREDENTIALS);
    }
  }

  @Test
  void whatWasFetchedServesOffline() throws IOException {
    var text = new String[1];
    try (var server = CondaServer.serving(channel.directory())) {
      text[0] = from(server.url().toString(), "foo");
      resolve(text[0]);
    }
    var offline = settings(Map.of("CONDA_OFFLINE", "true"));
    assertThat(version(resolve(offline, CondaOptions.DEFAULT, text[0]), "foo")).isEqualTo("1.0");
  }

  @ParameterizedTest
  @ValueSource(ints = {404, 500, 403})
  void aChannelThatDoesNotAnswerIsNamed(int status) throws IOException {
    try (var server = CondaServer.serving(channel.directory())) {
      for (var file :
          List.of(
              "repodata.json",
              "repodata.json.zst",
              "repodata.json.bz2",
              "repodata_shards.msgpack.zst")) {
        for (var subdir : List.of("linux-64", "noarch")) {
          server.misbehave(subdir + "/" + file, new Misbehaviour.Status(status));
        }
      }
      var url = server.url().toString().replaceAll("/$", "");
      var impatient = settings(Map.of("CONDA_REMOTE_MAX_RETRIES", "0"));
      var failure = failure(impatient, from(channel.url() + ", " + url, "foo"));
      assertThat(failure.problem().code())
          .isIn(ResolveCode.CHANNEL_UNREACHABLE, ResolveCode.CHANNEL_CREDENTIALS);
      assertThat(failure.problem().render())
          .contains(url, String.valueOf(status))
          .doesNotContain(channel.url().toString());
    }
  }

  @Test
  void aChannelThatHangsIsGivenUp() throws IOException {
    try (var server = CondaServer.serving(channel.directory())) {
      server.misbehave("linux-64/repodata.json", new Misbehaviour.Hang());
      server.misbehave("linux-64/repodata.json.zst", new Misbehaviour.Hang());
      server.misbehave("linux-64/repodata_shards.msgpack.zst", new Misbehaviour.Hang());
      var impatient =
          settings(Map.of("CONDA_REMOTE_READ_TIMEOUT_SECS", "1", "CONDA_REMOTE_MAX_RETRIES", "0"));
      assertThatThrownBy(
              () -> resolve(impatient, CondaOptions.DEFAULT, from(server.url().toString(), "foo")))
          .isInstanceOfSatisfying(
              ResolveException.class,
              e -> assertThat(e.problem().code()).isEqualTo(ResolveCode.CHANNEL_UNREACHABLE));
    }
  }

  @Test
  void malformedRepodataIsNamed() throws IOException {
    try (var server = CondaServer.serving(channel.directory())) {
      server.misbehave("linux-64/repodata_shards.msgpack.zst", new Misbehaviour.Status(404));
      for (var file : List.of("repodata.json", "repodata.json.zst", "repodata.json.bz2")) {
        server.misbehave("linux-64/" + file, Misbehaviour.text("{\"packages\": [1, 2"));
      }
      var failure = failure(settings(Map.of()), from(server.url().toString(), "foo"));
      assertThat(failure.problem().render()).contains(server.url().toString().replaceAll("/$", ""));
    }
  }

  @Test
  void aWorkspaceWithoutChannelsTakesThePythonIndex() throws IOException {
    var wheels = folder.resolve("wheels");
    TestWheel.write(wheels, "torch", "2.1.0");
    TestWheel.write(wheels, "torch", "2.2.0");
    TestWheel.write(wheels, "ours", "3.0");
    var local = settings(Map.of("PIP_NO_INDEX", "1", "PIP_FIND_LINKS", wheels.toString()));
    var options =
        new CondaOptions(
            CondaOptions.Source.PYPI,
            CondaOptions.Restricted.WARN,
            "",
            List.of(),
            List.of(),
            List.of("# our own", "team-tools   ours"));
    var lock =
        resolve(
            local,
            options,
            from("conda-forge", "python=3.11", "pytorch::pytorch=2.1", "team-tools>=2"));
    assertThat(lock.packages().stream().map(item -> item.name() + " " + item.version()))
        .containsExactly("ours 3.0", "torch 2.1.0");
    assertThat(lock.conda().fromIndex())
        .containsEntry("pytorch", "torch")
        .containsEntry("team-tools", "ours");
    assertThat(lock.conda().packages()).isEmpty();
    assertThat(lock.toString()).contains("fromIndex");
    assertThatThrownBy(() ->
            resolve(
                local,
                options,
                from("conda-forge", "pytorch", "r-base", "never-heard-of-it", "openmpi")))
        .isInstanceOfSatisfying(
            ResolveException.class,
            e ->
                assertThat(e.problem().render())
                    .contains("r-base", "never-heard-of-it", "openmpi", "environment.yml"));
  }

  @Test
  void aTokenInAnAddressIsNotToldWhenTheChannelFails() throws IOException {
    try (var server = CondaServer.serving(standing).withPathToken("tk-123-secret")) {
      server.misbehave("*", new Misbehaviour.Status(500));
      var base = server.url().toString().replaceAll("/$", "");
      Files.writeString(
          folder.resolve(".condarc"),
          "remote_max_retries: 0\ncustom_channels:\n  sample: '"
              + base.replaceFirst("(http://[^/]+)", "$1/t/tk-123-secret")
              + "'\n");
      var failure = failure(settings(Map.of()), from("sample", "foo"));
      assertThat(failure.problem().render()).contains("/sample", "500").doesNotContain("tk-123");
    }
  }
}
