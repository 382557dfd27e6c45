package dev.terroir.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import dev.terroir.lock.LockedPackage;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Packages are spread over layers so that images share them")
class BucketsTest {
  private static final long SEED = 20261124;

  @Test
  void fewPackagesStandAloneAndTheLargestComesFirst() {
    var buckets = Buckets.of(List.of(item("a", 10), item("b", 3000), item("c", 200)));

    assertThat(buckets).extracting(Buckets.Bucket::title).containsExactly("b 1", "c 1", "a 1");
  }

  @Test
  void theOrderOfTheListDoesNotMatter() {
    var packages = new ArrayList<>(packages(300));
    var before = Buckets.of(packages);
    Collections.shuffle(packages, new Random(SEED));

    assertThat(Buckets.of(packages)).isEqualTo(before);
  }

  @Test
  void howeverManyPackagesThereAreTheLayersStayFewAndHoldEachOnce() {
    for (int count : new int[] {0, 1, 79, 80, 81, 142, 1000, 5000}) {
      var packages = packages(count);
      var buckets = Buckets.of(packages);

      assertThat(buckets).hasSizeLessThanOrEqualTo(Buckets.MAX_ALONE + Buckets.BUCKETS);
      assertThat(buckets.stream().flatMap(bucket -> bucket.packages().stream()))
          .as("%d packages, seed %d", count, SEED)
          .containsExactlyInAnyOrderElementsOf(packages);
    }
  }

  @Test
  void oneMoreSmallPackageChangesOneLayer() {
    var packages = packages(200);
    var before = new HashSet<>(Buckets.of(packages));
    packages.add(item("one-more", 5_000));
    var after = new HashSet<>(Buckets.of(packages));
    after.removeAll(before);

    assertThat(after).hasSize(1);
  }

  @Test
  void anArchiveOfUnknownSizeStandsAloneAmongSmallOnes() {
    var packages = packages(200);
    packages.add(item("unknown", -1));

    assertThat(Buckets.of(packages)).contains(new Buckets.Bucket(List.of(item("unknown", -1))));
  }

  private static List<LockedPackage> packages(int count) {
    var random = new Random(SEED);
    var packages = new ArrayList<LockedPackage>();
    for (int i = 0; i < count; i++) {
      packages.add(item("package-" + i, (long) Math.exp(9 + 3 * random.nextGaussian())));
    }
    return packages;
  }

  private static LockedPackage item(String name, long sizeBytes) {
    return new LockedPackage(
        name,
        "1",
        new LockedPackage.Artifact("wheel", "file:/x", name + ".whl", "0".repeat(64), sizeBytes),
        null,
        List.of());
  }
}
