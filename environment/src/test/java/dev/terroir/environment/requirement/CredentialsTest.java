package dev.terroir.environment.requirement;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.environment.Environment;
import dev.terroir.environment.EnvironmentException;
import dev.terroir.environment.Validation;
import dev.terroir.environment.conda.CondaDependencies;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Secrets in URLs")
class CredentialsTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://me:hunter2@host/x.whl",
        "https://:hunter2@host/x.whl",
        "https://$me:$hunter2@host/x.whl",
        "https://${ME}:${A}hunter2@host/x.whl",
        "https://me:hun@ter2@host/x.whl",
        "https://me:hun/hunter2@host/x.whl",
        "https://${ME}:${HERS}@host/a https://me:hunter2@host/b",
        "//me:hunter2@host/x.whl",
        "git+ssh://git:hunter2@host/x.git",
        "name@https://me:hunter2@host/x.whl",
        "https://hunter2hunter2hunter2:x-oauth-basic@host/x.zip",
        "git+https://ghp_hunter2@host/x.git",
        "https://hunter2hunter2hunter2:@host/x.whl",
        "https://store.blob.example/c/x.whl?sv=2020-08-04&se=2027-01-01T00%3A00Z&sig=hunter2%3D",
        "https://host/x.whl?token=hunter2",
        "https://host/x.whl?private_token=hunter2#sha256=ab",
        "https://host/simple?access_token=hunter2&a=b",
        "https://bucket.s3.example/x.whl?X-Amz-Algorithm=A&X-Amz-Signature=hunter2",
        "https://host/x.whl?X-Goog-Signature=hunter2",
        "https://host/x.whl?a=${B}&api_key=hunter2",
        "https://${ME}:${HERS}@host/x.whl?sig=hunter2",
        "git+https://host/x.git@v1?client_secret=hunter2"
      })
  void areFoundWhereverTheyStandAndNeverPrinted(String text) {
    assertThat(Credentials.isIn(text)).isTrue();
    for (var line : new String[] {text, "--index-url " + text, "-e " + text, "x @ " + text}) {
      assertThatThrownBy(() -> RequirementsFile.parse("a\n" + line, "r.txt"))
          .isInstanceOfSatisfying(
              EnvironmentException.class,
              e -> {
                assertThat(e.problem().code().id()).isEqualTo("secret-in-definition");
                assertThat(e.problem().render()).contains("r.txt:2").doesNotContain("hunter2");
                assertThat(String.valueOf(e.getMessage())).doesNotContain("hunter2");
              });
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://host/x.whl",
        "https://host:8443/x@1.0/y.whl",
        "https://me@host/x.whl",
        "https://${ME}:${HERS}@host/x.whl",
        "https://${TOKEN}:x-oauth-basic@host/x.zip",
        "https://${TOKEN}@host/x.zip",
        "git+https://host/x.git@v1.0#egg=x",
        "git+https://host:8443/x.git@v1.0",
        "git+ssh://git@host/x.git",
        "git+ssh://git@host:team/x.git@v1",
        "git+ssh://builder-at-123456789012-eu@host/x.git",
        "https://[::1]:8080/x@1.whl",
        "https://host/x.whl?sig=${SIGNATURE}&se=2027",
        "https://host/x.whl?design=1&tokens=2&signed=3",
        "https://host/x.whl#egg=x&subdirectory=token"
      })
  void areNeitherNamesNorVariablesNorPorts(String text) {
    assertThat(Credentials.isIn(text)).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "https://me:pw@host/x, https://host/x",
    "https://host/x.whl?sig=a, https://host/x.whl",
    "https://host/x.whl?sv=1&sig=a&se=2#sha256=b, https://host/x.whl?sv=1&se=2#sha256=b",
    "https://host/x.whl?sig=a&token=b&se=2, https://host/x.whl?se=2",
    "https://host/x?a=1&token=b, https://host/x?a=1",
    "see https://host/x?sig=a and https://me@host/y?token=z, see https://host/x and https://host/y",
    "https://host/simple?a=1, https://host/simple?a=1"
  })
  void areTakenOutOfWhatIsKeptOrShown(String text, String without) {
    assertThat(Credentials.without(text)).isEqualTo(without);
  }

  @Test
  void inThePathOfAChannelAreFoundToo() {
    assertThat(Credentials.isInChannel("https://host/t/hunter2-12/channel")).isTrue();
    assertThat(Credentials.isInChannel("https://host/t/hunter2")).isTrue();
    assertThat(Credentials.isInChannel("https://me:hunter2@host/channel")).isTrue();
    assertThat(Credentials.isInChannel("https://host/t/hunter2/channel::numpy=1")).isTrue();
    for (var plain :
        List.of("conda-forge", "https://host/t/${TOKEN}/channel", "https://host/x", "pkgs/t/x")) {
      assertThat(Credentials.isInChannel(plain)).as(plain).isFalse();
    }
    assertThat(
            Credentials.withoutInChannel(
                "for url (http://me:pw@host:8/t/hunter2/c/linux-64/a.json) and"
                    + " https://host/a/t/hunter2 https://host/t/${T}/c"))
        .isEqualTo(
            "for url (http://host:8/c/linux-64/a.json) and https://host/a https://host/t/${T}/c");
    var environment =
        Environment.of(
            "e",
            CondaDependencies.parse(
                "channels: ['https://host/t/hunter2-12/x']\ndependencies: [numpy]\n", "e.yml"));
    assertThat(Validation.problems(environment))
        .singleElement()
        .satisfies(problem ->
            assertThat(problem.render())
                .contains("secret-in-definition", "e.yml")
                .doesNotContain("hunter2"));
  }
}
