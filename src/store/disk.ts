import { type FileHandle, link, mkdir, open, rename, symlink, unlink } from 'node:fs/promises'

/** All operations by which the store changes the disk, in one object, so that tests can inject errors (failpoints.ts). */
export interface Disk {
  /** Creates a folder and its missing parents. */
  mkdir(path: string): Promise<void>
  /** Creates a file and opens it for writing. Fails with EEXIST if the path exists. */
  create(path: string): Promise<FileHandle>
  write(handle: FileHandle, text: string | Uint8Array): Promise<void>
  sync(handle: FileHandle): Promise<void>
  link(from: string, to: string): Promise<void>
  symlink(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
}

export const disk: Disk = {
  mkdir: async path => void (await mkdir(path, { recursive: true })),
  create: path => open(path, 'wx'),
  write: (handle, text) => handle.writeFile(text),
  sync: handle => handle.sync(),
  link,
  symlink,
  rename,
  unlink,
}
