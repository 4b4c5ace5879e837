import { type FileHandle, link, mkdir, open, rename, unlink } from 'node:fs/promises'

/** The steps that everything durable is made of: one object, so that tests can have them fail (failpoints.ts). */
export interface Disk {
  /** A folder, and all above it. */
  mkdir(path: string): Promise<void>
  /** A new file; EEXIST where there is one. */
  create(path: string): Promise<FileHandle>
  write(handle: FileHandle, text: string | Uint8Array): Promise<void>
  sync(handle: FileHandle): Promise<void>
  link(from: string, to: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

export const disk: Disk = {
  mkdir: async path => void (await mkdir(path, { recursive: true })),
  create: path => open(path, 'wx'),
  write: (handle, text) => handle.writeFile(text),
  sync: handle => handle.sync(),
  link,
  rename,
  unlink,
}
