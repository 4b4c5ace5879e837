import type { ErrorCodeInfo } from './http-error-codes.js'

/** Codes of imports, of their sources and of resumable uploads; part of `errorCodes`. */
export const importErrorCodes = {
  SOURCE_REFUSED: {
    kind: 'invalid',
    when: 'the settings of the server do not allow the place that a data set should come from: a URL, a bucket, or a path of its disk',
    help: '`detail` names the setting: TRAINYARD_FETCH_ALLOW or TRAINYARD_DATA_ROOTS. Or upload the files.',
  },
  SOURCE_FAILED: {
    kind: 'invalid',
    when: 'the place that a data set should come from cannot be read: there is nothing, or its server refuses, breaks off or is too slow',
    help: '`detail` says what happened; correct the place, or try again later.',
  },
  SOURCE_CHANGED: {
    kind: 'conflict',
    when: 'a file changes while a data set is made of it',
    help: 'Try again when nothing writes to the file.',
  },
  SOURCE_CHECKSUM: {
    kind: 'invalid',
    when: 'a fetched file does not have the SHA-256 that the request states',
    help: 'Correct `sha256`, or find out who changed the file.',
  },
  UPLOAD_NOT_FOUND: {
    kind: 'missing',
    when: 'no resumable upload has the id: it was used, deleted, or removed a day after its last byte',
    help: 'Upload the file again.',
  },
  UPLOAD_INCOMPLETE: {
    kind: 'conflict',
    when: 'a data set should be made of a resumable upload that has not all of its bytes',
    help: 'HEAD /uploads/:id says how many there are; send the rest, then repeat the request.',
  },
  UPLOAD_OFFSET: {
    kind: 'conflict',
    when: 'a part of a resumable upload does not begin where the part before it ended',
    help: 'HEAD /uploads/:id says where to go on.',
  },
  UPLOAD_CHECKSUM: {
    kind: 'invalid',
    status: 460,
    when: 'a part of a resumable upload does not have the checksum of its Upload-Checksum',
    help: 'Send the part again; nothing of it was kept.',
  },
  IMPORT_NOT_FOUND: {
    kind: 'missing',
    when: 'no import has the id',
    help: 'GET /imports lists the imports; ended ones are kept for a week.',
  },
  IMPORT_CANCELLED: {
    kind: 'conflict',
    when: 'the import is cancelled while the request waits for it',
    help: 'Send the request again to start over.',
  },
  IMPORT_INTERRUPTED: {
    kind: 'unavailable',
    when: 'the server ends while it makes the data set',
    help: 'Send the request again; files of resumable uploads are still there.',
  },
} as const satisfies Readonly<Record<string, ErrorCodeInfo>>
