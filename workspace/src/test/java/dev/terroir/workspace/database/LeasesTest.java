package dev.terroir.workspace.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@DisplayName("Leases: what one process at a time does")
@ParameterizedClass
@EnumSource
class LeasesTest {
  private static final Duration LONG = Duration.ofMinutes(10);
  private static final Duration SHORT = Duration.ofMillis(300);

  @Parameter TestDatabase kind;

  @TempDir Path folder;
  private Database here;
  private Database there;
  private Leases mine;
  private Leases theirs;

  @BeforeEach
  void begin() {
    var place = kind.in(folder);
    here = place.get();
    there = place.get();
    mine = new Leases(here);
    theirs = new Leases(there);
  }

  @AfterEach
  void end() {
    if (here != null) {
      here.close();
      there.close();
    }
  }

  @Test
  void oneHasItUntilItGivesItBack() {
    assertThat(mine.tryAcquire("jobs", "a", LONG)).isTrue();
    assertThat(theirs.tryAcquire("jobs", "b", LONG)).isFalse();
    assertThat(theirs.holder("jobs").orElseThrow().owner()).isEqualTo("a");
    assertThat(theirs.tryAcquire("sweep", "b", LONG)).isTrue();
    assertThat(theirs.release("jobs", "b")).isFalse();
    assertThat(mine.release("jobs", "a")).isTrue();
    assertThat(mine.holder("jobs")).isEmpty();
    assertThat(theirs.tryAcquire("jobs", "b", LONG)).isTrue();
    assertThat(mine.release("jobs", "a")).isFalse();
    assertThat(theirs.holder("jobs").orElseThrow().owner()).isEqualTo("b");
  }

  @Test
  void itEndsByTheClockOfTheDatabaseWhenItsHolderDies() throws InterruptedException {
    assertThat(mine.tryAcquire("jobs", "a", SHORT)).isTrue();
    // As a kill leaves it: nothing is given back.
    here.close();
    var until = theirs.holder("jobs").orElseThrow().until();
    assertThat(Duration.between(there.now(), until)).isLessThanOrEqualTo(SHORT);
    while (there.now().isBefore(until)) {
      assertThat(theirs.tryAcquire("jobs", "b", LONG) && there.now().isBefore(until)).isFalse();
      Thread.sleep(20);
    }
    assertThat(theirs.tryAcquire("jobs", "b", LONG)).isTrue();
    assertThat(theirs.holder("jobs").orElseThrow().owner()).isEqualTo("b");
  }

  @Test
  void aTransactionThatWasKilledHoldsNothing() throws Exception {
    here.transaction(() -> {
      mine.tryAcquire("jobs", "a", LONG);
      return 0;
    });
    assertThat(theirs.holder("jobs")).isPresent();
    try {
      here.transaction(() -> {
        mine.release("jobs", "a");
        throw new IllegalStateException("killed");
      });
    } catch (IllegalStateException e) {
      assertThat(e).hasMessage("killed");
    }
    assertThat(theirs.holder("jobs").orElseThrow().owner()).isEqualTo("a");
  }

  @Test
  void itIsRenewedWhileItIsHeldAndNeverAfterwards() throws InterruptedException {
    assertThat(mine.renew("jobs", "a", LONG)).isFalse();
    assertThat(mine.tryAcquire("jobs", "a", SHORT)).isTrue();
    assertThat(theirs.renew("jobs", "b", LONG)).isFalse();
    var before = mine.holder("jobs").orElseThrow().until();
    assertThat(mine.renew("jobs", "a", SHORT.multipliedBy(2))).isTrue();
    assertThat(mine.holder("jobs").orElseThrow().until()).isAfter(before);
    assertThat(mine.tryAcquire("jobs", "a", SHORT)).isTrue();
    Thread.sleep(SHORT.plusMillis(50));
    assertThat(mine.renew("jobs", "a", LONG)).isFalse();
    assertThat(mine.release("jobs", "a")).isFalse();
    assertThat(theirs.tryAcquire("jobs", "b", LONG)).isTrue();
    assertThat(mine.tryAcquire("jobs", "a", LONG)).isFalse();
  }

  @Test
  void ofManyThatAskAtOnceOneHasIt() throws Exception {
    var asking = 10;
    for (int round = 0; round < 10; round++) {
      var name = "round-" + round;
      var barrier = new CyclicBarrier(asking);
      var answers = new ArrayList<Future<Boolean>>();
      try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        for (int i = 0; i < asking; i++) {
          var owner = "owner-" + i;
          var leases = i % 2 == 0 ? mine : theirs;
          answers.add(
              threads.submit(() -> {
                barrier.await();
                return leases.tryAcquire(name, owner, LONG);
              }));
        }
      }
      var winners = 0;
      for (var answer : answers) {
        winners += answer.get() ? 1 : 0;
      }
      assertThat(winners).isEqualTo(1);
    }
  }

  @Test
  void noneLastsForNoTime() {
    assertThatThrownBy(() -> mine.tryAcquire("jobs", "a", Duration.ZERO))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
