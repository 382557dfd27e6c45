package dev.terroir.server.http;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.function.Supplier;

/// What `/metrics` shows, in the text format of Prometheus. Thread-safe.
///
/// @since 0.1
public final class Measurements {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Counter requests =
      Counter.builder()
          .name("terroir_http_requests_total")
          .help("Requests answered.")
          .labelNames("operation", "status")
          .register(registry);
  private final Histogram seconds =
      Histogram.builder()
          .name("terroir_http_request_seconds")
          .help("Time from a request's arrival to the end of its answer.")
          .classicOnly()
          .classicUpperBounds(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
          .labelNames("operation")
          .register(registry);
  private final Gauge inFlight =
      Gauge.builder()
          .name("terroir_http_requests_in_flight")
          .help("Requests being answered.")
          .register(registry);
  private final Counter uploaded =
      Counter.builder()
          .name("terroir_uploaded_bytes_total")
          .help("Bytes of bodies that were received.")
          .register(registry);
  private final Counter refusals =
      Counter.builder()
          .name("terroir_authentication_failures_total")
          .help("Requests without a token that counts.")
          .register(registry);

  /// A gauge that is asked when somebody looks.
  ///
  /// @param name begins with `terroir_`
  /// @param label what its values are told apart by
  /// @param values by that label
  public void gauge(String name, String help, String label, Supplier<Map<String, Long>> values) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .labelNames(label)
        .callback(callback -> values.get().forEach((key, value) -> callback.call(value, key)))
        .register(registry);
  }

  void begun() {
    inFlight.inc();
  }

  void answered(String operation, int status, Duration time) {
    inFlight.dec();
    requests.labelValues(operation, Integer.toString(status)).inc();
    seconds.labelValues(operation).observe(time.toNanos() / 1e9);
  }

  void received(long bytes) {
    if (bytes > 0) {
      uploaded.inc(bytes);
    }
  }

  void refused() {
    refusals.inc();
  }

  /// All of it.
  public String text() {
    var out = new ByteArrayOutputStream();
    try {
      PrometheusTextFormatWriter.create().write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
