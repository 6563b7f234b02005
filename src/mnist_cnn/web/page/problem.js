/** What a back end says when it has no answer. */

export class BackendError extends Error {
  /** status: HTTP's, or 0 if there is no connection; retryAfter: in seconds, or null. */
  constructor(status, detail, retryAfter = null) {
    super(detail);
    Object.assign(this, { status, detail, retryAfter });
  }
}
