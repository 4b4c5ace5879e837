import type { FileIdentity } from './input-file.js'

/** A file on the server's disk that becomes a data set, or a part of one. */
export interface SourceFile {
  /** What messages call it: a name, or a path relative to a folder. */
  name: string
  path: string
  /** The client's name of the file, with folders, which may tell the class of an image. */
  clientPath?: string
  /** Of a file that is not the server's own, and is read where it is: by this a change is noticed. */
  identity?: FileIdentity
}
