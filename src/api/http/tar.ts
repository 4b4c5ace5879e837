import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyReply } from 'fastify'
import { type Pack, pack } from 'tar-stream'

interface Member {
  name: string
  content: FileHandle | string
}

interface TarSource {
  /** The paths of the files to pack, by their names in the tar. */
  paths: Readonly<Record<string, string>>
  /** The folder within the tar that contains everything. */
  root: string
  /** More files: name → content. */
  extra?: Record<string, string>
}

/** The paths of files of a folder, by their names in it. */
export const pathsIn = (folder: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map(name => [name, join(folder, name)]))

/** Sends `<name>.tar` as a download. */
export async function sendTar(reply: FastifyReply, name: string, source: TarSource) {
  const tar = await createTar(source)
  return reply
    .type('application/x-tar')
    .header('content-disposition', `attachment; filename="${name}.tar"`)
    .send(tar)
}

/**
 * Opens all files before the first byte is sent. So a checkpoint that is pruned during the download still
 * arrives complete. A file that grows is cut at the size in its tar header.
 */
async function createTar({ paths, root, extra = {} }: TarSource): Promise<Readable> {
  const members: Member[] = Object.entries(extra).map(([name, content]) => ({ name, content }))
  try {
    for (const [name, path] of Object.entries(paths))
      members.push({ name, content: await open(path) })
  } catch (error) {
    await closeMembers(members)
    throw error
  }
  const tar = pack()
  const out = new PassThrough()
  writeEntries(tar, root, members).catch(error => tar.destroy(error))
  // an error destroys `out`, which ends the response
  pipeline(tar, out).catch(() => {})
  return out
}

async function writeEntries(tar: Pack, root: string, members: readonly Member[]): Promise<void> {
  try {
    for (const { name, content } of members) {
      if (typeof content === 'string') {
        tar.entry({ name: `${root}/${name}` }, content)
        continue
      }
      const { size, mtime } = await content.stat()
      const entry = tar.entry({ name: `${root}/${name}`, size, mtime })
      const end = Math.max(0, size - 1)
      await pipeline(content.createReadStream({ autoClose: false, start: 0, end }), entry)
    }
    tar.finalize()
  } finally {
    await closeMembers(members)
  }
}

const closeMembers = (members: readonly Member[]) =>
  Promise.all(
    members.map(({ content }) => (typeof content === 'string' ? undefined : content.close())),
  )
