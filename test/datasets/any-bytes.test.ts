// Whatever the bytes are, a conversion ends with a data set or with an error that says what is wrong with them.
// TRAINYARD_FUZZ_RUNS=100000 runs longer than npm test does; a failure prints the seed and the bytes.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { before, test } from 'node:test'
import fc from 'fast-check'
import { TrainyardError } from '../../src/errors.js'
import { tempFolder } from '../../testing/temp-folder.js'
import { convertFiles, filesClosed, inFolder, openFiles } from './convert-files.js'
import { type Sample, samplesOfFormats } from './format-samples.js'

const numRuns = Number(process.env.TRAINYARD_FUZZ_RUNS ?? 150)

let root: string
let samples: Sample[]
before(async () => {
  root = await tempFolder({ after: () => {} })
  samples = await samplesOfFormats()
})

/** Files that a conversion must not leave open, whatever it does. */
async function convertAnything({ files, form }: Sample): Promise<'accepted' | TrainyardError> {
  const before = openFiles()
  const outcome = await inFolder(root, async folder => {
    try {
      await convertFiles(folder, files, form)
      return 'accepted' as const
    } catch (error) {
      if (!(error instanceof TrainyardError)) throw error
      assert.ok(['invalid', 'too_large'].includes(error.kind), `${error.kind}: ${error.message}`)
      assert.ok(error.message.length < 20_000, `a message of ${error.message.length} characters`)
      return error
    }
  })
  await filesClosed(before)
  assert.deepEqual(readdirSync(root), [])
  return outcome
}

test('the sample of each format is accepted as it is', async () => {
  for (const sample of samples) {
    const outcome = await convertAnything(sample)
    assert.equal(outcome, 'accepted', `${sample.name}: ${outcome}`)
  }
})

test('any bytes are refused or read, and nothing else', async () => {
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 4096 }),
    fc.string({ unit: 'binary', maxLength: 500 }).map(text => Buffer.from(text)),
    // what begins like a format goes further into its reader
    fc
      .tuple(fc.nat(), fc.nat(64), fc.uint8Array({ maxLength: 2000 }))
      .map(([pick, length, rest]) => {
        const { files } = samples[pick % samples.length]!
        return Buffer.concat([Object.values(files)[0]!.subarray(0, length), rest])
      }),
  )
  const files = fc.array(anyBytes, { minLength: 1, maxLength: 2 })
  await fc.assert(
    fc.asyncProperty(files, async contents => {
      const named = Object.fromEntries(contents.map((content, at) => [`file-${at}`, content]))
      await convertAnything({ name: 'any bytes', files: named, form: {} })
    }),
    { numRuns },
  )
})

test('valid files with changed bytes are refused or read, and nothing else', async () => {
  const change = fc.record({
    kind: fc.constantFrom(...(['flip', 'set', 'cut', 'remove', 'repeat', 'insert'] as const)),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    /** Headers are small, and most of what can be wrong is in them. */
    inHeader: fc.boolean(),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.constantFrom(...[0, 0x7f, 0x80, 0xff].map(byte => new Uint8Array(4).fill(byte))),
    ),
    length: fc.nat(200),
  })
  const changes = fc.array(change, { minLength: 1, maxLength: 3 })
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.nat(), changes, async (pick, pickFile, list) => {
      const sample = samples[pick % samples.length]!
      const names = Object.keys(sample.files)
      const name = names[pickFile % names.length]!
      let content: Buffer = Buffer.from(sample.files[name]!)
      for (const each of list) content = changed(content, each)
      await convertAnything({ ...sample, files: { ...sample.files, [name]: content } })
    }),
    { numRuns: 4 * numRuns },
  )
})

interface Change {
  kind: 'flip' | 'set' | 'cut' | 'remove' | 'repeat' | 'insert'
  at: number
  inHeader: boolean
  bytes: Uint8Array
  length: number
}

function changed(content: Buffer, { kind, at, inHeader, bytes, length }: Change): Buffer {
  const span = inHeader ? Math.min(128, content.length) : content.length
  const from = Math.floor(at * span)
  const [head, tail] = [content.subarray(0, from), content.subarray(from)]
  switch (kind) {
    case 'flip': {
      const copy = Buffer.from(content)
      if (from < copy.length) copy[from]! ^= 1 << (length % 8)
      return copy
    }
    case 'set':
      return Buffer.concat([head, bytes, tail.subarray(bytes.length)])
    case 'cut':
      return head
    case 'remove':
      return Buffer.concat([head, tail.subarray(length)])
    case 'repeat':
      return Buffer.concat([head, tail.subarray(0, length), tail])
    case 'insert':
      return Buffer.concat([head, bytes, tail])
  }
}
