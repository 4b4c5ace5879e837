/** `invalid`: the caller must change the request. `unavailable`: the same request may succeed later. */
export type ErrorKind = 'invalid' | 'missing' | 'conflict' | 'unavailable'

export interface ErrorCodeInfo {
  kind: ErrorKind
  /** HTTP status, if it is not the usual one of the kind (`statusOfKind`). */
  status?: number
  /** Completes "the server answers this code if …". */
  when: string
  /** What the caller or the operator can do. */
  help: string
}

/** Codes of requests that fail in the HTTP layer; part of `errorCodes`. */
export const httpErrorCodes = {
  BAD_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the HTTP framework rejects the request, for a reason that has no code of its own',
    help: 'See `title`, and correct the request.',
  },
  MALFORMED_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the bytes on the connection are not a valid HTTP request (400), arrive too slowly (408), or have too large a header (431)',
    help: 'Use an HTTP client that sends valid HTTP/1.1.',
  },
  MALFORMED_URL: {
    kind: 'invalid',
    status: 400,
    when: 'the URL is not validly percent-encoded',
    help: 'Percent-encode the path and the query.',
  },
  URL_TOO_LONG: {
    kind: 'invalid',
    status: 414,
    when: 'a path segment of the URL is too long',
    help: 'Check the id or name in the path; valid ones are shorter.',
  },
  NOT_FOUND: {
    kind: 'missing',
    when: 'no route matches the path, or an id in the path has a form that no id has',
    help: 'GET /openapi.json lists the routes.',
  },
  METHOD_NOT_ALLOWED: {
    kind: 'invalid',
    status: 405,
    when: 'the path exists, but not with this method',
    help: 'Use a method that the Allow header lists.',
  },
  UNAUTHORIZED: {
    kind: 'invalid',
    status: 401,
    when: 'the request has no valid API key and no session, or its stream ticket is not valid',
    help: 'Send `Authorization: Bearer KEY`, with the key from the file `key` of the data folder.',
  },
  SESSION_EXPIRED: {
    kind: 'invalid',
    status: 401,
    when: 'the request has the cookie of a browser session that has ended: by time, because it was signed out, or because its key is no longer valid',
    help: 'Sign in again (POST /session), or send a key.',
  },
  SESSION_REFUSED: {
    kind: 'invalid',
    status: 403,
    when: 'the request has the cookie of a browser session, or signs in or out, but does not come from a page of the server (protection against cross-site request forgery)',
    help: 'Pages of the server send `Origin`, `Sec-Fetch-Site` or `X-Trainyard-Session: 1`; all others send a key as `Authorization: Bearer KEY`.',
  },
  SIGN_IN_LIMITED: {
    kind: 'unavailable',
    status: 429,
    when: 'too many sign-ins from the address of the client have failed',
    help: 'Retry after the time in the Retry-After header. If all clients come through one proxy, name it in TRAINYARD_TRUSTED_PROXIES.',
  },
  HOST_REFUSED: {
    kind: 'invalid',
    status: 421,
    when: 'the Host header, or X-Forwarded-Host of a trusted proxy, names a host that the server does not know (protection against DNS rebinding)',
    help: 'Use localhost in the URL, or add the name in `detail` to TRAINYARD_ALLOWED_HOSTS.',
  },
  ORIGIN_REFUSED: {
    kind: 'invalid',
    status: 403,
    when: 'a web page of an origin that the server does not know calls it',
    help: 'Add the origin to TRAINYARD_CORS_ORIGINS, or set TRAINYARD_PUBLIC_URL if a proxy serves the API there.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    kind: 'invalid',
    status: 415,
    when: 'the route does not accept the content type of the body',
    help: 'Send one of the types that `detail` lists.',
  },
  NOT_ACCEPTABLE: {
    kind: 'invalid',
    status: 406,
    when: 'the route has no answer of a type that the Accept header accepts',
    help: 'Accept one of the types that `detail` lists, or set `format` in the query.',
  },
  BODY_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'the body is larger than the route accepts, or is JSON with too many parts or levels',
    help: 'Send less in one request, for example fewer instances.',
  },
  BODY_TOO_SLOW: {
    kind: 'invalid',
    status: 408,
    when: 'the body arrives more slowly than the server waits for it',
    help: 'Send it again over a faster connection, or in smaller parts.',
  },
  OVERLOADED: {
    kind: 'unavailable',
    when: 'the bodies of other requests take the memory that the server has for them',
    help: 'Retry after the time in the Retry-After header; send fewer large requests at once.',
  },
  BODY_TRUNCATED: {
    kind: 'invalid',
    status: 400,
    when: 'the body does not have the length that its header announces, or ends within a form',
    help: 'Send the request again.',
  },
  MALFORMED_JSON: {
    kind: 'invalid',
    status: 400,
    when: 'the body, or a JSON field of a form, is not valid JSON',
    help: 'Correct the JSON; for a body, `detail` has the line and column.',
  },
  FORBIDDEN_FIELD: {
    kind: 'invalid',
    status: 400,
    when: 'a field is called `__proto__` or `constructor`, or a form field like another built-in property of objects',
    help: 'Rename or remove the field.',
  },
  MALFORMED_FORM: {
    kind: 'invalid',
    status: 400,
    when: 'the multipart form cannot be parsed',
    help: 'Let an HTTP library write the form.',
  },
  TOO_MANY_PARTS: {
    kind: 'invalid',
    status: 413,
    when: 'the form has more parts than the route accepts',
    help: 'Send fewer parts.',
  },
  TOO_MANY_FILES: {
    kind: 'invalid',
    status: 413,
    when: 'the form has more files than the route accepts',
    help: 'Combine files, so that there are fewer.',
  },
  TOO_MANY_FIELDS: {
    kind: 'invalid',
    status: 413,
    when: 'the form has more text fields than the route accepts',
    help: 'Send only the fields that the route documents.',
  },
  FILE_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'a file of the form is larger than the route accepts',
    help: 'Split the file, or scale down the image.',
  },
  FIELD_TOO_LARGE: {
    kind: 'invalid',
    status: 413,
    when: 'a text field of the form is longer than the route accepts',
    help: 'Shorten the field.',
  },
  UPLOAD_PROTOCOL: {
    kind: 'invalid',
    status: 400,
    when: 'a request for a resumable upload does not follow the tus protocol 1.0',
    help: '`detail` names the header; use a tus client.',
  },
  INVALID_REQUEST: {
    kind: 'invalid',
    status: 400,
    when: 'the query, a header or the body does not match its schema',
    help: 'Correct the fields in `errors`; all are listed at once.',
  },
  INVALID_QUERY: {
    kind: 'invalid',
    when: '`sort`, `where` or `fields` names a field that the list does not have, or `where` compares one with a value that it cannot have; or a parameter names a class, split, column, layer or format that the data set or model does not have, or asks for more than one answer holds',
    help: 'Correct what the errors list; each says which names or values are expected.',
  },
  INVALID_CURSOR: {
    kind: 'invalid',
    when: 'a cursor was not issued by the server',
    help: 'Use the nextCursor of the previous page unchanged.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    kind: 'invalid',
    when: 'the Idempotency-Key was already sent with another body',
    help: 'Use a new key for each new request.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>
