package dev.terroir.image.license;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The licence of a distribution (Core metadata)")
class WheelLicenseTest {
  private static final String OSI = "Classifier: License :: OSI Approved :: ";

  @ParameterizedTest(name = "{0} is {1}")
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        "License-Expression: MIT AND Apache-2.0;License: old|MIT AND Apache-2.0",
        "License: BSD-3-Clause;" + OSI + "MIT License|BSD-3-Clause",
        "License: UNKNOWN;" + OSI + "MIT License|MIT License",
        "license: Apache 2.0|Apache 2.0",
        OSI + "MIT License;" + OSI + "BSD License|MIT License AND BSD License",
        "Classifier: License :: OSI Approved|-",
        "Classifier: License :: Public Domain|Public Domain",
        "License: Copyright (c) me;        All rights;"
            + OSI
            + "ISC License (ISCL)|ISC License (ISCL)",
        "License: Copyright (c) me;        All rights|Copyright (c) me",
        "Name: x;;License: MIT|-",
        "Name: x|-"
      })
  void isTheFirstThatTellsIt(String lines, String license) {
    assertThat(WheelLicense.of(lines.replace(';', '\n'))).isEqualTo(Optional.ofNullable(license));
  }
}
