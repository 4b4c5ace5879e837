import { setImmediate } from 'node:timers/promises'

/** Numbers that are turned into JSON at once; more would hold the event loop. */
export const valuesPerSlice = 10_000

/** A part of a JSON text. `values`: how many values it has. */
export interface JsonPiece {
  text: string
  values: number
}

export const piece = (text: string, values = 0): JsonPiece => ({ text, values })

/** Joins the pieces as they are made, and lets other work run in between. */
export async function joinPieces(pieces: Iterable<JsonPiece>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let text = ''
  let values = 0
  for (const next of pieces) {
    text += next.text
    values += next.values
    if (values < valuesPerSlice) continue
    chunks.push(Buffer.from(text))
    text = ''
    values = 0
    await setImmediate()
  }
  return Buffer.concat([...chunks, Buffer.from(text)])
}
