/** `invalid`: the caller must change the request. `unavailable`: the same request may succeed later. */
export type ErrorKind = 'invalid' | 'missing' | 'conflict' | 'unavailable'

export interface ErrorCodeInfo {
  kind: ErrorKind
  /** HTTP status, if the kind's own (`statusOfKind`) is not exact enough. */
  status?: number
  /** Completes "the server answers this code when …". */
  when: string
  /** What the caller or the operator can do. */
  help: string
}

/** Codes of requests that fail before any part but HTTP sees them; part of `errorCodes`. */
export const httpErrorCodes = {
  BAD_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the HTTP framework rejects the request for a reason without a code of its own',
    help: 'Read the title, and correct the request.',
  },
  MALFORMED_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the bytes on the connection are not a valid HTTP request (400), the header is too large (431), or the request takes too long (408)',
    help: 'Use an HTTP/1.1 client.',
  },
  MALFORMED_URL: {
    kind: 'invalid',
    status: 400,
    when: 'the URL is not validly percent-encoded',
    help: 'Encode the path and the query.',
  },
  URL_TOO_LONG: {
    kind: 'invalid',
    status: 414,
    when: 'a part of the URL is too long',
    help: 'Shorten it; an id is never that long.',
  },
  NOT_FOUND: {
    kind: 'missing',
    when: 'no route matches the method and the path, or the path names something that cannot exist',
    help: 'See GET /openapi.json for the routes.',
  },
  METHOD_NOT_ALLOWED: {
    kind: 'invalid',
    status: 405,
    when: 'the path exists, but not with this method',
    help: 'Use a method from the Allow header.',
  },
  UNAUTHORIZED: {
    kind: 'invalid',
    status: 401,
    when: 'the request has no valid API key',
    help: 'Send Authorization: Bearer with the key from the data folder.',
  },
  HOST_REFUSED: {
    kind: 'invalid',
    status: 421,
    when: 'a server on loopback is called by another host name (DNS rebinding)',
    help: 'Call it by localhost or 127.0.0.1, or set TRAINYARD_HOST.',
  },
  ORIGIN_REFUSED: {
    kind: 'invalid',
    status: 403,
    when: 'a page of another origin calls the server',
    help: 'Call the API from the server’s own pages or without a browser.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'invalid',
    status: 415,
    when: 'the route does not accept the body’s content type',
    help: 'Send one of the types that the message lists.',
  },
  BODY_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'the body is larger than the route accepts',
    help: 'Split the request, or upload a file instead.',
  },
  BODY_TRUNCATED: {
    kind: 'invalid',
    status: 400,
    when: 'the body ends before its announced length or within a form',
    help: 'Send the request again.',
  },
  MALFORMED_JSON: {
    kind: 'invalid',
    status: 400,
    when: 'a body or a form field is not JSON',
    help: 'The message has the line and column of the mistake.',
  },
  FORBIDDEN_FIELD: {
    kind: 'invalid',
    status: 400,
    when: 'a field has the name of an object property, such as __proto__ or constructor',
    help: 'Remove the field.',
  },
  MALFORMED_FORM: {
    kind: 'invalid',
    status: 400,
    when: 'a multipart form cannot be parsed',
    help: 'Let an HTTP library write the form.',
  },
  TOO_MANY_PARTS: {
    kind: 'invalid',
    status: 413,
    when: 'a form has more parts than the route accepts',
    help: 'Send fewer parts.',
  },
  TOO_MANY_FILES: {
    kind: 'invalid',
    status: 413,
    when: 'a form has more files than the route accepts',
    help: 'Send fewer, larger files.',
  },
  TOO_MANY_FIELDS: {
    kind: 'invalid',
    status: 413,
    when: 'a form has more fields than the route accepts',
    help: 'Send only the fields that the route documents.',
  },
  FILE_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'a file of a form is larger than the route accepts',
    help: 'Split the file.',
  },
  FIELD_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'a text field of a form is larger than the route accepts',
    help: 'Shorten the field.',
  },
  INVALID_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the query or the body does not match its schema',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  INVALID_CURSOR: {
    kind: 'invalid',
    when: 'a page’s cursor was not issued by the server',
    help: 'Use the nextCursor of the previous page as it is.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'invalid',
    when: 'an Idempotency-Key comes again with another request',
    help: 'Use a new key for each request.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>
