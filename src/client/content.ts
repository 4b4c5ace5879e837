/** Bytes to send, of which any part can be read again after a break. */
export interface Content {
  /** For messages of the server, which also reads the kind of some files from their ending. */
  name: string
  bytes: number
  /** `length` bytes from `offset` on, fewer only at the end. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** What the client sends: files of a browser, named blobs, or in Node what `openFile` and `openFolder` return. */
export type UploadFile = Content | File | { name: string; content: Blob }

export function contentOf(file: UploadFile): Content {
  if ('read' in file) return file
  const blob = 'content' in file ? file.content : file
  return {
    name: file.name,
    bytes: blob.size,
    async read(offset, length) {
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
    },
  }
}

export async function blobOf(file: UploadFile): Promise<Blob> {
  if ('read' in file) return new Blob([await file.read(0, file.bytes)])
  return 'content' in file ? file.content : file
}
