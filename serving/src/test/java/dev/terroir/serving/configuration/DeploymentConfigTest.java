package dev.terroir.serving.configuration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.terroir.foundation.json.JsonReader;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A deployment configuration of the service's first version")
class DeploymentConfigTest {
  private static DeploymentConfig read(String json) {
    return DeploymentConfig.read(JsonReader.parseObject(json, "deploy.json"), warning -> {});
  }

  @Test
  void numbersAndYesOrNoMayStandInQuotes() {
    var config =
        read(
            """
            {"computeType": "local", "port": "8890", "authEnabled": "True", "sslEnabled": "False",
             "containerResourceRequirements": {"cpu": "0.5", "memoryInGB": "2"}}
            """);
    assertThat(config.port()).isEqualTo(8890);
    assertThat(config.authEnabled()).isTrue();
    assertThat(config.cpus()).isEqualTo(0.5);
    assertThat(config.memoryBytes()).isEqualTo(2L << 30);
    assertThat(read("{\"authEnabled\": \"false\"}").authEnabled()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"port\": \"any\"}",
        "{\"port\": 65536}",
        "{\"port\": 4294967297}",
        "{\"port\": -1}",
        "{\"authEnabled\": \"maybe\"}",
        "{\"authEnabled\": 1}"
      })
  void otherWordsAreRefusedWithTheirField(String json) {
    assertThatThrownBy(() -> read(json))
        .hasMessageContaining(json.contains("port") ? "`port`" : "`authEnabled`");
  }
}
