package dev.terroir.image.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("Of what waits, the largest goes on first")
class LargestFirstTest {
  private final LargestFirst turns = new LargestFirst(1);
  private final List<Integer> order = Collections.synchronizedList(new ArrayList<>());

  private Thread work(int size, CountDownLatch done) throws InterruptedException {
    var thread =
        Thread.ofVirtual()
            .start(() -> {
              try {
                turns.acquire(size);
                order.add(size);
                turns.release();
              } catch (InterruptedException e) {
                order.add(-size);
              } finally {
                done.countDown();
              }
            });
    while (thread.getState() != Thread.State.WAITING) {
      Thread.sleep(1);
    }
    return thread;
  }

  @Test
  void whateverTheOrderInWhichTheyCame() throws InterruptedException {
    var done = new CountDownLatch(5);
    turns.acquire(0);
    for (int size : new int[] {3, 50, 7}) {
      work(size, done);
    }
    work(60, done).interrupt();
    work(20, done);
    while (order.isEmpty()) {
      Thread.sleep(1);
    }
    turns.release();
    done.await();
    assertThat(order).containsExactly(-60, 50, 20, 7, 3);
    turns.acquire(1);
  }
}
