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
  folder: string
  /** Of files, below the folder. */
  names: readonly string[]
  /** The tar's one folder. */
  root: string
  /** Texts beside the files, by name. */
  extra?: Record<string, string>
}

/** Answers with `<name>.tar`. */
export async function sendTar(reply: FastifyReply, name: string, source: TarSource) {
  const tar = await createTar(source)
  return reply
    .type('application/x-tar')
    .header('content-disposition', `attachment; filename="${name}.tar"`)
    .send(tar)
}

/**
 * All files are opened before the first byte goes out: a checkpoint that is pruned meanwhile still
 * arrives whole, and of a log that grows meanwhile what it was.
 */
async function createTar({ folder, names, root, extra = {} }: TarSource): Promise<Readable> {
  const members: Member[] = Object.entries(extra).map(([name, content]) => ({ name, content }))
  try {
    for (const name of names) members.push({ name, content: await open(join(folder, name)) })
  } catch (error) {
    await closeMembers(members)
    throw error
  }
  const tar = pack()
  const out = new PassThrough()
  writeEntries(tar, root, members).catch(error => tar.destroy(error))
  // its failure reaches the reader through `out`
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
