/** An error of a back end. */

export class BackendError extends Error {
  /** status: the HTTP status, or 0 without a connection. retryAfter: seconds, or null. */
  constructor(status, detail, retryAfter = null) {
    super(detail);
    Object.assign(this, { status, detail, retryAfter });
  }
}
