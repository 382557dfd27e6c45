package dev.terroir.image.serve;

/// An answer that is not a success: a status, and the code and words of the protocol's error.
///
/// Spec: OCI distribution specification, "Error codes".
final class Refusal extends Exception {
  private static final long serialVersionUID = 1;
  private final int status;
  private final String code;

  Refusal(int status, String code, String message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  int status() {
    return status;
  }

  String code() {
    return code;
  }

  String message() {
    return String.valueOf(getMessage());
  }
}
